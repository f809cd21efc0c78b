"""Zip files and bytecode that come out the same on every machine, whenever they are made."""

import importlib.util
import marshal
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_READABLE = 0o100644 << 16
_UNIX = 3
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: named by its source's hash, not by a time
_WITHOUT_REFERENCES = 2
"""Format of ``marshal`` in which equal code gives equal bytes.

Later ones mark an object that has more than one reference in the running process, which depends on what
else was imported."""


def write_zip(path: Path, entries: Mapping[str, bytes], *, compressed: bool = False) -> None:
    """Write a zip whose bytes depend on nothing but the entries (and, compressed, on this machine's zlib).

    Args:
        path: The file to write.
        entries: Name within the zip to content.
        compressed: Whether to compress, at the quickest level.
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
    """Read a zip whole.

    Args:
        path: The file to read.

    Returns:
        Name within the zip to content.
    """
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def bytecode_of(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Compile modules for the running interpreter, with the same result each time.

    Args:
        sources: Path of each file to its content; what is no module (``package/module.py``) is passed over.

    Returns:
        Path of each module's bytecode (``package/__pycache__/module.cpython-311.pyc``) to its content. An
        interpreter of another version passes it over and takes the source.
    """
    compiled = {}
    for name, source in sources.items():
        path = PurePosixPath(name)
        if path.suffix != ".py":
            continue
        code = compile(source, name, "exec", dont_inherit=True)
        header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
        target = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
        compiled[str(target)] = header + marshal.dumps(code, _WITHOUT_REFERENCES)
    return compiled
