"""`userprofiles runs list|show|watch|stop|resume`: the runs of a ledger, whatever they do."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from userprofiles import aws
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.executions import is_execution_running
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.runs_view import (
    Activity,
    describe_state,
    find_activity,
    format_list,
    format_run,
)
from userprofiles.backfill.command.runs_watch import Watch
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.runs_resume import resume_run
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import Request, RunRecord

_WATCH_EVERY_S = 2.0

_READ_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} done
  {ExitCode.FAILED:<3} the ledger can't be read
  {ExitCode.REFUSED:<3} rejected: the ledger has no such run, or the table is not one for a ledger
  {ExitCode.USAGE:<3} wrong usage"""
_WATCH_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the run is done
  {ExitCode.FAILED:<3} the run failed, or the ledger can't be read
  {ExitCode.SOME_FAILED:<3} the run is done, but some users failed or differ
  {ExitCode.STOPPED:<3} the run was stopped or interrupted, or Ctrl-C ended the watch: then the run continues
  {ExitCode.REFUSED:<3} rejected: the ledger has no such run, or the table is not one for a ledger
  {ExitCode.USAGE:<3} wrong usage"""
_STOP_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the stop is requested
  {ExitCode.FAILED:<3} the ledger can't be read or written
  {ExitCode.REFUSED:<3} rejected: no such run, or it is not running
  {ExitCode.USAGE:<3} wrong usage"""
_RESUME_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the run is done
  {ExitCode.FAILED:<3} could not start or continue: credentials, table, ledger, permissions, network, disk
  {ExitCode.SOME_FAILED:<3} the run is done, but some users failed or differ
  {ExitCode.STOPPED:<3} stopped early: resume it again
  {ExitCode.REFUSED:<3} rejected: no such run, done, locked by another process, or other code or template
  {ExitCode.USAGE:<3} wrong usage"""


def add_parsers(groups: Any) -> None:
    """Add `runs` and its commands."""
    runs = groups.add_parser("runs", help="list, watch, stop and resume runs of jobs")
    commands = runs.add_subparsers(title="commands", metavar="COMMAND", required=True)
    list_parser = commands.add_parser(
        "list",
        help="list the runs",
        description="List the runs of a ledger, the newest first.",
        epilog=_READ_EPILOG,
    )
    list_parser.add_argument(
        "--limit", type=_positive, default=20, metavar="N", help="newest runs to list (default: %(default)s)"
    )
    show = commands.add_parser(
        "show",
        help="show one run",
        description="Show the record of a run: who started it and when, its versions, state and counts.",
        epilog=_READ_EPILOG,
    )
    watch = commands.add_parser(
        "watch",
        help="show the progress of a run until it ends",
        description="Show the progress of a run until it ends: on a terminal as a table, else as lines.\n"
        "Ctrl-C ends the watch, not the run.",
        epilog=_WATCH_EPILOG,
    )
    stop = commands.add_parser(
        "stop",
        help="stop a run at the next safe place",
        description="Ask a run to stop. Its workers read the request between two batches, within seconds.\n"
        "The run can be resumed.",
        epilog=_STOP_EPILOG,
    )
    resume = commands.add_parser(
        "resume",
        help="continue a stopped, failed or interrupted run",
        description="Continue a run where it ended: a local run in this process, a run of the state\n"
        "machine in a new execution.",
        epilog=_RESUME_EPILOG,
    )
    resume.add_argument(
        "--allow-parallel",
        action="store_true",
        help="resume even if another run is working on the same table",
    )
    executions = {list_parser: _list, show: _show, watch: _watch, stop: _stop, resume: _resume}
    for parser, execute in executions.items():
        if parser is not list_parser:
            parser.add_argument("run_id", metavar="RUN", help="ID of the run, from `userprofiles runs list`")
        add_ledger_options(parser)
        add_connection_options(parser)
        parser.add_argument("--json", action="store_true", help="print only the results, as JSON")
        parser.set_defaults(execute=_bind(parser, execute), parser=parser)


def _positive(text: str) -> int:
    """Read a number of runs.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number above 0.
    """
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)


Execute = Callable[[argparse.Namespace, Ledger, Stop], ExitCode]


def _bind(parser: CommandParser, execute: Execute) -> Callable[[argparse.Namespace], ExitCode]:
    def run(values: argparse.Namespace) -> ExitCode:
        parser.as_json = values.json
        stop = Stop()
        with stop_on_signals(stop.request):
            return print_errors(
                lambda: execute(values, open_ledger(values, values.limits), stop), as_json=values.json
            )

    return run


def _list(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:  # noqa: ARG001 - one signature
    with ledger_errors():
        runs: list[tuple[RunRecord, str]] = []
        for run in ledger.list_runs():
            if len(runs) == values.limit:
                break
            runs.append(_with_state(values, ledger, run))
    documents = [_document(run, state) for run, state in runs]
    _print(values, {"ledger": ledger.name, "runs": documents}, format_list(runs, ledger.name))
    return ExitCode.DONE


def _show(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:  # noqa: ARG001 - one signature
    with ledger_errors():
        run, state = _with_state(values, ledger, ledger.read(values.run_id))
    _print(values, _document(run, state), format_run(run, state))
    return ExitCode.DONE


def _watch(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    run, code = Watch(ledger, stop, _WATCH_EVERY_S, is_execution_running=_execution_check(values)).run(
        values.run_id
    )
    state = describe_state(run, Activity.NONE)
    _print(values, _document(run, state), format_run(run, state))
    return code


def _stop(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:  # noqa: ARG001 - one signature
    with ledger_errors():
        run, activity = find_activity(ledger, ledger.read(values.run_id), _execution_check(values))
        if activity is Activity.NONE:
            state = describe_state(run, Activity.NONE)
            raise RefusedError(
                f"Run {run.run_id} is {state}, so it can't be stopped: only a running run can."
            )
        run, state = _with_state(values, ledger, ledger.request(values.run_id, Request.STOP))
    command = command_line(ledger, "runs", "watch", run.run_id)
    text = f"Run {run.run_id} stops at the next safe place. To see when it has stopped:\n  {command}"
    _print(values, _document(run, state), text)
    return ExitCode.DONE


def _resume(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    return resume_run(values, ledger, stop)


def _execution_check(values: argparse.Namespace) -> Callable[[str], bool]:
    """Return the function that says whether an execution is running. Its client is created when needed."""

    def is_running(execution_arn: str) -> bool:
        region = execution_arn.split(":")[3] if execution_arn.startswith("arn:") else values.region
        return is_execution_running(
            aws.client("stepfunctions", region=region, endpoint_url=values.endpoint_url), execution_arn
        )

    return is_running


def _with_state(values: argparse.Namespace, ledger: Ledger, run: RunRecord) -> tuple[RunRecord, str]:
    """Return a run and its state for people.

    Raises:
        LedgerError: The ledger can't be read.
    """
    run, activity = find_activity(ledger, run, _execution_check(values))
    return run, describe_state(run, activity)


def _document(run: RunRecord, state: str) -> dict[str, Any]:
    return run.to_json() | {"state": state}


def _print(values: argparse.Namespace, document: dict[str, Any], text: str) -> None:
    Output().write((json.dumps(document, indent=2) if values.json else text) + "\n")
