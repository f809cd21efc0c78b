"""Reads a user from a row of any source, with the mapping of its columns. Pure: no AWS call, no clock."""

from collections.abc import Mapping

from userprofiles.backfill.tables.table_shape import is_erased
from userprofiles.backfill.users.mapping import ID, ROLE, SKIP_NAMES, ColumnMapping
from userprofiles.backfill.users.skip_rule import ERASED, SkipRule, WrongTypeError
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.settings import Roles
from userprofiles.table import record

ROLE_NOT_ALLOWED = "roleNotAllowed"

_ID_RULE = "the id must have 1 to 128 letters, digits, '-' and '_', and begin with a letter or digit"


class MappedUserReader:
    """Reads users for accounts and profiles.

    Args:
        mapping: The columns of the source.
        rule: Decides which users are skipped.
        roles: The roles that the source may set.

    Attributes:
        columns: The columns that a row must have for `read`.
    """

    def __init__(self, mapping: ColumnMapping, rule: SkipRule, roles: Roles) -> None:
        self.columns = frozenset(mapping.columns.values())
        self._rule = rule
        self._roles = roles
        self._id_column = mapping.columns[ID]
        self._role_column = mapping.columns.get(ROLE)
        self._skip_columns = [
            (name, column) for name, column in mapping.columns.items() if name in SKIP_NAMES
        ]
        self._attribute_columns = [
            (name, column)
            for name, column in mapping.columns.items()
            if name not in SKIP_NAMES and name not in {ID, ROLE}
        ]

    def read(self, row: Row, key: Mapping[str, str], user_id: str | None = None) -> UserRow:
        """Read one user. A problem of the row becomes its `failure_reason`, never an exception.

        Args:
            row: The row in DynamoDB JSON.
            key: What identifies the row in its source, for the report.
            user_id: The ID, if it does not come from the column of the mapping.
        """
        user = UserRow(user_id or "", key, row=row)
        try:
            user.user_id = user_id or self._user_id(row)
            if is_erased(row):
                user.skip_reason = ERASED
                return user
            user.skip_reason = self._rule.skip_reason(
                {name: row[column] for name, column in self._skip_columns if column in row}
            )
            if user.skip_reason:
                return user
            user.attributes = {
                name: text for name, column in self._attribute_columns if (text := _text(row, column))
            }
            user.email = user.attributes.get("email")
            if self._role_column and self._roles.attribute:
                user.attributes[self._roles.attribute] = _text(row, self._role_column)
            set_role(user, self._roles)
            set_profile_key(user)
        except ValueError as error:
            user.failure_reason = str(error)
        return user

    def _user_id(self, row: Row) -> str:
        value = row.get(self._id_column)
        if value is None or "NULL" in value or value.get("S") == "":
            raise ValueError(f"the row has no id: {self._id_column} is missing or empty")
        if "S" not in value:
            raise WrongTypeError(self._id_column, value, "a string")
        return str(value["S"])


def set_role(user: UserRow, roles: Roles) -> None:
    """Set the role of a user. A role that is not allowed becomes the default role, with a note."""
    user.role = roles.decide_role(user.attributes)
    if roles.find_requested_role(user.attributes) not in {None, user.role}:
        user.note = ROLE_NOT_ALLOWED


def set_profile_key(user: UserRow) -> None:
    """Set the key of a user's items, so that the user gets account and profile.

    Raises:
        ValueError: The ID can't be a part of a key.
    """
    if not record.is_sub(user.user_id):
        raise ValueError(_ID_RULE)
    user.profile_key = record.partition_key(user.user_id)


def hide_unusable_id(user: UserRow, place: str) -> None:
    """Show the place of a row instead of an unusable ID: from a wrong column, it can be an e-mail address.

    Args:
        user: The user.
        place: The place of the row in its source, such as `line 7`.
    """
    if not record.is_sub(user.user_id):
        user.user_id = place


def _text(row: Row, column: str) -> str:
    """Return a value as Cognito's attributes have it: always a text."""
    value = row.get(column)
    if value is None or "NULL" in value:
        return ""
    if "BOOL" in value:
        return "true" if value["BOOL"] else "false"
    text = value.get("S", value.get("N"))
    if not isinstance(text, str):
        raise WrongTypeError(column, value, "a text, a number or a boolean")
    return text.strip()
