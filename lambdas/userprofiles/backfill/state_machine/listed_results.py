"""The users that the report of a run lists, because they failed, differ or were kept."""

from collections.abc import Iterator, Sequence

from userprofiles.backfill.failures.quarantine_sink import (
    QuarantineSink,
    quarantine_errors,
    quarantine_part,
    quarantined_row,
)
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.quarantine import Part, Quarantine

_DIFFERENCES = (Outcome.DIFFERING, Outcome.MISSING, Outcome.KEPT)


class ReviewSink(QuarantineSink):
    """Records the users of a verification or a rollback that the report lists."""

    def record(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Add these users among the results of a chunk: all of them, or none.

        Raises:
            BackfillFailedError: They can't be written.
        """
        rows = [
            quarantined_row(self._run_id, state.segment, result)
            for result in results
            if result.outcome is Outcome.FAILED or result.outcome in _DIFFERENCES
        ]
        if rows:
            with quarantine_errors():
                self._quarantine.append(_review_part(state), rows)


def create_sink(job: Job, quarantine: Quarantine) -> QuarantineSink:
    """Return what records the users that the report of a job lists."""
    is_create = job.operation is Operation.CREATE
    return (QuarantineSink if is_create else ReviewSink)(quarantine, job.run_id)


def read_listed_users(
    job: Job, quarantine: Quarantine, states: Sequence[SegmentState]
) -> Iterator[dict[str, str]]:
    """Yield the users that the report of a job lists.

    Raises:
        BackfillFailedError: They can't be read.
    """
    find_part = quarantine_part if job.operation is Operation.CREATE else _review_part
    with quarantine_errors():
        for state in states:
            for row in quarantine.read(find_part(state)):
                yield {"userId": row.row_id, **row.key, "reason": row.reason}


def _review_part(state: SegmentState) -> Part:
    """Return the listed users of a segment that its state counts."""
    differences = sum(state.tally.other[outcome.value] for outcome in _DIFFERENCES)
    return Part(state.segment, state.tally.failed + differences)
