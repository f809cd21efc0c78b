"""Paces writes: a limit in write units per second that all threads of a run share."""

from collections.abc import Callable
from typing import Protocol


class Pacer(Protocol):
    """Decides when the next write may begin. Its methods may be called by any thread."""

    def take(self, units: float, wait: Callable[[float], bool]) -> bool:
        """Wait until a write of this size may begin.

        Args:
            units: The expected write units.
            wait: Waits for a number of seconds, but not longer than until a stop; returns whether the run
                must stop.

        Returns:
            False if the run must stop.
        """

    def report(self, expected: float, consumed: float) -> None:
        """Correct the budget after a write that consumed more or less than expected."""

    def report_throttled(self) -> None:
        """Slow down: DynamoDB throttled a write."""


class Unlimited:
    """Paces nothing."""

    def take(self, units: float, wait: Callable[[float], bool]) -> bool:  # noqa: ARG002 - as in `Pacer`
        """Return at once."""
        return True

    def report(self, expected: float, consumed: float) -> None:
        """Do nothing."""

    def report_throttled(self) -> None:
        """Do nothing."""
