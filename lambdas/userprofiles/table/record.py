"""Keys, entity types, size limits and shapes of a user's items. Pure: no clock, no AWS.

Account and profile share one partition, `USER#<sub>`. A deleted user leaves both items in place, emptied,
with the entity type `TOMBSTONE`: the condition that every creator has anyway keeps them from coming back.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from userprofiles.template_check import RESERVED, Kind

Item = dict[str, Any]

USER_PREFIX = "USER#"
LIST_PREFIX = "LIST#"
# What a PK of this table may begin with. LEGACY# and MIGRATION# are reserved for rows that belong to no user.
PARTITION_PREFIXES = (USER_PREFIX, LIST_PREFIX, "LEGACY#", "MIGRATION#")

SORT_KEYS: dict[Kind, str] = {"account": "ACCOUNT#MAIN", "profile": "PROFILE#MAIN"}
ENTITY_TYPES: dict[Kind, str] = {"account": "USER_ACCOUNT", "profile": "USER_PROFILE"}
TOMBSTONE = "TOMBSTONE"
LIST_SHARDS = 16

# Values of `status`, in any case, of users who are not to use the application.
INACTIVE_STATUSES = ("inactive", "disabled", "suspended", "deleted")

# DynamoDB's own limits: 400 KB for an item, names and values together, and 2 KB for a partition key.
DYNAMODB_ITEM_BYTES = 400 * 1024
DYNAMODB_KEY_BYTES = 2 * 1024

# The largest item that we write. The rest of DynamoDB's limit is room for the bookkeeping of later writes.
LARGEST_ITEM_BYTES = 400_000

# A UUID to Cognito. Anything with a `#` in it could pose as a key of another kind.
_SUB = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,127}")


def is_sub(value: object) -> bool:
    """Tell whether a value can be a user's sub, and so stand in a key."""
    return isinstance(value, str) and _SUB.fullmatch(value) is not None


def partition_key(sub: str) -> str:
    """Return the key of a user's partition, `USER#<sub>`."""
    return f"{USER_PREFIX}{sub}"


def key(sub: str, kind: Kind) -> dict[str, str]:
    """Return the primary key of a user's account or profile."""
    return {"PK": partition_key(sub), "SK": SORT_KEYS[kind]}


def timestamp(moment: datetime, precision: str = "seconds") -> str:
    """Format a moment in UTC, `2026-02-04T16:00:00Z`; `precision` is a `timespec` of `isoformat`."""
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def list_shard(sub: str) -> str:
    """Return which of the sixteen list partitions a user stands in, `00` to `15`.

    One partition of a DynamoDB index takes 1,000 writes a second: users of one role are spread over sixteen.
    """
    return f"{hashlib.sha256(sub.encode()).digest()[0] % LIST_SHARDS:02d}"


def account_item(sub: str, role: str, created_at: str, fields: Mapping[str, Any], audit_head: str) -> Item:
    """Make the item of a new account.

    Args:
        sub: The user's sub.
        role: The role that counts; it decides the list that the user stands in.
        created_at: As `timestamp` writes it.
        fields: What the template makes of the user.
        audit_head: Hash of the audit row that the same transaction writes.
    """
    return {
        **key(sub, "account"),
        "entityType": ENTITY_TYPES["account"],
        **fields,
        "listPK": f"{LIST_PREFIX}{role}#{list_shard(sub)}",
        "listSK": f"{created_at}#{sub}",
        "auditHead": audit_head,
        "version": 1,
    }


def profile_item(sub: str, fields: Mapping[str, Any]) -> Item:
    """Make the item of a new profile: the template's fields and the keys, no bookkeeping."""
    return {**key(sub, "profile"), "entityType": ENTITY_TYPES["profile"], **fields}


def is_tombstone(item: Mapping[str, Any] | None) -> bool:
    """Tell whether an item is what a deleted user leaves behind."""
    return item is not None and item.get("entityType") == TOMBSTONE


def is_inactive(account: Mapping[str, Any]) -> bool:
    """Tell whether an account's status says that its user is not to use the application."""
    status = account.get("status")
    return isinstance(status, str) and status.strip().lower() in INACTIVE_STATUSES


def public(item: Mapping[str, Any]) -> Item:
    """Return an item's fields without keys and bookkeeping: what the user may see."""
    return {name: value for name, value in item.items() if name not in RESERVED}
