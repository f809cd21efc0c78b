"""The two shapes of table that the backfill supports, and which rows of them are users."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from userprofiles.table import record

_ACCOUNT_SK = record.SORT_KEYS["account"]


class Shape(StrEnum):
    """A table's shape.

    PLAIN is the profile migration README's: a user row is one whose PK does not begin with ``USER#``.
    STACK is this project's own: a user row is one with SK ``ACCOUNT#MAIN``, and the profile is its neighbour.
    """

    PLAIN = "plain"
    STACK = "stack"


def text(row: Mapping[str, Any], name: str) -> str | None:
    """Return a string attribute of a row in DynamoDB's JSON, or None if it is missing or not a string."""
    attribute = row.get(name)
    value = attribute.get("S") if attribute else None
    return value if isinstance(value, str) else None


def user_partition(row: Mapping[str, Any]) -> str | None:
    """Return the PK of a row in a user's partition of this project's table, or None for any other row."""
    key = text(row, "PK")
    return key if key is not None and key.startswith(record.USER_PREFIX) else None


def is_erased(row: Mapping[str, Any]) -> bool:
    """Return whether a row is what an erased user left behind."""
    return text(row, "entityType") == record.TOMBSTONE


def is_user(row: Mapping[str, Any], shape: Shape) -> bool:
    """Return whether a row is a user in a table of that shape; `user_filter` selects the same rows."""
    if shape is Shape.STACK:
        return user_partition(row) is not None and text(row, "SK") == _ACCOUNT_SK
    return user_partition(row) is None


def user_filter(shape: Shape) -> dict[str, Any]:
    """Return the parameters of a scan that selects the user rows; `is_user` decides the same for one row."""
    names = {"#pk": "PK"}
    values = {":user": {"S": record.USER_PREFIX}}
    condition = "NOT begins_with(#pk, :user)"
    if shape is Shape.STACK:
        names["#sk"] = "SK"
        values[":account"] = {"S": _ACCOUNT_SK}
        condition = "begins_with(#pk, :user) AND #sk = :account"
    return {
        "FilterExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def evidence(row: Mapping[str, Any]) -> Shape | None:
    """Return the shape that a row is a sign of, or None for a row that both shapes may have (a profile)."""
    if is_user(row, Shape.STACK):
        return Shape.STACK
    key = text(row, "PK")
    return None if key is not None and key.startswith(record.PARTITION_PREFIXES) else Shape.PLAIN
