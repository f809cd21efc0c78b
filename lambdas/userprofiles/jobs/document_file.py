"""A file with a JSON document that is written many times a second."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from userprofiles.jobs.private_files import NO_FOLLOW

_MAX_BYTES = 1024 * 1024


class DocumentFile:
    """Keeps the newest version of a document, which only the owner can read.

    Each version is a line at the end of the file. This is one system call, and each further one would let the
    other threads run while this one has their lock. From time to time, a new file with one version replaces
    the file. A kill or a full disk keeps the previous version.

    Args:
        path: The path of the file.
        max_bytes: The size from which on a new file replaces the file.
    """

    def __init__(self, path: Path, max_bytes: int = _MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._descriptor: int | None = None
        self._size = 0

    def write(self, document: Mapping[str, Any]) -> None:
        """Write a new version.

        Raises:
            OSError: The file can't be written.
        """
        line = (json.dumps(document) + "\n").encode()
        if self._descriptor is None or self._size + len(line) > self._max_bytes:
            self._replace(line)
            return
        try:
            _write_all(self._descriptor, line)
        except OSError:  # a single version may still have room
            os.ftruncate(self._descriptor, self._size)
            self._replace(line)
        else:
            self._size += len(line)

    def _replace(self, line: bytes) -> None:
        self.close()  # Windows replaces only closed files
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")  # 0600
        try:
            try:
                _write_all(descriptor, line)
            finally:
                os.close(descriptor)
            Path(name).replace(self._path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | NO_FOLLOW)
        self._size = len(line)

    def close(self) -> None:
        """Close the file. The next version begins a new one."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _write_all(descriptor: int, data: bytes) -> None:
    """Write data at the end of a file.

    Raises:
        OSError: A part of the data may be written.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_document(path: Path) -> Any:
    """Read the newest version of a document, without a last line that a kill interrupted.

    Raises:
        ValueError: The file is damaged.
        OSError: The file can't be read.
    """
    text = path.read_text(encoding="utf-8")
    complete_lines, _, _ = text.rpartition("\n")
    return json.loads(complete_lines.rpartition("\n")[2] or text)
