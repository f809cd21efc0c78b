"""Checks of the users table and the audit table."""

from collections.abc import Mapping
from typing import Any

from userprofiles.stack_setup.check_result import CheckFailedError, call
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import record

_KEYS = {"PK": "HASH", "SK": "RANGE"}
_DEPLOY = "Deploy the stack again (`pulumi up`), or check the name and the region."

INDEXES: Mapping[str, Mapping[str, str]] = {
    record.ROLE_INDEX: {"listPK": "HASH", "listSK": "RANGE"},
    record.STATUS_INDEX: {"statusListPK": "HASH", "listSK": "RANGE"},
}
"""The indexes of the users table and their keys."""


def describe(stack: Stack, table: str) -> dict[str, Any]:
    """Return the description of a table.

    Raises:
        CheckFailedError: The table doesn't exist or can't be read.
    """
    missing = CheckFailedError(f"table {table!r} doesn't exist", _DEPLOY)
    description: dict[str, Any] = call(stack, "dynamodb", "describe_table", missing=missing, TableName=table)[
        "Table"
    ]
    return description


def check_table(stack: Stack, table: str) -> str:
    """Check that a table is active and has our keys."""
    description = describe(stack, table)
    status = description.get("TableStatus")
    if status != "ACTIVE":
        raise CheckFailedError(
            f"table {table!r} has the status {status}", "Wait until it is ACTIVE, then check again."
        )
    keys = _keys(description)
    if keys != _KEYS:
        raise CheckFailedError(
            f"table {table!r} has the keys {_format(keys)}, not {_format(_KEYS)}",
            "Use the table of the stack output. A table's keys can't be changed.",
        )
    return table


def check_indexes(stack: Stack) -> str:
    """Check that the users table has all indexes, and that they are active."""
    description = describe(stack, stack.users_table)
    indexes = {index["IndexName"]: index for index in description.get("GlobalSecondaryIndexes", ())}
    for name, expected_keys in INDEXES.items():
        index = indexes.get(name)
        if index is None:
            raise CheckFailedError(f"the index {name!r} is missing", _DEPLOY)
        if _keys(index) != expected_keys:
            raise CheckFailedError(
                f"the index {name!r} has the keys {_format(_keys(index))}, not {_format(expected_keys)}",
                _DEPLOY,
            )
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE":
            raise CheckFailedError(
                f"the index {name!r} has the status {index['IndexStatus']}",
                "Wait until it is ACTIVE, then check again.",
            )
    return ", ".join(INDEXES)


def _keys(description: Mapping[str, Any]) -> dict[str, str]:
    return {key["AttributeName"]: key["KeyType"] for key in description.get("KeySchema", ())}


def _format(keys: Mapping[str, str]) -> str:
    return " and ".join(keys) or "none"
