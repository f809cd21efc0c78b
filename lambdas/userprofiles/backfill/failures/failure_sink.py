"""Where a run records its failed users."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.run import Observer
from userprofiles.backfill.segment_state import SegmentState


class FailureSink(Protocol):
    """Keeps failed users. Those that no stored state counts are replaced after a kill."""

    def record(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Add the failed users among the results of a chunk: all of them, or none.

        Args:
            state: The state of the segment before the chunk.
            results: The results of the chunk. Results that did not fail are ignored.

        Raises:
            BackfillError: They can't be written.
        """


class FailureObserver:
    """Records the failed users of a run without a ledger, and passes everything on.

    Args:
        failures: Receives the failed users.
        observer: Shows or logs the progress.
    """

    def __init__(self, failures: FailureSink, observer: Observer) -> None:
        self._failures = failures
        self._observer = observer

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Record the failed users among the results of a chunk."""
        self._failures.record(state, results)
        self._observer.record_results(state, results)

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Pass on the state before the next inserts."""
        self._observer.save_inserts(states, state, keys)

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Pass on the states."""
        self._observer.save(states, is_last=is_last)

    def warn(self, message: str) -> None:
        """Pass on a warning."""
        self._observer.warn(message)
