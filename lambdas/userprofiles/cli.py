"""`userprofiles`: the command line with tools for the users table and for clients."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from userprofiles import settings, telemetry, template
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.command import exit_code
from userprofiles.backfill.command.argument_parser import CommandParser, add_version_option, run_command
from userprofiles.backfill.command.backfill_command import BackfillCommand, CommandOptions
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.rate_option import add_rate_option
from userprofiles.backfill.job import DEFAULT_SEGMENTS, MAX_SEGMENTS, Job, new_run_id, parse_segments
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.report import format_banner
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.skip_rule import DEFAULT_FLAGS, DEFAULT_STATUSES, SkipRule
from userprofiles.backfill.table_shape import TableShape
from userprofiles.commands import (
    admin_command,
    analytics_command,
    audit_command,
    erase_command,
    export_command,
    outputs_command,
    reconcile_command,
    restore_command,
    setup_command,
    template_command,
)
from userprofiles.table import record

_EPILOG = f"""{exit_code.HELP}

Required permissions on the table: dynamodb:Scan, dynamodb:GetItem and dynamodb:PutItem. With
dynamodb:BatchGetItem and dynamodb:PartiQLInsert, the run is faster. A dry run only reads."""


def _create_parsers() -> tuple[CommandParser, CommandParser]:
    parser = CommandParser(
        prog="userprofiles",
        description="Tools for the users table and for clients.",
        epilog=f"The help of each command lists its exit codes. `backfill run` has these {exit_code.HELP}",
    )
    add_version_option(parser)
    groups = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    backfill = groups.add_parser("backfill", help="create profiles for existing users")
    commands = backfill.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        help="create the missing profiles",
        description="Create the default profile for every user of a table who has none.\n"
        "Existing items are never changed. A second run does nothing.",
        epilog=_EPILOG,
    )
    _add_run_options(run)
    admin_command.add_parsers(groups)
    outputs_command.add_parser(groups)
    analytics_command.add_parsers(groups)
    setup_command.add_parsers(groups)
    template_command.add_parsers(groups)
    audit_command.add_parsers(groups)
    export_command.add_parsers(groups)
    reconcile_command.add_parser(groups)
    erase_command.add_parser(groups)
    restore_command.add_parsers(groups)
    return parser, run


def _add_run_options(run: CommandParser) -> None:
    run.add_argument("--table-name", required=True, metavar="T", help="name of the DynamoDB table")
    run.add_argument("--dry-run", action="store_true", help="write only the report")
    run.add_argument("--endpoint-url", metavar="U", help="DynamoDB endpoint, for example of a local AWS")
    run.add_argument("--region", metavar="R", help="region of the table (default: as in the AWS CLI)")
    run.add_argument(
        "--segments",
        type=_segment_count,
        default=DEFAULT_SEGMENTS,
        metavar="N",
        help="number of segments in which the table is scanned (default: %(default)s)",
    )
    run.add_argument(
        "--only",
        type=_segment_numbers,
        default=(),
        metavar="0-3",
        help="process only these segments, such as 0-3 or 0,2,5",
    )
    add_rate_option(run)
    run.add_argument("--report", type=Path, metavar="FILE.json", help="write the report to this file")
    run.add_argument("--json", action="store_true", help="print only the report on standard output, as JSON")
    run.add_argument("--resume", action="store_true", help="resume a stopped run with the same options")
    run.add_argument(
        "--shape",
        choices=["auto", *(shape.value for shape in TableShape)],
        default="auto",
        help="shape of the table: "
        f"plain (user rows have a PK that does not begin with {record.USER_PREFIX}), "
        f"stack (user rows have SK {record.SORT_KEYS['account']}) or auto, detected from the first rows "
        "(default)",
    )
    run.add_argument(
        "--template",
        default="basic",
        metavar="NAME",
        help="template with the defaults of the profile: a name, or the path of a .json file "
        "(default: %(default)s)",
    )
    run.add_argument(
        "--status-values",
        type=_non_empty_list,
        default=DEFAULT_STATUSES,
        metavar="A,B",
        help=f"values of `status` whose users are skipped (default: {','.join(DEFAULT_STATUSES)})",
    )
    run.add_argument(
        "--flags",
        type=_non_empty_list,
        default=DEFAULT_FLAGS,
        metavar="A,B",
        help="attributes that are checked for inactive and deleted users "
        f"(default: {','.join(DEFAULT_FLAGS)})",
    )


def _segment_count(text: str) -> int:
    """Read a number; `Job` checks its range.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {MAX_SEGMENTS:,}, got {text!r}. Leave the option out for "
            f"{DEFAULT_SEGMENTS}."
        ) from None


