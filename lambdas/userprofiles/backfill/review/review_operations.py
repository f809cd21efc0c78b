"""Connects the parts of a verification and of a rollback."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from userprofiles import template as templates
from userprofiles.backfill.job import TABLE_SOURCE, Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.review.item_comparison import ItemComparison
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.rollback import NO_RULE, Rollback, create_candidates
from userprofiles.backfill.review.run_history import RunHistory
from userprofiles.backfill.review.verify import Expectation, Verifier
from userprofiles.backfill.segment import SegmentProcessor
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.sources.table_source import TableSource
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.targets.item_remover import ItemRemover, optional_names
from userprofiles.backfill.targets.profile_builder import ProfileBuilder
from userprofiles.backfill.targets.user_builder import UserBuilder
from userprofiles.backfill.targets.user_roles import create_user_builder
from userprofiles.backfill.users.user_row import Row, UserRow
from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

ProcessorFactory = Callable[[Calls], SegmentProcessor]


class ProfileExpectation:
    """Builds the profile of a user again.

    Args:
        builder: Builds the profiles of the run.
    """

    kinds: Sequence[ItemKind] = ("profile",)

    def __init__(self, builder: ProfileBuilder) -> None:
        self._builder = builder

    def build_items(
        self,
        user: UserRow,
        created_at: str,
        account: Row | None,  # noqa: ARG002 - the profile does not depend on it
    ) -> Mapping[ItemKind, Row]:
        """Return the profile that the run creates for a user at a time."""
        return {"profile": self._builder.build_item(user, created_at)}


class UserExpectation:
    """Builds the account and the profile of an imported user again.

    Args:
        builder: Builds the items of the run.
    """

    kinds: Sequence[ItemKind] = ITEM_KINDS

    def __init__(self, builder: UserBuilder) -> None:
        self._builder = builder

    def build_items(self, user: UserRow, created_at: str, account: Row | None) -> Mapping[ItemKind, Row]:
        """Return the items that the run creates for a user at a time."""
        items = self._builder.build(user, created_at)
        profile = items.profile
        if account is not None:
            profile = self._builder.complete(user, deserialize_item(account), profile)
        return {"account": serialize_item(items.account), "profile": serialize_item(profile)}


def create_verifiers(
    job: Job, review: Review, permissions: BatchPermissions, limits: Limits
) -> ProcessorFactory:
    """Return the function that creates the verifier of a thread.

    Raises:
        RefusedError: The source is not supported.
    """
    source = open_source(job, limits)
    template = templates.load(job.template)
    expectation = _create_expectation(job, template)
    comparison = ItemComparison(template)

    def create_verifier(calls: Calls) -> SegmentProcessor:
        return Verifier(
            source,
            expectation,
            comparison,
            ItemReader(calls, permissions, limits),
            calls,
            review=review,
            has_profiles=not job.creates_accounts,
            has_run_ids=job.shape is TableShape.STACK,
            limits=limits,
        )

    return create_verifier


def create_rollbacks(
    job: Job, review: Review, history: RunHistory, permissions: BatchPermissions, limits: Limits
) -> ProcessorFactory:
    """Return the function that creates the rollback of a thread."""
    # The users of another source are not read: account and profile are both in the table.
    table_job = replace(job, source={"kind": TABLE_SOURCE}, rule=NO_RULE, is_shape_explicit=True)
    is_import = history.job.creates_accounts
    if is_import:
        table_job = replace(table_job, shape=TableShape.STACK)
    source = TableSource(table_job, limits)
    template = templates.load(job.template)
    expectation = None if is_import else _create_expectation(history.job, template)
    comparison = ItemComparison(template)
    names = optional_names(template)

    def create_rollback(calls: Calls) -> SegmentProcessor:
        return Rollback(
            source,
            create_candidates(table_job, source, history),
            expectation=expectation,
            comparison=comparison,
            reader=ItemReader(calls, permissions, limits),
            remover=None if job.dry_run else ItemRemover(calls, names),
            calls=calls,
            review=review,
            history=history,
            limits=limits,
        )

    return create_rollback


def _create_expectation(job: Job, template: Template) -> Expectation:
    run_id = job.of_run or job.run_id
    if job.creates_accounts:
        return UserExpectation(create_user_builder(replace(job, run_id=run_id)))
    return ProfileExpectation(ProfileBuilder(template, job.shape, run_id))
