"""`userprofiles reconcile`: compare the user pool with the users table, and fix the differences."""

import argparse
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.sources.pool_reader import PoolReader, UnconfirmedRule
from userprofiles.backfill.stop import Stop
from userprofiles.commands import last_reconciliation, reconcile_options
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.difference_output import write_differences
from userprofiles.commands.stack_options import create_stack
from userprofiles.lifecycle.deployed_settings import DeployedSettings, read_settings
from userprofiles.lifecycle.reconciliation import reconcile_report
from userprofiles.lifecycle.reconciliation.inventory import FIXED_KINDS, DifferenceKind, Inventory, Result
from userprofiles.lifecycle.reconciliation.orphans import OrphanDeletion
from userprofiles.lifecycle.reconciliation.reconciliation import Reconciliation
from userprofiles.lifecycle.reconciliation.repair import SOURCE, Repair
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.registration.registrar import Registrar
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import record
from userprofiles.table.removal_journal import RemovalJournal
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreError

_OPTIONS = ("user_pool_id", "users_table", "audit_table")


def add_parser(groups: Any) -> None:
    """Add `reconcile` to the commands."""
    parser = groups.add_parser(
        "reconcile",
        help="compare user pool and users table, and fix the differences",
        description="Compare the user pool with the users table, both ways.\n"
        "Without --fix, nothing is changed.",
        epilog=reconcile_options.EPILOG,
    )
    parser.set_defaults(execute=lambda values: run_parsed(parser, values))
    reconcile_options.add_options(parser)


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
    reconcile_options.check_values(parser, values)
    if values.last:
        return last_reconciliation.show(parser, values)
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
    journal = RemovalJournal(dynamodb, stack.users_table)
    reconciliation = Reconciliation(
        table,
        store,
        pool,
        settings.template,
        inventory,
        unconfirmed=UnconfirmedRule(values.unconfirmed_days, _now),
        open_removals=_open_removals(journal, stack),
    )
    repair = Repair(
        registrar=Registrar(store, settings.template, settings.roles, SOURCE),
        pool=pool,
        orphans=OrphanDeletion(store, pool, timedelta(days=values.grace_days), SOURCE, _now),
        unconfirmed_users=UnconfirmedUsers(pool, journal),
        inventory=inventory,
    )
    return _Run(values, stack, settings, reconciliation, repair, table, inventory)


def _now() -> datetime:
    return datetime.now(UTC)


def _open_removals(journal: RemovalJournal, stack: Stack) -> dict[str, str]:
    try:
        return journal.entries()
    except StoreError as error:
        raise BackfillFailedError(
            ErrorKind.TABLE,
            f"The users table {stack.users_table!r} can't be read: {error}.\n"
            "Check the name of the table, the region, the credentials, and the permission dynamodb:Query.",
        ) from error


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
    expected_users = sum(run.inventory.count(kind) for kind in FIXED_KINDS)
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
    text = reconcile_report.text_pieces(header, run.inventory)
    write_differences(run.values, header, run.inventory.differences, text)


def _refusal(run: _Run) -> str:
    orphans, accounts = run.inventory.count(DifferenceKind.ORPHAN), run.inventory.accounts
    return (
        f"Nothing was changed: {orphans:,} of {accounts:,} accounts have no user in the pool "
        f"{run.stack.user_pool_id}, more than --max-removals {run.values.max_removals:g} %.\n"
        "Check --user-pool-id. If the pool is right, pass a larger --max-removals."
    )


def _remaining_differences(run: _Run) -> int:
    fixed_kinds = FIXED_KINDS if run.values.fix else ()
    remaining = sum(run.inventory.count(kind) for kind in DifferenceKind if kind not in fixed_kinds)
    return remaining + run.inventory.count_result(Result.FAILED)
