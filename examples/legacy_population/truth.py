"""What is true of a population, counted without any code of the import."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from legacy_population.contents import Content, FileKind
from legacy_population.links import KINDS
from legacy_population.people import Person
from legacy_population.population import Population
from legacy_population.roles import Expected, Role


@dataclass
class LinkTruth:
    """The links of one kind.

    Attributes:
        listed: All entries in the lists of all users.
        imported: Entries of imported users that lead to another imported user, each once.
        repeated: Entries that a list has twice.
        own: Entries that lead to the user who has the list.
        orphan: Entries that lead to nobody.
        left_behind: Entries from or to a user who is not imported.
    """

    listed: int = 0
    imported: int = 0
    repeated: int = 0
    own: int = 0
    orphan: int = 0
    left_behind: int = 0


@dataclass
class Truth:
    """What is true of a population.

    Attributes:
        users: How many users there are.
        roles: Users by role.
        expected: Users by what an import must do with them.
        contents: Biographs.
        contents_imported: Biographs of imported users.
        contents_left_behind: Biographs of users who are not imported.
        contents_without_owner: Biographs whose owner does not exist.
        files: Files of imported biographs, by kind.
        pictures: Pictures of imported users in the old bucket.
        links: Links by kind.
        mutual_friends: Pairs of imported users who are friends of each other.
        plans: Paid plans of imported users.
        plans_without_end: Those of them that have no end.
        plans_ended: Those of them that ended before the moment.
        seconds_left: The sum of the remaining seconds of the others.
    """

    users: int = 0
    roles: Counter[Role] = field(default_factory=Counter)
    expected: Counter[Expected] = field(default_factory=Counter)
    contents: int = 0
    contents_imported: int = 0
    contents_left_behind: int = 0
    contents_without_owner: int = 0
    files: Counter[FileKind] = field(default_factory=Counter)
    pictures: int = 0
    links: Mapping[str, LinkTruth] = field(default_factory=lambda: {kind: LinkTruth() for kind in KINDS})
    mutual_friends: int = 0
    plans: int = 0
    plans_without_end: int = 0
    plans_ended: int = 0
    seconds_left: int = 0


def is_clear(person: Person) -> bool:
    """Return whether a user is imported if the operator decides nothing about conflicts."""
    return person.expected is Expected.IMPORTED


def is_clear_or_proposed(person: Person) -> bool:
    """Return whether a user is imported if the operator takes over all proposals."""
    return person.expected is not Expected.LEFT_OUT


def count_truth(
    population: Population,
    *,
    moment: datetime | None = None,
    is_imported: Callable[[Person], bool] = is_clear,
) -> Truth:
    """Count what is true of a population.

    Args:
        population: The population.
        moment: When remaining days are counted; None for the time of the population.
        is_imported: Whether a user is imported, for example after decisions about conflicts.
    """
    truth = Truth()
    previous: Sequence[Person] = ()
    for block in population.blocks():
        reachable = {person.old_id: person for person in (*previous, *block.people)}
        for person in block.people:
            truth.users += 1
            truth.roles[person.role] += 1
            truth.expected[person.expected] += 1
            _count_links(truth, person, reachable, is_imported)
            if is_imported(person):
                truth.pictures += "profile_pic_url" in person.document
                _count_plan(truth, person, moment or population.now)
        for content in block.contents:
            _count_content(truth, content, is_imported)
        previous = block.people
    return truth


def _count_links(
    truth: Truth, person: Person, reachable: Mapping[Any, Person], is_imported: Callable[[Person], bool]
) -> None:
    for kind in KINDS:
        counts = truth.links[kind]
        entries = person.document.get(kind, [])
        counts.listed += len(entries)
        counts.repeated += len(entries) - len(set(entries))
        for other_id in set(entries):
            other = reachable.get(other_id)
            if other_id == person.old_id:
                counts.own += 1
            elif other is None:
                counts.orphan += 1
            elif is_imported(person) and is_imported(other):
                counts.imported += 1
                is_mutual = kind == "friends" and person.old_id in other.document.get("friends", [])
                truth.mutual_friends += is_mutual and person.index < other.index
            else:
                counts.left_behind += 1


def _count_plan(truth: Truth, person: Person, moment: datetime) -> None:
    if "premium_plan" not in person.document:
        return
    truth.plans += 1
    if person.premium_end is None:
        truth.plans_without_end += 1
    elif person.premium_end <= moment:
        truth.plans_ended += 1
    else:
        truth.seconds_left += int((person.premium_end - moment).total_seconds())


def _count_content(truth: Truth, content: Content, is_imported: Callable[[Person], bool]) -> None:
    truth.contents += 1
    if content.owner is None:
        truth.contents_without_owner += 1
    elif is_imported(content.owner):
        truth.contents_imported += 1
        truth.files.update(file.kind for file in content.files)
    else:
        truth.contents_left_behind += 1
