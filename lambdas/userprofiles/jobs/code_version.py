"""The version of the code that decides what a job writes: the release, and a digest of its modules.

The digest is made of the source files, which the package and the functions' zip both have.
"""

import hashlib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

VERSION = "0.1.0"  # as in pyproject.toml: the functions' zip does not have the metadata of the package

_PACKAGE = "userprofiles"
_DIGITS = 12


@cache
def code_version(patterns: tuple[str, ...]) -> str:
    """Return the release and the digest of the modules, such as ``0.1.0+1a2b3c4d5e6f``.

    Args:
        patterns: Paths inside the package, such as ``table/*.py``. Each must match a file.

    Raises:
        ValueError: A pattern matches no file.
    """
    sources = dict(_sources(files(_PACKAGE), ""))
    names = {name for pattern in patterns for name in _matching(sources, pattern)}
    digest = hashlib.sha256()
    for name in sorted(names):
        text = sources[name].read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(text)}\0".encode() + text)
    return f"{VERSION}+{digest.hexdigest()[:_DIGITS]}"


def _matching(names: Iterable[str], pattern: str) -> list[str]:
    matches = [name for name in names if fnmatchcase(name, pattern)]
    if not matches:
        raise ValueError(f"the package {_PACKAGE} has no file {pattern}")
    return matches


def _sources(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield prefix + entry.name, entry
