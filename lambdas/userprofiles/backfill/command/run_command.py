"""`userprofiles backfill run`: creates the missing profiles in one step, with a checkpoint file."""

import argparse
import shlex
from collections.abc import Sequence
from typing import Any

from userprofiles.backfill.command import exit_code
from userprofiles.backfill.command.backfill_command import BackfillCommand, CommandOptions
from userprofiles.backfill.command.job_options import (
    add_connection_options,
    add_profile_options,
    add_segment_options,
    create_job,
)
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.rate_option import add_rate_option
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.job import Job, new_run_id
from userprofiles.backfill.report import format_banner
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tables.calls import Calls

_EPILOG = f"""{exit_code.HELP}

Required permissions on the table: dynamodb:Scan, dynamodb:GetItem and dynamodb:PutItem. With
dynamodb:BatchGetItem and dynamodb:PartiQLInsert, the run is faster. With dynamodb:DeleteItem and
dynamodb:ConditionCheckItem, it removes the new profiles of users who are deleted during the run. A dry run
only reads."""


def add_parser(commands: Any) -> None:
    """Add the command `run`."""
    run = commands.add_parser(
        "run",
        help="create the missing profiles",
        description="Create the default profile for every user of a table who has none.\n"
        "Existing items are never changed. A second run does nothing.",
        epilog=_EPILOG,
    )
    run.add_argument("--table-name", required=True, metavar="T", help="name of the DynamoDB table")
    run.add_argument("--dry-run", action="store_true", help="write only the report")
    add_connection_options(run)
    add_segment_options(run)
    add_rate_option(run)
    add_report_option(run)
    run.add_argument("--json", action="store_true", help="print only the report on standard output, as JSON")
    run.add_argument("--resume", action="store_true", help="resume a stopped run with the same options")
    add_profile_options(run)
    run.set_defaults(execute=_execute, parser=run)


def _execute(values: argparse.Namespace) -> exit_code.ExitCode:
    run, limits = values.parser, values.limits
    try:
        job = create_job(values, new_run_id(), dry_run=values.dry_run)
    except ValueError as error:
        run.error(str(error))
    if values.resume and values.dry_run:
        run.error(
            "--resume can't be used with --dry-run: a dry run writes no checkpoint. Run without --resume."
        )
    check_report_option(run, values)
    arguments_without_resume = [argument for argument in values.arguments if argument != "--resume"]
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
        view.start(rows, lambda: expected_rows(calls, job))

    return BackfillCommand(job, options, view, limits, on_start=start_view).execute()


def expected_rows(calls: Calls, job: Job) -> int | None:
    """Return about how many rows the segments of a job have, or None if DynamoDB does not say it."""
    items = calls.item_count()
    return None if items is None else round(items * len(list(job.segment_numbers)) / job.segments)
