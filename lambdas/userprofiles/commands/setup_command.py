"""`userprofiles setup check` and `userprofiles setup test`: checks and tests of a deployed stack."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from userprofiles import template as templates
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import print_errors
from userprofiles.stack_setup.check_result import CheckResult, Status
from userprofiles.stack_setup.checks import check_stack
from userprofiles.stack_setup.sign_up_test import PATIENCE_S, SignUpTest
from userprofiles.stack_setup.stack import OutputsError, Stack, missing_options, read_outputs

_CHECK_OPTIONS = ("user_pool_id", "users_table", "audit_table")
_TEST_OPTIONS = (*_CHECK_OPTIONS, "client_id")
_MAX_TIMEOUT_S = 600
_COLORS = {Status.OK: "\x1b[32m", Status.FAILED: "\x1b[31m", Status.NOT_CHECKED: "\x1b[33m"}

_CHECK_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} everything is ok
  {ExitCode.FAILED:<3} could not check: credentials, region, network
  {ExitCode.SOME_FAILED:<3} something failed, or could not be checked: each line has its fix
  {ExitCode.USAGE:<3} wrong usage

The check only reads. Required permissions: dynamodb:DescribeTable, cognito-idp:DescribeUserPool,
lambda:GetFunctionConfiguration, lambda:GetPolicy, lambda:ListEventSourceMappings,
iam:SimulatePrincipalPolicy, sqs:GetQueueAttributes, sqs:GetQueueUrl.
Without one of them, its lines are "not checked"."""

_TEST_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the sign-up works, and everything was deleted
  {ExitCode.FAILED:<3} could not start: credentials, region, network
  {ExitCode.SOME_FAILED:<3} a step failed: its line has the fix
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; everything was deleted
  {ExitCode.REFUSED:<3} refused: no trigger of this project, or --yes is missing
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:DescribeUserPool, AdminConfirmSignUp, AdminGetUser and AdminDeleteUser,
lambda:GetFunctionConfiguration, dynamodb:Query and DeleteItem on both tables."""


def add_parsers(groups: Any) -> None:
    """Add `setup check` and `setup test` to the commands."""
    setup = groups.add_parser("setup", help="check and test a deployed stack")
    commands = setup.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="check tables, indexes, template, triggers, rights and outbox",
        description="Check a deployed stack. Each line is ok, or has its fix. The check only reads.",
        epilog=_CHECK_EPILOG,
    )
    check.set_defaults(execute=lambda values: run_check(check, values))
    test = commands.add_parser(
        "test",
        help="sign up a throw-away user, and delete it",
        description="Sign up a throw-away user, confirm the sign-up, check account, profile and audit row,\n"
        "and delete everything, also after a failure or Ctrl-C.",
        epilog=_TEST_EPILOG,
    )
    test.set_defaults(execute=lambda values: run_test(test, values))
    for parser in (check, test):
        _add_stack_options(parser)
    check.add_argument(
        "--template",
        metavar="NAME",
        help="the stack's template: a name, or the path of a .json file (default: the preset that the "
        "functions use)",
    )
    test.add_argument("--client-id", metavar="ID", help="ID of an app client without a secret")
    test.add_argument(
        "--timeout",
        type=float,
        default=PATIENCE_S,
        metavar="S",
        help="seconds to wait for the profile (default: %(default)g)",
    )
    test.add_argument(
        "--yes", action="store_true", help="create the user without a local endpoint, for example in AWS"
    )


def _add_stack_options(parser: CommandParser) -> None:
    parser.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE.json",
        help="stack outputs, from `pulumi stack output --json` or `pulumi-localaws up --outputs`; the other "
        "options replace single values",
    )
    parser.add_argument("--user-pool-id", metavar="ID", help="ID of the user pool")
    parser.add_argument("--users-table", metavar="T", help="name of the users table")
    parser.add_argument("--audit-table", metavar="T", help="name of the audit table")
    parser.add_argument("--region", metavar="R", help="region of the stack (default: as in the AWS CLI)")
    parser.add_argument("--endpoint-url", metavar="U", help="endpoint of AWS, for example of a local AWS")
    parser.add_argument("--json", action="store_true", help="print only the results, as JSON")


def run_check(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Run `setup check` and return its exit code."""
    parser.as_json = values.json
    try:
        template = templates.load(values.template) if values.template else None
    except templates.TemplateError as error:
        parser.error(str(error))
    stack = _create_stack(parser, values, _CHECK_OPTIONS, template)
    results: list[CheckResult] = []

    def check() -> ExitCode:
        report = _reporter(results, as_json=values.json)
        for result in check_stack(stack):
            report(result)
        is_ok = all(result.status is Status.OK for result in results)
        if values.json:
            _print_json(results, is_ok=is_ok)
        return ExitCode.DONE if is_ok else ExitCode.SOME_FAILED

    return print_errors(check, as_json=values.json)


