"""Where a run in a ledger records its failed users."""

from collections.abc import Sequence
from typing import Protocol

from userprofiles.backfill.outcome import UserResult
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

    def flush(self) -> None:
        """Write what is not written yet. A state that counts it is stored afterwards.

        Raises:
            BackfillError: It can't be written.
        """
