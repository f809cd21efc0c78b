"""Reads the rows of a Parquet file with pyarrow, batch by batch.

pyarrow is imported by the first call: it has 170 MB, so only the commands can have it (extra `parquet`).
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import IO, Any

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError

_BUFFER_BYTES = 4 * 1024 * 1024
_TIME_TYPES = (dt.date, dt.time)  # a `datetime` is a `date`


class ParquetFile:
    """An open Parquet file.

    Args:
        file: The file.
        name: Its path or URI, for messages.

    Attributes:
        columns: The names of the columns.
        group_rows: The number of rows of each row group.

    Raises:
        RefusedError: pyarrow is missing, or the file is not a Parquet file that it can read.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._arrow, parquet = _import_pyarrow()
        self._name = name
        try:
            # Without a buffer, a column of a row group would be read as a whole.
            self._file = parquet.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except (self._arrow.ArrowException, OSError) as error:
            raise RefusedError(
                f"{name}: must be a Parquet file, complete and not encrypted ({type(error).__name__}). "
                "Check the kind of the source, or write the file again."
            ) from error
        metadata = self._file.metadata
        self.columns: list[str] = list(self._file.schema_arrow.names)
        self.group_rows: list[int] = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]

    def read_rows(
        self, group: int, columns: Sequence[str], *, first: int, batch_rows: int
    ) -> Iterator[Mapping[str, Any]]:
        """Yield rows of a row group: the values by column.

        A value that can't be read is a `ValueError` in its place, without the value in its text.

        Args:
            group: The number of the row group.
            columns: The columns to read. Columns that the file does not have are ignored.
            first: The number of the first row in the row group.
            batch_rows: The rows that are decoded at a time.

        Raises:
            BackfillFailedError: The row group is damaged.
        """
        names = [name for name in self.columns if name in columns]
        if len(set(names)) < len(names):
            raise RefusedError(f"{self._name}: has a mapped column more than once. Rename one of them.")
        rows_before = 0
        with self._damage_errors(group):
            for batch in self._file.iter_batches(
                batch_size=batch_rows, row_groups=[group], columns=names, use_threads=False
            ):
                skipped = min(batch.num_rows, max(0, first - rows_before))
                rows_before += batch.num_rows
                if skipped == batch.num_rows:
                    continue
                values = {name: self._values(batch.column(name).slice(skipped)) for name in names}
                for index in range(batch.num_rows - skipped):
                    yield {name: values[name][index] for name in names}

    @contextmanager
    def _damage_errors(self, group: int) -> Iterator[None]:
        """Raise an error of pyarrow without its message, which could have a value of a user."""
        try:
            yield
        except (self._arrow.ArrowException, OSError) as error:
            raise BackfillFailedError(
                ErrorKind.STATE,
                f"{self._name}: the row group {group} can't be read: it is damaged, or compressed in a way "
                f"that pyarrow does not know ({type(error).__name__}).\n"
                "Write the file again, and make a new plan.",
            ) from error

    def _values(self, column: Any) -> Sequence[Any]:
        """Return the values of a column of a batch."""
        types = self._arrow.types
        if types.is_timestamp(column.type) and column.type.unit == "ns":  # Python has microseconds
            column = column.cast(self._arrow.timestamp("us", column.type.tz), safe=False)
        try:
            return [_plain_value(value) for value in column.to_pylist()]
        except (ValueError, OverflowError, TypeError):
            return [_read_value(value) for value in column]


def _read_value(value: Any) -> Any:
    try:
        return _plain_value(value.as_py())
    except UnicodeDecodeError:
        return ValueError("is not UTF-8")
    except (ValueError, OverflowError, TypeError):
        return ValueError(f"can't be read as {value.type}")


def _plain_value(value: Any) -> Any:
    """Return dates, times and UUIDs as texts, as other files have them."""
    if isinstance(value, uuid.UUID):
        return str(value)
    return value.isoformat() if isinstance(value, _TIME_TYPES) else value


def _import_pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only this source needs it
        from pyarrow import parquet  # noqa: PLC0415 - the same
    except ImportError as error:
        raise RefusedError(
            "--source parquet requires the package pyarrow, which is not installed. Install it with "
            "`pip install 'pulumi-userprofiles[parquet]'`, or convert the file to JSON lines."
        ) from error
    return pa, parquet
