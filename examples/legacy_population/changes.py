"""What changes in a block of the population between the full load and the cut-over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from legacy_population.contents import Content
from legacy_population.people import Person, object_id
from legacy_population.roles import Role

NEW_NAME = "Renamed 名前"
MORE_DAYS = 30


def changing_people(people: Sequence[Person]) -> tuple[Person, Person, Person]:
    """Return the users of a block who get another name, a longer paid plan, and another biograph."""
    plain = [person for person in people if person.role is Role.PLAIN]
    renamed, author = plain[0], plain[1]
    customer = next(person for person in plain if person.premium_end and person not in {renamed, author})
    return renamed, customer, author


def change_block(seed: int, people: Sequence[Person], contents: list[Content], now: datetime) -> None:
    """Change the block as time has changed the old database."""
    renamed, customer, author = changing_people(people)
    later = now + timedelta(hours=6)
    renamed.document |= {"name": NEW_NAME, "updated_at": later}
    if customer.premium_end:
        customer.premium_end += timedelta(days=MORE_DAYS)
        customer.document["premium_end"] = customer.premium_end
        customer.document["updated_at"] = later
    old_id = object_id(seed, "later", author.index)
    document = {
        "_id": old_id,
        "user_id": author.old_id,
        "title": "Later",
        "record_text": "Recorded after the full load",
        "record_time": later,
        "updated_at": later,
    }
    contents.append(Content(old_id, author, document))
