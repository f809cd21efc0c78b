"""Keys, entity types, attributes and size limit of a user's items. Pure functions: no clock, no AWS calls.

Account and profile have the same partition key, `USER#<sub>`. To erase a user, both items are replaced with
empty items of the entity type `TOMBSTONE`. They can't be created again, because every create has the
condition that the item doesn't exist.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from userprofiles.table.attribute_value import AttributeValue, item_size
from userprofiles.template_check import RESERVED, ItemKind

Item = dict[str, Any]

USER_PREFIX = "USER#"
LIST_PREFIX = "LIST#"
# The partition of the open removals of unconfirmed users; see `removal_journal`.
REMOVALS_PARTITION = "REMOVAL#OPEN"
# The prefixes of partition keys in this table. LEGACY#, MIGRATION# and REDIRECT# have items without a user.
PARTITION_PREFIXES = (USER_PREFIX, LIST_PREFIX, "LEGACY#", "MIGRATION#", "REMOVAL#", "REDIRECT#")

# Attribute with the run of a backfill or import that wrote an item.
RUN_ID = "migrationRunId"

SORT_KEYS: dict[ItemKind, str] = {"account": "ACCOUNT#MAIN", "profile": "PROFILE#MAIN"}
ENTITY_TYPES: dict[ItemKind, str] = {"account": "USER_ACCOUNT", "profile": "USER_PROFILE"}
TOMBSTONE = "TOMBSTONE"
LIST_SHARDS = 16

# Names of the sparse indexes that list users: by `listPK`, and by `statusListPK`.
ROLE_INDEX = "list"
STATUS_INDEX = "status-list"

# Values of `status` (case-insensitive) of users who may not use the application.
INACTIVE_STATUSES = ("inactive", "disabled", "suspended", "deleted")

# How a user came into the table: by the trigger or the outbox, by the first request to the API, by the
# reconciler, by an administrator or operator, or by a backfill or import.
CREATED_BY = ("sign_up", "first_access", "reconciler", "admin", "import")

# Users who registered themselves. Targets after sign-up get only these by default.
SELF_REGISTERED = ("sign_up", "first_access")

# DynamoDB's limits: 400 KB for an item, including attribute names, and 2 KB for a partition key.
DYNAMODB_ITEM_BYTES = 400 * 1024
DYNAMODB_KEY_BYTES = 2 * 1024

# The largest item that we write. The rest of DynamoDB's limit is room for the bookkeeping of later writes.
LARGEST_ITEM_BYTES = 400_000

# In Cognito, a sub is a UUID. A value with a `#` could be mistaken for a key of another type.
SUB_PATTERN = "[0-9A-Za-z][0-9A-Za-z_-]{0,127}"
_SUB = re.compile(SUB_PATTERN)


def is_sub(value: object) -> bool:
    """Return whether a value can be a user's sub, and so be a part of a key."""
    return isinstance(value, str) and _SUB.fullmatch(value) is not None


def partition_key(sub: str) -> str:
    """Return the partition key of a user's items, `USER#<sub>`."""
    return f"{USER_PREFIX}{sub}"


def key(sub: str, kind: ItemKind) -> dict[str, str]:
    """Return the primary key of a user's account or profile."""
    return {"PK": partition_key(sub), "SK": SORT_KEYS[kind]}


def timestamp(moment: datetime, precision: str = "seconds") -> str:
    """Format a time in UTC, such as `2026-02-04T16:00:00Z`; `precision` is a `timespec` of `isoformat`."""
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def list_shard(sub: str) -> str:
    """Return which of the 16 list partitions of a role contains a user, `00` to `15`.

    A partition of a DynamoDB index accepts 1,000 writes a second, so the users of a role are spread over 16.
    """
    return f"{hashlib.sha256(sub.encode()).digest()[0] % LIST_SHARDS:02d}"


def list_keys(sub: str, role: str, status: Any) -> Item:
    """Return the partition keys of an account in the two list indexes.

    Args:
        sub: The user's sub.
        role: The user's effective role.
        status: The account's status. Without one, the account isn't listed by status.
    """
    shard = list_shard(sub)
    keys = {"listPK": list_partition(shard, role)}
    if isinstance(status, str):
        keys["statusListPK"] = list_partition(shard, role, status)
    return keys


def list_partition(shard: str, role: str, status: str | None = None) -> str:
    """Return the partition key of a shard: `LIST#<role>#<shard>` or `LIST#<role>#<status>#<shard>`."""
    return f"{LIST_PREFIX}{role}#{shard}" if status is None else f"{LIST_PREFIX}{role}#{status}#{shard}"


def account_item(
    sub: str,
    role: str,
    created_at: str,
    fields: Mapping[str, Any],
    *,
    audit_head: str | None,
    created_by: str,
) -> Item:
    """Return the item of a new account.

    Args:
        sub: The user's sub.
        role: The user's effective role, which determines the list of the user.
        created_at: The result of `timestamp`.
        fields: The fields of the template, `templateVersion` and `setFields`.
        audit_head: Hash of the audit row that is written in the same transaction. None for an imported
            account: its first change begins the chain.
        created_by: How the user came into the table, one of `CREATED_BY`.
    """
    return {
        **key(sub, "account"),
        "entityType": ENTITY_TYPES["account"],
        "createdBy": created_by,
        **fields,
        **list_keys(sub, role, fields.get("status")),
        "listSK": f"{created_at}#{sub}",
        **({} if audit_head is None else {"auditHead": audit_head}),
        "version": 1,
    }


def profile_item(sub: str, fields: Mapping[str, Any]) -> Item:
    """Return the item of a new profile: the keys and these fields, which may contain `setFields`."""
    return {**key(sub, "profile"), "entityType": ENTITY_TYPES["profile"], **fields}


def tombstones(sub: str, audit_row: Mapping[str, Any]) -> dict[ItemKind, Item]:
    """Return the empty items of an erased user.

    Args:
        sub: The user's sub.
        audit_row: The audit row of the erasure, to which the audit head refers.
    """
    return {
        "account": {
            **key(sub, "account"),
            "entityType": TOMBSTONE,
            "auditHead": audit_row["hash"],
            "version": audit_row["version"],
        },
        "profile": {**key(sub, "profile"), "entityType": TOMBSTONE},
    }


def is_tombstone(item: Mapping[str, Any] | None) -> bool:
    """Return whether an item is the tombstone of an erased user."""
    return item is not None and item.get("entityType") == TOMBSTONE


def is_inactive(account: Mapping[str, Any]) -> bool:
    """Return whether the status of an account excludes its user from the application."""
    status = account.get("status")
    return isinstance(status, str) and status.strip().lower() in INACTIVE_STATUSES


def public_fields(item: Mapping[str, Any]) -> Item:
    """Return the fields of an item that the user may see: all except keys and bookkeeping."""
    return {name: value for name, value in item.items() if name not in RESERVED}


def is_too_large(typed_item: Mapping[str, AttributeValue]) -> bool:
    """Return whether an item in DynamoDB's typed JSON has more than `LARGEST_ITEM_BYTES`."""
    return item_size(typed_item) > LARGEST_ITEM_BYTES
