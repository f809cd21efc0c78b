"""The two shapes of table that the backfill knows, and how it tells them apart."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

USER_PREFIX = "USER#"
ACCOUNT_SK = "ACCOUNT#MAIN"
PROFILE_SK = "PROFILE#MAIN"
TOMBSTONE = "TOMBSTONE"

# Rows of this project's own table that belong to no user; they are no sign of the plain shape.
_OWN_PREFIXES = (USER_PREFIX, "LIST#", "LEGACY#", "MIGRATION#")


class Shape(StrEnum):
    """A table's shape.

    PLAIN is the profile migration README's: a user row is one whose PK does not begin with ``USER#``.
    STACK is this project's own: a user row is one with SK ``ACCOUNT#MAIN``, and the profile stands beside it.
    """

    PLAIN = "plain"
    STACK = "stack"


def text(row: Mapping[str, Any], name: str) -> str | None:
    """Return a string attribute of a row in DynamoDB's JSON, or None if it is missing or no string."""
    value = row.get(name)
    found = value.get("S") if value else None
    return found if isinstance(found, str) else None


def evidence(row: Mapping[str, Any]) -> Shape | None:
    """Return the shape that this row is a sign of, or None if it could stand in either (a profile, say)."""
    key = text(row, "PK")
    if key is not None and key.startswith(USER_PREFIX):
        return Shape.STACK if text(row, "SK") == ACCOUNT_SK else None
    if key is not None and key.startswith(_OWN_PREFIXES):
        return None
    return Shape.PLAIN


def is_user(row: Mapping[str, Any], shape: Shape) -> bool:
    """Tell whether this row is a user in a table of that shape."""
    key = text(row, "PK")
    begins_user = key is not None and key.startswith(USER_PREFIX)
    if shape is Shape.STACK:
        return begins_user and text(row, "SK") == ACCOUNT_SK
    return not begins_user
