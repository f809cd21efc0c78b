"""The options of the commands that compare a table with the user pool: `reconcile` and `restore check`."""

import argparse
from pathlib import Path

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.commands.command_errors import check_writable

_MAX_DAYS = 365
_DEFAULT_GRACE_DAYS = 30
_DEFAULT_RATE = 10.0
_MAX_RATE = 1_000


def add_comparison_options(parser: CommandParser) -> None:
    """Add `--grace-days`, `--report` and `--requests-per-second`."""
    parser.add_argument(
        "--grace-days",
        type=int,
        default=_DEFAULT_GRACE_DAYS,
        metavar="N",
        help="with --fix, days between a deletion request and the erasure (default: %(default)s)",
    )
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report to this file")
    parser.add_argument(
        "--requests-per-second",
        type=float,
        default=_DEFAULT_RATE,
        metavar="N",
        help="requests to Cognito per second (default: %(default)g)",
    )


def check_comparison_options(parser: CommandParser, values: argparse.Namespace) -> None:
    """Exit with the usage if a value of these options is not allowed."""
    if not 0 < values.requests_per_second <= _MAX_RATE:
        parser.error(
            f"--requests-per-second must be above 0 and at most {_MAX_RATE:,}, got "
            f"{values.requests_per_second:g}"
        )
    check_days(parser, "--grace-days", values.grace_days)
    check_writable(parser, "--report", values.report)


def check_days(parser: CommandParser, option: str, days: int) -> None:
    """Exit with the usage if a number of days is not allowed."""
    if not 0 <= days <= _MAX_DAYS:
        parser.error(f"{option} must be from 0 to {_MAX_DAYS}, got {days}")
