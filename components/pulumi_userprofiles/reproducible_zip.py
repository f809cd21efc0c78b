"""Zip files that are the same on every machine and at any time."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
_READABLE = 0o100644 << 16  # for all users, which Lambda requires
_UNIX = 3


def write_zip(path: Path, entries: Mapping[str, bytes], *, compressed: bool = False) -> None:
    """Write a zip whose bytes depend only on the entries and, if compressed, on this machine's zlib.

    Args:
        path: The file to write.
        entries: Name in the zip to content.
        compressed: Whether to compress, at the fastest level.
    """
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        for name, data in sorted(entries.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = method
            info.create_system = _UNIX
            info.external_attr = _READABLE
            archive.writestr(info, data)


def read_zip(path: Path) -> dict[str, bytes]:
    """Read all entries of a zip.

    Args:
        path: The file to read.

    Returns:
        Name in the zip to content.
    """
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
