"""Checks that the sums of an import balance: nothing came in that did not go somewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Balance:
    """Sums of a run that must be equal.

    Attributes:
        total: The name of the whole.
        parts: The names of its parts.
    """

    total: str
    parts: Sequence[str]


_BALANCES = (
    _Balance("edges in", ("edges out", "edges dangling", "edges repeated", "edges to oneself")),
    _Balance("remaining days in", ("remaining days out", "remaining days of users who are not imported")),
    _Balance("old URLs left", ()),
)


def check_balances(numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return each check with its text and whether it is right.

    Args:
        numbers: The sums of a run's own counts. A missing one is 0.
    """
    checks = []
    for balance in _BALANCES:
        total = numbers.get(balance.total, 0)
        parts = {name: numbers.get(name, 0) for name in balance.parts}
        right_side = " + ".join(f"{name} {count:,}" for name, count in parts.items()) or "0"
        text = f"{balance.total} {total:,} = {right_side}"
        checks.append({"check": text, "ok": total == sum(parts.values())})
    return checks
