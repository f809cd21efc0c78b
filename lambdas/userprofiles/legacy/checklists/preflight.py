"""The checklist before an import: backups, sender, pool, template, source, and a dry run of a sample."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from userprofiles.backfill.errors import BackfillError
from userprofiles.legacy.checklists import backup_checks, pool_checks, sample_checks, sender_checks
from userprofiles.legacy.checklists.sample import Sample, read_sample
from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.errors import LegacyError
from userprofiles.legacy.job.stage import Stage
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.source_check import check_source
from userprofiles.legacy.users.quotas import QuotaClass, read_quotas
from userprofiles.stack_setup.check_result import CheckFailedError, CheckResult, Status, run_checks
from userprofiles.stack_setup.stack import Stack

T = TypeVar("T")

_OLD_FILES = "versions of the old files"
_OLD_BUCKET_HINT = "Pass --media-rules, or --old-media-bucket for each bucket of the old application."
_NO_SOURCE = CheckFailedError(
    "the source or the mapping can't be read", "Correct the lines above first.", Status.NOT_CHECKED
)


@dataclass(frozen=True, kw_only=True)
class PreflightInput:
    """What the checklist is about.

    Attributes:
        stack: The stack.
        open_source: Opens the old database.
        load_mapping: Loads the mapping.
        open_stages: Creates the stages of an import for a mapping. They write nothing here.
        source_backup: The day of the old database's backup, as the operator gave it; empty without one.
        old_buckets: The buckets with files of the old application; None if nobody has said where they are.
        now: The current time.
    """

    stack: Stack
    open_source: Callable[[], DocumentSource]
    load_mapping: Callable[[], LegacyMapping]
    open_stages: Callable[[LegacyMapping], AbstractContextManager[Sequence[Stage[Any]]]]
    source_backup: str
    old_buckets: Sequence[str] | None
    now: datetime


def preflight(values: PreflightInput) -> Iterator[CheckResult]:
    """Yield one result for each line of the checklist.

    Raises:
        userprofiles.backfill.errors.BackfillError: Credentials, network or region have a problem that all
            checks would have.
    """
    checklist = _Preflight(values)
    try:
        yield from run_checks(checklist.list_checks())
    finally:
        checklist.close()


class _Preflight:
    """The checks. What several of them need is read once."""

    def __init__(self, values: PreflightInput) -> None:
        self._values = values
        self._source: DocumentSource | None = None
        self._fits = False

    def close(self) -> None:
        """Close the old database."""
        if self._source is not None:
            self._source.close()

    def list_checks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield names and functions of the checks."""
        values, stack = self._values, self._values.stack
        yield (
            "backup of the old database",
            lambda: backup_checks.check_source_backup(values.source_backup, values.now),
        )
        if values.old_buckets is not None and not values.old_buckets:
            yield _OLD_FILES, lambda: "no bucket: the media rules name folders and web servers only"
        for bucket in [""] if values.old_buckets is None else values.old_buckets:
            yield (
                _OLD_FILES,
                functools.partial(backup_checks.check_versioning, stack, bucket, _OLD_BUCKET_HINT),
            )
        yield "backup of the users table", lambda: backup_checks.check_recovery(stack, stack.users_table)
        yield "backup of the audit table", lambda: backup_checks.check_recovery(stack, stack.audit_table)
        yield (
            "versions of the media bucket",
            lambda: backup_checks.check_versioning(
                stack,
                stack.media_bucket,
                "Turn on content: pulumi config set social '{}', then pulumi up. Or pass --media-bucket.",
            ),
        )
        yield "template", lambda: pool_checks.check_template(stack)
        yield "sign-in by phone", lambda: pool_checks.check_phone_sign_in(stack)
        yield "sender of codes", lambda: sender_checks.check_sender(stack)
        yield "protection of old IDs", lambda: pool_checks.check_old_id_attribute(stack)
        yield "request quotas of Cognito", self._check_quotas
        yield "mapping", lambda: _readable(lambda: self._mapping.source_name)
        yield "source", lambda: _readable(self._check_source)
        yield "sample: mapping", lambda: _readable(lambda: sample_checks.check_mapped(self._sample))
        yield "sample: countries", self._check_countries
        yield "sample: dry run", lambda: _readable(self._check_dry_run)

    def _check_quotas(self) -> str:
        stack = self._values.stack
        quotas = read_quotas(stack.client("cognito-idp"), stack.client("service-quotas"))
        text = ", ".join(f"{name} {quota.rate:g}/s" for name, quota in quotas.items())
        if quotas[QuotaClass.USER_CREATION].source == "default" and not stack.is_local:
            raise CheckFailedError(
                f"your credentials may not read the quotas of the account; defaults: {text}",
                "Allow cognito-idp:GetProvisionedLimit or servicequotas:ListServiceQuotas. Otherwise the "
                "import uses its part of the defaults.",
                Status.NOT_CHECKED,
            )
        return text

    @functools.cached_property
    def _mapping(self) -> LegacyMapping:
        return self._values.load_mapping()

    def _check_source(self) -> str:
        self._source = self._values.open_source()
        check_source(self._source, self._mapping)
        self._fits = True
        return f"{len(self._source.collections())} collections"

    @functools.cached_property
    def _sample(self) -> Sample:
        if self._source is None or not self._fits:
            raise _NO_SOURCE
        return read_sample(self._source, self._mapping)

    def _check_countries(self) -> str:
        countries = sender_checks.allowed_countries(self._values.stack)
        return _readable(lambda: sample_checks.check_countries(self._sample.users, countries))

    def _check_dry_run(self) -> str:
        sample = self._sample
        with self._values.open_stages(self._mapping) as stages:
            return sample_checks.check_dry_run(sample, stages)


def _readable(check: Callable[[], T]) -> T:
    """Turn an error of source or mapping, or of the stages' creation, into the failure of one check."""
    try:
        return check()
    except LegacyError as error:
        problem, _, fix = str(error).partition("\n")
        raise CheckFailedError(problem, fix or "Check --source and --mapping.") from error
    except BackfillError as error:
        problem, _, fix = str(error).partition("\n")
        raise CheckFailedError(problem, fix or "Check the options of the stack.") from error
