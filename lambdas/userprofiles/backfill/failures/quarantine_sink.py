"""Records the failed users of a run in its quarantine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.quarantine import Part, Quarantine, QuarantinedRow, QuarantineError

DIFFERENCES = (Outcome.DIFFERING, Outcome.MISSING, Outcome.ORPHANED, Outcome.KEPT)
"""The outcomes of a verification or a rollback that the report of the state machine lists."""


class QuarantineSink:
    """Records failed users in a quarantine.

    Args:
        quarantine: The quarantine of the run.
        run_id: The ID of the run.
    """

    def __init__(self, quarantine: Quarantine, run_id: str) -> None:
        self._quarantine = quarantine
        self._run_id = run_id

    def record(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Add the failed users among the results of a chunk: all of them, or none.

        Raises:
            BackfillFailedError: They can't be written.
        """
        rows = [
            quarantined_row(self._run_id, state.segment, result)
            for result in results
            if result.outcome is Outcome.FAILED
        ]
        if rows:
            with quarantine_errors():
                self._quarantine.append(quarantine_part(state), rows)


def quarantine_part(state: SegmentState) -> Part:
    """Return the rows of a segment in the quarantine that its state counts."""
    return Part(state.segment, state.tally.failed, state.quarantine.version, state.quarantine.first)


def listed_part(job: Job, state: SegmentState) -> Part:
    """Return the users of a unit of the state machine that the report of a job lists.

    A run lists its failed users. A verification or a rollback lists what differs or was kept, too. This
    process lists those in the output of its command instead.
    """
    if job.operation is Operation.CREATE:
        return quarantine_part(state)
    differences = sum(state.tally.other[outcome.value] for outcome in DIFFERENCES)
    return Part(state.segment, state.tally.failed + differences)


def quarantined_row(run_id: str, unit: int, result: UserResult, tries: int = 1) -> QuarantinedRow:
    """Return a failed row as the quarantine stores it."""
    return QuarantinedRow(run_id, unit, result.user_id, result.key, result.sha256, result.safe_reason, tries)


@contextmanager
def quarantine_errors() -> Iterator[None]:
    """Raise errors of the quarantine in this block as errors of the backfill."""
    try:
        yield
    except QuarantineError as error:
        raise BackfillFailedError(ErrorKind.STATE, str(error)) from error
