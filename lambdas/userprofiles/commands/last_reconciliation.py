"""`userprofiles reconcile --last`: the result of the last scheduled reconciliation."""

import argparse
import json
from typing import Any

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.stack_options import create_stack
from userprofiles.lifecycle.reconciliation.inventory import DifferenceKind, Result
from userprofiles.lifecycle.reconciliation.reconciler_state import Pass, State, StateTable
from userprofiles.table.store_errors import StoreError

_FIXED = (DifferenceKind.MISSING, DifferenceKind.UNCONFIRMED)
_RESULTS = (Result.CREATED, Result.REMOVED, Result.UNNECESSARY, Result.FAILED)
# The scheduled pass does not look for duplicates.
_KINDS = tuple(kind for kind in DifferenceKind if kind is not DifferenceKind.DUPLICATE)


def show(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Print the result. Exit with the usage if the state table is not named."""
    stack = create_stack(parser, values, ("state_table",))

    def read_and_print() -> ExitCode:
        try:
            state = StateTable(stack.client("dynamodb"), stack.state_table).read()
        except StoreError as error:
            raise BackfillFailedError(
                ErrorKind.TABLE,
                f"The state table {stack.state_table!r} can't be read: {error}.\n"
                "Check its name (stack output reconcilerStateTableName), the region, the credentials, and "
                "the permission dynamodb:GetItem.",
            ) from error
        if state.last is None:
            raise BackfillFailedError(
                ErrorKind.STATE,
                "No scheduled reconciliation has ended yet. The first one begins within 15 minutes of the "
                f"deployment.{_progress(state.running_pass)}",
            )
        Output().write(json.dumps(_document(state), indent=2) + "\n" if values.json else _text(state))
        return ExitCode.SOME_FAILED if _remaining_differences(state.last) else ExitCode.DONE

    return print_errors(read_and_print, as_json=values.json)


def _remaining_differences(last: dict[str, Any]) -> int:
    """Return the number of differences that the pass did not fix."""
    kinds = [kind for kind in _KINDS if kind not in _FIXED]
    return sum(last["counts"].get(str(name), 0) for name in (*kinds, Result.FAILED))


def _document(state: State) -> dict[str, Any]:
    last = state.last or {}
    counts = last["counts"]
    running_pass = state.running_pass
    return {
        "startedAt": last["startedAt"],
        "endedAt": last["endedAt"],
        "poolUsers": counts.get("poolUsers", 0),
        "usersWithoutProfile": counts.get("usersWithoutProfile", 0),
        "accounts": counts.get("accounts", 0),
        "pendingDeletion": counts.get("pendingDeletion", 0),
        "differences": {str(kind): counts.get(str(kind), 0) for kind in _KINDS},
        "results": {str(result): counts.get(str(result), 0) for result in _RESULTS},
        "restarts": counts.get("restarts", 0),
        "running": None
        if running_pass is None
        else {
            "startedAt": running_pass.started_at,
            "phase": running_pass.phase,
            "poolUsers": running_pass.counts.get("poolUsers", 0),
        },
    }


def _text(state: State) -> str:
    document = _document(state)
    return (
        f"Scheduled reconciliation from {document['startedAt']} to {document['endedAt']}.\n"
        f"Users in the pool: {document['poolUsers']:,}, of them disabled or not confirmed: "
        f"{document['usersWithoutProfile']:,}. Accounts: {document['accounts']:,}, others pending deletion: "
        f"{document['pendingDeletion']:,}.\n"
        f"Differences: {_format_counts(document['differences'])}.\n"
        f"Results: {_format_counts(document['results'])}.\n"
        + ("" if state.running_pass is None else _progress(state.running_pass).strip() + "\n")
    )


def _format_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _progress(running_pass: Pass | None) -> str:
    if running_pass is None:
        return ""
    users = running_pass.counts.get("poolUsers", 0)
    return f" One is running since {running_pass.started_at}: {users:,} users of the pool so far."
