"""The progress of a scan on standard error: a bar on a terminal, else a line from time to time."""

import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TextIO

from userprofiles.backfill.command.progress_bar import ProgressBar, has_rich
from userprofiles.backfill.limits import Limits

_RATE_S = 30.0  # the time of which the rate is shown


class ProgressLine:
    """Shows rows, rate and, if the number of all rows is known, the time that is left.

    On a terminal it is one bar, if the extra `cli` is installed.

    Args:
        limits: The times between two updates.
        stream: Standard error.
        unit: What is counted.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        limits: Limits,
        stream: TextIO | None = None,
        unit: str = "rows",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit = unit
        self._stream = stream or sys.stderr
        self._clock = clock
        self._bar = ProgressBar(self._stream) if self._stream.isatty() and has_rich() else None
        self._every_s = limits.bar_every_s if self._bar else limits.line_every_s
        self._updated_at = clock()
        self._samples = deque([(self._updated_at, 0)])
        self._count_rows: Callable[[], int | None] | None = None
        self._expected_rows: int | None = None

    def start(self, rows: int, count_rows: Callable[[], int | None]) -> None:
        """Start the clock.

        Args:
            rows: The rows that are already processed.
            count_rows: Returns the expected number of all rows, or None. It is called if the run is long
                enough for an update.
        """
        self._updated_at = self._clock()
        self._samples = deque([(self._updated_at, rows)])
        self._count_rows = count_rows

    @property
    def is_due(self) -> bool:
        """Whether the last update is old enough for another one."""
        return self._clock() - self._updated_at >= self._every_s

    def show(self, rows: int, details: str) -> None:
        """Show the progress.

        Args:
            rows: The rows that are processed.
            details: More counts, such as `12 users`.
        """
        self._updated_at = self._clock()
        if self._count_rows:
            self._expected_rows = self._count_rows()
            self._count_rows = None
        text = f"{self._format_rows(rows)}, {details}"
        if self._bar:
            self._bar.show(text, rows, self._expected_rows)
        else:
            write_error(self._stream, text + "\n")

    def _rate(self, rows: int) -> float:
        """Return the rows per second of the last half minute: earlier rows say nothing about the rest."""
        now = self._updated_at
        self._samples.append((now, rows))
        while len(self._samples) > 2 and self._samples[1][0] <= now - _RATE_S:  # noqa: PLR2004 - the ends
            self._samples.popleft()
        then, rows_then = self._samples[0]
        return (rows - rows_then) / max(now - then, 0.001)

    def _format_rows(self, rows: int) -> str:
        rate = self._rate(rows)
        if not self._expected_rows or rows > self._expected_rows:
            return f"{rows:,} {self._unit}, {rate:,.0f} {self._unit}/s"
        text = f"{rows:,} of about {self._expected_rows:,} {self._unit}, {rate:,.0f} {self._unit}/s"
        if not rate:
            return f"{text}, ETA unknown"
        return f"{text}, ETA {timedelta(seconds=round((self._expected_rows - rows) / rate))}"

    def show_message(self, message: str) -> None:
        """Show a message in place of the bar."""
        self.clear()
        write_error(self._stream, message + "\n")

    def clear(self) -> None:
        """Remove the bar."""
        if self._bar:
            self._bar.clear()


def write_error(stream: TextIO, text: str) -> None:
    """Write a text to standard error. An error is ignored: there is no other place to report it."""
    with suppress(OSError):
        stream.write(text)
        stream.flush()
