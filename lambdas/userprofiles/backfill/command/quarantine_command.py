"""`userprofiles backfill quarantine`: lists the failed rows of a run, and retries them after a fix."""

import argparse
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.command import connection
from userprofiles.backfill.command.engine import LOCAL, STEP_FUNCTIONS
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.quarantine_place import find_quarantine
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillError, ErrorKind
from userprofiles.backfill.job_report import JobReport, count_reasons
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.retry_run import RetryResult, RetryRun
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.counted import counted
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.quarantine import MAX_TRIES, Quarantine, QuarantinedRow

_EPILOG = f"""exit codes:
  0   done; after `retry`: no row is left
  1   could not start or continue: credentials, table, permissions, network, disk
  2   `retry` is done, and some rows are left
  3   `retry` was stopped by Ctrl-C or SIGTERM: run it again
  5   rejected: no such run, another process works on it, or its rows are elsewhere
  64  wrong usage

A row is tried {MAX_TRIES} times, the run included. The rows have IDs of users: protect them like
the table."""


@dataclass(frozen=True)
class _Context:
    """What the commands share.

    Attributes:
        values: The options.
        ledger: The ledger.
        quarantine: The quarantine of the run.
        view: Shows messages on standard error.
        stop: Ends a retry.
    """

    values: argparse.Namespace
    ledger: Ledger
    quarantine: Quarantine
    view: ProgressView
    stop: Stop

    def rows(self) -> Iterator[QuarantinedRow]:
        """Yield the failed rows of the run.

        Raises:
            BackfillError: The ledger or the quarantine can't be read.
        """
        with ledger_errors():
            record = self.ledger.read(self.values.run)
            job = read_job(record, self.ledger)
            states = read_states(self.ledger, job)
        return JobReport(record, job, states, self.quarantine).rows()


def add_parser(commands: Any) -> None:
    """Add the commands `quarantine list`, `quarantine show` and `quarantine retry`."""
    quarantine = commands.add_parser(
        "quarantine",
        help="list the failed rows of a run, and retry them",
        description="Work with the rows that a run could not process.",
        epilog=_EPILOG,
    )
    groups = quarantine.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_parser(groups, "list", "list the failed rows: ID, key, reason, tries", _list)
    _add_parser(groups, "show", "show how many rows failed for which reason", _show)
    retry = _add_parser(groups, "retry", "read the failed rows again and process them", _retry)
    retry.add_argument(
        "--force", action="store_true", help=f"also retry rows that have failed {MAX_TRIES} times"
    )
    retry.add_argument(
        "--engine",
        choices=[LOCAL, STEP_FUNCTIONS],
        default=LOCAL,
        help="only %(default)s: this process retries the rows, also those of a run of the state machine",
    )


def _add_parser(groups: Any, name: str, text: str, command: Callable[..., ExitCode]) -> Any:
    parser = groups.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=_EPILOG)
    parser.add_argument("run", metavar="RUN", help="ID of the run, as `userprofiles runs list` shows it")
    parser.add_argument("--bucket", metavar="B", help="bucket of the run, if its record does not name it")
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    add_ledger_options(parser)
    add_connection_options(parser)
    parser.set_defaults(execute=lambda values: _execute(values, command), parser=parser)
    return parser


def _refuse_state_machine(values: argparse.Namespace) -> None:
    """Exit with the usage if the state machine is to retry rows."""
    if getattr(values, "engine", LOCAL) != LOCAL:
        values.parser.error(
            f"--engine {values.engine} can't retry rows: a run has too few of them for several workers. "
            "Leave the option out: this process also retries the rows of a run of the state machine, with "
            "its ledger and its bucket."
        )


def _execute(values: argparse.Namespace, command: Callable[..., ExitCode]) -> ExitCode:
    _refuse_state_machine(values)
    view = ProgressView(values.limits)
    stop = Stop()

    def execute() -> ExitCode:
        ledger = open_ledger(values, values.limits)
        with ledger_errors():
            quarantine = find_quarantine(ledger.read(values.run), values)
        return command(_Context(values, ledger, quarantine, view, stop))

    with stop_on_signals(stop.request):
        return run_with_error_report(execute, view.show_message, as_json=values.json)


def _list(context: _Context) -> ExitCode:
    def format_row(row: QuarantinedRow) -> str:
        return json.dumps(row.to_json()) if context.values.json else _format_row(row)

    Output().write_all(format_row(row) + "\n" for row in context.rows())
    return ExitCode.DONE


def _format_row(row: QuarantinedRow) -> str:
    key = ", ".join(f"{name} {value}" for name, value in row.key.items())
    text = f"{row.row_id}: {row.reason} ({key}; tries: {row.tries})"
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _show(context: _Context) -> ExitCode:
    run_id, place = context.values.run, context.quarantine.name
    reasons = count_reasons(row.reason for row in context.rows())
    retryable = sum(row.tries < MAX_TRIES for row in context.rows())
    rows = sum(reasons.values())
    if context.values.json:
        document = {"runId": run_id, "place": place, "rows": rows, "retryable": retryable}
        Output().write(json.dumps(document | {"reasons": reasons}) + "\n")
        return ExitCode.DONE
    lines = [f"{counted(rows, 'failed row')} of run {run_id} in {place}"]
    lines += [f"{count:>9,}  {reason}" for reason, count in reasons.items()]
    if rows:
        words = ["backfill", "quarantine", "retry", run_id]
        command = command_line(context.ledger, *words, *_bucket_arguments(context.values))
        lines.append(f"{retryable:,} of them can be retried after a fix: {command}")
    Output().write("\n".join(lines) + "\n")
    return ExitCode.DONE


def _bucket_arguments(values: argparse.Namespace) -> list[str]:
    return ["--bucket", values.bucket] if values.bucket else []


def _retry(context: _Context) -> ExitCode:
    values, view = context.values, context.view
    retry = RetryRun(
        context.ledger,
        lambda table: connection.create_client(
            table,
            limits=values.limits,
            region=values.region,
            endpoint_url=values.endpoint_url,
            has_connection_options=True,
        ),
        warn=view.show_message,
        stop=context.stop,
        limits=values.limits,
    )
    result = retry.retry(values.run, context.quarantine, force=values.force)
    _print_result(values, result)
    if result.kept:
        command = shlex.join(["userprofiles", *values.arguments, "--force"])
        view.show_message(
            f"Not tried, because they have failed {MAX_TRIES} times: {counted(result.kept, 'row')}. "
            f"To try them:\n  {command}"
        )
    if result.error:
        _show_error(result.error, view)
        return exit_code_of(result.error)
    return ExitCode.SOME_FAILED if result.failed else ExitCode.DONE


def _print_result(values: argparse.Namespace, result: RetryResult) -> None:
    counts = {name: result.results[name] for name in ("created", "existed", "skipped", "failed")}
    if values.json:
        document = {"runId": values.run, **counts, "kept": result.kept, "failedOfRun": result.failed}
        Output().write(json.dumps(document) + "\n")
        return
    retried = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    Output().write(
        f"Retried {counted(sum(counts.values()), 'row')}: {retried}.\n"
        f"Run {values.run} has {counted(result.failed, 'failed user')} now.\n"
    )


def _show_error(error: BackfillError, view: ProgressView) -> None:
    if error.kind is ErrorKind.STOPPED:
        view.show_message("Stopped. The finished rows are counted. Run the command again for the rest.")
    else:
        view.show_message(f"Error: {error}")
