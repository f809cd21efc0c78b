"""The quarantine of a run as a folder with one JSON-lines file for each unit."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from userprofiles.jobs.private_files import create_private_folder, open_private
from userprofiles.jobs.quarantine import (
    Part,
    QuarantinedRow,
    QuarantineError,
    missing_rows_error,
    read_line,
    to_lines,
)


@dataclass
class _End:
    """The end of the valid rows of a file.

    Attributes:
        rows: The number of rows before it.
        bytes: Its position.
    """

    rows: int
    bytes: int


class FileQuarantine:
    """Stores the rows of one run on this machine.

    Args:
        folder: The folder of the run's files. It is created with the first row.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends: dict[Path, _End] = {}

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def exists(self) -> bool:
        """Whether the run has rows on this machine."""
        return self._folder.is_dir()

    def path(self, part: Part) -> Path:
        """Return the file of a part."""
        version = f"-retry{part.version}" if part.version else ""
        return self._folder / f"{part.unit:06d}{version}.jsonl"

    def append(self, part: Part, rows: Sequence[QuarantinedRow]) -> None:
        """Add rows after the valid rows of a part: all of them, or none.

        Raises:
            QuarantineError: They can't be written.
        """
        if not rows:
            return
        path = self.path(part)
        try:
            create_private_folder(self._folder)
            end = self._find_end(path, part)
            end.bytes += _write(path, end.bytes, to_lines(rows))
            end.rows += len(rows)
        except OSError as error:
            raise QuarantineError(
                f"The failed rows can't be written to {path}: {error.strerror}.\n"
                "Free space on the disk, or make the directory writable. Then resume the run."
            ) from error

    def read(self, part: Part) -> Iterator[QuarantinedRow]:
        """Yield the valid rows of a part.

        Raises:
            QuarantineError: A row is missing or damaged.
        """
        if not part.rows:
            return
        path = self.path(part)
        count = 0
        try:
            with path.open("rb") as file:
                for line in file:
                    count += 1
                    if count > part.first:
                        yield read_line(line, f"row {count} of {path}")
                    if count == part.end:
                        return
        except FileNotFoundError:
            pass  # reported below
        except OSError as error:
            raise QuarantineError(f"The failed rows can't be read from {path}: {error.strerror}.") from error
        raise missing_rows_error(str(path), count, part)

    def delete(self, part: Part) -> None:
        """Delete a part that a newer version has replaced. A failure has no effect."""
        self._ends.pop(self.path(part), None)
        with suppress(OSError):
            self.path(part).unlink()

    def _find_end(self, path: Path, part: Part) -> _End:
        """Return the end of the valid rows of a file.

        Raises:
            OSError: The file can't be read.
            QuarantineError: The file has fewer rows.
        """
        end = self._ends.get(path)
        # Another process can have replaced rows with as many others.
        if end is None or end.rows != part.end or path.stat().st_size != end.bytes:
            end = self._ends[path] = _End(part.end, _line_bytes(path, part))
        return end


def _line_bytes(path: Path, part: Part) -> int:
    """Return the size of the first lines of a file."""
    if not part.end:
        return 0
    count = position = 0
    with path.open("rb") as file:
        for line in file:
            count += 1
            position += len(line)
            if count == part.end:
                return position
    raise missing_rows_error(str(path), count, part)


def _write(path: Path, position: int, data: bytes) -> int:
    """Write data at a position, and delete what follows. After an error, the file ends at the position."""
    descriptor = open_private(path)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        file.truncate(position)
        file.seek(position)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            with suppress(OSError):
                file.truncate(position)
            raise
    return len(data)
