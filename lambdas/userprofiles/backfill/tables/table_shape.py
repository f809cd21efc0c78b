"""The two table shapes that the backfill supports, and their user rows."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from userprofiles.table import record

_ACCOUNT_SK = record.SORT_KEYS["account"]


class TableShape(StrEnum):
    """How a table stores its users.

    PLAIN is the table of the profile migration README. A user row is a row whose PK does not begin with
    ``USER#``.
    STACK is the users table of this project. A user row is a row with SK ``ACCOUNT#MAIN``, and the profile is
    in the same partition.
    """

    PLAIN = "plain"
    STACK = "stack"


def get_string(row: Mapping[str, Any], name: str) -> str | None:
    """Return a string attribute of a row in DynamoDB's JSON, or None if it is missing or not a string."""
    attribute = row.get(name)
    value = attribute.get("S") if attribute else None
    return value if isinstance(value, str) else None


def user_partition_key(row: Mapping[str, Any]) -> str | None:
    """Return the PK of a row in a partition ``USER#…``, or None for any other row."""
    key = get_string(row, "PK")
    return key if key is not None and key.startswith(record.USER_PREFIX) else None


def is_erased(row: Mapping[str, Any]) -> bool:
    """Return whether a row is the tombstone of an erased user."""
    return get_string(row, "entityType") == record.TOMBSTONE


def is_user_row(row: Mapping[str, Any], shape: TableShape) -> bool:
    """Return whether a row is a user row in a table of this shape. Must agree with `user_filter`."""
    if shape is TableShape.STACK:
        return user_partition_key(row) is not None and get_string(row, "SK") == _ACCOUNT_SK
    return user_partition_key(row) is None


def user_filter(shape: TableShape) -> dict[str, Any]:
    """Return the parameters of a scan that selects the user rows. Must agree with `is_user_row`."""
    names = {"#pk": "PK"}
    values = {":user": {"S": record.USER_PREFIX}}
    condition = "NOT begins_with(#pk, :user)"
    if shape is TableShape.STACK:
        names["#sk"] = "SK"
        values[":account"] = {"S": _ACCOUNT_SK}
        condition = "begins_with(#pk, :user) AND #sk = :account"
    return {
        "FilterExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def row_shape(row: Mapping[str, Any]) -> TableShape | None:
    """Return the only shape that a row can belong to, or None if both are possible (a profile)."""
    if is_user_row(row, TableShape.STACK):
        return TableShape.STACK
    key = get_string(row, "PK")
    return None if key is not None and key.startswith(record.PARTITION_PREFIXES) else TableShape.PLAIN
