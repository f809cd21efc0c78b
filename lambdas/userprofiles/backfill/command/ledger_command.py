"""Executes a run of the ledger for a command: shows its progress and result, and returns the exit code."""

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from userprofiles import aws
from userprofiles.backfill import report
from userprofiles.backfill.command.checkpoint_folder import state_directory
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.command.view_observer import ViewObserver
from userprofiles.backfill.errors import BackfillError, ErrorKind
from userprofiles.backfill.identity import template_identity, template_version
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger_run import LedgerRun, LedgerRunResult
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.operations import ProcessorFactory
from userprofiles.backfill.quarantine_sink import QuarantineSink
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tally import Tally
from userprofiles.backfill.written_code import backfill_code_version
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.identity import who_am_i
from userprofiles.jobs.ledger import Ledger
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
    """

    region: str | None = None
    endpoint_url: str | None = None
    as_json: bool = False
    ledger_arguments: Sequence[str] = ()
    allow_parallel: bool = False


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
            failures=QuarantineSink(FileQuarantine(quarantine_folder(record.run_id)), record.run_id),
            stop=self._stop,
            limits=self._limits,
            create_processor=create_processor,
        )

    def _finish(self, result: LedgerRunResult) -> ExitCode:
        """Print the result, explain how to go on, and return the exit code."""
        tally, meter = report.add_up(result.states)
        totals = report.build_totals(result.job, tally, meter, result.seconds)
        errors = [result.error] if result.error else []
        errors += self._write(totals, tally, is_complete=result.is_complete)
        for error in errors:
            if error.kind is not ErrorKind.STOPPED:
                self._view.show_message(f"Error: {error}")
        if not result.is_complete:
            command = ["userprofiles", "runs", "resume", result.job.run_id, *self._options.ledger_arguments]
            self._view.show_message(
                f"Stopped after {tally.processed:,} users. To resume:\n  {shlex.join(command)}"
            )
        if errors:
            return exit_code_of(errors[0])
        if not result.is_complete:
            return ExitCode.STOPPED
        return ExitCode.SOME_FAILED if tally.failed else ExitCode.DONE

    def _write(self, totals: dict[str, Any], tally: Tally, *, is_complete: bool) -> list[BackfillError]:
        """Write the counts to standard output. Return the error."""
        text = json.dumps(totals, indent=2)
        if not self._options.as_json:
            text = report.format_summary(tally, is_complete=is_complete)
        try:
            self._out.write(text + "\n")
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


def quarantine_folder(run_id: str) -> Path:
    """Return the folder of a run's failed rows on this machine."""
    return state_directory() / "userprofiles" / "quarantine" / run_id
