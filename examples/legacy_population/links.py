"""Friends, subscribers and blocks of a block of the population, with the faults of an old database."""

import random
from collections.abc import Sequence
from typing import Any

from legacy_population.people import Person, object_id

KINDS = ("friends", "subscribers", "blocked_users")
_NEIGHBOURS = ((1, 0.8), (7, 0.4))
_CROSSING = 5


def add_links(seed: int, block: int, people: Sequence[Person], previous_ids: Sequence[Any]) -> None:
    """Give the users of a block their links.

    Args:
        seed: The seed of the population.
        block: The number of the block.
        people: The users of the block.
        previous_ids: The IDs of the users of the block before; empty for the first block.
    """
    rng = random.Random(f"{seed}/links/{block}")
    lists: list[dict[str, list[Any]]] = [{kind: [] for kind in KINDS} for _ in people]
    ids = [person.old_id for person in people]
    for distance, probability in _NEIGHBOURS:
        for position in range(len(people) - distance):
            if rng.random() < probability:
                lists[position]["friends"].append(ids[position + distance])
                lists[position + distance]["friends"].append(ids[position])
    for position in range(len(people)):
        others = [other for other in ids if other != ids[position]]
        lists[position]["subscribers"] += rng.sample(others, rng.randrange(4))
        if rng.random() < 0.1:
            lists[position]["blocked_users"].append(rng.choice(others))
    for position, previous_id in zip(range(_CROSSING), previous_ids, strict=False):
        lists[position]["subscribers"].append(previous_id)
    _add_faults(seed, block, ids, lists)
    for person, links in zip(people, lists, strict=True):
        person.document |= {kind: targets for kind, targets in links.items() if targets}


def _add_faults(seed: int, block: int, ids: Sequence[Any], lists: list[dict[str, list[Any]]]) -> None:
    """Add one-sided friendships, a cycle, users linked to themselves, repeated and orphan links."""
    for position in (20, 21, 22):
        lists[position]["friends"].append(ids[position + 10])
    for position, follower in ((5, 6), (6, 7), (7, 5)):
        if ids[follower] not in lists[position]["subscribers"]:
            lists[position]["subscribers"].append(ids[follower])
    for position, kind in ((8, "friends"), (9, "subscribers"), (10, "blocked_users")):
        lists[position][kind].append(ids[position])
    for position in (11, 40):
        lists[position]["subscribers"] += lists[position]["subscribers"][:1]
    for position, kind in ((12, "friends"), (13, "subscribers"), (13, "subscribers"), (14, "blocked_users")):
        orphan = object_id(seed, "orphan", block, len(lists[position][kind]))
        lists[position][kind].append(orphan)