def run_test(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Run `setup test` and return its exit code."""
    parser.as_json = values.json
    if not 0 < values.timeout <= _MAX_TIMEOUT_S:
        parser.error(f"--timeout must be above 0 and at most {_MAX_TIMEOUT_S}, got {values.timeout:g}")
    stack = _create_stack(parser, values, _TEST_OPTIONS)
    results: list[CheckResult] = []
    stop = Stop()

    def test() -> ExitCode:
        sign_up_test = SignUpTest(stack, stop, _reporter(results, as_json=values.json), values.timeout)
        write_error(sys.stderr, sign_up_test.describe())
        if not stack.is_local and not values.yes:
            raise RefusedError("Nothing was created: the endpoint is not local.\nTo run the test, add --yes.")
        is_ok = sign_up_test.run()
        if values.json:
            _print_json(results, is_ok=is_ok)
        if stop.is_requested:
            write_error(sys.stderr, "Stopped. The results say what was deleted.\n")
            return ExitCode.STOPPED
        return ExitCode.DONE if is_ok else ExitCode.SOME_FAILED

    with stop_on_signals(stop.request):
        return print_errors(test, as_json=values.json)


def _create_stack(
    parser: CommandParser,
    values: argparse.Namespace,
    names: tuple[str, ...],
    template: templates.Template | None = None,
) -> Stack:
    try:
        outputs = read_outputs(values.outputs) if values.outputs else {}
    except OutputsError as error:
        parser.error(str(error))
    options = {name: getattr(values, name) or outputs.get(name, "") for name in names}
    missing = missing_options(options, names)
    if missing:
        parser.error(f"required: {', '.join(missing)}, or --outputs with a file that has these outputs")
    return Stack(
        user_pool_id=options["user_pool_id"],
        client_id=options.get("client_id", ""),
        users_table=options["users_table"],
        audit_table=options["audit_table"],
        template=template,
        region=values.region,
        endpoint_url=values.endpoint_url or outputs.get("endpoint_url"),
    )


def _reporter(results: list[CheckResult], *, as_json: bool) -> Callable[[CheckResult], None]:
    """Return a function that collects results and, without `--json`, prints each at once."""
    output = Output()

    def report(result: CheckResult) -> None:
        results.append(result)
        if not as_json:
            output.write(format_result(result, has_colors=_has_colors(sys.stdout)))

    return report


def _has_colors(stream: TextIO) -> bool:
    """Return whether a stream shows colors; NO_COLOR turns them off: https://no-color.org/."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def format_result(result: CheckResult, *, has_colors: bool) -> str:
    """Return the line of a result, green on a terminal if it is ok, with its fix if it is not."""
    status = f"{result.status:<11}"
    if has_colors:
        status = f"{_COLORS[result.status]}{status}\x1b[0m"
    line = f"{status}  {result.name}" + (f": {result.detail}" if result.detail else "") + "\n"
    return line if result.status is Status.OK else f"{line}{' ' * 13}Fix: {result.fix}\n"


def _print_json(results: Sequence[CheckResult], *, is_ok: bool) -> None:
    document = {"ok": is_ok, "checks": [result.to_json() for result in results]}
    Output().write(json.dumps(document, indent=2) + "\n")
