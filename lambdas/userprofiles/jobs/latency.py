"""The duration of calls as a histogram, which is small and adds up over threads, units and sessions."""

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_FIRST_MS = 0.5
_GROWTH = 1.2
_BINS = 70
_LIMITS_MS = tuple(_FIRST_MS * _GROWTH**number for number in range(_BINS))
"""The upper limits of the bins: from 0.5 ms to 145 s, each 20 % above the one before."""


@dataclass
class Latency:
    """The durations of calls.

    Attributes:
        bins: The number of calls by bin. A bin has the durations up to 20 % below its upper limit.
        longest_ms: The duration of the longest call in milliseconds.
    """

    bins: Counter[int] = field(default_factory=Counter)
    longest_ms: float = 0.0

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.bins.total()

    def record(self, seconds: float) -> None:
        """Record the duration of one call."""
        milliseconds = seconds * 1000
        self.bins[min(bisect.bisect_left(_LIMITS_MS, milliseconds), _BINS - 1)] += 1
        self.longest_ms = max(self.longest_ms, milliseconds)

    def add(self, other: "Latency") -> None:
        """Add the calls of another histogram."""
        self.bins.update(other.bins)
        self.longest_ms = max(self.longest_ms, other.longest_ms)

    def percentile_ms(self, percent: float) -> float:
        """Return the duration that this share of the calls did not exceed: up to 20 % too high."""
        position = self.calls * percent / 100
        for number in sorted(self.bins):
            position -= self.bins[number]
            if position <= 0:
                return min(_LIMITS_MS[number], self.longest_ms)
        return self.longest_ms

    def summary(self) -> dict[str, float]:
        """Return the figures of the report, in milliseconds."""
        return {
            "p50": round(self.percentile_ms(50), 1),
            "p95": round(self.percentile_ms(95), 1),
            "max": round(self.longest_ms, 1),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the histogram for a checkpoint."""
        bins = {str(number): count for number, count in sorted(self.bins.items())}
        return {"bins": bins, "max": round(self.longest_ms, 1)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Latency":
        """Read the document that `to_json` returns."""
        bins = Counter({int(number): int(count) for number, count in document.get("bins", {}).items()})
        return cls(bins, float(document.get("max", 0.0)))
