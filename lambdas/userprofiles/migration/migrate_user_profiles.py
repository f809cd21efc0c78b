"""`migrate-user-profiles`: the profile migration README's script, with its options, lines and messages.

It needs the README's three rights and no more: dynamodb:Scan, GetItem and PutItem. With dynamodb:BatchGetItem
and dynamodb:PartiQLInsert it is faster.
"""

import shlex
import sys
from collections.abc import Sequence

from userprofiles.migration import source
from userprofiles.migration.arguments import EXIT_CODES, Parser, guarded
from userprofiles.migration.calls import Calls
from userprofiles.migration.front import Exit, Front, Options
from userprofiles.migration.job import Job, new_run_id
from userprofiles.migration.report import banner
from userprofiles.migration.shape import Shape
from userprofiles.migration.view import LinesView

DEFAULT_TABLE = "v_users_dev"


def _parser() -> Parser:
    parser = Parser(
        prog="migrate-user-profiles",
        description="Create default profiles for all existing users who don't have one.\n"
        "Region and endpoint are those of AWS_DEFAULT_REGION and AWS_ENDPOINT_URL, as for the AWS CLI.",
        epilog=EXIT_CODES,
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be created without making any changes"
    )
    parser.add_argument(
        "--table-name", default=DEFAULT_TABLE, help="the DynamoDB table (default: %(default)s)"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for the process's own.

    Returns:
        The exit code: 0 done, 1 could not start or go on, 2 some users failed, 3 stopped early, 5 refused,
        64 wrong usage.
    """
    return guarded(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        job = Job(run_id=new_run_id(), table=given.table_name, dry_run=given.dry_run)
    except ValueError as error:
        parser.error(str(error))
    out = sys.stdout
    out.write(banner(job.table, dry_run=job.dry_run) + f"\nScanning table: {job.table}\n")
    out.flush()

    def counted(calls: Calls, shape: Shape) -> None:
        out.write(f"Found {source.count_users(calls, shape)} user records\n")

    options = Options(
        resume_command=shlex.join(["userprofiles", "backfill", "run", "--table-name", job.table, "--resume"])
    )
    exit_code: Exit = Front(job, options, LinesView(dry_run=job.dry_run), counted=counted).execute()
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
