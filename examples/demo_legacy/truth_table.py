"""The truth table of the demo: what was generated, and what the import has left behind."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from legacy_population.score import Row


def format_rows(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield ""
    yield f"{title:<42} {'generated':>10} {'lost':>6} {'duplicated':>11} {'extra':>6}"
    yield "-" * 79
    for row in rows:
        example = f", {row.example} is lost" if row.example else ""
        mark = "" if row.is_true else f"   <-- wrong{example}"
        yield f"{row.name:<42} {row.expected:>10,} {row.lost:>6,} {row.duplicated:>11,} {row.extra:>6,}{mark}"


def rows_json(rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    """Return the rows for the JSON document."""
    return [{**asdict(row), "is_true": row.is_true} for row in rows]
