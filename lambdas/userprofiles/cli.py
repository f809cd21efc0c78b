"""`userprofiles`: the command line of what runs in AWS."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from userprofiles import template
from userprofiles.migration.arguments import EXIT_CODES, Parser, guarded
from userprofiles.migration.front import Front, Options
from userprofiles.migration.job import DEFAULT_SEGMENTS, Job, new_run_id, parse_segments
from userprofiles.migration.report import banner
from userprofiles.migration.rule import DEFAULT_FLAGS, DEFAULT_STATUSES, SkipRule
from userprofiles.migration.shape import Shape
from userprofiles.migration.view import ProgressView

_EPILOG = f"""{EXIT_CODES}

It needs dynamodb:Scan, dynamodb:GetItem and dynamodb:PutItem on the table, and is faster with
dynamodb:BatchGetItem and dynamodb:PartiQLInsert. A dry run needs the reading ones only."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _parser() -> tuple[Parser, Parser]:
    parser = Parser(prog="userprofiles", description="Tools for the users table.", epilog=EXIT_CODES)
    groups = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    backfill = groups.add_parser("backfill", help="create profiles for users who were there before")
    commands = backfill.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        help="create the missing profiles",
        description="Create a default profile for every user of a table who has none.\n"
        "Nothing that exists is changed, and running it again does nothing.",
        epilog=_EPILOG,
    )
    run.add_argument("--table-name", required=True, metavar="T", help="the DynamoDB table")
    run.add_argument("--dry-run", action="store_true", help="write nothing but the report")
    run.add_argument("--endpoint-url", metavar="U", help="another endpoint, such as that of a local AWS")
    run.add_argument("--region", metavar="R", help="the table's region (default: as the AWS CLI finds it)")
    run.add_argument(
        "--segments",
        type=int,
        default=DEFAULT_SEGMENTS,
        metavar="N",
        help="parts to cut the table into for reading (default: %(default)s)",
    )
    run.add_argument("--only", metavar="0-3", help="work on these segments only, such as 0-3 or 0,2,5")
    run.add_argument("--report", type=Path, metavar="FILE.json", help="write the report into this file")
    run.add_argument("--json", action="store_true", help="print the report, and nothing else, on stdout")
    run.add_argument("--resume", action="store_true", help="go on with a stopped run of the same options")
    run.add_argument(
        "--shape",
        choices=["auto", *(shape.value for shape in Shape)],
        default="auto",
        help="the table's shape: plain (user rows have a PK that does not begin with USER#), stack (user "
        "rows have SK ACCOUNT#MAIN) or auto, which looks (default)",
    )
    run.add_argument(
        "--template",
        default="basic",
        metavar="NAME",
        help="the template whose profile defaults are used: a name, or the path of a .json file "
        "(default: %(default)s)",
    )
    run.add_argument(
        "--status-values",
        type=_words,
        default=DEFAULT_STATUSES,
        metavar="A,B",
        help=f"values of `status` that leave a user out (default: {','.join(DEFAULT_STATUSES)})",
    )
    run.add_argument(
        "--flags",
        type=_words,
        default=DEFAULT_FLAGS,
        metavar="A,B",
        help=f"attributes that leave a user out (default: {','.join(DEFAULT_FLAGS)})",
    )
    return parser, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for the process's own.

    Returns:
        The exit code: 0 done, 1 could not start or go on, 2 some users failed, 3 stopped early, 5 refused,
        64 wrong usage.
    """
    return guarded(lambda: _backfill(sys.argv[1:] if arguments is None else list(arguments)))


def _backfill(arguments: list[str]) -> int:
    parser, run = _parser()
    parser.as_json = run.as_json = "--json" in arguments
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        run.error(f"unrecognized arguments: {shlex.join(unknown)}")
    try:
        template.load(given.template)
        job = Job(
            run_id=new_run_id(),
            table=given.table_name,
            dry_run=given.dry_run,
            segments=given.segments,
            only=parse_segments(given.only) if given.only is not None else (),
            rule=SkipRule(given.status_values, given.flags),
            shape=None if given.shape == "auto" else Shape(given.shape),
            shape_given=given.shape != "auto",
            template=given.template,
        )
    except ValueError as error:
        run.error(str(error))
    if given.resume and given.dry_run:
        run.error("--resume: a dry run keeps nothing to go on with; run it again")
    if given.report and (given.report.is_dir() or not os.access(given.report.absolute().parent, os.W_OK)):
        run.error(f"--report {given.report}: there is no such folder, or nothing can be written there")
    again = [argument for argument in arguments if argument != "--resume"]
    options = Options(
        region=given.region,
        endpoint_url=given.endpoint_url,
        report=given.report,
        as_json=given.json,
        resume=given.resume,
        place_options=True,
        resume_command=shlex.join(["userprofiles", *again, "--resume"]),
    )
    if not given.json:
        print(banner(job.table, dry_run=job.dry_run), flush=True)
    return Front(job, options, ProgressView()).execute()


if __name__ == "__main__":
    sys.exit(main())
