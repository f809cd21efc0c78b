"""The links in the lists of an old user. Pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from userprofiles.legacy.mapping.records import LegacyUser
from userprofiles.social.links import BLOCK, FRIEND, SUBSCRIBER

EDGES_IN = "edges in"
EDGES_OUT = "edges out"
DANGLING = "edges dangling"
REPEATED = "edges repeated"
OWN = "edges to oneself"

KINDS = {FRIEND: "friend", SUBSCRIBER: "subscriber", BLOCK: "blocked user"}
"""The kinds of links that an old user lists, and how a report calls the other user."""

Link = tuple[str, str]
"""The kind of a link, and the other user: the old ID in a list, the sub in the table."""


@dataclass(frozen=True)
class LinkSplit:
    """What becomes of the links that a user lists. Each of them is counted exactly once.

    Attributes:
        links: The links to write, with the sub of the other user, each once.
        dangling: The links whose other user is not imported, with the old ID.
        is_imported: Whether the user is imported.
        counts: The numbers, which balance: in = out + dangling + repeated + to oneself.
    """

    links: Sequence[Link] = ()
    dangling: Sequence[Link] = ()
    is_imported: bool = True
    counts: Mapping[str, int] = field(default_factory=dict)


def read_links(user: LegacyUser) -> list[Link]:
    """Return all links that a user lists, in their order, with the old IDs of the others."""
    return [
        *((FRIEND, old_id) for old_id in user.friends),
        *((SUBSCRIBER, old_id) for old_id in user.subscribers),
        *((BLOCK, old_id) for old_id in user.blocks),
    ]


def split_links(user: LegacyUser, subs: Mapping[str, str]) -> LinkSplit:
    """Return what becomes of the links that a user lists.

    Args:
        user: The user.
        subs: The subs of the imported users by old ID.
    """
    sub = subs.get(user.old_id)
    links: dict[Link, None] = {}
    dangling: dict[Link, None] = {}
    seen: set[Link] = set()
    counts: Counter[str] = Counter()
    for kind, old_id in read_links(user):
        counts[EDGES_IN] += 1
        other = subs.get(old_id)
        if (kind, old_id) in seen or (kind, other) in links:
            counts[REPEATED] += 1
        elif old_id == user.old_id or (sub is not None and other == sub):
            counts[OWN] += 1
        elif sub is None or other is None:
            counts[DANGLING] += 1
            dangling[kind, old_id] = None
        else:
            counts[EDGES_OUT] += 1
            links[kind, other] = None
        seen.add((kind, old_id))
    return LinkSplit(list(links), list(dangling), sub is not None, dict(counts))
