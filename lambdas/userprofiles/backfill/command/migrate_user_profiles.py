"""`migrate-user-profiles`: the script of the profile migration README, with its options, lines and messages.

It needs only the three permissions of the README: dynamodb:Scan, GetItem and PutItem. With
dynamodb:BatchGetItem and dynamodb:PartiQLInsert it is faster.
"""

import shlex
import sys
from collections.abc import Sequence

from userprofiles.backfill.command import exit_code
from userprofiles.backfill.command.argument_parser import CommandParser, add_version_option, run_command
from userprofiles.backfill.command.backfill_command import BackfillCommand, CommandOptions
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import UserLinesView
from userprofiles.backfill.job import Job, new_run_id
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.report import format_banner
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tables import table_scan
from userprofiles.backfill.tables.calls import Calls

DEFAULT_TABLE = "v_users_dev"


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="migrate-user-profiles",
        description="Create default profiles for all existing users who don't have one.\n"
        "Region and endpoint come from AWS_REGION (or AWS_DEFAULT_REGION) and AWS_ENDPOINT_URL, as in the\n"
        "AWS CLI.",
        epilog=exit_code.HELP,
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be created without making any changes"
    )
    parser.add_argument(
        "--table-name", default=DEFAULT_TABLE, help="the DynamoDB table (default: %(default)s)"
    )
    add_version_option(parser)
    return parser


def main(arguments: Sequence[str] | None = None, limits: Limits = COMMAND_LINE) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for that of the process.
        limits: Sizes and times of the run.

    Returns:
        The exit code, an `ExitCode`.
    """
    return run_command(lambda: _main(arguments, limits))


def _main(arguments: Sequence[str] | None, limits: Limits) -> exit_code.ExitCode:
    parser = _parser()
    values = parser.parse_args(arguments)
    try:
        job = Job(run_id=new_run_id(), table=values.table_name, dry_run=values.dry_run)
    except ValueError as error:
        parser.error(str(error))
    out = Output()
    out.write(format_banner(job.table, dry_run=job.dry_run) + f"\nScanning table: {job.table}\n")

    def print_user_count(calls: Calls, job: Job, _: Sequence[SegmentState]) -> None:
        out.write(f"Found {table_scan.count_users(calls, job.shape)} user records\n")

    options = CommandOptions(
        resume_command=shlex.join(["userprofiles", "backfill", "run", "--table-name", job.table, "--resume"])
    )
    return BackfillCommand(
        job, options, UserLinesView(dry_run=job.dry_run), limits, on_start=print_user_count
    ).execute()


if __name__ == "__main__":
    sys.exit(main())
