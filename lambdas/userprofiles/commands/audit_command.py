"""`userprofiles audit list` and `userprofiles audit verify`: read and check the audit trail."""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import RefusedError, StoppedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.commands.user_argument import parse_sub
from userprofiles.lifecycle.audit.audit_chain import ChainResult, UserStatus
from userprofiles.lifecycle.audit.audit_reader import AuditReader
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.stack_setup.stack import Stack

_TABLES = ("users_table", "audit_table")
_COLUMNS = ("time", "action", "source", "version", "fields")

_LIST_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} done
  {ExitCode.FAILED:<3} could not read: credentials, tables, permissions, network
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM
  {ExitCode.REFUSED:<3} refused: neither table has this user
  {ExitCode.USAGE:<3} wrong usage

Required permissions: dynamodb:Query on the audit table, dynamodb:GetItem on the users table."""

_VERIFY_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} all chains are complete
  {ExitCode.FAILED:<3} could not check: credentials, tables, permissions, network
  {ExitCode.SOME_FAILED:<3} a chain is broken
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again
  {ExitCode.REFUSED:<3} refused: neither table has this user
  {ExitCode.USAGE:<3} wrong usage

The check only reads. Required permissions: dynamodb:Query on the audit table, dynamodb:GetItem on the users
table; without USER also dynamodb:Scan on the users table; with a receipts table dynamodb:GetItem on it."""


def add_parsers(groups: Any) -> None:
    """Add `audit list` and `audit verify` to the commands."""
    audit = groups.add_parser("audit", help="read and check the audit trail")
    commands = audit.add_subparsers(title="commands", metavar="COMMAND", required=True)
    list_parser = commands.add_parser(
        "list",
        help="list the audit rows of a user",
        description="List the audit rows of a user, oldest first: time, action, source and names of changed\n"
        "fields. The trail has no values of fields.",
        epilog=_LIST_EPILOG,
    )
    list_parser.add_argument("user", metavar="USER", type=parse_sub, help="sub of the user")
    list_parser.set_defaults(execute=lambda values: run_list(list_parser, values))
    verify = commands.add_parser(
        "verify",
        help="check the hash chains of one user or of all users",
        description="Compute the hash of each audit row again, and check the links between the rows and the\n"
        "head on the account. For a broken chain, name the first broken link.\n"
        "With the receipts table, compare the receipts of erased users with the trail, too.",
        epilog=_VERIFY_EPILOG,
    )
    verify.add_argument(
        "user", metavar="USER", type=parse_sub, nargs="?", help="sub of the user (default: all users)"
    )
    verify.set_defaults(execute=lambda values: run_verify(verify, values))
    verify.add_argument(
        "--receipts-table",
        metavar="T",
        help="name of the table with the receipts of erasures (default: the stack output receiptsTableName)",
    )
    for parser in (list_parser, verify):
        add_stack_options(parser, has_pool=False)


