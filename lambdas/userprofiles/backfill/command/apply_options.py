"""The options of `apply` for the backup, the drift and failed users."""

import argparse
import re

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.plan.backup import BackupChoice, BackupRequest
from userprofiles.backfill.plan.drift import MIN_DRIFT_USERS
from userprofiles.jobs.tolerance import Tolerance, parse_tolerance

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*%?")
_ALL = 100


def add_backup_options(parser: CommandParser) -> None:
    """Add `--backup`, `--backup-arn` and `--no-backup`, which exclude each other."""
    backup = parser.add_mutually_exclusive_group()
    backup.add_argument(
        "--backup",
        action="store_true",
        help="create an on-demand backup of the table and wait until it is available",
    )
    backup.add_argument(
        "--backup-arn", metavar="ARN", help="an existing backup of the table, which the record then names"
    )
    backup.add_argument(
        "--no-backup", action="store_true", help="go without a backup although point-in-time recovery is off"
    )


def add_drift_options(parser: CommandParser) -> None:
    """Add `--max-drift` and `--accept-drift`."""
    parser.add_argument(
        "--max-drift",
        type=_share,
        default=_share("1%"),
        metavar="P%",
        help="percentage of the planned users by which a count may differ from the plan (default: 1%%; "
        f"{MIN_DRIFT_USERS} users are always allowed)",
    )
    parser.add_argument(
        "--accept-drift", action="store_true", help="continue although the counts differ from the plan"
    )


def add_tolerance_option(parser: CommandParser) -> None:
    """Add `--tolerate`. Its value is a `Tolerance` or None."""
    parser.add_argument(
        "--tolerate",
        type=_tolerance,
        metavar="N",
        help="number of failed users, such as 100, or percentage of the planned users, such as 0.5%%, with "
        "which the run continues (default: no limit)",
    )


def read_backup_request(values: argparse.Namespace) -> BackupRequest:
    """Return the backup that the options ask for."""
    if values.backup_arn:
        return BackupRequest(BackupChoice.NAMED, values.backup_arn)
    if values.backup:
        return BackupRequest(BackupChoice.CREATE)
    return BackupRequest(BackupChoice.NONE if values.no_backup else BackupChoice.REQUIRED)


def _tolerance(text: str) -> Tolerance:
    """Read a tolerance.

    Raises:
        argparse.ArgumentTypeError: The text is not a tolerance.
    """
    try:
        return parse_tolerance(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _share(text: str) -> float:
    """Read a percentage such as ``1%`` as a share.

    Raises:
        argparse.ArgumentTypeError: The text is not a percentage.
    """
    match = _PERCENT.fullmatch(text.strip())
    if not match or float(match[1]) > _ALL:
        raise argparse.ArgumentTypeError(f"must be a percentage from 0% to 100%, such as 1%, got {text!r}")
    return float(match[1]) / _ALL
