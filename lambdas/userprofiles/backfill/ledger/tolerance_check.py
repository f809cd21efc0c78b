"""Checks how many users of a run have failed."""

from collections.abc import Iterable

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.counted import counted


def tolerance_error(job: Job, states: Iterable[SegmentState]) -> BackfillFailedError | None:
    """Return the error that stops a run with too many failed users, or None."""
    if job.max_failures is None:
        return None
    failed = sum(state.tally.failed for state in states)
    if failed <= job.max_failures:
        return None
    return BackfillFailedError(
        ErrorKind.TOLERANCE,
        f"{counted(failed, 'user')} failed, more than the tolerance of {job.max_failures:,} (--tolerate).\n"
        "Correct the failed rows, retry them with `userprofiles backfill quarantine retry`, and resume the "
        "run. Or apply the plan again with a higher --tolerate. Created profiles are kept.",
    )
