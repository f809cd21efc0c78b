"""`userprofiles`: the command line of what runs in AWS."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from userprofiles import template
from userprofiles.backfill.command import exit_code
from userprofiles.backfill.command.argument_parser import Parser, guarded
from userprofiles.backfill.command.backfill_command import Front, Options
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.job import DEFAULT_SEGMENTS, Job, new_run_id, parse_segments
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.report import banner
from userprofiles.backfill.skip_rule import DEFAULT_FLAGS, DEFAULT_STATUSES, SkipRule
from userprofiles.backfill.table_shape import Shape
from userprofiles.table import record

_EPILOG = f"""{exit_code.HELP}

It needs dynamodb:Scan, dynamodb:GetItem and dynamodb:PutItem on the table, and is faster with
dynamodb:BatchGetItem and dynamodb:PartiQLInsert. A dry run needs the reading ones only."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _parser() -> tuple[Parser, Parser]:
    parser = Parser(prog="userprofiles", description="Tools for the users table.", epilog=exit_code.HELP)
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
        help=f"the table's shape: plain (user rows have a PK that does not begin with {record.USER_PREFIX}), "
        f"stack (user rows have SK {record.SORT_KEYS['account']}) or auto, decided by the first rows "
        "(default)",
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


def main(arguments: Sequence[str] | None = None, limits: Limits = COMMAND_LINE) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for the process's own.
        limits: Sizes and times of the run.

    Returns:
        The exit code, one of `exit_code.Exit`.
    """
    return guarded(lambda: _backfill(sys.argv[1:] if arguments is None else list(arguments), limits))


def _backfill(arguments: list[str], limits: Limits) -> exit_code.Exit:
    parser, run = _parser()
    parser.as_json = run.as_json = "--json" in arguments
    values, unknown = parser.parse_known_args(arguments)
    if unknown:
        run.error(f"unrecognized arguments: {shlex.join(unknown)}")
    try:
        template.load(values.template)
        job = Job(
            run_id=new_run_id(),
            table=values.table_name,
            dry_run=values.dry_run,
            segments=values.segments,
            only=parse_segments(values.only) if values.only is not None else (),
            rule=SkipRule(values.status_values, values.flags),
            shape=None if values.shape == "auto" else Shape(values.shape),
            shape_given=values.shape != "auto",
            template=values.template,
        )
    except ValueError as error:
        run.error(str(error))
    if values.resume and values.dry_run:
        run.error("--resume: a dry run keeps nothing to go on with; run it again")
    if values.report and (values.report.is_dir() or not os.access(values.report.absolute().parent, os.W_OK)):
        run.error(f"--report {values.report}: there is no such folder, or nothing can be written there")
    again = [argument for argument in arguments if argument != "--resume"]
    options = Options(
        region=values.region,
        endpoint_url=values.endpoint_url,
        report=values.report,
        as_json=values.json,
        resume=values.resume,
        place_options=True,
        resume_command=shlex.join(["userprofiles", *again, "--resume"]),
    )
    if not values.json:
        print(banner(job.table, dry_run=job.dry_run), flush=True)
    return Front(job, options, ProgressView(limits), limits).execute()


if __name__ == "__main__":
    sys.exit(main())
