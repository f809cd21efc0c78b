"""`userprofiles restore check`: compare a restored users table with pool, audit trail and receipts."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.comparison_options import add_comparison_options, check_comparison_options
from userprofiles.commands.difference_output import write_differences
from userprofiles.commands.restored_table import check_restored_table
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.lifecycle.audit.audit_reader import AuditReader
from userprofiles.lifecycle.restore import backup_report
from userprofiles.lifecycle.restore.backup_comparison import BackupComparison, OnPage
from userprofiles.lifecycle.restore.backup_inventory import (
    FIXED_KINDS,
    BackupDifferenceKind,
    BackupInventory,
    BackupResult,
)
from userprofiles.lifecycle.restore.backup_repair import BackupRepair
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.stack_setup import table_checks
from userprofiles.stack_setup.check_result import CheckFailedError
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import record
from userprofiles.table.store import Store

_OPTIONS = ("user_pool_id", "users_table", "audit_table")

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} no difference, or all differences are fixed
  {ExitCode.FAILED:<3} could not continue: credentials, tables, permissions, network, disk
  {ExitCode.SOME_FAILED:<3} differences remain
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again
  {ExitCode.REFUSED:<3} refused: the restored table is not an active users table
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:ListUsers, dynamodb:Scan on the restored table, the audit table and the
receipts table, dynamodb:Query on the audit table, dynamodb:DescribeTable on the restored table. With --fix
also dynamodb:BatchGetItem and UpdateItem on the restored table, dynamodb:PutItem on the audit table."""


def add_parsers(groups: Any) -> None:
    """Add `restore check` to the commands."""
    restore = groups.add_parser("restore", help="check a table that was restored from a backup")
    commands = restore.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = commands.add_parser(
        "check",
        help="compare a restored users table with pool, audit trail and receipts",
        description="Compare a restored users table with the user pool, the audit trail and the receipts of\n"
        "erasures. Without --fix, nothing is changed.",
        epilog=_EPILOG,
    )
    parser.set_defaults(execute=lambda values: run_check(parser, values))
    parser.add_argument(
        "--restored-table", required=True, metavar="T", help="name of the table that was restored"
    )
    add_stack_options(parser)
    parser.add_argument(
        "--receipts-table", metavar="T", help="name of the table with the receipts of erasures"
    )
    parser.add_argument(
        "--fix",
        action="store_true",
        help="put deletion requests back, and add the lost changes to the audit trail. Use it only on a "
        "table that replaces the users table, while nothing writes to either table",
    )
    add_comparison_options(parser)


@dataclass(frozen=True)
class _Run:
    """The parts of one run."""

    values: argparse.Namespace
    stack: Stack
    comparison: BackupComparison
    repair: BackupRepair

    @property
    def inventory(self) -> BackupInventory:
        return self.comparison.inventory


