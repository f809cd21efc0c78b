"""Paths into the inputs of a resource, written with dots: `rules.0.expiration.days`."""

from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

MISSING = "(missing)"


def steps(path: str) -> Path:
    """Split a dotted path; a number is an index in a list."""
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def value_at(value: Any, path: str) -> Any:
    """Return the value at a path, or `MISSING`."""
    for step in steps(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def items(value: Any) -> list[tuple[str | int, Any]]:
    """Return the entries of a dict or a list with their steps; other values have no entries."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def leaves(value: Any, before: Path = ()) -> Iterator[Path]:
    """Yield the path of each value that has no entries."""
    if not items(value):
        yield before
    for step, item in items(value):
        yield from leaves(item, (*before, step))
