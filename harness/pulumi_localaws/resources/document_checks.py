"""Checks inputs that hold JSON documents.

The emulator accepts any document. An error message has no full stop at its end: the caller adds it.
"""

import json
from collections.abc import Callable
from typing import Any


def build_property_check(name: str, check: Callable[[str], None]) -> Callable[[dict[str, Any]], None]:
    """Return a check of one input that holds a document."""

    def run(inputs: dict[str, Any]) -> None:
        if inputs.get(name):
            try:
                check(inputs[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error

    return run


def check_json_object(text: str) -> None:
    """Check that a text is a JSON object.

    Raises:
        ValueError: It is not.
    """
    read_json_object(text)


def read_json_object(text: str, *, unique_keys: bool = False) -> dict[str, Any]:
    """Return a JSON object from its text.

    Args:
        text: The text.
        unique_keys: Reject an object that has a key twice.

    Raises:
        ValueError: The text is not a JSON object, or has a key twice.
    """
    try:
        document = json.loads(text, object_pairs_hook=_build_unique if unique_keys else dict)
    except json.JSONDecodeError as error:
        raise ValueError(f"the text is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("the document must be a JSON object")  # noqa: TRY004 callers handle one type of error
    return document


def _build_unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise ValueError(f"an object has the key {duplicates[0]!r} twice. Remove one of them")
    return dict(pairs)
