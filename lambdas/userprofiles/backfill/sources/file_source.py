"""The users of a file: JSON lines, CSV, or the list of a user pool; on this machine or in S3."""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from userprofiles.backfill.sources.byte_file import ByteFile
from userprofiles.backfill.sources.lines import read_lines, segment_start
from userprofiles.backfill.sources.pages import split_into_pages
from userprofiles.backfill.sources.records import Record, RecordFormat
from userprofiles.backfill.sources.source import Cursor, Page
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.users.mapped_user import hide_unusable_id
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.table.record import is_sub

_REMEMBERED_LINES = 100

# Attributes of our own in a row.
FILE = "#file"
_OFFSET, _SHA256, _PROBLEM, _RECORD = "#offset", "#sha256", "#problem", "#record"


class UserReader(Protocol):
    """Reads users from rows. One object serves all threads."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns that a row must have for `read`."""

    def read(self, row: Row, key: Mapping[str, str]) -> UserRow | None:
        """Read the user of a row; None if the row is no user."""


class FileSource:
    """The users of a file, split into segments by byte ranges.

    Args:
        document: The source as the job has it, with the fingerprint of the file.
        file: Reads the file.
        record_format: Splits lines into records.
        reader: Reads users from rows.
        segments: The number of segments.
        page_rows: The records of a page.
        file_number: The number of the file if the source has several; a part of the key of each row.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        file: ByteFile,
        record_format: RecordFormat,
        reader: UserReader,
        *,
        segments: int,
        page_rows: int,
        file_number: str = "",
    ) -> None:
        self._document = document
        self._fingerprint: Mapping[str, Any] = document["fingerprint"]
        self._first: int = document.get("first", 0)
        self._file = file
        self._format = record_format
        self._reader = reader
        self._segments = segments
        self._page_rows = page_rows
        self._file_number = file_number
        self._lines = _LineNumbers(file)

    @property
    def segments(self) -> int:
        """The number of segments."""
        return self._segments

    def identity(self) -> Mapping[str, Any]:
        """Return path, mapping and fingerprint of the file."""
        return dict(self._document)

    def read_pages(self, calls: Calls, segment: int, cursor: Cursor | None) -> Iterator[Page]:
        """Return the records of a segment. A cursor is the position after a record."""
        end = self._segment_start(segment + 1)
        if cursor is None:
            start = self._segment_start(segment)
            records = self._read_segment(calls, start, end)
        else:
            records = self._read_records(calls, int(cursor["offset"]), end)
        return split_into_pages(
            records,
            self._page_rows,
            to_row=self._row,
            cursor_after=lambda record: {"offset": record.end},
        )

    def read_users(self, rows: Sequence[Row]) -> list[UserRow]:
        """Read the users of some rows."""
        return [user for row in rows if (user := self._read_user(row)) is not None]

    def read_rows(self, calls: Calls, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """Read records by their positions."""
        return [self._row(record) for key in keys if (record := self._read_record(calls, key)) is not None]

    def _read_record(self, calls: Calls, key: Mapping[str, str]) -> Record | None:
        """Read a record, or a line of a record that can't be read: alone, that line could be a user."""
        offset, begin = int(key["offset"]), int(key.get("record", key["offset"]))
        records = self._read_records(calls, begin, self._fingerprint["size"])
        lines = itertools.takewhile(lambda record: record.line.offset <= offset, records)
        return next((record for record in lines if record.line.offset == offset), None)

    def _segment_start(self, segment: int) -> int:
        return segment_start(segment, self._segments, self._first, self._fingerprint["size"])

    def _read_segment(self, calls: Calls, start: int, end: int) -> Iterator[Record]:
        """Yield the records of a segment. The line that began before the segment belongs to another one."""
        if start == self._first:
            return self._read_records(calls, start, end)
        # From the byte before, so that a line that begins exactly at `start` is not skipped.
        lines = read_lines(self._file.blocks(calls, start - 1, self._fingerprint), start - 1)
        next(lines, None)
        return self._format.read_records(lines, end)

    def _read_records(self, calls: Calls, start: int, end: int) -> Iterator[Record]:
        blocks = self._file.blocks(calls, start, self._fingerprint)
        return self._format.read_records(read_lines(blocks, start), end)

    def _row(self, record: Record) -> Row:
        problem = f"the line {record.problem}" if record.problem else ""
        row: dict[str, Any] = {}
        if not problem:
            try:
                row = self._format.to_row(record.values, self._reader.columns)
            except ValueError as error:
                problem = str(error)
        # After the values, so that no column replaces them.
        row[_OFFSET] = {"N": str(record.line.offset)}
        row[_SHA256] = {"S": record.line.digest}
        if record.begin is not None:
            row[_RECORD] = {"N": str(record.begin)}
        if self._file_number:
            row[FILE] = {"S": self._file_number}
        if problem:
            row[_PROBLEM] = {"S": problem}
        return row

    def _read_user(self, row: Row) -> UserRow | None:
        offset = row[_OFFSET]["N"]
        problem = get_string(row, _PROBLEM)
        file_number = get_string(row, FILE)
        key = {"file": file_number, "offset": offset} if file_number else {"offset": offset}
        user = UserRow("", key, failure_reason=problem, row=row) if problem else self._reader.read(row, key)
        if user is None or (user.failure_reason is None and is_sub(user.user_id)):
            return user
        line = self._lines.find(int(offset))
        hide_unusable_id(user, f"line {line['line']}" if line else f"byte {offset}")
        if user.failure_reason is not None:
            begin = {"record": row[_RECORD]["N"]} if _RECORD in row else {}
            user.key = {**key, **begin, **line, "sha256": row[_SHA256]["S"]}
        return user


class _LineNumbers:
    """Finds the number of a line by its position. Each segment counts on from its last line."""

    def __init__(self, file: ByteFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._counts = {0: 0}

    def find(self, offset: int) -> dict[str, str]:
        """Return the number of the line as a part of a key; nothing if the count would take a download."""
        with self._lock:
            start = max(position for position in self._counts if position <= offset)
            lines = self._file.count_lines(start, offset)
            if lines is None:
                return {}
            count = self._counts[offset] = self._counts[start] + lines
            if start and len(self._counts) > _REMEMBERED_LINES:
                del self._counts[start]
            return {"line": str(count + 1)}
