"""What a run shows: a bar on a terminal, a line now and then elsewhere, or the README's lines."""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Protocol, TextIO

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment import SegmentState

_BAR_WIDTH = 30


class View(Protocol):
    """Shows a run to a person."""

    def results(self, results: Sequence[UserResult]) -> None:
        """Show what became of some users."""

    def progress(self, states: Iterable[SegmentState], *, last: bool) -> None:
        """Show how far the run is."""

    def tell(self, message: str) -> None:
        """Show a message that matters now, and not on standard output."""


class ProgressView:
    """A bar on a terminal, and plain lines where standard error is a file or a pipe.

    The bar counts segments: how many users there are is not known before all were read, and DynamoDB's own
    item count is six hours old.

    Args:
        limits: The times between two updates.
        stream: Standard error.
    """

    def __init__(self, limits: Limits, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._every_s = limits.bar_every_s if self._terminal else limits.line_every_s
        self._began = self._shown_at = time.monotonic()
        self._bar_is_up = False

    def results(self, results: Sequence[UserResult]) -> None:
        """Show nothing: this view shows numbers."""

    def progress(self, states: Iterable[SegmentState], *, last: bool) -> None:
        """Show the bar or a line, unless that was done a moment ago."""
        now = time.monotonic()
        if last:
            self._clear()
            return
        if now - self._shown_at < self._every_s:
            return
        self._shown_at = now
        all_states = list(states)
        done = sum(state.done for state in all_states)
        users = sum(state.tally.processed for state in all_states)
        created = sum(state.tally.created for state in all_states)
        failed = sum(state.tally.failed for state in all_states)
        text = (
            f"{done}/{len(all_states)} segments, {users:,} users, {created:,} created, {failed:,} failed, "
            f"{users / max(now - self._began, 0.001):,.0f} users/s"
        )
        if self._terminal:
            filled = round(_BAR_WIDTH * done / len(all_states))
            self._stream.write(f"\r\x1b[2K[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {text}")
            self._bar_is_up = True
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def tell(self, message: str) -> None:
        """Show a message, above the bar where there is one."""
        self._clear()
        self._stream.write(message + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        if self._bar_is_up:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._bar_is_up = False


class LinesView:
    """A line for each user, as the profile migration README shows them.

    Args:
        dry_run: Whether profiles would be made only.
        stream: Standard output. An e-mail address is shown on a terminal only: what goes into a file or a
            pipe is kept, and read by others.
        errors: Standard error.
    """

    def __init__(self, *, dry_run: bool, stream: TextIO | None = None, errors: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._errors = errors or sys.stderr
        self._terminal = self._stream.isatty()
        self._created = "Would create profile for user: " if dry_run else "Created profile for user: "

    def results(self, results: Sequence[UserResult]) -> None:
        """Print the lines of some users."""
        self._stream.writelines(self._line(result) + "\n" for result in results)

    def _line(self, result: UserResult) -> str:
        user = _printable(result.user_id)
        match result.outcome:
            case Outcome.CREATED:
                email = f" ({_printable(result.email)})" if self._terminal and result.email else ""
                return f"{self._created}{user}{email}"
            case Outcome.EXISTED:
                return f"Profile already exists for user: {user}"
            case Outcome.SKIPPED:
                return f"Skipped user: {user} ({result.reason})"
            case Outcome.FAILED:
                return f"Failed to create profile for user: {user} ({_printable(result.reason)})"

    def progress(self, states: Iterable[SegmentState], *, last: bool) -> None:  # noqa: ARG002 - the lines are the progress
        """Bring the lines out."""
        self._stream.flush()

    def tell(self, message: str) -> None:
        """Show a message."""
        self._stream.flush()
        self._errors.write(message + "\n")
        self._errors.flush()


def _printable(text: str) -> str:
    """Return a text that can't move the cursor or begin a new line: it comes from the table."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
