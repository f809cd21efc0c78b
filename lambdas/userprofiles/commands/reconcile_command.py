"""`userprofiles reconcile`: compare the user pool with the users table, and create what is missing."""

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.report import write_file
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import check_writable, file_error, print_errors
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.lifecycle import reconcile_report
from userprofiles.lifecycle.deployed_settings import DeployedSettings, read_settings
from userprofiles.lifecycle.inventory import DifferenceKind, Inventory, Result
from userprofiles.lifecycle.pool_reader import PoolReader
from userprofiles.lifecycle.reconciliation import Reconciliation
from userprofiles.lifecycle.repair import SOURCE, Repair
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.registration.registrar import Registrar
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import record
from userprofiles.table.store import Store

_OPTIONS = ("user_pool_id", "users_table", "audit_table")
_DEFAULT_RATE = 10.0
_MAX_RATE = 1_000
_DEFAULT_REMOVALS = 1.0

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} no difference, or all differences are fixed
  {ExitCode.FAILED:<3} could not continue: credentials, tables, permissions, network, disk
  {ExitCode.SOME_FAILED:<3} differences remain
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again
  {ExitCode.REFUSED:<3} refused: the pool belongs to other tables, or too many accounts have no user
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:DescribeUserPool and ListUsers, lambda:GetFunctionConfiguration,
dynamodb:Scan and BatchGetItem on the users table. With --fix also cognito-idp:AdminGetUser,
dynamodb:PutItem, UpdateItem and ConditionCheckItem on the users table, PutItem on the audit table."""


def add_parser(groups: Any) -> None:
    """Add `reconcile` to the commands."""
    parser = groups.add_parser(
        "reconcile",
        help="compare user pool and users table, and create what is missing",
        description="Compare the user pool with the users table, both ways.\n"
        "Without --fix, nothing is changed.",
        epilog=_EPILOG,
    )
    parser.set_defaults(execute=lambda values: run_parsed(parser, values))
    add_stack_options(parser)
    parser.add_argument(
        "--template",
        metavar="NAME",
        help="the stack's template: a name, or the path of a .json file (default: the preset that the "
        "functions use)",
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="create missing accounts and profiles, and update changed e-mail addresses and phone numbers",
    )
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report to this file")
    parser.add_argument(
        "--max-removals",
        type=float,
        default=_DEFAULT_REMOVALS,
        metavar="PERCENT",
        help="with --fix, stop before the first change if more than this percentage of the accounts has no "
        "user in the pool (default: %(default)g)",
    )
    parser.add_argument(
        "--requests-per-second",
        type=float,
        default=_DEFAULT_RATE,
        metavar="N",
        help="requests to Cognito per second (default: %(default)g)",
    )


@dataclass(frozen=True)
class _Run:
    """The parts of one run."""

    values: argparse.Namespace
    stack: Stack
    settings: DeployedSettings
    reconciliation: Reconciliation
    repair: Repair
    table: TableReader
    inventory: Inventory


def run_parsed(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run the command and return its exit code."""
    parser.as_json = values.json
    if not 0 <= values.max_removals <= 100:  # noqa: PLR2004 - a percentage
        parser.error(f"--max-removals must be from 0 to 100, got {values.max_removals:g}")
    if not 0 < values.requests_per_second <= _MAX_RATE:
        parser.error(
            f"--requests-per-second must be above 0 and at most {_MAX_RATE:,}, got "
            f"{values.requests_per_second:g}"
        )
    check_writable(parser, "--report", values.report)
    stack = create_stack(parser, values, _OPTIONS)
    stop = Stop()

    def reconcile() -> ExitCode:
        with Inventory() as inventory:
            return _execute(_create_run(values, stack, inventory, stop, limits))

    with stop_on_signals(stop.request):
        return print_errors(reconcile, as_json=values.json)


