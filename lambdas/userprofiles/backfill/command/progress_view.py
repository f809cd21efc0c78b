"""The output during a run: a progress bar on a terminal, else progress lines, or the README's lines."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TextIO

from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.counted import counted


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
        self._line = ProgressLine(limits, stream)

    def start(self, rows: int, count_rows: Callable[[], int | None]) -> None:
        """Start the clock, as `ProgressLine.start` does."""
        self._line.start(rows, count_rows)

    def show_results(self, results: Sequence[UserResult]) -> None:
        """Show nothing: this view shows only counts."""

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show the bar or a line, if the last update is old enough."""
        if is_last:
            self._line.clear()
            return
        if not self._line.is_due:
            return
        all_states = list(states)
        created = sum(state.tally.created for state in all_states)
        failed = sum(state.tally.failed for state in all_states)
        users = sum(state.tally.processed for state in all_states)
        rows = sum(state.rows for state in all_states)
        self._line.show(rows, f"{counted(users, 'user')}, {created:,} created, {failed:,} failed")

    def show_message(self, message: str) -> None:
        """Show a message in place of the bar."""
        self._line.show_message(message)


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
                reason = _printable(f"{result.safe_reason}; {key}")
                return f"Failed to create profile for user: {user} ({reason})"
            case outcome:
                return f"{outcome.value}: {user}"

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show nothing: the lines are the progress."""

    def show_message(self, message: str) -> None:
        """Show a message on standard error."""
        write_error(self._errors, message + "\n")


def _printable(text: str) -> str:
    """Return a text from the table without control characters: it can't move the cursor or start a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
