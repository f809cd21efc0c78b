"""Links between users, and the convention that makes them erasable.

An item in another partition that names a user has a mirror in the user's partition, `USER#<sub>`. From the
mirror, the erasure derives the key of the other item:

| Item of the user (SK)    | The other item                                |
|--------------------------|-----------------------------------------------|
| `FRIEND#<other>`         | `USER#<other>`, `FRIEND#<sub>`                |
| `SUBSCRIBER#<other>`     | `USER#<other>`, `SUBSCRIPTION#<sub>`          |
| `SUBSCRIPTION#<other>`   | `USER#<other>`, `SUBSCRIBER#<sub>`            |
| `BLOCK#<other>`          | `USER#<other>`, `BLOCKED_BY#<sub>`            |
| `BLOCKED_BY#<other>`     | `USER#<other>`, `BLOCK#<sub>`                 |
| `LEGACY#<source>#<id>`   | all items with the PK `LEGACY#<source>#<id>`  |

Items without such a key are erased too, with the rest of the user's partition. Pure functions: no AWS calls.
"""

from userprofiles.table import record

MIRRORS = {
    "FRIEND": "FRIEND",
    "SUBSCRIBER": "SUBSCRIPTION",
    "SUBSCRIPTION": "SUBSCRIBER",
    "BLOCK": "BLOCKED_BY",
    "BLOCKED_BY": "BLOCK",
}
"""The kind of a link, and the kind of the same link in the other user's partition."""

LEGACY_PREFIX = "LEGACY#"


def mirror_key(sub: str, sort_key: str) -> dict[str, str] | None:
    """Return the key of the item in another user's partition; None if the item is not a link to a user."""
    kind, _, other = sort_key.partition("#")
    if kind not in MIRRORS or not record.is_sub(other) or other == sub:
        return None
    return {"PK": record.partition_key(other), "SK": f"{MIRRORS[kind]}#{sub}"}


def legacy_partition(sort_key: str) -> str | None:
    """Return the partition of a user's former record, `LEGACY#<source>#<id>`; None for another item."""
    source, _, legacy_id = sort_key.removeprefix(LEGACY_PREFIX).partition("#")
    return sort_key if sort_key.startswith(LEGACY_PREFIX) and source and legacy_id else None
