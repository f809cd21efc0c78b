"""Prepares the run of a plan: checks that the plan still fits, and backs up the table."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillError, RefusedError
from userprofiles.backfill.identity import template_version
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import LedgerRunResult, check_resumable, refuse_parallel_run
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.plan.backup import BackupRequest, Backups
from userprofiles.backfill.plan.drift import DEFAULT_MAX_DRIFT, CountDrift, refuse_identity_drift
from userprofiles.backfill.plan.plan_file import Plan
from userprofiles.backfill.plan.planner import describe_identity
from userprofiles.backfill.run import Observer, Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_description import TableDescription, check_keys, describe_table
from userprofiles.jobs.errors import RunNotFoundError
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.table import record as table_record
from userprofiles.template import TemplateError

KIND = "backfill"


@dataclass(frozen=True)
class ApplyOptions:
    """How a plan is carried out.

    Attributes:
        engine: What executes the run, as its record names it.
        backup: The backup before the run.
        max_drift: The share of the planned users by which a count may differ.
        accept_drift: Whether the run continues when the counts differ by more.
        allow_parallel: Whether another run may write to the same table at the same time.
        dry_run: Whether nothing is written, neither to the table nor to the ledger.
        rate: The highest number of write units per second; None for that of the plan.
        max_failures: The highest number of failed users with which the run continues; None for no limit.
        report: Where the report is written; empty without one.
        plan_file: The path of the plan.
        accept_command: The command that continues the run although the counts differ.
    """

    engine: str = "local"
    backup: BackupRequest = field(default_factory=BackupRequest)
    max_drift: float = DEFAULT_MAX_DRIFT
    accept_drift: bool = False
    allow_parallel: bool = False
    dry_run: bool = False
    rate: float | None = None
    max_failures: int | None = None
    report: str = ""
    plan_file: str = ""
    accept_command: str = ""


@dataclass(frozen=True)
class PreparedRun:
    """A run that may start or resume.

    Attributes:
        record: Its record, with the job and the backup.
        drift: Compares its counts with the plan.
        rows: The rows that its former sessions have processed.
    """

    record: RunRecord
    drift: CountDrift
    rows: int = 0

    @property
    def job(self) -> Job:
        """The task of the run."""
        return Job.from_json(self.record.job)


class ApplyPreparation:
    """Prepares the runs of plans on one table.

    Args:
        ledger: The ledger of the run.
        client: A botocore DynamoDB client.
        location: The table.
        find_operator: Returns who starts the run.
        stop: Ends the wait for a backup.
        limits: Sizes and times of the run.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Any,
        location: TableLocation,
        *,
        find_operator: Callable[[], str],
        stop: Stop,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._location = location
        self._find_operator = find_operator
        self._stop = stop
        self._limits = limits

    def prepare(self, plan: Plan, options: ApplyOptions) -> PreparedRun:
        """Check a plan and its table, and back up the table for a new run.

        Raises:
            RefusedError: The plan does not fit any more, it is done, another process works on it, or the
                table has no backup.
            BackfillError: The table or the ledger can't be used.
        """
        job = dataclasses.replace(
            plan.job,
            plan_hash=plan.hash,
            rate=options.rate or plan.job.rate,
            max_failures=options.max_failures,
            dry_run=options.dry_run,
        )
        table = describe_table(self._client, self._location)
        check_keys(table, self._location)
        identity = self._describe_identity(job, table, plan)
        refuse_identity_drift(plan, identity)
        drift = CountDrift(
            plan, options.max_drift, accepted=options.accept_drift, accept_command=options.accept_command
        )
        record = self._create_record(job, table, identity, options)
        backups = Backups(self._client, self._location, table, self._stop)
        if options.dry_run:
            backup = backups.ensure(options.backup, plan.plan_id, dry_run=True)
            return PreparedRun(record.replace(backup=backup), drift)
        return self._check_ledger(record, drift, backups, options)

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
            engine=options.engine,
            job=job.to_json(),
            table=table.arn,
            started_by=self._find_operator(),
            started_at=table_record.timestamp(datetime.now(UTC)),
            code_version=identity["codeVersion"],
            template_version=template_version(identity["template"]),
            plan_hash=job.plan_hash,
            plan_file=options.plan_file,
            report=options.report,
        )

    def _check_ledger(
        self, record: RunRecord, drift: CountDrift, backups: Backups, options: ApplyOptions
    ) -> PreparedRun:
        """Check a stored run of the plan, or back up the table for a new run."""
        with ledger_errors():
            try:
                stored = self._ledger.read(record.run_id)
            except RunNotFoundError:
                if not options.allow_parallel:
                    refuse_parallel_run(self._ledger, record)
                backup = backups.ensure(options.backup, record.run_id)
                return PreparedRun(record.replace(backup=backup), drift)
            check_resumable(stored, record)
            states = read_states(self._ledger, Job.from_json(record.job))
        drift.refuse(states)
        rows = sum(state.rows for state in states)
        return PreparedRun(record.replace(backup=stored.backup), drift, rows)


def run_dry(
    job: Job, client: Any, location: TableLocation, *, observer: Observer, stop: Stop, limits: Limits
) -> LedgerRunResult:
    """Run a job without writing anything, and without a record."""
    states = [SegmentState(number) for number in job.segment_numbers]
    started_at = time.monotonic()
    error: BackfillError | None = None
    try:
        Run(job, client, location, states, stop=stop, observer=observer, limits=limits).execute()
    except BackfillError as run_error:
        error = run_error
    return LedgerRunResult(job, states, time.monotonic() - started_at, error)
