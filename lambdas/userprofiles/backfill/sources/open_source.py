"""Opens the source that a job names."""

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import TABLE_SOURCE, Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.source import Source
from userprofiles.backfill.sources.table_source import TableSource


def open_source(job: Job, limits: Limits) -> Source:
    """Return the source of a job.

    Raises:
        RefusedError: The job names an unknown kind of source.
    """
    kind = job.source.get("kind")
    if kind == TABLE_SOURCE:
        return TableSource(job, limits)
    raise RefusedError(f"Unknown kind of source {kind!r}; allowed: {TABLE_SOURCE}.")
