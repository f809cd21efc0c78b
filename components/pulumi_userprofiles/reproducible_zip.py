"""Zip files and bytecode that are the same on every machine and at any time."""

import importlib.util
import marshal
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
_READABLE = 0o100644 << 16
_UNIX = 3
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: refers to its source by hash, not by time
_WITHOUT_REFERENCES = 2
"""Version of the ``marshal`` format in which equal code has equal bytes.

Later versions mark objects with more than one reference in the running process, which depends on the other
imports."""


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


def bytecode_of(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Compile modules for the running interpreter, with the same result each time.

    Args:
        sources: Path of each file to its content; files other than modules (``package/module.py``) are
            ignored.

    Returns:
        Path of each module's bytecode (``package/__pycache__/module.cpython-311.pyc``) to its content. An
        interpreter of another version ignores it and uses the source.
    """
    bytecode = {}
    for name, source in sources.items():
        path = PurePosixPath(name)
        if path.suffix != ".py":
            continue
        code = compile(source, name, "exec", dont_inherit=True)
        header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
        target = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
        bytecode[str(target)] = header + marshal.dumps(code, _WITHOUT_REFERENCES)
    return bytecode
