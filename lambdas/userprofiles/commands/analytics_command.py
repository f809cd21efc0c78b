"""`userprofiles analytics`: statistics of a users table."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles import aws, settings, telemetry
from userprofiles import template as templates
from userprofiles.analytics import html_page, snapshots
from userprofiles.analytics.statistics import Statistics
from userprofiles.analytics.table_scan import TableScan
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.job import DEFAULT_SEGMENTS
from userprofiles.backfill.limits import COMMAND_LINE, Limits
from userprofiles.backfill.report import write_file
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.commands.analytics_text import format_json, format_text
from userprofiles.commands.command_errors import (
    check_writable,
    file_error,
    print_errors,
)
from userprofiles.commands.stack_options import add_stack_options, create_stack
from userprofiles.table import record

METRIC = "ProfileCompletionRate"
_MAX_SEGMENTS = 1_000
_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} done
  {ExitCode.FAILED:<3} could not start or continue: credentials, table, permissions, network, disk
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM: no file was written
  {ExitCode.REFUSED:<3} refused: the file of --snapshots is damaged, or belongs to another table
  {ExitCode.USAGE:<3} wrong usage

Required permission: dynamodb:Scan on the table; dynamodb:DescribeTable for the estimated time;
cloudwatch:PutMetricData for --put-metric. The output has counts only, no personal data."""


def add_parsers(groups: Any) -> None:
    """Add `analytics` to the commands."""
    parser = groups.add_parser(
        "analytics",
        help="statistics of a users table",
        description="Scan a users table once and count users by role, status, completion and day of sign-up.",
        epilog=_EPILOG,
    )
    parser.set_defaults(execute=lambda values: run_parsed(parser, values))
    add_stack_options(parser, has_pool=False, has_audit_table=False)
    parser.add_argument(
        "--template",
        default=settings.template_name({}),
        metavar="NAME",
        help="the stack's template: a name, or the path of a .json file (default: %(default)s)",
    )
    parser.add_argument(
        "--segments",
        type=int,
        default=DEFAULT_SEGMENTS,
        metavar="N",
        help="number of segments in which the table is scanned (default: %(default)s)",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write one HTML page with charts")
    parser.add_argument(
        "--snapshots",
        type=Path,
        metavar="FILE.jsonl",
        help="append the counts of today (UTC) to this file once a day; --html shows the trends",
    )
    parser.add_argument(
        "--put-metric",
        action="store_true",
        help=f"send the completion rate to CloudWatch ({telemetry.NAMESPACE} {METRIC})",
    )


def run_parsed(parser: CommandParser, values: argparse.Namespace, limits: Limits = COMMAND_LINE) -> ExitCode:
    """Run the command and return its exit code."""
    parser.as_json = values.json
    if not 1 <= values.segments <= _MAX_SEGMENTS:
        parser.error(f"--segments must be from 1 to {_MAX_SEGMENTS:,}, got {values.segments}")
    check_writable(parser, "--html", values.html)
    check_writable(parser, "--snapshots", values.snapshots)
    try:
        template = templates.load(values.template)
    except templates.TemplateError as error:
        parser.error(str(error))
    stack = create_stack(parser, values, ("users_table",))
    values.users_table, values.endpoint_url = stack.users_table, stack.endpoint_url
    stop = Stop()
    with stop_on_signals(stop.request):
        return print_errors(lambda: _run(values, template, stop, limits), as_json=values.json)


def _run(values: argparse.Namespace, template: templates.Template, stop: Stop, limits: Limits) -> ExitCode:
    try:
        old_snapshots = snapshots.read(values.snapshots, values.users_table) if values.snapshots else []
    except OSError as error:
        raise file_error("--snapshots", values.snapshots, error) from error
    progress = ProgressLine(limits)
    try:
        statistics = _scan(values, template, stop, limits, progress)
    except StoppedError:
        raise StoppedError("Stopped. No file was written. Run the command again.") from None
    finally:
        progress.clear()
    now = datetime.now(UTC)
    is_appended = False
    if values.snapshots:
        try:
            old_snapshots, is_appended = snapshots.append_daily(
                values.snapshots,
                old_snapshots,
                values.users_table,
                now.date().isoformat(),
                statistics.totals(),
            )
        except OSError as error:
            raise file_error("--snapshots", values.snapshots, error) from error
    time = record.timestamp(now)
    if values.html:
        page = html_page.build_page(values.users_table, time, statistics, old_snapshots, now.date())
        try:
            write_file(values.html, [page])
        except OSError as error:
            raise file_error("--html", values.html, error) from error
    if values.put_metric:
        _put_metric(values, statistics)
    if values.json:
        Output().write(format_json(values.users_table, time, statistics))
    else:
        Output().write(format_text(values.users_table, statistics, now.date()))
        if values.snapshots and not is_appended:
            progress.show_message(f"{values.snapshots} has a snapshot of today. It was not changed.")
    return ExitCode.DONE


def _scan(
    values: argparse.Namespace,
    template: templates.Template,
    stop: Stop,
    limits: Limits,
    progress: ProgressLine,
) -> Statistics:
    client, location = create_client(
        values.users_table,
        limits=limits,
        region=values.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )
    calls = Calls(client, location, stop, limits)
    progress.start(0, calls.item_count)

    def show_progress(rows: int, users: int) -> None:
        if progress.is_due:
            progress.show(rows, f"{users:,} users")

    return TableScan(
        client,
        location,
        template,
        segments=values.segments,
        stop=stop,
        limits=limits,
        on_page=show_progress,
    ).execute()


def _put_metric(values: argparse.Namespace, statistics: Statistics) -> None:
    try:
        aws.client("cloudwatch", region=values.region, endpoint_url=values.endpoint_url).put_metric_data(
            Namespace=telemetry.NAMESPACE,
            MetricData=[
                {
                    "MetricName": METRIC,
                    "Dimensions": [{"Name": "table", "Value": values.users_table}],
                    "Value": statistics.completion_rate,
                    "Unit": "Percent",
                }
            ],
        )
    except (ClientError, BotoCoreError) as error:
        raise BackfillFailedError(
            ErrorKind.SERVICE,
            f"The metric can't be sent to CloudWatch: {telemetry.error_code(error)}.\n"
            "Check the permission cloudwatch:PutMetricData and the network. Files are already written.",
        ) from error
