"""The output during a run: a progress bar on a terminal, else progress lines, or the README's lines."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, TextIO

from userprofiles.backfill.command.output import Output
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState

_BAR_WIDTH = 30


class View(Protocol):
    """Shows the progress of a run."""

    def show_results(self, results: Sequence[UserResult]) -> None:
        """Show the results for some users."""

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show the progress of the run."""

    def show_message(self, message: str) -> None:
        """Show a message on standard error."""


class ProgressView:
    """Shows a bar on a terminal, and plain lines if standard error is a file or a pipe.

    Args:
        limits: The times between two updates.
        stream: Standard error.
    """

    def __init__(self, limits: Limits, stream: TextIO | None = None) -> None:
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

    def show_results(self, results: Sequence[UserResult]) -> None:
        """Show nothing: this view shows only counts."""

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show the bar or a line, if the last update is old enough."""
        now = time.monotonic()
        if is_last:
            self._clear()
            return
        if now - self._updated_at < self._every_s:
            return
        self._updated_at = now
        if self._count_rows:
            self._expected_rows = self._count_rows()
            self._count_rows = None
        all_states = list(states)
        rows = sum(state.rows for state in all_states)
        created = sum(state.tally.created for state in all_states)
        failed = sum(state.tally.failed for state in all_states)
        users = sum(state.tally.processed for state in all_states)
        text = f"{self._format_rows(rows, now)}, {users:,} users, {created:,} created, {failed:,} failed"
        if self._is_terminal:
            self._write(f"\r\x1b[2K{self._format_bar(rows)}{text}")
            self._has_bar = True
        else:
            self._write(text + "\n")

    def _format_rows(self, rows: int, now: float) -> str:
        """Return rows, rate and, if the number of all rows is known, the time that is left."""
        rate = (rows - self._rows_at_start) / max(now - self._started_at, 0.001)
        if not self._expected_rows or rows > self._expected_rows or not rate:
            return f"{rows:,} rows, {rate:,.0f} rows/s"
        seconds_left = timedelta(seconds=round((self._expected_rows - rows) / rate))
        return f"{rows:,} of about {self._expected_rows:,} rows, {rate:,.0f} rows/s, ETA {seconds_left}"

    def _format_bar(self, rows: int) -> str:
        if not self._expected_rows:
            return ""
        filled = round(_BAR_WIDTH * min(1.0, rows / self._expected_rows))
        return f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] "

    def show_message(self, message: str) -> None:
        """Show a message in place of the bar."""
        self._clear()
        self._write(message + "\n")

    def _clear(self) -> None:
        if self._has_bar:
            self._write("\r\x1b[2K")
            self._has_bar = False

    def _write(self, text: str) -> None:
        _write_error(self._stream, text)


class UserLinesView:
    """Shows one line for each user, as in the profile migration README.

    Args:
        dry_run: Whether nothing is written.
        stream: Standard output. E-mail addresses are shown only on a terminal, because others may read a file
            or the output of a pipe later.
        errors: Standard error.
    """

    def __init__(self, *, dry_run: bool, stream: TextIO | None = None, errors: TextIO | None = None) -> None:
        self._out = Output(stream)
        self._errors = errors or sys.stderr
        self._created_prefix = "Would create profile for user: " if dry_run else "Created profile for user: "

    def show_results(self, results: Sequence[UserResult]) -> None:
        """Print the lines of some users."""
        self._out.write("".join(self._format_line(result) + "\n" for result in results))

    def _format_line(self, result: UserResult) -> str:
        user = _printable(result.user_id)
        match result.outcome:
            case Outcome.CREATED:
                email = f" ({_printable(result.email)})" if self._out.is_terminal and result.email else ""
                return f"{self._created_prefix}{user}{email}"
            case Outcome.EXISTED:
                return f"Profile already exists for user: {user}"
            case Outcome.SKIPPED:
                return f"Skipped user: {user} ({result.reason})"
            case Outcome.FAILED:
                key = ", ".join(f"{name} {value}" for name, value in result.key.items())
                return f"Failed to create profile for user: {user} ({_printable(f'{result.reason}; {key}')})"

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show nothing: the lines are the progress."""

    def show_message(self, message: str) -> None:
        """Show a message on standard error."""
        _write_error(self._errors, message + "\n")


def _write_error(stream: TextIO, text: str) -> None:
    """Write a text to standard error. An error is ignored: there is no other place to report it."""
    with suppress(OSError):
        stream.write(text)
        stream.flush()


def _printable(text: str) -> str:
    """Return a text from the table without control characters: it can't move the cursor or start a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
