"""`userprofiles erase`: erase a user, repeat erasures after a restore, and list receipts."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.confirmation import confirm
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError, StoppedError
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.stop import Stop
from userprofiles.commands import erase_output
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.restored_table import check_indexes, check_restored_table
from userprofiles.lifecycle.erasure.erasure import OPERATOR, Erasure
from userprofiles.lifecycle.erasure.erasure_replay import find_returned_users
from userprofiles.lifecycle.erasure.erasure_result import ErasureFailedError, Outcome
from userprofiles.lifecycle.erasure.erasure_settings import read_environment
from userprofiles.lifecycle.erasure.erasure_setup import create_client, create_erasure
from userprofiles.lifecycle.erasure.stores.store import ErasurePausedError
from userprofiles.registration import cognito_user
from userprofiles.settings import SettingsError
from userprofiles.stack_setup.stack import OutputsError, Stack, read_outputs
from userprofiles.table import record
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import error_code

_REPLAY = "replay"
_LIST = "list"
_OTHER_TABLES = ("AUDIT_TABLE", "RECEIPTS_TABLE", "IDEMPOTENCY_TABLE")

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} done, or the user was already erased
  {ExitCode.FAILED:<3} could not continue: credentials, function, permissions, network
  {ExitCode.SOME_FAILED:<3} some stores failed or have not answered yet; the hourly sweep continues
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again
  {ExitCode.REFUSED:<3} refused: unknown user, another function, another table, or not confirmed
  {ExitCode.USAGE:<3} wrong usage

Required permissions: lambda:GetFunctionConfiguration, and those of the erasure function, see the docstring of
userprofiles/handlers/erasure.py; for replay and list also dynamodb:Scan on the receipts table; for
--users-table also dynamodb:DescribeTable on it."""


def add_parser(groups: Any) -> None:
    """Add `erase` to the commands."""
    parser = groups.add_parser(
        "erase",
        help="erase a user, repeat erasures after a restore, or list receipts",
        description="Erase a user everywhere at once, without a grace period. This can't be undone.\n"
        "With `replay`, erase again all users who are back after a restore from a backup.\n"
        "With `list`, show the receipts of all erasures.",
        epilog=_EPILOG,
    )
    parser.set_defaults(execute=lambda values: run_parsed(parser, values))
    parser.add_argument(
        "target",
        metavar="USER|replay|list",
        help="sub of the user, or the name in the pool; or one of the words `replay` and `list`",
    )
    parser.add_argument(
        "--yes", action="store_true", help="erase without asking; required without a terminal"
    )
    parser.add_argument("--dry-run", action="store_true", help="with replay: only show the users")
    parser.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE.json",
        help="stack outputs, from `pulumi stack output --json` or `pulumi-localaws up --outputs`",
    )
    parser.add_argument(
        "--function-name", metavar="F", help="name of the erasure function, whose settings are used"
    )
    parser.add_argument(
        "--users-table", metavar="T", help="with replay: a restored table (default: that of the function)"
    )
    parser.add_argument("--region", metavar="R", help="region of the stack (default: as in the AWS CLI)")
    parser.add_argument("--endpoint-url", metavar="U", help="endpoint of AWS, for example of a local AWS")
    parser.add_argument("--json", action="store_true", help="print only the result, as JSON")


class _Run:
    """One run of the command."""

    def __init__(self, values: argparse.Namespace, erasure: Erasure, stop: Stop, limits: Limits) -> None:
        self.values = values
        self.erasure = erasure
        self.progress = ProgressLine(limits, unit="receipts")
        self._stop = stop

    def check_stop(self) -> None:
        """Raise an `ErasurePausedError` if a stop was requested."""
        if self._stop.is_requested:
            raise ErasurePausedError

    def show(self, number: int, details: str) -> None:
        """Show the progress if it is due."""
        if self.progress.is_due:
            self.progress.show(number, details)


