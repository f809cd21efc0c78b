"""The writes that replace a user's account and profile with tombstones, under the conditions of the store.

They are actions of TransactWriteItems. `Store.write` carries them out together with an audit row.
"""

from typing import Any

from userprofiles.table import record
from userprofiles.table.attribute_value import serialize, serialize_item
from userprofiles.table.conditions import (
    AUDIT_HEAD_IS_STILL_MISSING,
    AUDIT_HEAD_IS_UNCHANGED,
    ITEM_DOES_NOT_EXIST,
    TOMBSTONE_HAS_NO_HEAD,
    TOMBSTONE_IS_UNCHANGED,
)
from userprofiles.table.record import Item
from userprofiles.table.store import UserItems


def is_complete(user: UserItems) -> bool:
    """Return whether both items of a user are tombstones."""
    return record.is_tombstone(user.account) and record.is_tombstone(user.profile)


def put_actions(users_table: str, sub: str, user: UserItems, audit_row: Item) -> list[dict[str, Any]]:
    """Return the actions that put both tombstones.

    The condition is on the account: no other write has happened since the read. The profile needs no
    condition, because its tombstone replaces any profile.

    Args:
        users_table: Name of the users table.
        sub: The user.
        user: Both items, as `Store.read` returned them. They can be missing, and they can be tombstones.
        audit_row: The audit row of the same transaction.
    """
    items = record.tombstones(sub, audit_row)
    account = {"TableName": users_table, "Item": serialize_item(items["account"]), **_condition(user.account)}
    profile = {"TableName": users_table, "Item": serialize_item(items["profile"])}
    return [{"Put": account}, {"Put": profile}]


def _condition(account: Item | None) -> dict[str, Any]:
    """Return the condition that an account is as it was read."""
    if account is None:
        return {"ConditionExpression": ITEM_DOES_NOT_EXIST}
    is_tombstone = record.is_tombstone(account)
    values = {":tombstone": {"S": record.TOMBSTONE}}
    if account.get("auditHead"):
        expression = TOMBSTONE_IS_UNCHANGED if is_tombstone else AUDIT_HEAD_IS_UNCHANGED
        values[":auditHead"] = serialize(account["auditHead"])
    else:
        expression = TOMBSTONE_HAS_NO_HEAD if is_tombstone else AUDIT_HEAD_IS_STILL_MISSING
    return {"ConditionExpression": expression, "ExpressionAttributeValues": values}
