"""`userprofiles backfill apply`: carries out a plan, and resumes its run."""

import argparse
import shlex
import tempfile
from pathlib import Path
from typing import Any

from userprofiles.backfill.command import connection
from userprofiles.backfill.command.apply_options import (
    add_backup_options,
    add_drift_options,
    add_tolerance_option,
    read_backup_request,
)
from userprofiles.backfill.command.apply_result import ApplyResultWriter
from userprofiles.backfill.command.drift_watch import DriftWatch
from userprofiles.backfill.command.engine import (
    add_engine_options,
    check_state_machine_job,
    execute_run,
    uses_state_machine,
)
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_command import find_operator
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.quarantine_place import open_own_quarantine, quarantine_folder
from userprofiles.backfill.command.rate_option import add_rate_option, resolve_rate
from userprofiles.backfill.command.report_files import ReportFiles, add_report_options, check_report_options
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.command.view_observer import ViewObserver
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.failures.failure_sink import FailureObserver
from userprofiles.backfill.failures.quarantine_sink import QuarantineSink
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import LedgerRun
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.plan.apply import ApplyOptions, ApplyPreparation, PreparedRun, run_dry
from userprofiles.backfill.plan.plan_file import Plan, read_plan
from userprofiles.backfill.run import Observer
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.ledger import Ledger

_EPILOG = """exit codes:
  0   done
  1   could not start or continue: credentials, table, permissions, network, disk, ledger
  2   done, but some users failed, or the counts differ from the plan
  3   stopped early: the last message says how to resume
  5   rejected: the plan was changed, does not fit any more or is applied already, another process works on
      its run, the table has no backup, or the counts differ too much
  64  wrong usage

Required permissions on the table: dynamodb:DescribeTable, dynamodb:DescribeContinuousBackups, dynamodb:Scan,
dynamodb:GetItem and dynamodb:PutItem. With dynamodb:BatchGetItem and dynamodb:PartiQLInsert, the run is
faster. With dynamodb:DeleteItem and dynamodb:ConditionCheckItem, it removes the new profiles of users who are
deleted during the run. --backup needs dynamodb:CreateBackup and dynamodb:DescribeBackup."""


def add_parser(commands: Any) -> None:
    """Add the command `apply`."""
    apply = commands.add_parser(
        "apply",
        help="carry out a plan, or resume its run",
        description="Carry out a plan of `userprofiles backfill plan`. Existing items are never changed.\n"
        "The same command resumes the run after a stop, an error or a kill.",
        epilog=_EPILOG,
    )
    apply.add_argument("plan", type=Path, metavar="PLAN", help="file that `backfill plan` wrote")
    apply.add_argument("--dry-run", action="store_true", help="check everything, but write only the report")
    add_backup_options(apply)
    add_drift_options(apply)
    add_tolerance_option(apply)
    add_rate_option(apply)
    add_engine_options(apply)
    add_ledger_options(apply)
    apply.add_argument(
        "--allow-parallel",
        action="store_true",
        help="start although another run is working on the same table",
    )
    add_connection_options(apply, "that of the plan")
    add_report_options(apply)
    apply.add_argument(
        "--json", action="store_true", help="print only the report on standard output, as JSON"
    )
    apply.set_defaults(execute=_execute, parser=apply)


def _execute(values: argparse.Namespace) -> ExitCode:
    check_report_options(values.parser, values)
    if uses_state_machine(values):
        _check_state_machine_options(values)
    view = ProgressView(values.limits)
    stop = Stop()
    with stop_on_signals(stop.request):
        return run_with_error_report(
            lambda: _Application(values, view, stop).execute(), view.show_message, as_json=values.json
        )


def _check_state_machine_options(values: argparse.Namespace) -> None:
    """Exit with wrong usage if an option is for runs of this process only."""
    for option in ("dry_run", "report", "html", "bucket"):
        if getattr(values, option):
            values.parser.error(
                f"--{option.replace('_', '-')} can't be used with --engine stepfunctions: the state machine "
                "writes its report to its own bucket, and a dry run is what `backfill plan` does"
            )


