"""`userprofiles backfill plan`: shows what a run would do, and writes it to a file for `apply`."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from userprofiles.backfill.command import connection
from userprofiles.backfill.command.engine import LOCAL, STEP_FUNCTIONS, check_state_machine_job
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.job_options import (
    add_connection_options,
    add_profile_options,
    add_segment_options,
    create_job,
)
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.plan_text import format_differences, format_plan
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.rate_option import add_rate_option, resolve_rate
from userprofiles.backfill.command.run_command import expected_rows
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.command.source_options import add_source_options, read_source, source_segments
from userprofiles.backfill.command.view_observer import ViewObserver
from userprofiles.backfill.job import Job, new_run_id
from userprofiles.backfill.plan.plan_file import diff_plans, read_plan, write_plan
from userprofiles.backfill.plan.planner import Planner
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls

_EPILOG = """exit codes:
  0   the plan is written, also if it counts users that would fail
  1   could not read or write: credentials, table, source, permissions, network, disk
  3   stopped by Ctrl-C or SIGTERM: run it again
  5   rejected: the source, the mapping, the roles or the rate do not fit, or the table has user rows of
      both shapes
  64  wrong usage

Required permissions on the table: dynamodb:DescribeTable, dynamodb:Scan and dynamodb:GetItem. With
dynamodb:BatchGetItem, the plan is faster. With dynamodb:DescribeContinuousBackups and
dynamodb:DescribeTimeToLive, it has more warnings. A plan writes nothing to the table or to a ledger."""


def add_parser(commands: Any) -> None:
    """Add the command `plan`, and `plan diff`."""
    plan = commands.add_parser(
        "plan",
        help="show what a run would do, and write a plan for `apply`",
        description="Read the whole source and write a plan: counts, samples, cost, duration and warnings.\n"
        "`userprofiles backfill apply PLAN` carries it out.",
        epilog=_EPILOG,
    )
    plan.add_argument("--table-name", metavar="T", help="name of the DynamoDB table (required)")
    plan.add_argument(
        "--output", type=Path, metavar="FILE.json", help="file of the plan (default: backfill-plan-<ID>.json)"
    )
    plan.add_argument("--out", type=Path, dest="output", help=argparse.SUPPRESS)  # its former name
    add_connection_options(plan)
    add_segment_options(plan)
    add_rate_option(plan)
    plan.add_argument(
        "--engine",
        choices=[LOCAL, STEP_FUNCTIONS],
        default=LOCAL,
        help="what will carry out the plan; with stepfunctions, check that the state machine can do it. This "
        "process makes the plan in any case, because it only reads (default: %(default)s)",
    )
    add_source_options(plan)
    add_profile_options(plan, "; required with another source than table")
    plan.add_argument("--json", action="store_true", help="print only the plan on standard output, as JSON")
    plan.set_defaults(execute=_execute_plan, parser=plan)
    _add_diff_parser(plan.add_subparsers(title="commands", metavar="[diff PLAN_A PLAN_B]"))


def _add_diff_parser(commands: Any) -> None:
    diff = commands.add_parser(
        "diff",
        help="compare two plans",
        description="Show what differs between two plans. Ids, times and samples are left out.",
        epilog="exit codes:\n  0   the plans are the same\n  1   a file can't be read\n"
        "  2   the plans differ\n  5   a file is not a plan, or was changed\n  64  wrong usage",
    )
    diff.add_argument("first", type=Path, metavar="PLAN_A")
    diff.add_argument("second", type=Path, metavar="PLAN_B")
    diff.add_argument("--json", action="store_true", help="print the differences as JSON")
    diff.set_defaults(execute=_execute_diff, parser=diff)


def _execute_plan(values: argparse.Namespace) -> ExitCode:
    parser = values.parser
    if not values.table_name:
        parser.error("the following arguments are required: --table-name")
    run_id = new_run_id()
    path = values.output or Path(f"backfill-plan-{run_id}.json")
    _check_path(parser, path)
    view = ProgressView(values.limits)
    stop = Stop()

    def plan() -> ExitCode:
        try:
            source = read_source(values, warn=lambda text: view.show_message(f"Warning: {text}"))
            values.segments = source_segments(source) or values.segments
            job = create_job(values, run_id, source=source)
            if values.engine == STEP_FUNCTIONS:
                check_state_machine_job(job)
        except ValueError as error:
            parser.error(str(error))
        return _write_plan(values, job, path, view, stop)

    with stop_on_signals(stop.request):
        return run_with_error_report(plan, view.show_message, as_json=values.json)


def _write_plan(values: argparse.Namespace, job: Job, path: Path, view: ProgressView, stop: Stop) -> ExitCode:
    client, location = connection.create_client(
        job.table,
        limits=values.limits,
        region=values.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )
    job = dataclasses.replace(job, rate=resolve_rate(values.rate, client, location))
    planner = Planner(client, location, stop=stop, observer=ViewObserver(view), limits=values.limits)

    def start(calls: Calls, job: Job) -> None:
        view.start(0, lambda: expected_rows(calls, job))

    plan = planner.plan(job, on_start=start)
    write_plan(plan, path)
    text = (
        json.dumps(plan.document, indent=2)
        if values.json
        else format_plan(plan, path, _apply_options(values))
    )
    Output().write(text + "\n")
    return ExitCode.DONE


def _apply_options(values: argparse.Namespace) -> list[str]:
    """Return the options with which `apply` has the same engine and connection."""
    options = {
        "--engine": values.engine if values.engine != LOCAL else None,
        "--region": values.region,
        "--endpoint-url": values.endpoint_url,
    }
    return [text for name, value in options.items() if value for text in (name, value)]


def _check_path(parser: Any, path: Path) -> None:
    if path.exists():
        parser.error(f"--output {path}: the file exists. Delete it, or name another file.")
    if not os.access(path.absolute().parent, os.W_OK):
        parser.error(f"--output {path}: must be in a directory that exists and is writable")


def _execute_diff(values: argparse.Namespace) -> ExitCode:
    view = ProgressView(values.limits)

    def diff() -> ExitCode:
        differences = diff_plans(read_plan(values.first), read_plan(values.second))
        text = json.dumps({"differences": differences}) if values.json else format_differences(differences)
        Output().write(text + "\n")
        return ExitCode.SOME_FAILED if differences else ExitCode.DONE

    return run_with_error_report(diff, view.show_message, as_json=values.json)
