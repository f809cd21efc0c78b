"""`userprofiles backfill apply`: carries out a plan, and resumes its run."""

import argparse
import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.apply import Apply, ApplyOptions, ApplyResult
from userprofiles.backfill.command import connection
from userprofiles.backfill.command.apply_options import (
    add_backup_options,
    add_drift_options,
    read_backup_request,
)
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_command import find_operator
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.quarantine_place import quarantine_folder
from userprofiles.backfill.command.rate_option import add_rate_option, resolve_rate
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.command.view_observer import ViewObserver
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.backfill.plan_file import Plan, read_plan
from userprofiles.backfill.quarantine_sink import QuarantineSink, quarantine_part
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.file_quarantine import FileQuarantine
from userprofiles.jobs.quarantine import Quarantine

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
faster. --backup needs dynamodb:CreateBackup and dynamodb:DescribeBackup."""


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
    add_rate_option(apply)
    add_ledger_options(apply)
    apply.add_argument(
        "--allow-parallel",
        action="store_true",
        help="start although another run is working on the same table",
    )
    add_connection_options(apply)
    add_report_option(apply)
    apply.add_argument(
        "--json", action="store_true", help="print only the report on standard output, as JSON"
    )
    apply.set_defaults(execute=_execute, parser=apply)


def _execute(values: argparse.Namespace) -> ExitCode:
    check_report_option(values.parser, values)
    view = ProgressView(values.limits)
    stop = Stop()
    with stop_on_signals(stop.request):
        return run_with_error_report(
            lambda: _apply(values, view, stop), view.show_message, as_json=values.json
        )


def _apply(values: argparse.Namespace, view: ProgressView, stop: Stop) -> ExitCode:
    plan = read_plan(values.plan)
    client, location = connection.create_client(
        plan.job.table,
        limits=values.limits,
        region=values.region or plan.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )
    ledger = open_ledger(values, values.limits)
    quarantine = FileQuarantine(quarantine_folder(plan.plan_id))

    def create_observer(check: Callable[[Sequence[SegmentState]], None]) -> ViewObserver:
        view.start(0, lambda: sum(segment["rows"] for segment in plan.segments))
        return ViewObserver(view, check)

    apply = Apply(
        ledger,
        client,
        location,
        create_observer=create_observer,
        failures=QuarantineSink(quarantine, plan.plan_id),
        find_operator=lambda: find_operator(location.region, values.endpoint_url),
        stop=stop,
        limits=values.limits,
    )
    options = ApplyOptions(
        backup=read_backup_request(values),
        max_drift=values.max_drift,
        accept_drift=values.accept_drift,
        allow_parallel=values.allow_parallel,
        dry_run=values.dry_run,
        rate=resolve_rate(values.rate, client, location),
        report=str(values.report.absolute()) if values.report else "",
    )
    result = apply.apply(plan, options)
    return _ResultWriter(values, view, plan).write(result, quarantine)


class _ResultWriter:
    """Writes the report and the summary of an applied plan.

    Args:
        values: The options of the command.
        view: Shows messages on standard error.
        plan: The plan.
    """

    def __init__(self, values: argparse.Namespace, view: ProgressView, plan: Plan) -> None:
        self._values = values
        self._view = view
        self._plan = plan

    def write(self, result: ApplyResult, quarantine: Quarantine) -> ExitCode:
        """Write everything, explain how to go on, and return the exit code."""
        run = result.run
        tally, _ = report.add_up(run.states)
        errors = [run.error] if run.error else []
        errors += self._write_reports(result, quarantine)
        if not self._values.json:
            Output().write(report.format_summary(tally, is_complete=run.is_complete) + "\n")
        for error in errors:
            if error.kind is not ErrorKind.STOPPED:
                self._view.show_message(f"Error: {error}")
        if not run.is_complete and not (run.error and run.error.kind is ErrorKind.REFUSED):
            self._view.show_message(self._stopped_message(tally.processed))
        if run.is_complete and result.has_drifted:
            self._view.show_message(
                "Warning: all users are processed, but the counts differ from the plan: "
                + ", ".join(
                    f"{entry['name']} {entry['planned']:,} planned, {entry['actual']:,} now"
                    for entry in result.drift["differences"]
                )
            )
        if errors:
            return exit_code_of(errors[0])
        if not run.is_complete:
            return ExitCode.STOPPED
        return ExitCode.SOME_FAILED if tally.failed or result.has_drifted else ExitCode.DONE

    def _write_reports(self, result: ApplyResult, quarantine: Quarantine) -> list[BackfillError]:
        """Write the report to its file and, as JSON, to standard output. Return the errors."""
        totals = result.totals(self._plan)
        errors: list[BackfillError] = []
        if self._values.report:
            try:
                report.write_file(
                    self._values.report, report.serialize(totals, _failures(result, quarantine))
                )
            except OSError as error:
                message = f"The report can't be written to {self._values.report}: {error.strerror}."
                errors.append(BackfillFailedError(ErrorKind.REPORT, message))
        if self._values.json:
            Output().write_all(report.serialize(totals, _failures(result, quarantine)))
        return errors

    def _stopped_message(self, users: int) -> str:
        stopped = f"Stopped after {users:,} users."
        if self._values.dry_run:
            return f"{stopped} A dry run writes nothing and can't be resumed: run it again."
        command = shlex.join(["userprofiles", *self._values.arguments])
        return f"{stopped} To resume:\n  {command}"


def _failures(result: ApplyResult, quarantine: Quarantine) -> Iterable[dict[str, str]]:
    for state in result.run.states:
        for row in quarantine.read(quarantine_part(state)):
            yield {"userId": row.row_id, **row.key, "reason": row.reason}
