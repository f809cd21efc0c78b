"""`userprofiles backfill rollback`: removes what a run created and nobody has changed since."""

import argparse
import shlex
import sys
from typing import Any

from userprofiles.backfill.command import connection
from userprofiles.backfill.command.confirmation import confirm
from userprofiles.backfill.command.engine import (
    add_engine_options,
    execute_run,
    refuse_options,
    uses_state_machine,
)
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_command import find_operator, new_record
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.command.rate_option import add_rate_option, resolve_rate
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.command.review_view import ReviewObserver, ReviewView, write_result
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import ErrorKind
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.rollback_run import (
    KIND,
    RollbackResult,
    RollbackRun,
    check_can_roll_back,
    create_rollback_job,
    find_open_rollback,
    with_rate,
)
from userprofiles.backfill.outcome import Outcome
from userprofiles.backfill.review.difference_log import DifferenceLog
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.run_history import read_history
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.jobs.counted import counted
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} done, also if changed profiles were kept
  {ExitCode.FAILED:<3} could not continue: credentials, table, ledger, permissions, network, disk
  {ExitCode.STOPPED:<3} stopped by Ctrl-C, SIGTERM or `runs stop`: run it again to continue
  {ExitCode.REFUSED:<3} rejected: no such run, it is running or rolled back already, or not confirmed
  {ExitCode.USAGE:<3} wrong usage

Required permissions on the table: dynamodb:Scan, dynamodb:GetItem and dynamodb:DeleteItem. With
dynamodb:BatchGetItem, the rollback is faster. A dry run only reads."""


def add_parser(commands: Any) -> None:
    """Add the command `rollback`."""
    rollback = commands.add_parser(
        "rollback",
        help="remove what a run created and nobody has changed since",
        description="Remove the profiles that a run created (and the accounts, if it imported users).\n"
        "An item that was changed since is kept and listed. An item of somebody else is never touched.\n"
        "A user who changes the profile at the same moment wins. Run the command again to continue a\n"
        "rollback that was stopped.",
        epilog=_EPILOG,
    )
    rollback.add_argument("run", metavar="RUN", help="ID of the run")
    rollback.add_argument("--dry-run", action="store_true", help="only show what would be removed and kept")
    rollback.add_argument(
        "--yes", action="store_true", help="remove without asking; required without a terminal"
    )
    add_rate_option(rollback)
    add_ledger_options(rollback)
    add_engine_options(rollback)
    rollback.add_argument(
        "--allow-parallel", action="store_true", help="also if another run is working on the same table"
    )
    add_connection_options(rollback)
    add_report_option(rollback)
    rollback.add_argument("--json", action="store_true", help="print only the report, as JSON")
    rollback.set_defaults(execute=_execute, parser=rollback)


def _execute(values: argparse.Namespace) -> ExitCode:
    check_report_option(values.parser, values)
    if uses_state_machine(values):
        refuse_options(values, "report")
    if not values.dry_run and not values.yes and not sys.stdin.isatty():
        values.parser.error("without a terminal, pass --yes to remove without asking")
    stop = Stop()
    with stop_on_signals(stop.request):
        return run_with_error_report(
            lambda: roll_back_run(values, open_ledger(values, values.limits), stop),
            lambda text: write_error(sys.stderr, f"{text}\n"),
            as_json=values.json,
        )


def roll_back_run(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    """Roll back a run, or resume its rollback, and write the result.

    Args:
        values: The options of the command.
        ledger: The ledger.
        stop: Ends the rollback at the next safe place.

    Raises:
        BackfillError: The rollback could not start.
    """
    view = ReviewView(values.limits, (Outcome.REMOVED, Outcome.KEPT))
    with ledger_errors():
        run = ledger.read(values.run)
        check_can_roll_back(ledger, run)
        open_rollback = find_open_rollback(ledger, values.run)
        history = read_history(ledger, values.run)
    client, location = connection.create_client(
        history.job.table,
        limits=values.limits,
        region=values.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )
    if not values.dry_run and not values.yes:
        confirm(
            f"Remove what run {values.run} created in table {history.job.table} "
            f"({counted(history.created, 'user')}), except what was changed since?",
            "Nothing was removed.",
        )
    if uses_state_machine(values):
        rate = resolve_rate(values.rate, client, location)
        new_job = create_rollback_job(history, dry_run=values.dry_run, rate=rate)
        record = None if values.dry_run else open_rollback
        record = with_rate(record, rate) if record else _new_record(values, run, new_job)
        exit_code = execute_run(values, record.replace(code_version="", template_version=""), ledger, stop)
        return ExitCode.DONE if exit_code is ExitCode.SOME_FAILED else exit_code
    view.start(Calls(client, location, stop, values.limits).item_count)
    with Review(history) as review, DifferenceLog(review) as differences:
        rollback = RollbackRun(
            ledger,
            client,
            location,
            review=review,
            differences=differences,
            observer=ReviewObserver(view, differences),
            stop=stop,
            limits=values.limits,
        )
        rate = resolve_rate(values.rate, client, location)
        if values.dry_run:
            result = rollback.preview(create_rollback_job(history, dry_run=True, rate=rate))
        else:
            new_job = create_rollback_job(history, dry_run=False, rate=rate)
            record = with_rate(open_rollback, rate) if open_rollback else _new_record(values, run, new_job)
            result = rollback.execute(
                record, is_resumed=open_rollback is not None, allow_parallel=values.allow_parallel
            )
        _write(values, result, differences)
    return _finish(values, result, view)


def _new_record(values: argparse.Namespace, run: RunRecord, job: Job) -> RunRecord:
    return new_record(
        job,
        kind=KIND,
        table_arn=run.table,
        started_by=find_operator(values.region, values.endpoint_url),
    )


def _write(values: argparse.Namespace, result: RollbackResult, differences: DifferenceLog) -> None:
    document = {
        "rollbackId": None if values.dry_run else result.job.run_id,
        "runId": result.job.of_run,
        "table": result.job.table,
        "dryRun": values.dry_run,
        "complete": result.is_complete,
        **result.counts(),
        "seconds": round(result.seconds, 3),
        **result.meter.to_json(),
    }
    removed = "would be removed" if values.dry_run else "removed"
    summary = (
        f"Run {result.job.of_run} in table {result.job.table}\n"
        f"  {removed:<18}{result.removed:>12,}\n"
        f"  {'kept':<18}{result.kept:>12,}\n"
        f"  {'already gone':<18}{result.gone:>12,}\n"
    )
    write_result(document, differences, summary, as_json=values.json, path=values.report)


def _finish(values: argparse.Namespace, result: RollbackResult, view: ReviewView) -> ExitCode:
    if result.error and result.error.kind is not ErrorKind.STOPPED:
        view.show_message(f"Error: {result.error}")
    if not result.is_complete and values.dry_run:
        view.show_message("Stopped. A dry run writes nothing and can't be resumed: run it again.")
    elif not result.is_complete or result.error:
        command = shlex.join(["userprofiles", *values.arguments])
        view.show_message(f"The rollback is not complete. To continue it:\n  {command}")
    if result.error:
        return exit_code_of(result.error)
    return ExitCode.DONE if result.is_complete else ExitCode.STOPPED
