"""The items in other partitions that an erasure derives from the items of a user.

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
| `REDIRECT#<hash>`        | `REDIRECT#<hash>`, `USER#<sub>`               |

The first five are links, see `userprofiles.social.links`. Other users can have redirects of the same
URL, which stay. Items without such a key are erased too, with the rest of the user's partition. Pure
functions: no AWS calls.
"""

from userprofiles.social.legacy_records import PREFIX
from userprofiles.social.links import mirror_key
from userprofiles.social.redirects import redirect_of_mirror


def other_key(sub: str, sort_key: str) -> dict[str, str] | None:
    """Return the key of the item in another partition that names a user; None if the user's item has none."""
    return mirror_key(sub, sort_key) or redirect_of_mirror(sub, sort_key)


def owned_partition(sort_key: str) -> str | None:
    """Return the partition whose items belong to a user, from an item of the user; None for another item."""
    source, _, legacy_id = sort_key.removeprefix(PREFIX).partition("#")
    return sort_key if sort_key.startswith(PREFIX) and source and legacy_id else None
