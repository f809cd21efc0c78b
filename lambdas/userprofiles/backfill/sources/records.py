"""The formats of a file with users: how lines become records, and which lines can't be read."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.sources.lines import MAX_LINE_BYTES, Line
from userprofiles.table.attribute_value import serialize

_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Record:
    """One user of a file, or one line that can't be read.

    Attributes:
        line: The first line of the record.
        end: The position after the record.
        values: The values by column.
        problem: Why the line can't be read; empty if it can. It never has a part of the line.
        begin: For a further line of a record that can't be read: the position of the record.
    """

    line: Line
    end: int
    values: Mapping[str, Any]
    problem: str = ""
    begin: int | None = None


class RecordFormat(Protocol):
    """A format of files. One object serves all threads."""

    def read_records(self, lines: Iterable[Line], end: int) -> Iterator[Record]:
        """Yield the records that begin before `end`.

        Raises:
            RefusedError: A record contains the beginning of the next segment.
        """

    def to_row(self, values: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
        """Return the columns of a record in DynamoDB JSON, without empty values.

        Raises:
            ValueError: DynamoDB can't store a value, or the record has none.
        """


class JsonRecords:
    """One JSON object in each line."""

    def read_records(self, lines: Iterable[Line], end: int) -> Iterator[Record]:
        """Yield the records that begin before `end`. Empty lines are ignored."""
        for line in lines:
            if line.offset >= end:
                return
            try:
                text = _decode(line)
                if text.strip():
                    yield Record(line, line.end, _parse_object(text))
            except ValueError as error:
                yield Record(line, line.end, {}, str(error))

    def to_row(self, values: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
        """Return the columns of a record in DynamoDB JSON."""
        return _serialize(values, columns)


class ItemRecords(JsonRecords):
    """One item of DynamoDB in each line, as an export in DynamoDB JSON has it: `{"Item": …}`."""

    def to_row(self, values: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
        """Return the columns of the item."""
        item = values.get("Item")
        if not isinstance(item, dict) or not all(isinstance(value, dict) for value in item.values()):
            raise ValueError('the line is not an item such as {"Item": {"PK": {"S": "u1"}}}')
        return {name: item[name] for name in columns if item.get(name)}


class CsvRecords:
    """Comma-separated values, as RFC 4180 describes them.

    A value in quotes can have line breaks. If such a value contains the beginning of a segment, the file is
    rejected: that segment could take a part of the value for a user.

    Args:
        header: The names of the columns.
        delimiter: The character between two values.
    """

    def __init__(self, header: Sequence[str], delimiter: str) -> None:
        self._header = header
        self._delimiter = delimiter

    def read_records(self, lines: Iterable[Line], end: int) -> Iterator[Record]:
        """Yield the records that begin before `end`."""
        rest = iter(lines)
        for line in rest:
            if line.offset >= end:
                return
            if line.data is None or line.data.strip():
                yield from self._read_record(line, rest, end)

    def _read_record(self, first: Line, rest: Iterator[Line], end: int) -> Iterator[Record]:
        record_lines: list[Line] = []

        def texts() -> Iterator[str]:
            line: Line | None = first
            while line is not None:
                record_lines.append(line)
                yield _decode(line) + "\n"
                line = next(rest, None)

        try:
            values = next(csv.reader(texts(), delimiter=self._delimiter, strict=True))
            problem = self._count_problem(values)
        except (csv.Error, ValueError) as error:
            problem = "is not valid CSV: check its quotes" if isinstance(error, csv.Error) else str(error)
            _read_to_end_of_record(record_lines, rest)
        if any(line.offset >= end for line in record_lines[1:]):
            raise RefusedError(
                "A value with a line break is at the end of a segment of the CSV file. Read the file in one "
                "segment with --segments 1, or convert it to JSON lines."
            )
        if problem:
            for line in record_lines:
                yield Record(line, line.end, {}, problem, None if line is first else first.offset)
            return
        yield Record(first, record_lines[-1].end, dict(zip(self._header, values, strict=True)))

    def to_row(self, values: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
        """Return the columns of a record in DynamoDB JSON."""
        return _serialize(values, columns)

    def _count_problem(self, values: Sequence[str]) -> str:
        expected = len(self._header)
        return "" if len(values) == expected else f"has {len(values)} values, must have {expected}"


def _read_to_end_of_record(record_lines: list[Line], rest: Iterator[Line]) -> None:
    """Add the lines up to the end of a record that can't be read: a part of a value is never a user.

    A record ends with the first line after which the number of its quotes is even (RFC 4180).

    Raises:
        RefusedError: The end is too far away.
    """
    quotes = sum(line.quotes for line in record_lines)
    while quotes % 2 and (line := next(rest, None)) is not None:
        record_lines.append(line)
        quotes += line.quotes
        if line.end - record_lines[0].end > MAX_LINE_BYTES:
            raise RefusedError(
                f"The record at byte {record_lines[0].offset:,} of the CSV file can't be read, and has no "
                "closing quote in the next 1 MiB. Correct its quotes and its encoding "
                "(UTF-8), or convert the file to JSON lines."
            )


def read_header(line: Line, delimiter: str) -> list[str]:
    """Return the names of the columns of a CSV file.

    Raises:
        ValueError: The line can't be read, or a name is repeated.
    """
    try:
        names = next(csv.reader([_decode(line)], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise ValueError("is not valid CSV: check its quotes") from None
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"has the column {repeated[0]!r} more than once")
    return names


def _serialize(values: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    return {name: serialize(value) for name in columns if (value := values.get(name)) not in (None, "")}


def _parse_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON") from None
    if not isinstance(values, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - one error for a bad line
    return values


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _decode(line: Line) -> str:
    """Return a line as text.

    Raises:
        ValueError: The line is too long or is not UTF-8.
    """
    if line.data is None:
        raise ValueError("is longer than 1 MiB")
    try:
        text = line.data.decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    return (
        text.removeprefix(_BYTE_ORDER_MARK).removesuffix("\r")
        if line.offset == 0
        else text.removesuffix("\r")
    )
