"""The output during a run: a progress bar on a terminal, else progress lines, or the README's lines."""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Protocol, TextIO

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment import SegmentState

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

    The bar counts segments, because the number of users is unknown until the end of the scan. The item count
    of DynamoDB is up to six hours old.

    Args:
        limits: The times between two updates.
        stream: Standard error.
    """

    def __init__(self, limits: Limits, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._every_s = limits.bar_every_s if self._is_terminal else limits.line_every_s
        self._started_at = self._updated_at = time.monotonic()
        self._has_bar = False

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
        all_states = list(states)
        done = sum(state.done for state in all_states)
        users = sum(state.tally.processed for state in all_states)
        created = sum(state.tally.created for state in all_states)
        failed = sum(state.tally.failed for state in all_states)
        text = (
            f"{done}/{len(all_states)} segments, {users:,} users, {created:,} created, {failed:,} failed, "
            f"{users / max(now - self._started_at, 0.001):,.0f} users/s"
        )
        if self._is_terminal:
            filled = round(_BAR_WIDTH * done / len(all_states))
            self._stream.write(f"\r\x1b[2K[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {text}")
            self._has_bar = True
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def show_message(self, message: str) -> None:
        """Show a message in place of the bar."""
        self._clear()
        self._stream.write(message + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        if self._has_bar:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._has_bar = False


class UserLinesView:
    """Shows one line for each user, as in the profile migration README.

    Args:
        dry_run: Whether nothing is written.
        stream: Standard output. E-mail addresses are shown only on a terminal, because others may read a file
            or the output of a pipe later.
        errors: Standard error.
    """

    def __init__(self, *, dry_run: bool, stream: TextIO | None = None, errors: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._errors = errors or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._created_prefix = "Would create profile for user: " if dry_run else "Created profile for user: "

    def show_results(self, results: Sequence[UserResult]) -> None:
        """Print the lines of some users."""
        self._stream.writelines(self._format_line(result) + "\n" for result in results)

    def _format_line(self, result: UserResult) -> str:
        user = _printable(result.user_id)
        match result.outcome:
            case Outcome.CREATED:
                email = f" ({_printable(result.email)})" if self._is_terminal and result.email else ""
                return f"{self._created_prefix}{user}{email}"
            case Outcome.EXISTED:
                return f"Profile already exists for user: {user}"
            case Outcome.SKIPPED:
                return f"Skipped user: {user} ({result.reason})"
            case Outcome.FAILED:
                return f"Failed to create profile for user: {user} ({_printable(result.reason)})"

    def show_progress(self, states: Iterable[SegmentState], *, is_last: bool) -> None:  # noqa: ARG002 - the lines are the progress
        """Flush the lines."""
        self._stream.flush()

    def show_message(self, message: str) -> None:
        """Show a message on standard error."""
        self._stream.flush()
        self._errors.write(message + "\n")
        self._errors.flush()


def _printable(text: str) -> str:
    """Return a text from the table without control characters: it can't move the cursor or start a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
