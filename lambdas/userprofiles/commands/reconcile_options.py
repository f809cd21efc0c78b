"""The options of `userprofiles reconcile`, and their checks."""

import argparse

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.commands.comparison_options import (
    add_comparison_options,
    check_comparison_options,
    check_days,
)
from userprofiles.commands.stack_options import add_stack_options

_DEFAULT_REMOVALS = 1.0
_DEFAULT_UNCONFIRMED_DAYS = 7

EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} no difference, or all differences are fixed
  {ExitCode.FAILED:<3} could not continue: credentials, tables, permissions, network, disk
  {ExitCode.SOME_FAILED:<3} differences remain
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM; run it again
  {ExitCode.REFUSED:<3} refused: the pool belongs to other tables, or too many accounts have no user
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:DescribeUserPool and ListUsers, lambda:GetFunctionConfiguration,
dynamodb:Scan, Query and BatchGetItem on the users table. With --fix also cognito-idp:AdminGetUser,
AdminDisableUser, AdminEnableUser and AdminDeleteUser, dynamodb:GetItem, PutItem, UpdateItem, DeleteItem and
ConditionCheckItem on the users table, PutItem on the audit table. With --last: only dynamodb:GetItem on the
state table."""


def add_options(parser: CommandParser) -> None:
    """Add the options of the command."""
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
        help="create missing accounts and profiles, update changed e-mail addresses and phone numbers, mark "
        "accounts without a user for deletion, and remove unconfirmed users",
    )
    parser.add_argument(
        "--max-removals",
        type=float,
        default=_DEFAULT_REMOVALS,
        metavar="PERCENT",
        help="with --fix, stop before the first change if more than this percentage of the accounts has no "
        "user in the pool (default: %(default)g)",
    )
    add_comparison_options(parser)
    parser.add_argument(
        "--unconfirmed-days",
        type=int,
        default=_DEFAULT_UNCONFIRMED_DAYS,
        metavar="N",
        help="days after which a sign-up without confirmation is a difference; 0 turns this off "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--last",
        action="store_true",
        help="only show the result of the last scheduled reconciliation",
    )
    parser.add_argument("--state-table", metavar="T", help="name of the table with that result")


def check_values(parser: CommandParser, values: argparse.Namespace) -> None:
    """Exit with the usage if a value is not allowed."""
    if not 0 <= values.max_removals <= 100:  # noqa: PLR2004 - a percentage
        parser.error(f"--max-removals must be from 0 to 100, got {values.max_removals:g}")
    check_days(parser, "--unconfirmed-days", values.unconfirmed_days)
    if values.last and (values.fix or values.report):
        parser.error("--last can't be used with --fix or --report")
    check_comparison_options(parser, values)
