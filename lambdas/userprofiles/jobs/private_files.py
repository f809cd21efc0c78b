"""Files that only their owner can read: atomic JSON documents, lists of lines, and locks."""

import errno
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
"""The flag with which `os.open` refuses a symbolic link; 0 on Windows."""


def create_private_folder(folder: Path) -> None:
    """Create a folder for the current user only. Its missing parents are private, too.

    Raises:
        OSError: It can't be created.
    """
    if not folder.parent.exists():
        create_private_folder(folder.parent)  # `mkdir(parents=True)` creates parents that others can read
    folder.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path) -> int:
    """Open a file for reading and writing, and create it if it does not exist. Only its owner can read it.

    A symbolic link is not followed: somebody else could have put it there to have another file overwritten.
    Windows has neither these links nor these modes.

    Returns:
        The descriptor.

    Raises:
        OSError: The file can't be opened, or it is a symbolic link.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a symbolic link", str(path)) from error
        raise
    if sys.platform != "win32" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
        try:
            os.fchmod(descriptor, 0o600)
        except OSError:
            os.close(descriptor)
            raise
    return descriptor


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document atomically: a kill or a full disk keeps the previous file.

    Raises:
        OSError: The file can't be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp sets 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def append_lines(path: Path, values: Sequence[str]) -> None:
    """Append texts to a file, each as a line: all of them, or none.

    Raises:
        OSError: The file can't be written.
    """
    descriptor = open_private(path)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        size = _complete_bytes(path)
        try:
            file.seek(size)
            rest = memoryview("".join(json.dumps(value) + "\n" for value in values).encode())
            while rest:
                rest = rest[file.write(rest) :]
            file.truncate()
        except OSError:
            with suppress(OSError):
                file.truncate(size)
            raise


def _complete_bytes(path: Path) -> int:
    """Return the size of a file without a last line that a kill interrupted."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while size:
            start = max(0, size - 4096)
            file.seek(start)
            end = file.read(size - start).rfind(b"\n")
            if end >= 0:
                return start + end + 1
            size = start
    return 0


def read_lines(path: Path) -> Iterator[str]:
    """Yield the texts of a file that `append_lines` wrote, without a last line that a kill interrupted.

    Raises:
        ValueError: A line is damaged.
        OSError: The file can't be read.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                return
            value = json.loads(line)
            if not isinstance(value, str):
                raise ValueError(f"a line has a {type(value).__name__}, not a text")  # noqa: TRY004 - one error for damage
            yield value


def lock_file(path: Path, *, wait: bool) -> int | None:
    """Lock a file for this process. The lock ends when the descriptor is closed or the process ends.

    Args:
        path: The path of the file, which is created.
        wait: Whether to wait for another process that has the lock.

    Returns:
        The descriptor; None if another process has the lock. Windows has no such locks: nothing is locked.

    Raises:
        OSError: The file can't be created or locked.
    """
    descriptor = open_private(path)
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - Windows does not have it

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return None
            raise
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a living process has locked a file; on Windows, whether the file exists.

    Raises:
        OSError: The file can't be opened.
    """
    if not path.exists() or sys.platform == "win32":
        return path.exists()
    descriptor = lock_file(path, wait=False)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
