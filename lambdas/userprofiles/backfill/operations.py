"""Connects the parts of an operation: source, target and the processor of each thread."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from userprofiles import template as templates
from userprofiles.backfill.batch_permissions import BatchPermissions
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import TABLE_SOURCE, Job, Operation
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.profile_builder import ProfileBuilder
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.profile_target import ProfileTarget
from userprofiles.backfill.profile_writer import ProfileWriter
from userprofiles.backfill.segment import SegmentProcessor, SegmentWorker
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.table_shape import TableShape
from userprofiles.backfill.target import Target

ProcessorFactory = Callable[[Calls], SegmentProcessor]


def create_processors(
    job: Job,
    *,
    warn: Callable[[str], None],
    limits: Limits,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ProcessorFactory:
    """Return the function that creates the processor of a thread.

    Args:
        job: The task, with the table's shape.
        warn: Shows or logs a warning.
        limits: Sizes of pages, chunks and batches.
        now: Returns the time of creation.

    Raises:
        RefusedError: The operation or the source is not supported.
    """
    if job.operation is not Operation.CREATE:
        raise RefusedError(f"The operation {job.operation} is not supported.")
    limits = _paced_limits(job, limits)
    source = open_source(job, limits)
    builder = ProfileBuilder(templates.load(job.template), job.shape, job.run_id)
    permissions = BatchPermissions(warn, limits)
    # In the stack shape, an account has one row, and its profile has the ID of the run.
    plans_inserts = not job.dry_run and (job.shape is TableShape.PLAIN or job.source["kind"] != TABLE_SOURCE)

    def create_target(calls: Calls) -> Target:
        reader = ProfileReader(calls, permissions, limits)
        writer = ProfileWriter(calls, permissions, reader, job.run_id, limits)
        return ProfileTarget(job, builder, reader, writer)

    def create_processor(calls: Calls) -> SegmentProcessor:
        return SegmentWorker(
            source, create_target(calls), calls, limits=limits, now=now, plans_inserts=plans_inserts
        )

    return create_processor


def _paced_limits(job: Job, limits: Limits) -> Limits:
    """Return the limits with batches that a low rate can pay in about a second."""
    if job.rate is None:
        return limits
    return replace(limits, insert_batch_items=min(limits.insert_batch_items, max(1, int(job.rate))))
