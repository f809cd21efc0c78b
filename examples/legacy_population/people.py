"""The users of a block of the population, as persons and as documents of the old database."""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from legacy_population.phones import Phone, phone_abroad, phone_of, unusable_fields
from legacy_population.roles import BLOCK, ROLES, SHARING_PHONE, Expected, Role, expected_of

OLD_HOST = "https://biograph-media.s3.amazonaws.com"
_NAMES = (
    "Ada Lovelace",
    "Zoë Müller-Lüdenscheidt",
    "Łukasz Żółć",
    "Иван Петров",
    "محمد علي",
    "דנה כהן",
    "山田 太郎",
    "김민준",
    "Nguyễn Thị Hương",
    'O\'Neil, "Jay"',
    "👩‍🚀 Samantha",
    "e\u0301mile",
    "<b>Bob</b>",
    "อาทิตย์",
    "प्रिया शर्मा",
    "  spaces  ",
    "N" * 200,
)
_PRIVACY = ("F", "F", "F", "A", "P")
_PLANS = ("monthly", "yearly", "gold")
_PREMIUM_EVERY = 5
_WITHOUT_PHONE = {
    Role.EMAIL_ONLY,
    Role.NO_ADDRESS,
    Role.UNREADABLE_PHONE,
    Role.PREMIUM_RATE,
    Role.TOLL_FREE,
    Role.FIXED_LINE,
}


@dataclass(eq=False)
class Person:
    """A user of the old application.

    Attributes:
        index: The number of the user in the population.
        role: What is special about this user.
        old_id: The ID in the old database: an ObjectId or a text.
        phone: The true phone number; None if there is none that can get a message.
        document: The document of the old database.
        premium_end: The end of the paid plan; None without a plan, or with one that has no end.
        is_last_changed: Whether the user was changed last among those who share a number.
    """

    index: int
    role: Role
    old_id: ObjectId | str
    phone: Phone | None
    document: dict[str, Any]
    premium_end: datetime | None = None
    is_last_changed: bool = False

    @property
    def expected(self) -> Expected:
        """What an import must do with this user."""
        return expected_of(self.role, is_last_changed=self.is_last_changed)


def object_id(*parts: object) -> ObjectId:
    """Return the ObjectId of a document, the same for the same parts."""
    return ObjectId(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:12])


def old_user_id(seed: int, index: int, role: Role) -> ObjectId | str:
    """Return the ID of a user in the old database."""
    return f"legacy-{seed}-{index}" if role is Role.TEXT_ID else object_id(seed, "user", index)


def roles_of_block(seed: int, block: int) -> list[Role]:
    """Return the roles of the users of a block, in the order of the users."""
    return random.Random(f"{seed}/roles/{block}").sample(ROLES, BLOCK)


def create_people(seed: int, block: int, now: datetime) -> list[Person]:
    """Return the users of a block, without links between them."""
    rng = random.Random(f"{seed}/people/{block}")
    people: list[Person] = []
    for position, role in enumerate(roles_of_block(seed, block)):
        index = block * BLOCK + position
        group = [person for person in people if person.role is role]
        leader = group[0].index if group else index
        person = Person(index, role, old_user_id(seed, index, role), None, {})
        person.is_last_changed = role in SHARING_PHONE and len(group) == 1
        person.document = {"_id": person.old_id, **_phone_fields(person, leader, seed)}
        if role is not Role.MISSING_FIELDS:
            person.document |= _other_fields(rng, person, leader, now)
            _add_premium(rng, person, now)
        people.append(person)
    return people


def _phone_fields(person: Person, leader: int, seed: int) -> dict[str, Any]:
    """Return the fields of the phone number, and set the person's true number."""
    index, role = person.index, person.role
    if role in _WITHOUT_PHONE:
        return unusable_fields(role, index)
    if role is Role.ABROAD:
        person.phone = phone_abroad(index)
        return {"phone_number": person.phone.national, "country_code": int(person.phone.country_code)}
    person.phone = phone_of(leader if role in SHARING_PHONE else index, seed)
    if role is Role.OTHER_SPELLING or (role in SHARING_PHONE and index != leader):
        return {"phone_number": person.phone.spell(index), "country_code": 1}
    if role is Role.MISSING_FIELDS:
        return {"phone_number": person.phone.national}
    return {"phone_number": person.phone.national, "country_code": (1, "1", "+1")[index % 3]}


def _other_fields(rng: random.Random, person: Person, leader: int, now: datetime) -> dict[str, Any]:
    """Return the fields of a user except those of phone, links and paid plan."""
    index, role = person.index, person.role
    joined = now - timedelta(days=rng.randrange(30, 2000), milliseconds=rng.randrange(86_400_000))
    fields: dict[str, Any] = {
        "username": f"User{leader}" if role is Role.NAME_TWIN and index == leader else f"user{leader}",
        "name": rng.choice(_NAMES),
        "profile_settings": rng.choice(_PRIVACY),
        "email_notification": {"all": rng.random() < 0.7},
        "push_notification": {"all": rng.random() < 0.7},
        "created_at": joined,
        "updated_at": now - timedelta(hours=1) if person.is_last_changed else joined + timedelta(days=20),
    }
    if role is not Role.NAME_TWIN:
        fields["username"] = f"user{index}"
    if rng.random() < 0.6:
        fields["profile_pic_url"] = f"{OLD_HOST}/pictures/{index}.jpg"
    if role is Role.EMAIL_TWIN:
        fields["email"] = f"Twin.{leader}@example.com" if index == leader else f"twin.{leader}@example.com"
    elif role is Role.EMAIL_ONLY or (role is not Role.NO_ADDRESS and rng.random() < 0.3):
        fields["email"] = f"user{index}@example.com"
    if role is Role.DISABLED:
        fields["is_active"] = False
    if role is Role.ODD_TYPES:
        fields |= {"name": 42, "email_notification": "yes", "profile_settings": ["F"]}
    return fields


def _add_premium(rng: random.Random, person: Person, now: datetime) -> None:
    """Give every fifth user a paid plan: most run, some have ended, one in five has no end."""
    number, rest = divmod(person.index, _PREMIUM_EVERY)
    if rest:
        return
    start = now - timedelta(days=rng.randrange(1, 400), seconds=rng.randrange(86_400))
    person.document |= {"premium_plan": rng.choice(_PLANS), "premium_start": start}
    if number % 5:
        days = -rng.randrange(1, 300) if number % 5 == 1 else rng.randrange(1, 400)
        person.premium_end = now + timedelta(days=days, seconds=rng.randrange(1, 80_000))
        person.document["premium_end"] = person.premium_end
