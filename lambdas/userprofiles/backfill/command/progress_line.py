"""The progress of a scan on standard error: a bar on a terminal, else a line from time to time."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TextIO

from userprofiles.backfill.limits import Limits

_BAR_WIDTH = 30


class ProgressLine:
    """Shows rows, rate and, if the number of all rows is known, a bar and the time that is left.

    Args:
        limits: The times between two updates.
        stream: Standard error.
        unit: What is counted.
    """

    def __init__(self, limits: Limits, stream: TextIO | None = None, unit: str = "rows") -> None:
        self._unit = unit
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._every_s = limits.bar_every_s if self._is_terminal else limits.line_every_s
        self._started_at = self._updated_at = time.monotonic()
        self._rows_at_start = 0
        self._count_rows: Callable[[], int | None] | None = None
        self._expected_rows: int | None = None
        self._has_bar = False

    def start(self, rows: int, count_rows: Callable[[], int | None]) -> None:
        """Start the clock.

        Args:
            rows: The rows that are already processed.
            count_rows: Returns the expected number of all rows, or None. It is called if the run is long
                enough for an update.
        """
        self._started_at = self._updated_at = time.monotonic()
        self._rows_at_start = rows
        self._count_rows = count_rows

    @property
    def is_due(self) -> bool:
        """Whether the last update is old enough for another one."""
        return time.monotonic() - self._updated_at >= self._every_s

    def show(self, rows: int, details: str) -> None:
        """Show the progress.

        Args:
            rows: The rows that are processed.
            details: More counts, such as `12 users`.
        """
        now = self._updated_at = time.monotonic()
        if self._count_rows:
            self._expected_rows = self._count_rows()
            self._count_rows = None
        text = f"{self._format_rows(rows, now)}, {details}"
        if self._is_terminal:
            write_error(self._stream, f"\r\x1b[2K{self._format_bar(rows)}{text}")
            self._has_bar = True
        else:
            write_error(self._stream, text + "\n")

    def _format_rows(self, rows: int, now: float) -> str:
        rate = (rows - self._rows_at_start) / max(now - self._started_at, 0.001)
        if not self._expected_rows or rows > self._expected_rows or not rate:
            return f"{rows:,} {self._unit}, {rate:,.0f} {self._unit}/s"
        seconds_left = timedelta(seconds=round((self._expected_rows - rows) / rate))
        return (
            f"{rows:,} of about {self._expected_rows:,} {self._unit}, {rate:,.0f} {self._unit}/s, "
            f"ETA {seconds_left}"
        )

    def _format_bar(self, rows: int) -> str:
        if not self._expected_rows:
            return ""
        filled = round(_BAR_WIDTH * min(1.0, rows / self._expected_rows))
        return f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] "

    def show_message(self, message: str) -> None:
        """Show a message in place of the bar."""
        self.clear()
        write_error(self._stream, message + "\n")

    def clear(self) -> None:
        """Remove the bar."""
        if self._has_bar:
            write_error(self._stream, "\r\x1b[2K")
            self._has_bar = False


def write_error(stream: TextIO, text: str) -> None:
    """Write a text to standard error. An error is ignored: there is no other place to report it."""
    with suppress(OSError):
        stream.write(text)
        stream.flush()
