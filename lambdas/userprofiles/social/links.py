"""Links between users: friends, subscribers, subscriptions and blocks. Pure functions.

    PK `USER#<sub>`, SK `<kind>#<other sub>`

Each link has two items, one in the partition of each user, so that both can list it and the erasure of either
user finds both (`userprofiles.lifecycle.erasure.links`).

| The user's item          | The other user's item (its mirror) | Meaning                          |
|--------------------------|------------------------------------|----------------------------------|
| `FRIEND#<other>`         | `FRIEND#<sub>`                     | both are friends                 |
| `SUBSCRIBER#<other>`     | `SUBSCRIPTION#<sub>`               | the other subscribes to the user |
| `SUBSCRIPTION#<other>`   | `SUBSCRIBER#<sub>`                 | the user subscribes to the other |
| `BLOCK#<other>`          | `BLOCKED_BY#<sub>`                 | the user blocks the other        |
| `BLOCKED_BY#<other>`     | `BLOCK#<sub>`                      | the other blocks the user        |

Attributes: `entityType` (`LINK`), `created_at` (ISO 8601 in UTC, to the second), and `migrationRunId` if an
import wrote the item.
"""

from userprofiles.table import record
from userprofiles.table.record import Item

FRIEND = "FRIEND"
SUBSCRIBER = "SUBSCRIBER"
SUBSCRIPTION = "SUBSCRIPTION"
BLOCK = "BLOCK"
BLOCKED_BY = "BLOCKED_BY"
ENTITY_TYPE = "LINK"

MIRRORS = {
    FRIEND: FRIEND,
    SUBSCRIBER: SUBSCRIPTION,
    SUBSCRIPTION: SUBSCRIBER,
    BLOCK: BLOCKED_BY,
    BLOCKED_BY: BLOCK,
}
"""The kind of a link, and the kind of the same link in the other user's partition."""


def link_prefix(kind: str) -> str:
    """Return the beginning of the sort keys of a kind of link, such as `FRIEND#`."""
    return f"{kind}#"


def link_key(sub: str, kind: str, other: str) -> dict[str, str]:
    """Return the primary key of a user's item of a link.

    Args:
        sub: The user.
        kind: A key of `MIRRORS`.
        other: The other user.

    Raises:
        ValueError: The kind is unknown, a sub is not valid, or both users are the same.
    """
    if kind not in MIRRORS:
        raise ValueError(f"The kind of a link must be one of: {', '.join(MIRRORS)}.")
    if not record.is_sub(sub) or not record.is_sub(other) or sub == other:
        raise ValueError("A link needs the subs of two different users.")
    return {"PK": record.partition_key(sub), "SK": f"{link_prefix(kind)}{other}"}


def mirror_key(sub: str, sort_key: str) -> dict[str, str] | None:
    """Return the key of the item in another user's partition; None if the item is not a link to a user."""
    kind, _, other = sort_key.partition("#")
    if kind not in MIRRORS or not record.is_sub(other) or other == sub:
        return None
    return {"PK": record.partition_key(other), "SK": f"{link_prefix(MIRRORS[kind])}{sub}"}


def link_items(
    sub: str, kind: str, other: str, *, created_at: str, run_id: str | None = None
) -> tuple[Item, Item]:
    """Return both items of a link: that of the user, and that of the other user.

    Args:
        sub: The user.
        kind: A key of `MIRRORS`, from the user's view.
        other: The other user.
        created_at: The result of `record.timestamp`.
        run_id: The run of an import; None if no import writes the items.

    Raises:
        ValueError: As for `link_key`.
    """
    attributes: Item = {"entityType": ENTITY_TYPE, "created_at": created_at}
    if run_id is not None:
        attributes[record.RUN_ID] = run_id
    return (
        {**link_key(sub, kind, other), **attributes},
        {**link_key(other, MIRRORS[kind], sub), **attributes},
    )
