"""The users of a Parquet file, on this machine or in S3."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from userprofiles.backfill.sources.byte_file import LocalFile, S3File
from userprofiles.backfill.sources.file_source import UserReader
from userprofiles.backfill.sources.pages import split_into_pages
from userprofiles.backfill.sources.parquet_file import ParquetFile
from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.users.mapped_user import hide_unusable_id
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.table.attribute_value import AttributeValue, serialize

# Attributes of our own in a row.
_ROW, _PROBLEM = "#row", "#problem"


class ParquetSource:
    """The users of a Parquet file. Each row group is a segment.

    Rows are numbered from 1 through the whole file. A cursor is the number of the last row; a resumed run
    decodes the row group again up to that row.

    Args:
        document: The source as the job has it, with the fingerprint of the file and its row groups.
        file: The file.
        reader: Reads users from rows.
        page_rows: The rows of a page.
    """

    def __init__(
        self, document: Mapping[str, Any], file: LocalFile | S3File, reader: UserReader, page_rows: int
    ) -> None:
        self._document = document
        self._path: str = document["path"]
        self._fingerprint: Mapping[str, Any] = document["fingerprint"]
        self._file = file
        self._reader = reader
        self._page_rows = page_rows

    @property
    def segments(self) -> int:
        """The number of row groups."""
        groups: int = self._document["rowGroups"]
        return groups

    def identity(self) -> Mapping[str, Any]:
        """Return path, mapping and fingerprint of the file."""
        return dict(self._document)

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the rows of a row group."""
        with closing(self._file.open(calls, self._fingerprint)) as file:
            parquet = ParquetFile(file, self._path)
            rows_before = sum(parquet.group_rows[:segment])
            first = int(cursor["row"]) - rows_before if cursor else 0
            rows = self._numbered_rows(parquet, segment, rows_before, first)
            yield from split_into_pages(
                rows,
                self._page_rows,
                to_row=lambda row: row,
                cursor_after=lambda row: {"row": int(row[_ROW]["N"])},
            )

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows."""
        return [user for row in rows if (user := self._read_user(row)) is not None]

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read rows by their numbers. Each takes the decoding of its row group up to that row."""
        with closing(self._file.open(calls, self._fingerprint)) as file:
            parquet = ParquetFile(file, self._path)
            return [row for key in keys for row in self._read_row(parquet, int(key["row"]))]

    def _read_row(self, parquet: ParquetFile, number: int) -> Iterable[Row]:
        rows_before = 0
        for group, group_rows in enumerate(parquet.group_rows):
            if rows_before < number <= rows_before + group_rows:
                rows = self._numbered_rows(parquet, group, rows_before, number - rows_before - 1)
                return list(itertools.islice(rows, 1))
            rows_before += group_rows
        return []

    def _numbered_rows(
        self, parquet: ParquetFile, group: int, rows_before: int, first: int
    ) -> Iterator[Mapping[str, AttributeValue]]:
        rows = parquet.read_rows(group, sorted(self._reader.columns), first=first, batch_rows=self._page_rows)
        return (_row(values, number) for number, values in enumerate(rows, rows_before + first + 1))

    def _read_user(self, row: Row) -> UserRow | None:
        number = row[_ROW]["N"]
        key = {"row": number}
        problem = get_string(row, _PROBLEM)
        user = UserRow("", key, failure_reason=problem, row=row) if problem else self._reader.read(row, key)
        if user is not None:
            hide_unusable_id(user, f"row {number}")
        return user


def _row(values: Mapping[str, Any], number: int) -> dict[str, AttributeValue]:
    """Return a row in DynamoDB JSON, without empty values, or with the problem of its first wrong value."""
    row: dict[str, AttributeValue] = {}
    for name, value in values.items():
        problem = value if isinstance(value, ValueError) else None
        if problem is None and value not in (None, ""):
            try:
                row[name] = serialize(value)
            except ValueError as error:
                problem = error
        if problem is not None:
            return {_ROW: {"N": str(number)}, _PROBLEM: {"S": f"{name} can't be used: {problem}"}}
    # After the values, so that no column replaces it.
    row[_ROW] = {"N": str(number)}
    row.pop(_PROBLEM, None)
    return row
