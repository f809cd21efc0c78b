"""Passes the progress of a run to a view."""

from collections.abc import Callable, Iterable, Sequence

from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.errors import BackfillError
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.segment_state import SegmentState


class ViewObserver:
    """Observes a run for a command that stores its progress elsewhere, or not at all.

    Args:
        view: Shows the progress.
        check: Called with the states after each chunk. It raises the error that ends the run.
    """

    def __init__(
        self, view: View, check: Callable[[Sequence[SegmentState]], None] = lambda _states: None
    ) -> None:
        self._view = view
        self._check = check
        self._output_error: BackfillError | None = None

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:  # noqa: ARG002 - the view has no segments
        """Show results."""
        self._show(lambda: self._view.show_results(results))

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Do nothing: the ledger saves the states."""

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show the progress, and check the states.

        Raises:
            BackfillError: The view can't write its output, or the check has failed.
        """
        all_states = list(states)
        self._show(lambda: self._view.show_progress(all_states, is_last=is_last))
        if self._output_error:
            raise self._output_error
        self._check(all_states)

    def warn(self, message: str) -> None:
        """Show a warning."""
        self._view.show_message(message)

    def _show(self, show: Callable[[], None]) -> None:
        """Show something. Its error ends the run after the chunk is counted."""
        if self._output_error is None:
            try:
                show()
            except BackfillError as error:
                self._output_error = error
