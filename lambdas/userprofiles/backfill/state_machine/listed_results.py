"""Records the users that the report of a run lists, because they failed, differ or were kept."""

from collections.abc import Sequence

from userprofiles.backfill.failures.quarantine_sink import (
    DIFFERENCES,
    QuarantineSink,
    listed_part,
    quarantine_errors,
    quarantined_row,
)
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.quarantine import Quarantine


class ReviewSink(QuarantineSink):
    """Records the users of a verification or a rollback that the report lists.

    Args:
        quarantine: The quarantine of the run.
        job: The task of the run.
    """

    def __init__(self, quarantine: Quarantine, job: Job) -> None:
        super().__init__(quarantine, job.run_id)
        self._job = job

    def record(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Add these users among the results of a chunk: all of them, or none.

        Raises:
            BackfillFailedError: They can't be written.
        """
        rows = [
            quarantined_row(self._run_id, state.segment, result)
            for result in results
            if result.outcome is Outcome.FAILED or result.outcome in DIFFERENCES
        ]
        if rows:
            with quarantine_errors():
                self._quarantine.append(listed_part(self._job, state), rows)


def create_sink(job: Job, quarantine: Quarantine) -> QuarantineSink:
    """Return what records the users that the report of a job lists."""
    if job.operation is Operation.CREATE:
        return QuarantineSink(quarantine, job.run_id)
    return ReviewSink(quarantine, job)
