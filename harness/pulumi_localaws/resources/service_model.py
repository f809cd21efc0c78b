"""Checks a request against botocore's model of the service: enum, pattern, length and range.

botocore itself checks only types, required parameters and minimums. The emulator checks hardly any limit. A
pattern is a Java regular expression. Its Unicode categories, such as L for letters, are replaced by
their characters. A pattern that Python cannot compile is skipped.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import Any

_NUMBERS = ("integer", "long", "float", "double")
_UNITS = {"string": "characters", "blob": "bytes", "list": "items", "map": "items"}
_LAST_BMP_CHARACTER = "\uffff"
_CATEGORY = re.compile(r"\\p\{([LMNPSZ])\}")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Violation:
    """A value in a request that the service's model does not allow.

    Attributes:
        path: The parameter's path in the request.
        value: The value, or the key of a map.
        problem: The problem with the value's size, or None if the value itself is the problem.
        allowed: The allowed values.
    """

    path: Path
    value: Any
    problem: str | None
    allowed: str


def find_violations(shape: Any, value: Any, path: Path = ()) -> Iterator[Violation]:
    """Yield each value of a request that the service rejects.

    Args:
        shape: The input shape of the operation (a ``botocore.model.Shape``).
        value: The parameters.
        path: The parameter's path, for nested values.
    """
    yield from _find_size_violations(shape, value, path)
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, item in value.items():
            if name in shape.members:
                yield from find_violations(shape.members[name], item, (*path, name))
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_violations(shape.member, item, (*path, index))
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from find_violations(shape.key, key, (*path, key))
            yield from find_violations(shape.value, item, (*path, key))
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _find_text_violations(shape, value, path)


def build_sample(shape: Any, text: str, depth: int = 4) -> Any:
    """Return a response of an operation with sample values, for a request that is checked but not sent.

    Args:
        shape: The output shape of the operation.
        text: The value of each string.
        depth: The number of levels; deeper structures are empty.
    """
    if shape is None or shape.type_name == "structure":
        members = {} if shape is None or depth == 0 else shape.members
        return {name: build_sample(member, text, depth - 1) for name, member in members.items()}
    return _build_sample_value(shape, text)


def format_path(path: Path) -> str:
    """Return a path as text: ``Rules[0].Filter``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


@cache
def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return a Java regular expression as a Python one, or None if Python cannot compile it.

    In the patterns of AWS, Unicode categories occur only in brackets, where ranges can replace them.
    """
    try:
        # A dot matches a line break: AppSync's model has the pattern ^.*$ for templates of many lines.
        return re.compile(
            _CATEGORY.sub(lambda match: _list_category_ranges()[match[1]], pattern), re.ASCII | re.DOTALL
        )
    except re.error:
        return None


@cache
def _list_category_ranges() -> dict[str, str]:
    """Return the ranges of each Unicode category in the Basic Multilingual Plane, in a pattern's syntax."""
    ranges: dict[str, str] = {}
    codes = range(ord(_LAST_BMP_CHARACTER) + 1)
    for category, group in groupby(codes, lambda code: unicodedata.category(chr(code))[0]):
        members = list(group)
        ranges[category] = ranges.get(category, "") + f"\\u{members[0]:04x}-\\u{members[-1]:04x}"
    return ranges


def _find_size_violations(shape: Any, value: Any, path: Path) -> Iterator[Violation]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    is_number = shape.type_name in _NUMBERS and isinstance(value, int | float)
    if not is_number and not (shape.type_name in _UNITS and hasattr(value, "__len__")):
        return
    size = value if is_number else len(value)
    if (minimum is None or size >= minimum) and (maximum is None or size <= maximum):
        return
    if maximum is None:
        allowed = f"at least {minimum}"
    else:
        allowed = f"at most {maximum}" if minimum is None else f"{minimum} to {maximum}"
    problem = None if is_number else f"has {size} {_UNITS[shape.type_name]}"
    yield Violation(path, value, problem, allowed)


def _find_text_violations(shape: Any, value: str, path: Path) -> Iterator[Violation]:
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield Violation(path, value, None, ", ".join(sorted(enum)))
    text = shape.metadata.get("pattern")
    pattern = compile_pattern(text) if text else None
    # In the patterns, a character outside the Basic Multilingual Plane is a pair of surrogates.
    if pattern is None or any(character > _LAST_BMP_CHARACTER for character in value):
        return
    if not pattern.fullmatch(value):
        yield Violation(path, value, None, f"texts that match {text}")


def _build_sample_value(shape: Any, text: str) -> Any:
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(0, UTC)
    samples = {"list": [], "map": {}, "boolean": False, "blob": b"", "integer": 0, "long": 0, "double": 0.0}
    return samples.get(shape.type_name, text)