def run_parsed(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run the command and return its exit code."""
    parser.as_json = values.json
    for option in ("dry_run", "users_table"):
        if getattr(values, option) and values.target != _REPLAY:
            parser.error(f"--{option.replace('_', '-')} is only for `userprofiles erase replay`")
    changes_data = values.target != _LIST and not values.dry_run
    if changes_data and not values.yes and not sys.stdin.isatty():
        parser.error("without a terminal, pass --yes to erase without asking")
    stack, function_name = _find_function(parser, values)
    stop = Stop()
    commands = {_REPLAY: _replay, _LIST: _list}

    def execute() -> ExitCode:
        run = _Run(values, _create_erasure(stack, function_name, values), stop, limits)
        try:
            return _translate_errors(lambda: commands.get(values.target, _erase_user)(run), run.erasure)
        finally:
            run.progress.clear()

    with stop_on_signals(stop.request):
        return print_errors(execute, as_json=values.json)


def _find_function(parser: CommandParser, values: argparse.Namespace) -> tuple[Stack, str]:
    try:
        outputs = read_outputs(values.outputs) if values.outputs else {}
    except OutputsError as error:
        parser.error(str(error))
    function_name = values.function_name or outputs.get("erasure_function")
    if not function_name:
        parser.error(
            "required: --function-name, or --outputs with a file that has the output erasureFunctionName"
        )
    endpoint_url = values.endpoint_url or outputs.get("endpoint_url")
    stack = Stack("", "", "", "", region=values.region, endpoint_url=endpoint_url)
    return stack, function_name


def _create_erasure(stack: Stack, function_name: str, values: argparse.Namespace) -> Erasure:
    environment = read_environment(stack, function_name)
    if values.users_table:
        other_tables = {environment.get(name, "") for name in _OTHER_TABLES}
        check_restored_table(stack, "--users-table", values.users_table, other_tables)
        check_indexes(stack, "--users-table", values.users_table)
        environment = {**environment, "USERS_TABLE": values.users_table}
    connection = {"region": stack.region, "endpoint_url": stack.endpoint_url}
    try:
        return create_erasure(environment, lambda service: create_client(service, **connection))
    except SettingsError as error:
        raise RefusedError(
            f"The environment of the function {function_name!r} can't be used: {error}\n"
            "Deploy the stack again."
        ) from error


def _translate_errors(command: Callable[[], ExitCode], erasure: Erasure) -> ExitCode:
    try:
        return command()
    except (StoreError, ClientError, BotoCoreError) as error:
        if error_code(error) == "ResourceNotFoundException":
            raise BackfillFailedError(
                ErrorKind.TABLE,
                f"The users table {erasure.users_table!r}, the receipts table or the user pool doesn't "
                "exist.\n"
                "Check --users-table, --function-name and the region.",
            ) from error
        raise BackfillFailedError(
            ErrorKind.SERVICE,
            f"A call to AWS failed: {_describe_call(error)}.\n"
            "Check the credentials, the region, the network and the permissions in `userprofiles erase "
            "--help`. Then run the command again: it continues.",
        ) from error
    except ErasurePausedError:
        raise StoppedError("Stopped. Nothing was erased.") from None


def _describe_call(error: Exception) -> str:
    """Return the error code and the operation. AWS's message could repeat a value of the user."""
    operation = f" ({error.operation_name})" if isinstance(error, ClientError) else ""
    return f"{error_code(error)}{operation}"


def _find_sub(erasure: Erasure, user: str) -> str:
    """Return the sub of the user whom the operator names. The messages do not repeat the name."""
    if record.is_sub(user):
        is_in_table = erasure.store.read(user) != UserItems(None, None)
        if is_in_table or erasure.receipts.read(user) or erasure.pool_user.find_name(user):
            return user
    sub = erasure.pool_user.find_sub(user) if cognito_user.is_user_name(user) else None
    if sub is None:
        raise RefusedError(
            f"Neither the users table {erasure.users_table!r} nor the user pool has this user.\n"
            "Pass the sub, or the user name in the pool."
        )
    return sub


def _erase_user(run: _Run) -> ExitCode:
    sub = _find_sub(run.erasure, run.values.target)
    receipt = run.erasure.receipts.read(sub)
    is_done = receipt is not None and not receipt.is_open and run.erasure.is_erased(receipt)
    if not is_done and not run.values.yes:
        confirm(f"Erase user {sub} from {run.erasure.users_table} and everywhere else? This can't be undone.")
    run.check_stop()
    result = _erase(run, sub)
    receipt = run.erasure.receipts.read(sub)
    erase_output.print_user(sub, result, receipt, as_json=run.values.json)
    return _exit_code([result])


def _replay(run: _Run) -> ExitCode:
    run.progress.start(0, lambda: None)
    receipts = list(
        find_returned_users(run.erasure, run.check_stop, lambda number: run.show(number, "checking"))
    )
    run.progress.clear()
    if run.values.dry_run or not receipts:
        erase_output.print_replay(run.erasure, receipts, {}, run.values)
        return ExitCode.DONE
    if not run.values.yes:
        confirm(f"Erase {len(receipts):,} users again, from {run.erasure.users_table} and everywhere else?")
    results: dict[str, str] = {}
    run.progress.start(0, lambda: len(receipts))
    for receipt in receipts:
        results[receipt.sub] = _erase(run, receipt.sub)
        if results[receipt.sub] == Outcome.PAUSED:
            break
        run.show(len(results), "erasing")
    run.progress.clear()
    erase_output.print_replay(run.erasure, receipts, results, run.values)
    return _exit_code(list(results.values()))


def _erase(run: _Run, sub: str) -> str:
    """Erase a user and return the result as text. A failing user does not stop the others."""
    try:
        return run.erasure.erase(sub, OPERATOR, run.check_stop).outcome
    except ErasureFailedError as error:
        return f"{erase_output.FAILED}: {error}"
    except (StoreError, ClientError, BotoCoreError) as error:
        return f"{erase_output.FAILED}: {error_code(error)}"


def _exit_code(results: list[str]) -> ExitCode:
    if Outcome.PAUSED in results:
        write_error(sys.stderr, "Stopped. Run the command again: it continues. The hourly sweep does, too.\n")
        return ExitCode.STOPPED
    is_complete = all(result in {Outcome.ERASED, Outcome.ALREADY_ERASED} for result in results)
    return ExitCode.DONE if is_complete else ExitCode.SOME_FAILED


def _list(run: _Run) -> ExitCode:
    erase_output.print_receipts(run.erasure.receipts.all(), run.check_stop, as_json=run.values.json)
    return ExitCode.DONE
