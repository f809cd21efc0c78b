"""Executes a run of the ledger for a command: shows its progress and result, and returns the exit code."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from userprofiles import aws
from userprofiles.backfill import report
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.command.quarantine_place import bucket_of, failed_users_message, open_quarantine
from userprofiles.backfill.command.report_files import ReportFiles
from userprofiles.backfill.command.view_observer import ViewObserver
from userprofiles.backfill.errors import BackfillError, ErrorKind
from userprofiles.backfill.failures.quarantine_sink import QuarantineSink
from userprofiles.backfill.identity import template_identity, template_version
from userprofiles.backfill.job import Job
from userprofiles.backfill.job_report import JobReport
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import LedgerRun, LedgerRunResult
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.operations import ProcessorFactory
from userprofiles.backfill.plan.written_code import backfill_code_version
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.counted import counted
from userprofiles.jobs.identity import who_am_i
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.quarantine import Quarantine
from userprofiles.jobs.run_record import RunRecord
from userprofiles.table import record as table_record

LOCAL_ENGINE = "local"


@dataclass(frozen=True)
class LedgerCommandOptions:
    """The options of a command that executes a run.

    Attributes:
        region: The region; None for the region of the environment or profile.
        endpoint_url: The endpoint; None for the usual endpoint.
        as_json: Whether standard output has only the report, as JSON.
        ledger_arguments: The options with which another command finds the ledger.
        allow_parallel: Whether another run may write to the same table at the same time.
        files: Where the report is written.
    """

    region: str | None = None
    endpoint_url: str | None = None
    as_json: bool = False
    ledger_arguments: Sequence[str] = ()
    allow_parallel: bool = False
    files: ReportFiles = field(default_factory=ReportFiles)


class LedgerCommand:
    """Executes runs for one command.

    Args:
        ledger: The ledger.
        options: The options of the command.
        view: Shows the progress of the run.
        stop: Ends the run. The caller connects it to Ctrl-C and SIGTERM.
        limits: Sizes and times of the run.
        out: Standard output.
    """

    def __init__(
        self,
        ledger: Ledger,
        options: LedgerCommandOptions,
        view: View,
        *,
        stop: Stop,
        limits: Limits,
        out: TextIO | None = None,
    ) -> None:
        self._ledger = ledger
        self._options = options
        self._view = view
        self._stop = stop
        self._limits = limits
        self._out = Output(out)

    def start_or_resume(
        self, record: RunRecord, create_processor: ProcessorFactory | None = None
    ) -> ExitCode:
        """Start a run, or resume it if the ledger has an unfinished run with its ID.

        Args:
            record: The record of the run, from `new_record`.
            create_processor: Creates the processor of a thread; None for that of the job's operation.

        Raises:
            BackfillError: The run could not start.
        """
        run = self._create_run(record, create_processor)
        return self._finish(run.start_or_resume(record, allow_parallel=self._options.allow_parallel))

    def resume(self, record: RunRecord, create_processor: ProcessorFactory | None = None) -> ExitCode:
        """Resume a run.

        Args:
            record: The stored record, with the current versions of code and template.
            create_processor: Creates the processor of a thread; None for that of the job's operation.

        Raises:
            BackfillError: The run could not start.
        """
        run = self._create_run(record, create_processor)
        return self._finish(run.resume(record, allow_parallel=self._options.allow_parallel))

    def _create_run(self, record: RunRecord, create_processor: ProcessorFactory | None) -> LedgerRun:
        client, location = create_client(
            str(record.job.get("table", "")),
            limits=self._limits,
            region=self._options.region,
            endpoint_url=self._options.endpoint_url,
            has_connection_options=True,
        )
        return LedgerRun(
            self._ledger,
            client,
            location,
            observer=ViewObserver(self._view),
            failures=QuarantineSink(self._open_quarantine(record), record.run_id),
            stop=self._stop,
            limits=self._limits,
            create_processor=create_processor,
        )

    def _open_quarantine(self, record: RunRecord) -> Quarantine:
        options = self._options
        return open_quarantine(
            record.run_id, bucket_of(record), region=options.region, endpoint_url=options.endpoint_url
        )

    def _finish(self, result: LedgerRunResult) -> ExitCode:
        """Write the report, explain how to go on, and return the exit code."""
        tally, _ = report.add_up(result.states)
        errors = [result.error] if result.error else []
        errors += self._write_reports(result)
        if not self._options.as_json:
            errors += self._print([report.format_summary(tally, is_complete=result.is_complete), "\n"])
        for error in errors:
            if error.kind is not ErrorKind.STOPPED:
                self._view.show_message(f"Error: {error}")
        is_refused = result.error is not None and result.error.kind is ErrorKind.REFUSED
        if not result.is_complete and not is_refused:  # after a takeover, another process continues
            command = ["userprofiles", "runs", "resume", result.job.run_id, *self._options.ledger_arguments]
            self._view.show_message(
                f"Stopped after {counted(tally.processed, 'user')}. To resume:\n  {shlex.join(command)}"
            )
        if tally.failed:
            message = failed_users_message(self._ledger, result.job.run_id, tally.failed, None)
            self._view.show_message(message)
        if errors:
            return exit_code_of(errors[0])
        if not result.is_complete:
            return ExitCode.STOPPED
        return ExitCode.SOME_FAILED if tally.failed else ExitCode.DONE

    def _write_reports(self, result: LedgerRunResult) -> list[BackfillError]:
        """Write the report to its files and, as JSON, to standard output. Return the errors."""
        try:
            with ledger_errors():
                stored = self._ledger.read(result.job.run_id)
            job_report = JobReport(stored, result.job, result.states, self._open_quarantine(stored))
            totals = job_report.totals()
        except BackfillError as error:
            return [error]
        errors = self._options.files.write(totals, job_report.failures)
        if self._options.as_json:
            errors += self._print(report.serialize(totals, job_report.failures()))
        return errors

    def _print(self, texts: Iterable[str]) -> list[BackfillError]:
        """Write texts to standard output. Return the error."""
        try:
            self._out.write_all(texts)
        except BackfillError as error:
            return [error]
        return []


def new_record(
    job: Job,
    *,
    kind: str,
    table_arn: str,
    started_by: str,
    engine: str = LOCAL_ENGINE,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RunRecord:
    """Return the record of a new run.

    Args:
        job: The task of the run.
        kind: What the run does, such as `backfill`.
        table_arn: The ARN of the table that the run writes to.
        started_by: Who starts it, from `find_operator`.
        engine: What executes it.
        now: Returns the current time.
    """
    return RunRecord(
        run_id=job.run_id,
        kind=kind,
        engine=engine,
        job=job.to_json(),
        table=table_arn,
        started_by=started_by,
        started_at=table_record.timestamp(now()),
        code_version=backfill_code_version(),
        template_version=template_version(template_identity(job.template)),
        plan_hash=job.plan_hash,
    )


def find_operator(region: str | None, endpoint_url: str | None) -> str:
    """Return the ARN of the AWS identity, or the user and host."""
    return who_am_i(lambda: aws.client("sts", attempts=1, region=region, endpoint_url=endpoint_url))
