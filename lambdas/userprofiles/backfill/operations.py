"""Connects the parts of an operation: source, target and the processor of each thread."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from userprofiles import template as templates
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.review_operations import create_rollbacks, create_verifiers
from userprofiles.backfill.segment import SegmentProcessor, SegmentWorker
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.sources.source import Source
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.targets.deleted_users import DeletedUsers
from userprofiles.backfill.targets.item_remover import ItemRemover, optional_names
from userprofiles.backfill.targets.profile_builder import ProfileBuilder
from userprofiles.backfill.targets.profile_reader import ProfileReader
from userprofiles.backfill.targets.profile_target import ProfileTarget
from userprofiles.backfill.targets.profile_writer import ProfileWriter
from userprofiles.backfill.targets.target import Target
from userprofiles.backfill.targets.user_roles import create_user_builder
from userprofiles.backfill.targets.user_target import ItemAccess, UserTarget
from userprofiles.template_check import ItemKind

ProcessorFactory = Callable[[Calls], SegmentProcessor]


def create_processors(
    job: Job,
    *,
    warn: Callable[[str], None],
    limits: Limits,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    source: Source | None = None,
    review: Review | None = None,
) -> ProcessorFactory:
    """Return the function that creates the processor of a thread.

    Args:
        job: The task, with the table's shape.
        warn: Shows or logs a warning.
        limits: Sizes of pages, chunks and batches.
        now: Returns the time of creation.
        source: Has the users; None for the source of the job.
        review: Only for a verification or a rollback: what its threads share.

    Raises:
        RefusedError: The source is not supported, or a rollback has no run to undo.
    """
    if job.operation is not Operation.CREATE:
        if review is None:
            raise RefusedError(f"The operation {job.operation} needs its own command.")
        return _create_reviewers(job, review, BatchPermissions(warn, limits), limits)
    limits = _paced_limits(job, limits)
    users = source or open_source(job, limits)
    permissions = BatchPermissions(warn, limits)
    create_target = _target_factory(job, permissions, limits)
    # In the stack shape, an account has one row, and its profile has the ID of the run.
    is_plain_table = job.shape is TableShape.PLAIN and not job.creates_accounts
    plans_inserts = not job.dry_run and (job.shape is TableShape.PLAIN or job.creates_accounts)
    # Of an account, a tombstone remains. In the plain shape, nothing remains of a deleted user.
    template = templates.load(job.template) if is_plain_table and not job.dry_run else None

    def create_processor(calls: Calls) -> SegmentProcessor:
        deleted_users = None
        if template:
            deleted_users = DeletedUsers(
                job,
                users,
                ProfileBuilder(template, job.shape, job.run_id),
                calls,
                reader=ItemReader(calls, permissions, limits),
                remover=ItemRemover(calls, optional_names(template)),
                is_retry=source is not None,
            )
        return SegmentWorker(
            users,
            create_target(calls),
            calls,
            limits=limits,
            now=now,
            plans_inserts=plans_inserts,
            deleted_users=deleted_users,
        )

    return create_processor


def _target_factory(job: Job, permissions: BatchPermissions, limits: Limits) -> Callable[[Calls], Target]:
    """Return the function that creates the target of a thread, as the source requires it."""
    if not job.creates_accounts:
        profile_builder = ProfileBuilder(templates.load(job.template), job.shape, job.run_id)

        def create_profile_target(calls: Calls) -> Target:
            profiles = _item_access(job, calls, permissions, limits, "profile")
            return ProfileTarget(job, profile_builder, profiles.reader, profiles.writer)

        return create_profile_target
    user_builder = create_user_builder(job)

    def create_user_target(calls: Calls) -> Target:
        accounts = _item_access(job, calls, permissions, limits, "account")
        profiles = _item_access(job, calls, permissions, limits, "profile")
        return UserTarget(job, user_builder, accounts, profiles)

    return create_user_target


def _item_access(
    job: Job, calls: Calls, permissions: BatchPermissions, limits: Limits, kind: ItemKind
) -> ItemAccess:
    reader = ProfileReader(calls, permissions, limits, kind)
    return ItemAccess(reader, ProfileWriter(calls, permissions, reader, job.run_id, limits))


def _paced_limits(job: Job, limits: Limits) -> Limits:
    """Return the limits with batches that a low rate can pay in about a second."""
    if job.rate is None:
        return limits
    return replace(limits, insert_batch_items=min(limits.insert_batch_items, max(1, int(job.rate))))


def _create_reviewers(
    job: Job, review: Review, permissions: BatchPermissions, limits: Limits
) -> ProcessorFactory:
    if job.operation is Operation.VERIFY:
        return create_verifiers(job, review, permissions, limits)
    if review.history is None:
        raise RefusedError("A rollback needs the run that it undoes, and its record in the ledger.")
    return create_rollbacks(job, review, review.history, permissions, limits)