def run_list(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Run `audit list` and return its exit code."""
    parser.as_json = values.json
    stack = create_stack(parser, values, _TABLES)
    stop = Stop()

    def list_rows() -> ExitCode:
        reader = _create_reader(stack, stop, COMMAND_LINE)
        rows = [_describe_row(row) for row in reader.rows(values.user)]
        account = None if rows else reader.account(values.user)
        if not rows and account is None:
            raise _no_user_error(stack)
        if values.json:
            Output().write(json.dumps({"userId": values.user, "rows": rows}, indent=2) + "\n")
        else:
            Output().write_all(_format_rows(rows))
        return ExitCode.DONE

    with stop_on_signals(stop.request):
        return print_errors(list_rows, as_json=values.json)


def run_verify(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run `audit verify` and return its exit code."""
    parser.as_json = values.json
    stack = create_stack(parser, values, _TABLES)
    stop = Stop()

    def verify() -> ExitCode:
        reader = _create_reader(stack, stop, limits)
        return _verify_all(reader, values) if values.user is None else _verify_user(stack, reader, values)

    with stop_on_signals(stop.request):
        return print_errors(verify, as_json=values.json)


def _create_reader(stack: Stack, stop: Stop, limits: Limits) -> AuditReader:
    client = stack.client("dynamodb")
    return AuditReader(
        TableReader(client, stack.users_table, stop, limits),
        TableReader(client, stack.audit_table, stop, limits),
        TableReader(client, stack.receipts_table, stop, limits) if stack.receipts_table else None,
    )


def _no_user_error(stack: Stack) -> RefusedError:
    return RefusedError(
        f"The tables {stack.users_table!r} and {stack.audit_table!r} do not have this user. "
        "Pass the sub of a user, and check --users-table and --audit-table."
    )


def _describe_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an audit row says, without its hashes."""
    description = {
        "time": str(row["SK"]).partition("#")[0],
        "action": row.get("action"),
        "source": row.get("source"),
        "version": row.get("version"),
        "fields": row.get("fields", []),
    }
    return description | ({"requestId": row["requestId"]} if "requestId" in row else {})


def _format_rows(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["No audit rows: the user was not changed since the backfill, or was erased.\n"]
    names = [*_COLUMNS, *(["requestId"] if any("requestId" in row for row in rows) else [])]
    lines = [names, *([_cell(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    ]


def _cell(value: Any) -> str:
    """Return a value without control characters, which could change the terminal."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _verify_user(stack: Stack, reader: AuditReader, values: argparse.Namespace) -> ExitCode:
    result = reader.check_user(values.user)
    if not result.rows and reader.account(values.user) is None:
        raise _no_user_error(stack)
    if values.json:
        Output().write(json.dumps(_result_json(result), indent=2) + "\n")
    else:
        Output().write(_format_result(result))
    return _exit_code(Counter([result.status]))


def _verify_all(reader: AuditReader, values: argparse.Namespace) -> ExitCode:
    counts: Counter[UserStatus] = Counter()
    broken: list[dict[str, Any]] = []
    progress = ProgressLine(reader.users.limits)
    progress.start(0, reader.users.item_count)

    def show_progress(rows: int) -> None:
        if progress.is_due:
            progress.show(rows, f"{counts.total():,} users, {counts[UserStatus.BROKEN]:,} broken")

    try:
        for result in reader.check_all(show_progress):
            counts[result.status] += 1
            if result.status is not UserStatus.BROKEN:
                continue
            if values.json:
                broken.append(_result_json(result))
            else:
                progress.clear()
                Output().write(_format_result(result))
    except StoppedError:
        raise StoppedError(
            f"Stopped after {counts.total():,} users, {counts[UserStatus.BROKEN]:,} of them with a broken "
            "chain. Run the command again to check all users."
        ) from None
    finally:
        progress.clear()
    if values.json:
        Output().write(json.dumps(_summary_json(counts, broken), indent=2) + "\n")
    else:
        Output().write(
            f"Users: {counts.total():,}. Complete chains: {counts[UserStatus.OK]:,}, erased users: "
            f"{counts[UserStatus.ERASED]:,}, broken chains: {counts[UserStatus.BROKEN]:,}.\n"
        )
    return _exit_code(counts)


def _summary_json(counts: Counter[UserStatus], broken: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "ok": not broken,
        "users": counts.total(),
        **{str(status): counts[status] for status in (UserStatus.ERASED, UserStatus.BROKEN)},
        "brokenChains": broken,
    }


def _result_json(result: ChainResult) -> dict[str, Any]:
    return {
        "userId": result.sub,
        "status": str(result.status),
        "rows": result.rows,
        "problems": [{"kind": str(problem.kind), "detail": problem.detail} for problem in result.problems],
    }


def _format_result(result: ChainResult) -> str:
    line = f"{result.status:<6}  {_cell(result.sub)}: {result.rows} audit rows"
    if result.problems:
        first, *others = result.problems
        line += f"; {first.kind}: {_cell(first.detail)}"
        line += f" ({len(others)} more problems, see --json)" if others else ""
    return line + "\n"


def _exit_code(counts: Counter[UserStatus]) -> ExitCode:
    return ExitCode.SOME_FAILED if counts[UserStatus.BROKEN] else ExitCode.DONE