def run_check(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run the command and return its exit code."""
    parser.as_json = values.json
    check_comparison_options(parser, values)
    stack = create_stack(parser, values, _OPTIONS)
    stop = Stop()

    def check() -> ExitCode:
        _check_restored_table(stack, values)
        with BackupInventory() as inventory:
            return _execute(_create_run(values, stack, inventory, stop, limits))

    with stop_on_signals(stop.request):
        return print_errors(check, as_json=values.json)


def _check_restored_table(stack: Stack, values: argparse.Namespace) -> None:
    """Check keys and status of the restored table, and warn about missing indexes and the table in use."""
    restored_stack = replace(stack, users_table=values.restored_table)
    check_restored_table(
        stack, "--restored-table", values.restored_table, {stack.audit_table, stack.receipts_table}
    )
    try:
        table_checks.check_indexes(restored_stack)
    except CheckFailedError as error:
        _warn(f"table {values.restored_table!r}: {error}. The users table needs it.")
    if values.restored_table == stack.users_table:
        _warn(f"table {values.restored_table!r} is also the users table of the stack.")
    if not stack.receipts_table:
        _warn("no --receipts-table: erased users are read from the audit trail only.")


def _warn(text: str) -> None:
    write_error(sys.stderr, f"Warning: {text}\n")


def _create_run(
    values: argparse.Namespace, stack: Stack, inventory: BackupInventory, stop: Stop, limits: Limits
) -> _Run:
    dynamodb = stack.client("dynamodb")
    receipts = TableReader(dynamodb, stack.receipts_table, stop, limits) if stack.receipts_table else None
    reader = AuditReader(
        users=TableReader(dynamodb, values.restored_table, stop, limits),
        audit=TableReader(dynamodb, stack.audit_table, stop, limits),
    )
    comparison = BackupComparison(
        reader=reader,
        receipts=receipts,
        pool=PoolReader(
            stack.client("cognito-idp"),
            stack.user_pool_id,
            requests_per_second=values.requests_per_second,
            stop=stop,
            limits=limits,
        ),
        inventory=inventory,
    )
    repair = BackupRepair(
        reader=reader,
        store=Store(dynamodb, values.restored_table, stack.audit_table),
        inventory=inventory,
        grace=timedelta(days=values.grace_days),
        clock=lambda: datetime.now(UTC),
    )
    return _Run(values, stack, comparison, repair)


def _execute(run: _Run) -> ExitCode:
    try:
        _compare(run)
    except StoppedError:
        raise StoppedError("Stopped. Nothing was changed. Run the command again.") from None
    is_stopped = run.values.fix and not _fix(run)
    _write(run)
    if is_stopped:
        write_error(sys.stderr, "Stopped. The changes so far are complete. Run the command again.\n")
        return ExitCode.STOPPED
    return ExitCode.SOME_FAILED if _remaining_differences(run) else ExitCode.DONE


def _compare(run: _Run) -> None:
    comparison, reader = run.comparison, run.comparison.reader
    table_rows, audit_rows = reader.users.item_count, reader.audit.item_count
    show = partial(_show_progress, reader.users.limits)
    show("rows", "reading the restored table", comparison.read_restored_table, table_rows)
    show("rows", "reading the audit trail", comparison.read_audit_trail, audit_rows)
    show("receipts", "reading the receipts", comparison.read_receipts)
    show("users", "reading the pool", comparison.read_pool)
    show("accounts", "comparing changed accounts", comparison.add_differences)


def _show_progress(
    limits: Limits,
    unit: str,
    text: str,
    read: Callable[[OnPage], None],
    count_all: Callable[[], int | None] = lambda: None,
) -> None:
    """Run one part of the comparison and show its progress."""
    progress = ProgressLine(limits, unit=unit)
    progress.start(0, count_all)
    try:
        read(lambda count: progress.show(count, text) if progress.is_due else None)
    finally:
        progress.clear()


def _fix(run: _Run) -> bool:
    """Fix the accounts; return False if a stop was requested."""
    try:
        _show_progress(run.comparison.reader.users.limits, "users", "fixing", run.repair.fix_all)
    except StoppedError:
        return False
    return True


def _write(run: _Run) -> None:
    header = {
        "restoredTable": run.values.restored_table,
        "auditTable": run.stack.audit_table,
        "receiptsTable": run.stack.receipts_table or None,
        "userPoolId": run.stack.user_pool_id,
        "time": record.timestamp(datetime.now(UTC)),
        "fix": run.values.fix,
        **backup_report.totals(run.comparison),
    }
    text = backup_report.text_pieces(header, run.inventory)
    write_differences(run.values, header, run.inventory.differences, text)


def _remaining_differences(run: _Run) -> int:
    kinds = [kind for kind in BackupDifferenceKind if not (run.values.fix and kind in FIXED_KINDS)]
    return sum(map(run.inventory.count, kinds)) + run.inventory.count_result(BackupResult.FAILED)
