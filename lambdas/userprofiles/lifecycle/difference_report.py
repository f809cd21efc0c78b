"""Differences of users as JSON and as text: subs and names, never values of users."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol


class Difference(Protocol):
    """A difference of a user."""

    @property
    def kind(self) -> str:
        """The kind of difference."""

    @property
    def sub(self) -> str:
        """The user."""

    @property
    def detail(self) -> str:
        """Names of items or fields, a time, or the sub of another user; empty if there is nothing to add."""

    @property
    def result(self) -> str:
        """What the fix did; empty without a fix."""


def json_pieces(header: Mapping[str, Any], differences: Iterable[Difference]) -> Iterator[str]:
    """Yield the pieces of a JSON document: the members of `header`, and `users`."""
    yield json.dumps(header, indent=2).removesuffix("\n}") + ',\n  "users": ['
    separator = "\n    "
    for difference in differences:
        yield separator + json.dumps(_to_json(difference))
        separator = ",\n    "
    yield "\n  ]\n}\n"


def _to_json(difference: Difference) -> dict[str, str]:
    values = {
        "userId": difference.sub,
        "difference": str(difference.kind),
        "detail": difference.detail,
        "result": difference.result,
    }
    return {name: value for name, value in values.items() if value}


def text_lines(differences: Iterable[Difference], texts: Mapping[Any, str]) -> Iterator[str]:
    """Yield one line for each difference.

    Args:
        differences: The differences.
        texts: The text of each kind, with the placeholder `detail`.
    """
    width = max(map(len, texts))
    for difference in differences:
        text = texts[difference.kind].format(detail=difference.detail)
        result = f" ({difference.result})" if difference.result else ""
        yield _printable(f"{difference.kind:<{width}}  {difference.sub}: {text}{result}") + "\n"


def format_counts(counts: Mapping[str, int]) -> str:
    """Return counts as text, such as `2 missing, 0 orphan`."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _printable(text: str) -> str:
    """Replace control characters, which could change the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
