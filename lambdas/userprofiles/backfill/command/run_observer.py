"""Passes the results of a run to the view, the failure log and the checkpoint."""

import time
from collections.abc import Callable, Iterable, Sequence

from userprofiles.backfill import report
from userprofiles.backfill.command.checkpoint import Checkpoint
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.backfill.failures.failure_log import FailureLog
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop


class RunObserver:
    """Observes a run for a command.

    Args:
        view: Shows the progress.
        failures: The failure log of the run.
        checkpoint: The checkpoint of the run, or None.
        stop: Ends the run when the view can't write its output.
        started_at: The monotonic time of the start, earlier for a resumed run.

    Attributes:
        output_error: Why the view can't write its output, or None.
    """

    def __init__(
        self,
        view: View,
        failures: FailureLog,
        checkpoint: Checkpoint | None,
        stop: Stop,
        started_at: float,
    ) -> None:
        self.output_error: BackfillError | None = None
        self._view = view
        self._failures = failures
        self._checkpoint = checkpoint
        self._stop = stop
        self._started_at = started_at

    @property
    def seconds(self) -> float:
        """The duration of the run so far."""
        return time.monotonic() - self._started_at

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:  # noqa: ARG002 - one failure log for all segments
        """Record the results of one chunk.

        Raises:
            BackfillFailedError: The failures can't be written.
        """
        try:
            self._failures.extend(report.list_failures(results))
        except OSError as error:
            raise state_error(error) from error
        self._show(lambda: self._view.show_results(results))

    def save_inserts(
        self,
        states: Iterable[SegmentState],
        state: SegmentState,  # noqa: ARG002 - the file has all states
        keys: Sequence[str],  # noqa: ARG002 - the state has them
    ) -> None:
        """Save the states before the next inserts.

        Raises:
            BackfillFailedError: The checkpoint can't be written.
        """
        self.save_now(states)

    def save_now(self, states: Iterable[SegmentState]) -> None:
        """Save the states at once. A run does so before it writes: after a kill, it resumes with the same ID.

        Raises:
            BackfillFailedError: The checkpoint can't be written.
        """
        self._save_checkpoint(states, at_once=True)

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Save the states if the last save is old enough, or if this is the last call.

        Raises:
            BackfillFailedError: The checkpoint can't be written.
        """
        states = list(states)
        try:
            self._save_checkpoint(states, at_once=is_last)
        finally:
            self._show(lambda: self._view.show_progress(states, is_last=is_last))

    def _save_checkpoint(self, states: Iterable[SegmentState], *, at_once: bool) -> None:
        if self._checkpoint is None:
            return
        try:
            self._checkpoint.save(states, self._failures, self.seconds, at_once=at_once)
        except OSError as error:
            raise state_error(error) from error

    def warn(self, message: str) -> None:
        """Show a warning."""
        self._view.show_message(message)

    def _show(self, show: Callable[[], None]) -> None:
        """Show something. An error ends the run at a safe place, because the users are processed."""
        if self.output_error:
            return
        try:
            show()
        except BackfillError as error:
            self.output_error = error
            self._stop.request()


def state_error(error: OSError) -> BackfillFailedError:
    """Return the error for progress that can't be written to the disk."""
    return BackfillFailedError(
        ErrorKind.STATE,
        f"The progress of the run can't be written: {error.strerror}.\n"
        "Free space on the disk of the state directory (XDG_STATE_HOME) or, for a dry run, of TMPDIR.",
    )
