"""The progress of a segment in S3, so that the next invocation of the worker can continue it."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.state_machine.run_folder import RunFolder


def state_name(segment: int) -> str:
    """Return the name of a segment's state in the run's folder."""
    return f"segments/{segment:06d}.json"


class SegmentProgress:
    """Stores the state and the failures of one segment while `Run` processes it.

    Args:
        folder: The folder of the run. The stored state is read from it, or a new one is written.
        segment: The number of the segment.
        warn: Logs a warning.
        every_s: Seconds between two writes.

    Attributes:
        state: The progress of the segment.
    """

    def __init__(self, folder: RunFolder, segment: int, warn: Callable[[str], None], every_s: float) -> None:
        self._folder = folder
        self._name = state_name(segment)
        self._warn = warn
        self._every_s = every_s
        self._failures: list[dict[str, str]] = []
        self._parts = 0
        self._saved_at = time.monotonic()
        stored_state = folder.read(self._name)
        if stored_state:
            document, self._etag = stored_state
            self.state = SegmentState.from_json(document)
            self._parts = document["failureParts"]
        else:
            self.state = SegmentState(segment)
            self._etag = folder.write(self._name, self._document(), None)

    def _document(self) -> dict[str, Any]:
        return {**self.state.to_json(), "failureParts": self._parts}

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:  # noqa: ARG002 - there is one state
        """Keep the failed users for the next `save`."""
        self._failures += report.list_failures(results)

    def save_inserts(
        self,
        states: Iterable[SegmentState],
        state: SegmentState,  # noqa: ARG002 - there is one state
        keys: Sequence[str],  # noqa: ARG002 - the state has them
    ) -> None:
        """Write failures and state before the next inserts.

        Raises:
            OvertakenError: Another worker has written the state in the meantime.
        """
        self.save(states, is_last=True)

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:  # noqa: ARG002 - there is one state
        """Write failures and state if the last write is old enough, or if this is the last call.

        Raises:
            OvertakenError: Another worker has written the state in the meantime.
        """
        now = time.monotonic()
        if not is_last and now - self._saved_at < self._every_s:
            return
        if self._failures:
            # Before the state that counts this part: a part that no state counts is written again.
            self._folder.write_failures(self.state.segment, self._parts, self._failures)
            self._parts += 1
            self._failures = []
        self._etag = self._folder.write(self._name, self._document(), self._etag)
        self._saved_at = now

    def warn(self, message: str) -> None:
        """Log a warning."""
        self._warn(message)
