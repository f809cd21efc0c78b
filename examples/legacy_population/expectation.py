"""What an import must leave behind, record by record, by the IDs of the old application."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from legacy_population.contents import FileKind
from legacy_population.links import KINDS
from legacy_population.people import Person
from legacy_population.population import Population
from legacy_population.truth import is_clear_or_proposed


@dataclass
class Expectation:
    """The records of a correct import.

    Attributes:
        users: The users by old ID.
        contents: The owner's old ID of each biograph.
        files: How many different files the biographs have.
        pictures: How many users have a picture in the old bucket.
        links: Each link as its kind, the user who has it, and the other user. Friends have each other.
        plans: The end of each paid plan by the user's old ID; None for a plan without end.
    """

    users: dict[str, Person] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    files: int = 0
    pictures: int = 0
    links: set[tuple[str, str, str]] = field(default_factory=set)
    plans: dict[str, datetime | None] = field(default_factory=dict)

    def friends_of(self, old_id: str) -> set[str]:
        """Return the old IDs of the friends of a user."""
        return {other for kind, owner, other in self.links if kind == "friends" and owner == old_id}


def expect(
    population: Population, is_imported: Callable[[Person], bool] = is_clear_or_proposed
) -> Expectation:
    """Return what an import must leave behind.

    Args:
        population: The population.
        is_imported: Whether a user is imported; by default, the operator takes over all proposals.
    """
    expectation = Expectation()
    for block in population.blocks():
        for person in filter(is_imported, block.people):
            old_id = str(person.old_id)
            expectation.users[old_id] = person
            expectation.pictures += "profile_pic_url" in person.document
            if "premium_plan" in person.document:
                expectation.plans[old_id] = person.premium_end
        for content in block.contents:
            if content.owner is not None and is_imported(content.owner):
                expectation.contents[str(content.old_id)] = str(content.owner.old_id)
                expectation.files += sum(file.kind is FileKind.COPIED for file in content.files)
    _expect_links(expectation)
    return expectation


def _expect_links(expectation: Expectation) -> None:
    for old_id, person in expectation.users.items():
        for kind in KINDS:
            for other in map(str, person.document.get(kind, [])):
                if other != old_id and other in expectation.users:
                    expectation.links.add((kind, old_id, other))
                    if kind == "friends":
                        expectation.links.add((kind, other, old_id))