class _Application:
    """Carries out one plan for the command.

    Args:
        values: The options of the command.
        view: Shows the progress.
        stop: Ends the run at the next safe place.
    """

    def __init__(self, values: argparse.Namespace, view: ProgressView, stop: Stop) -> None:
        self._values = values
        self._view = view
        self._stop = stop

    def execute(self) -> ExitCode:
        """Carry out the plan and return the exit code.

        Raises:
            BackfillError: The run could not start.
        """
        values = self._values
        plan = read_plan(values.plan)
        if uses_state_machine(values):
            self._check_state_machine_job(plan)
        client, location = connection.create_client(
            plan.job.table,
            limits=values.limits,
            region=values.region or plan.region,
            endpoint_url=values.endpoint_url,
            has_connection_options=True,
        )
        values.region = location.region
        ledger = open_ledger(values, values.limits, is_new=True)
        preparation = ApplyPreparation(
            ledger,
            client,
            location,
            find_operator=lambda: find_operator(location.region, values.endpoint_url),
            stop=self._stop,
            limits=values.limits,
        )
        prepared = preparation.prepare(plan, self._options(plan, client, location))
        if uses_state_machine(values):
            return self._run_state_machine(prepared, ledger)
        return self._run(prepared, ledger, client, location, plan)

    def _check_state_machine_job(self, plan: Plan) -> None:
        """Check that the state machine can carry out a plan, which can have been made for this process.

        Raises:
            RefusedError: It can't.
        """
        try:
            check_state_machine_job(plan.job)
        except ValueError as error:
            raise RefusedError(str(error)) from error

    def _options(self, plan: Plan, client: Any, location: TableLocation) -> ApplyOptions:
        values = self._values
        tolerance = values.tolerate
        return ApplyOptions(
            engine=values.engine,
            backup=read_backup_request(values),
            max_drift=values.max_drift,
            accept_drift=values.accept_drift,
            allow_parallel=values.allow_parallel,
            dry_run=values.dry_run,
            rate=resolve_rate(values.rate, client, location),
            max_failures=tolerance.limit(plan.counts["processed"]) if tolerance else None,
            report=ReportFiles.from_options(values).place(plan.plan_id),
            plan_file=str(values.plan.absolute()),
            accept_command=shlex.join(["userprofiles", *values.arguments, "--accept-drift"]),
        )

    def _run(
        self, prepared: PreparedRun, ledger: Ledger, client: Any, location: TableLocation, plan: Plan
    ) -> ExitCode:
        """Run the plan in this process."""
        limits, record = self._values.limits, prepared.record
        self._view.start(prepared.rows, lambda: sum(segment["rows"] for segment in plan.segments))
        observer = ViewObserver(self._view, prepared.drift.check)
        if self._values.dry_run:
            return self._run_dry(prepared, ledger, client, location, observer)
        quarantine = open_own_quarantine(ledger, record.run_id, self._values)
        run = LedgerRun(
            ledger,
            client,
            location,
            observer=observer,
            failures=QuarantineSink(quarantine, record.run_id),
            stop=self._stop,
            limits=limits,
        )
        result = run.start_or_resume(record, allow_parallel=self._values.allow_parallel)
        with ledger_errors():
            record = ledger.read(record.run_id)
        return ApplyResultWriter(self._values, self._view, prepared, ledger, quarantine).write(result, record)

    def _run_dry(
        self,
        prepared: PreparedRun,
        ledger: Ledger,
        client: Any,
        location: TableLocation,
        observer: Observer,
    ) -> ExitCode:
        """Run the plan in this process without writing anything. The failed rows are kept for the report."""
        record, limits = prepared.record, self._values.limits
        with tempfile.TemporaryDirectory() as folder:
            quarantine = FileQuarantine(Path(folder))
            failures = FailureObserver(QuarantineSink(quarantine, record.run_id), observer)
            result = run_dry(
                prepared.job, client, location, observer=failures, stop=self._stop, limits=limits
            )
            writer = ApplyResultWriter(self._values, self._view, prepared, ledger, quarantine)
            return writer.write(result, record)

    def _run_state_machine(self, prepared: PreparedRun, ledger: Ledger) -> ExitCode:
        """Run the plan in the state machine, and watch it.

        Raises:
            RefusedError: The counts differ from the plan, or the run can't start.
        """
        record = prepared.record
        with DriftWatch(ledger, prepared) as watch:
            exit_code = execute_run(self._values, record, ledger, self._stop)
        if watch.error:
            raise watch.error
        with ledger_errors():
            states = read_states(ledger, prepared.job)
        quarantine = FileQuarantine(quarantine_folder(record.run_id))
        writer = ApplyResultWriter(self._values, self._view, prepared, ledger, quarantine)
        has_drifted = all(state.done for state in states) and writer.warn_of_drift(states)
        return ExitCode.SOME_FAILED if exit_code is ExitCode.DONE and has_drifted else exit_code
