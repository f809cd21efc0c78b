"""`userprofiles import postflight`: the checklist after the cut-over."""

import argparse
from collections import Counter
from datetime import datetime
from typing import Any

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.check_output import show_checks
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.legacy_options import (
    add_connection_options,
    add_pace_options,
    add_source_option,
    read_number,
    source_text,
)
from userprofiles.commands.legacy_review import (
    open_setup,
    open_stages,
    read_imported,
    read_plan_of,
    use_stack_of_job,
)
from userprofiles.commands.stack_options import use_endpoint_of_outputs
from userprofiles.jobs.ledger import Ledger
from userprofiles.legacy.checklists.imported_records import ImportedRecords
from userprofiles.legacy.checklists.postflight import PostflightInput, postflight
from userprofiles.legacy.checklists.sample import USERS
from userprofiles.legacy.claims import ClaimedUsers
from userprofiles.legacy.job.import_run import read_unit_states
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.table_calls import TableCalls

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} everything is ok
  {ExitCode.FAILED:<3} could not check: credentials, region, network, source or ledger
  {ExitCode.SOME_FAILED:<3} something failed, or could not be checked: each line has its fix
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM: run it again
  {ExitCode.REFUSED:<3} rejected: no such run, or the options name another stack
  {ExitCode.USAGE:<3} wrong usage

Required permissions: those of `import verify`; dynamodb:Query on the users table; s3:PutObject, GetObject,
ListBucketVersions and DeleteObjectVersion on the media bucket; cloudwatch:GetMetricData. One test object is
written to the media bucket and deleted. Nothing else is changed."""


def add_parser(commands: Any) -> None:
    """Add the command `postflight`."""
    parser = commands.add_parser(
        "postflight",
        help="check users, content, files, uploads and problems after the cut-over",
        description="Check the result of an import, and the problems since the new application went live.\n"
        "Each line is ok, or has its fix.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", metavar="RUN", help="ID of the run, from `userprofiles runs list`")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--sample", type=read_number, default=USERS, metavar="N", help="users (default: %(default)s)"
    )
    size.add_argument("--all", action="store_true", help="check all users and all content")
    parser.add_argument(
        "--cut-over",
        type=_read_time,
        metavar="TIME",
        help="when the new application went live, such as 2026-01-31T08:00Z: in the past, at most 63 days "
        "ago (without it, errors and feedback are not checked, and the exit code is 2)",
    )
    parser.add_argument(
        "--max-problems",
        type=read_number,
        default=0,
        metavar="N",
        help="errors and complaints since the cut-over that you accept (default: %(default)s)",
    )
    add_source_option(parser, "that of the plan, or ")
    add_pace_options(parser)
    add_ledger_options(parser)
    add_connection_options(parser)
    parser.set_defaults(execute=_execute, parser=parser)


def _read_time(text: str) -> datetime:
    """Read a time with its time zone.

    Raises:
        argparse.ArgumentTypeError: It is not one.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"must be a time with its time zone, such as 2026-01-31T08:00Z, got {text!r}"
        )
    return moment


def _execute(values: argparse.Namespace) -> ExitCode:
    values.parser.as_json = values.json
    if not values.sample:
        values.parser.error("--sample 0: must be at least 1")
    use_endpoint_of_outputs(values.parser, values)
    stop = Stop()
    with stop_on_signals(stop.request):
        return print_errors(
            lambda: _check(values, open_ledger(values, values.limits), stop), as_json=values.json
        )


def _check(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    run, job = read_imported(ledger, values.run)
    plan = read_plan_of(run)
    use_stack_of_job(values, run, job)
    with command_errors(), legacy_setup.open_documents(source_text(values, plan)) as source:
        setup = open_setup(values, run, job, plan, stop)
        reader = setup.reader(source, plan.part)
        records = ImportedRecords(reader, setup.mapping, None if values.all else values.sample)
        stack = setup.target.stack
        calls = TableCalls(stack.client("dynamodb"), stack.users_table, stop=stop, limits=values.limits)
        with open_stages(setup, run.run_id, job, plan) as stages:
            outcomes: dict[str, Counter[Outcome]] = {}
            with ledger_errors():
                for state in read_unit_states(ledger, run, reader.units(stages)):
                    counts = {Outcome(name): count for name, count in state.outcomes.items()}
                    outcomes.setdefault(state.unit.stage, Counter()).update(counts)
            checks = postflight(
                PostflightInput(
                    stack=stack,
                    stages=stages,
                    read_users=records.users,
                    read_contents=records.contents,
                    outcomes=outcomes,
                    users=ClaimedUsers(calls, setup.mapping.source_name),
                    cut_over=values.cut_over,
                    max_problems=values.max_problems,
                    now=legacy_setup.now(),
                )
            )
            return show_checks(checks, as_json=values.json)
