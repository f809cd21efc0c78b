"""Writes a file with personal data: only its owner can read it, and no file is replaced by accident."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_private_file(path: Path, pieces: Iterable[str], *, replace: bool) -> None:
    """Write a file with the mode 0600 at once: it is complete, or it does not exist.

    Args:
        path: The path of the file.
        pieces: The pieces of its text.
        replace: Whether an existing file is replaced.

    Raises:
        FileExistsError: The file exists, and `replace` is false.
        OSError: The file can't be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp sets 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(pieces)
        if replace:
            Path(name).replace(path)
        else:
            path.hardlink_to(name)  # fails if the file exists, unlike a rename
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
