"""Checks a source before a plan: that it can be read, and that its first rows have the mapped columns."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from userprofiles.backfill.command import connection
from userprofiles.backfill.command.source_rows import exported_rows, find_shape, read_table_shape
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.export_source import (
    check_summary,
    manifest_file,
    read_manifest,
)
from userprofiles.backfill.sources.lines import Line, read_lines
from userprofiles.backfill.sources.open_source import open_file
from userprofiles.backfill.sources.other_table_source import kind_of_table
from userprofiles.backfill.sources.parquet_file import ParquetFile
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.backfill.sources.python_source import load_source_factory
from userprofiles.backfill.sources.records import (
    CsvRecords,
    JsonRecords,
    RecordFormat,
    read_header,
)
from userprofiles.backfill.sources.source_kinds import S3_PREFIX, SourceKind
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.shape_detection import read_first_shapes
from userprofiles.backfill.tables.table_description import describe_table
from userprofiles.backfill.tables.table_scan import scan
from userprofiles.backfill.tables.table_shape import TableShape, is_user_row
from userprofiles.backfill.users.mapping import ID, KEYED_TABLE_COLUMNS, TABLE_COLUMNS, ColumnMapping
from userprofiles.jobs.counted import counted
from userprofiles.table import record

_ANY_TABLE = "any-table"


@dataclass(frozen=True)
class SourceCheck:
    """Reads the first rows of a source.

    Attributes:
        region: The region; None for that of the environment or profile.
        endpoint_url: The endpoint of a local AWS; None for AWS.
        has_own_mapping: Whether the operator named the columns. If not, all except the ID are optional.
        warn: Shows a warning.
        clients: Creates the clients of S3 and Cognito.
        limits: Times and attempts of a call.
    """

    region: str | None
    endpoint_url: str | None
    has_own_mapping: bool
    warn: Callable[[str], None]
    clients: SourceClients = field(default_factory=SourceClients)
    limits: Limits = COMMAND_LINE

    def complete(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """Return a source with what identifies its content.

        Raises:
            RefusedError: The source does not fit its kind or its mapping.
            BackfillFailedError: The source can't be read.
        """
        match source["kind"]:
            case SourceKind.POOL:
                self._check_pool(source)
                return dict(source)
            case SourceKind.TABLE | SourceKind.KEYED_TABLE:
                return self._complete_table(source)
            case SourceKind.EXPORT:
                return self._complete_export(source)
            case SourceKind.PARQUET:
                return self._complete_parquet(source)
            case SourceKind.PYTHON:
                load_source_factory(source["name"])
                return dict(source)
        return self._complete_file(source)

    def check_target(self, table: str) -> None:
        """Check that a table can be a users table of this project.

        Raises:
            RefusedError: The table has user rows of the plain shape.
            BackfillFailedError: The table can't be read, or has other keys.
        """
        client, location = self._connect(table)
        calls = Calls(client, location, Stop(), self.limits)
        if TableShape.PLAIN in read_first_shapes(calls, self.limits.probe_rows):
            raise RefusedError(
                f"--table-name {table}: the table has user rows in the plain shape (PK not "
                f"{record.USER_PREFIX}). From another source, accounts and profiles are written only to a "
                "users table of this project. Name that table, or leave out --source."
            )

    def _connect(self, table: str) -> tuple[Any, TableLocation]:
        return connection.create_client(
            table,
            limits=self.limits,
            region=self.region,
            endpoint_url=self.endpoint_url,
            has_connection_options=True,
        )

    def _check_pool(self, source: Mapping[str, Any]) -> None:
        """Read one page, so that a wrong pool or a missing permission is reported now."""
        pool_id = source["poolId"]
        _, location = self._connect(_ANY_TABLE)
        PoolReader(
            self.clients.get("cognito-idp", location, pool_id.partition("_")[0]),
            pool_id,
            requests_per_second=source["requestsPerSecond"],
            stop=Stop(),
            limits=self.limits,
        ).page(None)

    def _complete_table(self, source: Mapping[str, Any]) -> dict[str, Any]:
        client, location = self._connect(source["name"])
        calls = Calls(client, location, Stop(), self.limits)
        table = describe_table(client, location)
        key_names = [part.split()[0] for part in table.key_schema]
        kind = kind_of_table(key_names)
        if kind != source["kind"]:
            hint = "" if kind is None else f" Use --source {kind}:{source['name']}."
            raise RefusedError(
                f"--source {source['kind']}:{source['name']}: the table has the key schema "
                f"{' and '.join(key_names)}. Allowed are PK and SK for table, and one key of any name for "
                f"keyed-table.{hint}"
            )
        if kind is SourceKind.KEYED_TABLE:
            first_rows = next(scan(calls, Limit=self.limits.probe_rows))["Items"]
            self._check_columns(source, first_rows)
            return {**source, "key": key_names}
        shape, first_rows = read_table_shape(calls, self.limits)
        self._check_columns(source, first_rows, optional=[ID])
        return {**source, "key": key_names, "shape": shape.value}

    def _complete_export(self, source: Mapping[str, Any]) -> dict[str, Any]:
        path = source["path"]
        if not path.startswith(S3_PREFIX):
            raise RefusedError(f"--source export:{path}: must be s3://BUCKET/PREFIX/AWSDynamoDB/EXPORT-ID.")
        _, location = self._connect(_ANY_TABLE)
        calls = Calls(None, location, Stop(), self.limits)
        check_summary(calls, path, self.clients)
        fingerprint = manifest_file(path, self.clients).fingerprint(location)
        parts = read_manifest(calls, path, self.clients, fingerprint)
        if not parts:
            raise RefusedError(f"--source export:{path}: the export has no items.")
        rows = exported_rows(calls, path, parts, self.clients)
        first_rows = list(itertools.islice(rows, self.limits.probe_rows))
        complete_source = {**source, "fingerprint": fingerprint, "files": len(parts)}
        has_both_keys = all("PK" in row and "SK" in row for row in first_rows)
        if "columns" not in source:
            columns = TABLE_COLUMNS if has_both_keys else KEYED_TABLE_COLUMNS
            complete_source |= ColumnMapping(columns).to_json()
        if has_both_keys:
            shape = find_shape(path, [first_rows, *([row] for row in rows)])
            self._check_columns(complete_source, [r for r in first_rows if is_user_row(r, shape)], [ID])
            return {**complete_source, "shape": shape.value}
        self._check_columns(complete_source, first_rows)
        return complete_source

    def _describe_file(self, source: Mapping[str, Any]) -> tuple[dict[str, Any], Calls]:
        """Return the source with absolute path and fingerprint, and calls to read the file."""
        path = source["path"]
        if not path.startswith(S3_PREFIX):
            path = str(Path(path).resolve())
        _, location = self._connect(_ANY_TABLE)
        fingerprint = open_file(path, self.clients).fingerprint(location)
        if not fingerprint["size"]:
            raise RefusedError(f"{path}: the file is empty. Name a file with users.")
        calls = Calls(None, location, Stop(), self.limits)
        return {**source, "path": path, "fingerprint": fingerprint}, calls

    def _complete_parquet(self, source: Mapping[str, Any]) -> dict[str, Any]:
        source, calls = self._describe_file(source)
        file = open_file(source["path"], self.clients).open(calls, source["fingerprint"])
        with closing(file):
            parquet = ParquetFile(file, source["path"])
            if not any(parquet.group_rows):
                raise RefusedError(f"{source['path']}: the file has no rows. Name a file with users.")
            all_rows = (
                dict.fromkeys(parquet.columns) | dict(row)
                for group in range(len(parquet.group_rows))
                for row in parquet.read_rows(
                    group, list(source["columns"].values()), first=0, batch_rows=self.limits.probe_rows
                )
            )
            self._check_columns(source, list(itertools.islice(all_rows, self.limits.probe_rows)))
            return {**source, "rowGroups": len(parquet.group_rows)}

    def _complete_file(self, source: Mapping[str, Any]) -> dict[str, Any]:
        source, calls = self._describe_file(source)
        path, fingerprint = source["path"], source["fingerprint"]
        lines = read_lines(open_file(path, self.clients).blocks(calls, 0, fingerprint), 0)
        if source["kind"] == SourceKind.POOL_LIST:
            self._check_records(source, JsonRecords(), lines, ["sub"])
            return source
        mapping = ColumnMapping.from_json(source)
        file_format: JsonRecords | CsvRecords = JsonRecords()
        if source["kind"] == SourceKind.CSV:
            header_line = next(lines)
            try:
                header = read_header(header_line, mapping.delimiter)
            except ValueError as error:
                raise RefusedError(
                    f"{path}: the first line must have the column names: it {error}."
                ) from error
            source |= {"header": header, "first": header_line.end}
            file_format = CsvRecords(header, mapping.delimiter)
        self._check_records(source, file_format, lines)
        return source

    def _check_records(
        self,
        source: Mapping[str, Any],
        record_format: RecordFormat,
        lines: Iterator[Line],
        columns: Sequence[str] = (),
    ) -> None:
        """Check that the first lines can be read, and that they have the columns."""
        all_records = record_format.read_records(lines, source["fingerprint"]["size"])
        records = list(itertools.islice(all_records, self.limits.probe_rows))
        rows = [record.values for record in records if not record.problem]
        if records and not rows:
            raise RefusedError(
                f"{source['path']}: none of the first {counted(len(records), 'line')} can be read as "
                f"{source['kind']}. The first of them {records[0].problem}. Check the kind of the source."
            )
        if columns and rows and not all(any(column in row for row in rows) for column in columns):
            raise RefusedError(
                f"{source['path']}: the lines have no {' and '.join(columns)}, so the file is not a list of "
                "`userprofiles pool list`. For another file, use --source jsonl:FILE with --mapping."
            )
        if not columns:
            self._check_columns(source, rows)

    def _check_columns(
        self, source: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], optional: Sequence[str] = ()
    ) -> None:
        """Check that the first rows have the mapped columns, and warn about missing values."""
        if not rows:
            return
        columns = {
            target: column
            for target, column in source["columns"].items()
            if (self.has_own_mapping or target == ID) and target not in optional
        }
        present = sorted({name for row in rows for name in row})
        missing = sorted(column for column in columns.values() if column not in present)
        if missing:
            raise RefusedError(
                f"--mapping: none of the first {counted(len(rows), 'row')} of the source has the column "
                f"{', '.join(map(repr, missing))}. {_describe_columns(present)}"
            )
        for target, column in sorted(columns.items()):
            empty = sum(row.get(column) in _EMPTY for row in rows)
            if empty:
                self.warn(
                    f"the column {column!r} (for {target}) has no value in {empty} of the first "
                    f"{counted(len(rows), 'row')} ({empty / len(rows):.0%})."
                )


def _describe_columns(names: Sequence[str]) -> str:
    """Describe the columns of the first rows, without values of a CSV file that has no line of names."""
    if all(_COLUMN_NAME.fullmatch(name) for name in names):
        return f"The rows have: {', '.join(names)}. Correct the mapping."
    return (
        f"The rows have {len(names)} columns whose names are not shown, because they can be values of a "
        "user. Check that the first line has the names of the columns, and that the delimiter is that of the "
        "mapping."
    )


_COLUMN_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_ .:-]{0,63}")
_EMPTY: tuple[Any, ...] = (None, "", {"S": ""}, {"NULL": True})
