"""Reads users from the rows of a table in either shape, or of a table with the ID as its only key. Pure."""

from collections.abc import Mapping
from typing import Any

from userprofiles.backfill.tables.table_shape import TableShape, get_string, is_user_row
from userprofiles.backfill.users.mapped_user import MappedUserReader
from userprofiles.backfill.users.mapping import ID, ColumnMapping
from userprofiles.backfill.users.skip_rule import SkipRule
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.settings import Roles
from userprofiles.table import record


class TableUserReader:
    """Reads users from rows.

    Args:
        document: The source as the job has it: its columns and, for a table with PK and SK, its shape.
        rule: Decides which users are skipped.
        roles: The roles that the source may set.

    Attributes:
        columns: The columns that a row must have for `read`, beside the keys of a table with other keys.
    """

    def __init__(self, document: Mapping[str, Any], rule: SkipRule, roles: Roles) -> None:
        mapping = ColumnMapping.from_json(document)
        self._shape = TableShape(document["shape"]) if "shape" in document else None
        self._id_column = mapping.columns[ID]
        self._reader = MappedUserReader(mapping, rule, roles)
        shape_columns = ("PK", "SK") if self._shape else ()
        self.columns = frozenset({"entityType", *shape_columns, *self._reader.columns})

    def read(self, row: Row, key: Mapping[str, str]) -> UserRow | None:
        """Read the user of a row; None if the row of a table with PK and SK is no user.

        Args:
            row: The row in DynamoDB JSON.
            key: What identifies the row in its source, for the report.
        """
        if self._shape and not is_user_row(row, self._shape):
            return None
        user_id = None
        if self._shape is TableShape.STACK:
            user_id = (get_string(row, "PK") or "").removeprefix(record.USER_PREFIX)
        elif self._shape is TableShape.PLAIN and not _has_text(row, self._id_column):
            user_id = get_string(row, "PK")
        return self._reader.read(row, key, user_id)


def _has_text(row: Row, column: str) -> bool:
    value = row.get(column)
    return value is not None and "NULL" not in value and value.get("S") != ""