def _segment_numbers(text: str) -> tuple[int, ...]:
    """Read the numbers of `--only`.

    Raises:
        argparse.ArgumentTypeError: The text is not a list of numbers and ranges.
    """
    try:
        return parse_segments(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _non_empty_list(text: str) -> tuple[str, ...]:
    """Split a comma-separated list.

    Raises:
        argparse.ArgumentTypeError: It is empty, perhaps from an unset shell variable. Without any rule,
            deleted users would get profiles.
    """
    values = settings.split_list(text)
    if not values:
        raise argparse.ArgumentTypeError(
            f"must have at least one value, got {text!r}. Leave the option out for its default."
        )
    return values


def main(arguments: Sequence[str] | None = None, limits: Limits = COMMAND_LINE) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; None for that of the process.
        limits: Sizes and times of the run.

    Returns:
        The exit code, an `ExitCode`.
    """
    return run_command(lambda: _run(sys.argv[1:] if arguments is None else list(arguments), limits))


def _run(arguments: list[str], limits: Limits) -> int:
    parser, run = _create_parsers()
    parser.as_json = run.as_json = "--json" in arguments
    values, unknown = parser.parse_known_args(arguments)
    if "execute" in values:
        if unknown:
            getattr(values, "parser", parser).error(f"unrecognized arguments: {shlex.join(unknown)}")
        with telemetry.request_id_of_run():
            return int(values.execute(values))
    if unknown:
        run.error(f"unrecognized arguments: {shlex.join(unknown)}")
    return _backfill(arguments, values, run, limits)


def _backfill(
    arguments: list[str], values: argparse.Namespace, run: CommandParser, limits: Limits
) -> exit_code.ExitCode:
    try:
        template.load(values.template)
        job = Job(
            run_id=new_run_id(),
            table=values.table_name,
            dry_run=values.dry_run,
            segments=values.segments,
            only=values.only,
            rule=SkipRule(values.status_values, values.flags),
            shape=TableShape.PLAIN if values.shape == "auto" else TableShape(values.shape),
            is_shape_explicit=values.shape != "auto",
            template=values.template,
        )
    except ValueError as error:
        run.error(str(error))
    if values.resume and values.dry_run:
        run.error(
            "--resume can't be used with --dry-run: a dry run writes no checkpoint. Run without --resume."
        )
    if values.report and values.report.suffix.lower() not in {"", ".json"}:
        run.error(
            f"--report {values.report}: the report is written as JSON only. Use a name that ends with .json"
        )
    if values.report and (values.report.is_dir() or not os.access(values.report.absolute().parent, os.W_OK)):
        run.error(f"--report {values.report}: must be a file in a directory that exists and is writable")
    arguments_without_resume = [argument for argument in arguments if argument != "--resume"]
    options = CommandOptions(
        region=values.region,
        endpoint_url=values.endpoint_url,
        report=values.report,
        as_json=values.json,
        resume=values.resume,
        has_connection_options=True,
        rate=values.rate,
        resume_command=shlex.join(["userprofiles", *arguments_without_resume, "--resume"]),
    )
    if not values.json:
        Output().write(format_banner(job.table, dry_run=job.dry_run) + "\n")
    view = ProgressView(limits)

    def start_view(calls: Calls, job: Job, states: Sequence[SegmentState]) -> None:
        rows = sum(state.rows for state in states)
        view.start(rows, lambda: _expected_rows(calls, job))

    return BackfillCommand(job, options, view, limits, on_start=start_view).execute()


def _expected_rows(calls: Calls, job: Job) -> int | None:
    """Return about how many rows the segments of a job have, or None if DynamoDB does not say it."""
    items = calls.item_count()
    return None if items is None else round(items * len(list(job.segment_numbers)) / job.segments)


if __name__ == "__main__":
    sys.exit(main())
