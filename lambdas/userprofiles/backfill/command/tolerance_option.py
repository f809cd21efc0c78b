"""The option for the number of failed users that a run accepts."""

import argparse

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.jobs.tolerance import Tolerance, parse_tolerance


def add_tolerance_option(parser: CommandParser) -> None:
    """Add the option `--tolerate`."""
    parser.add_argument(
        "--tolerate",
        type=_tolerance,
        metavar="N|P%",
        help="stop the run when more users than this have failed: a number, or a share of the planned users "
        "such as 0.5%% (default: no limit)",
    )


def max_failures(values: argparse.Namespace, planned_users: int) -> int | None:
    """Return the highest number of failed users, or None for no limit."""
    tolerance: Tolerance | None = values.tolerate
    return tolerance.limit(planned_users) if tolerance else None


def _tolerance(text: str) -> Tolerance:
    try:
        return parse_tolerance(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