def _create_run(
    values: argparse.Namespace, stack: Stack, inventory: Inventory, stop: Stop, limits: Limits
) -> _Run:
    settings = read_settings(stack, values.template)
    dynamodb = stack.client("dynamodb")
    store = Store(dynamodb, stack.users_table, stack.audit_table)
    table = TableReader(dynamodb, stack.users_table, stop, limits)
    pool = PoolReader(
        stack.client("cognito-idp"),
        stack.user_pool_id,
        requests_per_second=values.requests_per_second,
        stop=stop,
        limits=limits,
    )
    return _Run(
        values=values,
        stack=stack,
        settings=settings,
        reconciliation=Reconciliation(table, store, pool, settings.template, inventory),
        repair=Repair(Registrar(store, settings.template, settings.roles, SOURCE), pool, inventory),
        table=table,
        inventory=inventory,
    )


def _execute(run: _Run) -> ExitCode:
    try:
        _compare(run)
    except StoppedError:
        raise StoppedError("Stopped. Nothing was changed. Run the command again.") from None
    is_refused = run.values.fix and run.reconciliation.exceeds_removals(run.values.max_removals)
    is_stopped = run.values.fix and not is_refused and not _fix(run)
    _write(run)
    if is_refused:
        write_error(sys.stderr, f"Error: {_refusal(run)}\n")
        return ExitCode.REFUSED
    if is_stopped:
        write_error(sys.stderr, "Stopped. The changes so far are complete. Run the command again.\n")
        return ExitCode.STOPPED
    return ExitCode.SOME_FAILED if _remaining_differences(run) else ExitCode.DONE


def _compare(run: _Run) -> None:
    limits = run.table.limits
    rows = ProgressLine(limits)
    rows.start(0, run.table.item_count)
    try:
        run.reconciliation.read_table(
            lambda count: rows.show(count, "reading the table") if rows.is_due else None
        )
    finally:
        rows.clear()
    users = ProgressLine(limits, unit="users")
    users.start(0, lambda: run.settings.estimated_users)
    try:
        run.reconciliation.read_pool(
            lambda count: users.show(count, "reading the pool") if users.is_due else None
        )
    finally:
        users.clear()


def _fix(run: _Run) -> bool:
    """Fix the differences; return False if a stop was requested."""
    progress = ProgressLine(run.table.limits, unit="users")
    expected_users = run.inventory.count(DifferenceKind.MISSING) + run.inventory.count(DifferenceKind.CONTACT)
    progress.start(0, lambda: expected_users)
    try:
        run.repair.fix_all(lambda count: progress.show(count, "fixing") if progress.is_due else None)
    except StoppedError:
        return False
    finally:
        progress.clear()
    return True


def _write(run: _Run) -> None:
    header = {
        "userPoolId": run.stack.user_pool_id,
        "table": run.stack.users_table,
        "time": record.timestamp(datetime.now(UTC)),
        "fix": run.values.fix,
        **reconcile_report.totals(run.inventory, run.reconciliation.counts),
    }
    if run.values.report:
        try:
            write_file(run.values.report, reconcile_report.json_pieces(header, run.inventory))
        except OSError as error:
            raise file_error("--report", run.values.report, error) from error
    format_pieces = reconcile_report.json_pieces if run.values.json else reconcile_report.text_pieces
    Output().write_all(format_pieces(header, run.inventory))


def _refusal(run: _Run) -> str:
    orphans, accounts = run.inventory.count(DifferenceKind.ORPHAN), run.inventory.accounts
    return (
        f"Nothing was changed: {orphans:,} of {accounts:,} accounts have no user in the pool "
        f"{run.stack.user_pool_id}, more than --max-removals {run.values.max_removals:g} %.\n"
        "Check --user-pool-id. If the pool is right, pass a larger --max-removals."
    )


def _remaining_differences(run: _Run) -> int:
    kinds = (DifferenceKind.ERASED, DifferenceKind.ORPHAN, DifferenceKind.DUPLICATE)
    remaining = sum(run.inventory.count(kind) for kind in kinds)
    if run.values.fix:
        return remaining + run.inventory.count_result(Result.FAILED)
    return sum(run.inventory.count(kind) for kind in DifferenceKind)
