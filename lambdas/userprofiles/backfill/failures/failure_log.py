"""The failed users of a run, in a file: a run can have a million of them."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from userprofiles.jobs.private_files import open_private


class FailureLog:
    """The failed users of a run, in a file without a buffer: after a full disk, it has no part of a failure.

    Args:
        path: The file of a run that can be resumed; None for a temporary file.
        valid_bytes: The size of the file when the checkpoint was written. The rest is deleted.

    Attributes:
        size: The size of the file in bytes.

    Raises:
        OSError: The file can't be opened.
        ValueError: The file has fewer than `valid_bytes`.
    """

    def __init__(self, path: Path | None = None, valid_bytes: int = 0) -> None:
        self.size = valid_bytes
        self._file: IO[bytes]
        if path is None:
            self._file = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115 - closed by `__exit__`
        else:
            self._file = os.fdopen(open_private(path), "r+b", buffering=0)
        file_bytes = os.fstat(self._file.fileno()).st_size
        if file_bytes < valid_bytes:
            self._file.close()
            raise ValueError(f"{path} has {file_bytes} bytes, must have at least {valid_bytes}")
        self._file.truncate(valid_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def extend(self, failures: Iterable[dict[str, str]]) -> None:
        """Add failures: all of them, or none.

        Raises:
            OSError: The file can't be written.
        """
        data = b"".join(json.dumps(failure).encode() + b"\n" for failure in failures)
        if not data:
            return
        try:
            self._file.seek(self.size)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self.size)
            raise
        self.size += len(data)

    def __iter__(self) -> Iterator[dict[str, str]]:
        with os.fdopen(os.dup(self._file.fileno()), "rb") as reader:
            reader.seek(0)
            position = 0
            for line in reader:
                position += len(line)
                if position > self.size:
                    return
                yield json.loads(line)
