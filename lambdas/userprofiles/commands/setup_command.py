"""`userprofiles setup check` and `userprofiles setup test`: checks and tests of a deployed stack."""

import argparse
import sys
from typing import Any

from userprofiles import template as templates
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.stop import Stop
from userprofiles.commands.check_output import CheckReport, show_checks
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.stack_setup.checks import check_stack
from userprofiles.stack_setup.sign_up_test import PATIENCE_S, SignUpTest

_CHECK_OPTIONS = ("user_pool_id", "users_table", "audit_table")
_TEST_OPTIONS = (*_CHECK_OPTIONS, "client_id")
_MAX_TIMEOUT_S = 600

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
        add_stack_options(parser)
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


def run_check(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Run `setup check` and return its exit code."""
    parser.as_json = values.json
    try:
        template = templates.load(values.template) if values.template else None
    except templates.TemplateError as error:
        parser.error(str(error))
    stack = create_stack(parser, values, _CHECK_OPTIONS, template)
    return print_errors(lambda: show_checks(check_stack(stack), as_json=values.json), as_json=values.json)


def run_test(parser: CommandParser, values: argparse.Namespace) -> ExitCode:
    """Run `setup test` and return its exit code."""
    parser.as_json = values.json
    if not 0 < values.timeout <= _MAX_TIMEOUT_S:
        parser.error(f"--timeout must be above 0 and at most {_MAX_TIMEOUT_S}, got {values.timeout:g}")
    stack = create_stack(parser, values, _TEST_OPTIONS)
    report = CheckReport(as_json=values.json)
    stop = Stop()

    def test() -> ExitCode:
        sign_up_test = SignUpTest(stack, stop, report.add, values.timeout)
        write_error(sys.stderr, sign_up_test.describe())
        if not stack.is_local and not values.yes:
            raise RefusedError("Nothing was created: the endpoint is not local.\nTo run the test, add --yes.")
        is_ok = sign_up_test.run()
        report.finish(is_ok=is_ok)
        if stop.is_requested:
            write_error(sys.stderr, "Stopped. The results say what was deleted.\n")
            return ExitCode.STOPPED
        return ExitCode.DONE if is_ok else ExitCode.SOME_FAILED

    with stop_on_signals(stop.request):
        return print_errors(test, as_json=values.json)
