"""Carries out a plan: checks that it still fits, backs up the table, and runs its job in the ledger."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.backup import BackupRequest, Backups
from userprofiles.backfill.drift import (
    DEFAULT_MAX_DRIFT,
    CountDrift,
    count_drift_error,
    refuse_identity_drift,
)
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillError, RefusedError
from userprofiles.backfill.failure_sink import FailureSink
from userprofiles.backfill.identity import template_version
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger_errors import ledger_errors
from userprofiles.backfill.ledger_run import (
    LedgerRun,
    LedgerRunResult,
    check_resumable,
    refuse_parallel_run,
)
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.plan_file import Plan
from userprofiles.backfill.planner import describe_identity
from userprofiles.backfill.run import Observer, Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.stored_states import read_states
from userprofiles.backfill.table_description import TableDescription, check_keys, describe_table
from userprofiles.jobs.errors import RunNotFoundError
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.table import record as table_record
from userprofiles.template import TemplateError

KIND = "backfill"
ENGINE = "local"


@dataclass(frozen=True)
class ApplyOptions:
    """How a plan is carried out.

    Attributes:
        backup: The backup before the run.
        max_drift: The share of the planned users by which a count may differ.
        accept_drift: Whether the run continues when the counts differ by more.
        allow_parallel: Whether another run may write to the same table at the same time.
        dry_run: Whether nothing is written, neither to the table nor to the ledger.
        rate: The highest number of write units per second; None for that of the plan.
        report: Where the report is written; empty without one.
    """

    backup: BackupRequest = field(default_factory=BackupRequest)
    max_drift: float = DEFAULT_MAX_DRIFT
    accept_drift: bool = False
    allow_parallel: bool = False
    dry_run: bool = False
    rate: float | None = None
    report: str = ""


@dataclass(frozen=True)
class ApplyResult:
    """The result of one session.

    Attributes:
        run: The progress of the run.
        backup: The ARN of the table's backup, or how else the table can be restored.
        drift: The differences from the plan, as the report has them.
    """

    run: LedgerRunResult
    backup: str
    drift: dict[str, Any]

    @property
    def has_drifted(self) -> bool:
        """Whether counts differ from the plan more than allowed, and nobody has accepted it."""
        return bool(self.drift["differences"]) and not self.drift["accepted"]

    def totals(self, plan: Plan) -> dict[str, Any]:
        """Return the report without its failures."""
        tally, meter = report.add_up(self.run.states)
        return {
            **report.build_totals(self.run.job, tally, meter, self.run.seconds),
            "planId": plan.plan_id,
            "planHash": plan.hash,
            "backup": self.backup,
            "drift": self.drift,
        }


class Apply:
    """Carries out plans on one table.

    Args:
        ledger: The ledger of the run.
        client: A botocore DynamoDB client.
        location: The table.
        create_observer: Returns the observer that shows the progress. Its argument is called with the states
            after each chunk, and raises the error that ends the run.
        failures: Receives the failed users.
        find_operator: Returns who starts the run.
        stop: Ends the run at the next safe place.
        limits: Sizes and times of the run.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Any,
        location: TableLocation,
        *,
        create_observer: Callable[[Callable[[Sequence[SegmentState]], None]], Observer],
        failures: FailureSink,
        find_operator: Callable[[], str],
        stop: Stop,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._location = location
        self._create_observer = create_observer
        self._failures = failures
        self._find_operator = find_operator
        self._stop = stop
        self._limits = limits

    def apply(self, plan: Plan, options: ApplyOptions) -> ApplyResult:
        """Carry out a plan, or resume its run.

        Raises:
            RefusedError: The plan does not fit any more, it is done, another process works on it, or the
                table has no backup.
            BackfillError: The table or the ledger can't be used.
        """
        job = dataclasses.replace(
            plan.job, plan_hash=plan.hash, rate=options.rate or plan.job.rate, dry_run=options.dry_run
        )
        table = describe_table(self._client, self._location)
        check_keys(table, self._location)
        identity = self._describe_identity(job, table, plan)
        refuse_identity_drift(plan, identity)
        drift = CountDrift(plan, options.max_drift)
        backups = Backups(self._client, self._location, table, self._stop)
        observer = self._create_observer(self._drift_check(plan, drift, options))
        if options.dry_run:
            backup = backups.ensure(options.backup, plan.plan_id, dry_run=True)
            result = self._run_dry(job, observer)
        else:
            record = self._create_record(job, table, identity, options)
            backup = self._prepare(record, plan, drift, backups, options)
            record = record.replace(backup=backup)
            result = self._create_run(observer).start_or_resume(record, allow_parallel=options.allow_parallel)
        report_of_drift = drift.to_json(result.states, accepted=options.accept_drift)
        return ApplyResult(result, backup, report_of_drift)

    def prepare(self, plan: Plan, options: ApplyOptions) -> RunRecord:
        """Check and back up everything for a run by another engine, and return the record of the run.

        Raises:
            RefusedError: As for `apply`.
            BackfillError: The table or the ledger can't be used.
        """
        job = dataclasses.replace(plan.job, plan_hash=plan.hash, rate=options.rate or plan.job.rate)
        table = describe_table(self._client, self._location)
        check_keys(table, self._location)
        identity = self._describe_identity(job, table, plan)
        refuse_identity_drift(plan, identity)
        record = self._create_record(job, table, identity, options)
        backups = Backups(self._client, self._location, table, self._stop)
        backup = self._prepare(record, plan, CountDrift(plan, options.max_drift), backups, options)
        return record.replace(backup=backup)

    def _describe_identity(self, job: Job, table: TableDescription, plan: Plan) -> dict[str, Any]:
        try:
            return describe_identity(job, table, self._limits)
        except TemplateError as error:
            raise RefusedError(
                f"The template {job.template!r} of plan {plan.plan_id} can't be used: {error}\n"
                "Make a new plan."
            ) from error

    def _create_record(
        self, job: Job, table: TableDescription, identity: Mapping[str, Any], options: ApplyOptions
    ) -> RunRecord:
        return RunRecord(
            run_id=job.run_id,
            kind=KIND,
            engine=ENGINE,
            job=job.to_json(),
            table=table.arn,
            started_by=self._find_operator(),
            started_at=table_record.timestamp(datetime.now(UTC)),
            code_version=identity["codeVersion"],
            template_version=template_version(identity["template"]),
            plan_hash=job.plan_hash,
            report=options.report,
        )

    def _prepare(
        self, record: RunRecord, plan: Plan, drift: CountDrift, backups: Backups, options: ApplyOptions
    ) -> str:
        """Check a stored run of the plan, or back up the table for a new run. Return the backup."""
        with ledger_errors():
            try:
                stored = self._ledger.read(record.run_id)
            except RunNotFoundError:
                if not options.allow_parallel:
                    refuse_parallel_run(self._ledger, record)
                return backups.ensure(options.backup, plan.plan_id)
            check_resumable(stored, record)
            states = read_states(self._ledger, Job.from_json(record.job))
        differences = [] if options.accept_drift else drift.differences(states)
        if differences:
            raise count_drift_error(plan.plan_id, differences, drift.allowed)
        return stored.backup

    def _drift_check(
        self, plan: Plan, drift: CountDrift, options: ApplyOptions
    ) -> Callable[[Sequence[SegmentState]], None]:
        chunks = 0

        def check(states: Sequence[SegmentState]) -> None:
            nonlocal chunks
            chunks += 1
            is_due = chunks % (1 + len(states) // 1_000) == 0  # a check takes longer with many segments
            if options.accept_drift or not is_due or all(state.done for state in states):
                return
            differences = drift.differences(states)
            if differences:
                raise count_drift_error(plan.plan_id, differences, drift.allowed)

        return check

    def _create_run(self, observer: Observer) -> LedgerRun:
        return LedgerRun(
            self._ledger,
            self._client,
            self._location,
            observer=observer,
            failures=self._failures,
            stop=self._stop,
            limits=self._limits,
        )

    def _run_dry(self, job: Job, observer: Observer) -> LedgerRunResult:
        """Run without writing anything, and without a record."""
        states = [SegmentState(number) for number in job.segment_numbers]
        started_at = time.monotonic()
        error: BackfillError | None = None
        try:
            Run(
                job,
                self._client,
                self._location,
                states,
                stop=self._stop,
                observer=observer,
                limits=self._limits,
            ).execute()
        except BackfillError as run_error:
            error = run_error
        return LedgerRunResult(job, states, time.monotonic() - started_at, error)
