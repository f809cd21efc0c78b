"""A user's row becomes a profile, a reason to skip it or a reason why it fails. Pure: no call, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from userprofiles.backfill.skip_rule import ERASED, SkipRule, WrongTypeError
from userprofiles.backfill.table_shape import Shape, is_erased, is_user, text
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue, item_size, serialize_item
from userprofiles.template import Template

Row = Mapping[str, AttributeValue]

COPIED_FIELDS = ("firstName", "lastName", "phoneNumber")
RUN_ID = "migrationRunId"

# What a scan has to read: the functions below use these attributes and no others.
ROW_ATTRIBUTES = (
    "PK", "SK", "entityType", RUN_ID, "userId", "email", *COPIED_FIELDS,
    "status", "isActive", "active", "isDeleted", "deleted", "deletedAt",
)  # fmt: skip


@dataclass(slots=True)
class User:
    """One user row, and what is to become of it.

    Attributes:
        user_id: The user's id as reports and lines show it.
        email: For a line on a terminal; None where the row has none.
        key: PK of the profile; empty where the row is skipped or failed.
        fields: What is copied from the row, in DynamoDB's JSON.
        skipped: Why the user is left out, or None.
        failed: Why the row can't be used, or None.
    """

    user_id: str
    email: str | None = None
    key: str = ""
    fields: dict[str, AttributeValue] = field(default_factory=dict)
    skipped: str | None = None
    failed: str | None = None


def read_user(row: Row, shape: Shape, rule: SkipRule) -> User:
    """Read one user row; whatever is wrong with it ends up in the result, never in an exception.

    Args:
        row: A row for which `shape.is_user` holds, in DynamoDB's JSON, with its `ROW_ATTRIBUTES`.
        shape: The table's shape. In the plain one the id is ``userId``, else the PK.
        rule: Which users are left out.
    """
    user = User(_shown_id(row), email=text(row, "email") or None)
    try:
        user.user_id = user_id = _user_id(row, shape)
        if is_erased(row):
            user.skipped = ERASED
            return user
        user.skipped = rule.reason(row)
        if user.skipped:
            return user
        user.fields = {name: row[name] for name in COPIED_FIELDS if _is_given(row, name)}
        key = record.partition_key(user_id)
        if len(key.encode()) > record.DYNAMODB_KEY_BYTES:
            raise ValueError(f"the id is longer than the {record.DYNAMODB_KEY_BYTES} bytes that a key holds")  # noqa: TRY301 - one place turns them into a reason
        user.key = key
    except ValueError as error:
        user.failed = str(error)
    return user


def _shown_id(row: Row) -> str:
    """Return something to name a row by, though it may have no usable id."""
    for name in ("userId", "PK"):
        value = row.get(name) or {}
        shown = value.get("S", value.get("N"))
        if isinstance(shown, str) and shown.strip():
            return shown
    return ""


def _user_id(row: Row, shape: Shape) -> str:
    """Return the id that the profile's key is made of.

    Raises:
        ValueError: There is none, or it is no string.
    """
    if shape is Shape.STACK:
        return _non_empty((text(row, "PK") or "").removeprefix(record.USER_PREFIX), "PK")
    value = row.get("userId")
    if value is None or "NULL" in value or value.get("S") == "":
        value = row.get("PK")
        if value is None:
            raise ValueError("the row has no id: neither userId nor PK is there")
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


def _is_given(row: Row, name: str) -> bool:
    value = row.get(name)
    if value is None or "NULL" in value:
        return False
    if "S" not in value:
        raise WrongTypeError(name, value, "a string")
    return bool(value["S"] != "")


def read_page(rows: Iterable[Row], shape: Shape, rule: SkipRule) -> list[User]:
    """Read the user rows among a page's rows; rows of other kinds are passed over."""
    return [read_user(row, shape, rule) for row in rows if is_user(row, shape)]


class ProfileMaker:
    """Makes the item that is to be inserted for a user.

    Args:
        template: Its profile's defaults are what a profile starts with.
        shape: In the plain shape the item has the profile migration README's attributes and no other,
            since whatever we added would be taken for the owner's.
        run_id: Stands in a profile of the stack's own table instead of an audit row.
    """

    def __init__(self, template: Template, shape: Shape, run_id: str) -> None:
        # Serialized once, without a user: a million users share what does not depend on them.
        self._shared = serialize_item(record.profile_item("", template.defaults("profile")))
        if shape is Shape.STACK:
            self._shared[RUN_ID] = {"S": run_id}

    def item(self, user: User, now: str) -> dict[str, AttributeValue]:
        """Return the profile of this user in DynamoDB's JSON.

        Args:
            user: A user who is neither skipped nor failed.
            now: The time to put into createdAt and updatedAt, such as ``2026-02-04T16:00:00Z``.
        """
        stamp = {"S": now}
        return {
            **self._shared,
            "PK": {"S": user.key},
            "userId": {"S": user.user_id},
            **user.fields,
            "createdAt": stamp,
            "updatedAt": stamp,
        }


def too_large(item: Row) -> str | None:
    """Return why an item is too large to be written, or None."""
    if not record.is_too_large(item):
        return None
    size = item_size(item)
    limit_kb = record.DYNAMODB_ITEM_BYTES // 1024
    return (
        f"the profile would have {size:,} bytes; the largest profile that is written has "
        f"{record.LARGEST_ITEM_BYTES:,} (DynamoDB's limit of {limit_kb} KB, less room for later changes)"
    )
