"""Reads a user row: the user of a profile, a reason to skip the user, or a reason for a failure.

Pure: no AWS call, no clock.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from userprofiles.backfill.tables.table_shape import TableShape, get_string, is_erased, is_user_row
from userprofiles.backfill.users.skip_rule import ERASED, SkipRule, WrongTypeError
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue

Row = Mapping[str, AttributeValue]

COPIED_FIELDS = ("firstName", "lastName", "phoneNumber")
RUN_ID = record.RUN_ID
# Which row of the source a profile was created from. Two rows can have the same user.
ROW_DIGEST = "migrationRow"

# The attributes that a scan must read: the functions below use these and no others.
ROW_ATTRIBUTES = (
    "PK", "SK", "entityType", RUN_ID, "userId", "email", *COPIED_FIELDS,
    "status", "isActive", "active", "isDeleted", "deleted", "deletedAt",
)  # fmt: skip


@dataclass(slots=True)
class UserRow:
    """One user row, and the plan for it.

    Attributes:
        user_id: The user's ID, as reports and output lines show it.
        key: The row's PK and SK, for messages and the report.
        email: The e-mail address, for a line on a terminal; None if the row has none.
        profile_key: The PK of the profile; empty if the user is skipped or the row is unusable.
        copied_fields: The attributes that are copied to the profile, in DynamoDB JSON.
        attributes: The user's attributes as Cognito has them, for a new account.
        role: The role that the user gets; empty for the template's default role.
        note: What an operator should know about the user if the profile is created; counted in the report.
        skip_reason: Why the user is skipped, or None.
        failure_reason: Why the row is unusable, or None.
        row: The row itself, for the digest of a failed row.
    """

    user_id: str
    key: Mapping[str, str] = field(default_factory=dict)
    email: str | None = None
    profile_key: str = ""
    copied_fields: dict[str, AttributeValue] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    role: str = ""
    note: str = ""
    skip_reason: str | None = None
    failure_reason: str | None = None
    row: Row = field(default_factory=dict)


def key_digest(key: Mapping[str, str]) -> str:
    """Return a short digest of a row's key, which identifies the row in its source without its ID."""
    return hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()[:16]


def read_user_row(row: Row, shape: TableShape, rule: SkipRule) -> UserRow:
    """Read one user row. A problem of the row becomes its `failure_reason`, never an exception.

    Args:
        row: A row for which `is_user_row` is true, in DynamoDB JSON, with its `ROW_ATTRIBUTES`.
        shape: The table's shape. In the plain shape, the ID is ``userId`` or, without it, the PK.
        rule: Decides which users are skipped.
    """
    user = UserRow(_display_id(row), row_key(row), email=get_string(row, "email") or None, row=row)
    try:
        user.user_id = user_id = _user_id(row, shape)
        if is_erased(row):
            user.skip_reason = ERASED
            return user
        user.skip_reason = rule.skip_reason(row)
        if user.skip_reason:
            return user
        user.copied_fields = {name: row[name] for name in COPIED_FIELDS if _has_value(row, name)}
        key = record.partition_key(user_id)
        if len(key.encode()) > record.DYNAMODB_KEY_BYTES:
            raise ValueError(f"the id is longer than the {record.DYNAMODB_KEY_BYTES} bytes that a key holds")  # noqa: TRY301 - one place turns them into a reason
        user.profile_key = key
    except ValueError as error:
        user.failure_reason = str(error)
    return user


def row_key(row: Row) -> dict[str, str]:
    """Return the string keys of a row, PK and SK, as plain text."""
    keys = {name: get_string(row, name) for name in ("PK", "SK")}
    return {name: value for name, value in keys.items() if value is not None}


def _display_id(row: Row) -> str:
    """Return an ID for messages, even if the row has no usable ID."""
    for name in ("userId", "PK"):
        attribute = row.get(name) or {}
        value = attribute.get("S", attribute.get("N"))
        if isinstance(value, str) and value.strip():
            return value
    return ""


def _user_id(row: Row, shape: TableShape) -> str:
    """Return the ID for the profile's key.

    Raises:
        ValueError: The row has no ID, or the ID is not a string.
    """
    if shape is TableShape.STACK:
        return _non_empty((get_string(row, "PK") or "").removeprefix(record.USER_PREFIX), "PK")
    value = row.get("userId")
    if value is None or "NULL" in value or value.get("S") == "":
        value = row.get("PK")
        if value is None:
            raise ValueError("the row has no id: it has neither userId nor PK")
        if "S" not in value:
            raise WrongTypeError("PK", value, "a string")
        return _non_empty(str(value["S"]), "PK")
    if "S" not in value:
        raise WrongTypeError("userId", value, "a string")
    return _non_empty(str(value["S"]), "userId")


def _non_empty(user_id: str, name: str) -> str:
    if not user_id.strip():
        raise ValueError(f"the row has no id: {name} is empty")
    return user_id


def _has_value(row: Row, name: str) -> bool:
    value = row.get(name)
    if value is None or "NULL" in value:
        return False
    if "S" not in value:
        raise WrongTypeError(name, value, "a string")
    return bool(value["S"] != "")


def read_user_rows(rows: Iterable[Row], shape: TableShape, rule: SkipRule) -> list[UserRow]:
    """Read the user rows of a page. Other rows are ignored."""
    return [read_user_row(row, shape, rule) for row in rows if is_user_row(row, shape)]
