"""`migrate-user-profiles`: the profile migration README's script, with its options, lines and messages.

It needs the README's three rights and no more: dynamodb:Scan, GetItem and PutItem. With dynamodb:BatchGetItem
and dynamodb:PartiQLInsert it is faster.
"""

import shlex
import sys
from collections.abc import Sequence

from userprofiles.backfill import source
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.command import exit_code
from userprofiles.backfill.command.argument_parser import Parser, guarded
from userprofiles.backfill.command.backfill_command import Front, Options
from userprofiles.backfill.command.progress_view import LinesView
from userprofiles.backfill.job import Job, new_run_id
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.report import banner
from userprofiles.backfill.table_shape import Shape

DEFAULT_TABLE = "v_users_dev"


def _parser() -> Parser:
    parser = Parser(
        prog="migrate-user-profiles",
        description="Create default profiles for all existing users who don't have one.\n"
        "Region and endpoint are those of AWS_DEFAULT_REGION and AWS_ENDPOINT_URL, as for the AWS CLI.",
        epilog=exit_code.HELP,
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be created without making any changes"
    )
    parser.add_argument(
        "--table-name", default=DEFAULT_TABLE, help="the DynamoDB table (default: %(default)s)"
    )
    return parser


def main(arguments: Sequence[str] | None = None, limits: Limits = COMMAND_LINE) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for the process's own.
        limits: Sizes and times of the run.

    Returns:
        The exit code, one of `exit_code.Exit`.
    """
    return guarded(lambda: _main(arguments, limits))


def _main(arguments: Sequence[str] | None, limits: Limits) -> exit_code.Exit:
    parser = _parser()
    values = parser.parse_args(arguments)
    try:
        job = Job(run_id=new_run_id(), table=values.table_name, dry_run=values.dry_run)
    except ValueError as error:
        parser.error(str(error))
    out = sys.stdout
    out.write(banner(job.table, dry_run=job.dry_run) + f"\nScanning table: {job.table}\n")
    out.flush()

    def announce(calls: Calls, shape: Shape) -> None:
        out.write(f"Found {source.count_users(calls, shape)} user records\n")

    options = Options(
        resume_command=shlex.join(["userprofiles", "backfill", "run", "--table-name", job.table, "--resume"])
    )
    return Front(job, options, LinesView(dry_run=job.dry_run), limits, before=announce).execute()


if __name__ == "__main__":
    sys.exit(main())
