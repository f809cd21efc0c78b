"""Paces writes: a rate in write units per second that all threads of a run share."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

_BURST_S = 1.0  # seconds of unused budget that are kept
_FIRST_BURST_S = 0.1  # fewer at the start, so that a short run does not exceed the rate
_HALVING_S = 1.0  # several threads report the same throttling: within this time, it counts once
_GROWTH = 0.1  # growth per second, as a part of the rate: it also recovers soon from a very low rate
_SMALLEST_RATE = 25.0  # one full batch per second: below that, the pauses before the retries are enough


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


class LocalPacer:
    """A token bucket whose rate adapts to throttling: halved at once, then increased by 10 % per second.

    Args:
        limit: The highest number of write units per second; None for no limit. Without a limit, the bucket is
            used only from a throttling on, until twice the rate before it is reached.
        clock: Returns monotonic seconds.
        smallest_rate: The rate below which a throttling does not slow down further.
    """

    def __init__(
        self,
        limit: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        smallest_rate: float = _SMALLEST_RATE,
    ) -> None:
        self._limit = limit
        self._smallest_rate = smallest_rate
        self._clock = clock
        self._lock = threading.Lock()
        self._rate = limit
        self._tokens = (limit or 0.0) * _FIRST_BURST_S
        self._filled_at = self._window_began_at = clock()
        self._window_units = 0.0
        self._measured_rate = 0.0
        self._throttled_at = float("-inf")
        self._rate_before = 0.0

    @property
    def rate(self) -> float | None:
        """The current rate in write units per second; None for no limit."""
        with self._lock:
            self._fill()
            return self._rate

    def take(self, units: float, wait: Callable[[float], bool]) -> bool:
        """Wait until a write of this size may begin."""
        with self._lock:
            self._fill()
            self._window_units += units
            if self._rate is None:
                return True
            self._tokens -= units
            seconds = max(0.0, -self._tokens / self._rate)
        if seconds and wait(seconds):
            self.report(units, 0.0)
            return False
        return True

    def report(self, expected: float, consumed: float) -> None:
        """Correct the budget after a write that consumed more or less than expected."""
        with self._lock:
            self._window_units += consumed - expected
            if self._rate is not None:
                self._tokens += expected - consumed

    def report_throttled(self) -> None:
        """Halve the rate, but only once for the threads that are throttled at the same time."""
        with self._lock:
            self._fill()
            now = self._clock()
            if now - self._throttled_at < _HALVING_S:
                return
            current_rate = self._rate or self._current_rate(now)
            self._rate_before = max(self._rate_before, current_rate)
            self._rate = max(min(self._smallest_rate, self._limit or self._smallest_rate), current_rate / 2)
            self._throttled_at = now
            self._tokens = min(self._tokens, 0.0)

    def _fill(self) -> None:
        """Add the tokens and the growth since the last call."""
        now = self._clock()
        seconds = now - self._filled_at
        self._filled_at = now
        if now - self._window_began_at >= 1.0:
            self._measured_rate = self._window_units / (now - self._window_began_at)
            self._window_units, self._window_began_at = 0.0, now
        if self._rate is None:
            return
        self._tokens = min(self._rate * _BURST_S, self._tokens + self._rate * seconds)
        if self._rate_before and now - self._throttled_at > _HALVING_S:
            self._grow(min(seconds, now - self._throttled_at - _HALVING_S))

    def _grow(self, seconds: float) -> None:
        rate = (self._rate or 0.0) * (1 + _GROWTH) ** seconds
        if self._limit is not None and rate >= self._limit:
            self._rate, self._rate_before = self._limit, 0.0
        elif self._limit is None and rate >= 2 * self._rate_before:
            self._rate, self._rate_before = None, 0.0
        else:
            self._rate = rate

    def _current_rate(self, now: float) -> float:
        """Return the measured rate of writes, of the last second or, at the start, of less."""
        seconds = now - self._window_began_at
        return self._measured_rate or self._window_units / max(seconds, 0.1)
