"""`userprofiles backfill report`: writes the report of a run again, from the ledger."""

import argparse
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.job_options import add_connection_options
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.quarantine_place import find_quarantine
from userprofiles.backfill.command.report_files import ReportFiles, add_report_options, check_report_options
from userprofiles.backfill.job_report import JobReport
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.stored_states import read_states

_EPILOG = """exit codes:
  0   done
  1   the report can't be written, or the ledger can't be read
  5   rejected: no such run, or its failed rows are elsewhere
  64  wrong usage"""


def add_parser(commands: Any) -> None:
    """Add the command `report`."""
    parser = commands.add_parser(
        "report",
        help="write the report of a run again",
        description="Write the report of a run from the ledger, for example after a full disk or a retry.\n"
        "Without --report, --html and --bucket, the report is printed as JSON.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", metavar="RUN", help="ID of the run, as `userprofiles runs list` shows it")
    add_report_options(parser)
    parser.add_argument("--json", action="store_true", help="print the report on standard output, as JSON")
    add_ledger_options(parser)
    add_connection_options(parser)
    parser.set_defaults(execute=_execute, parser=parser)


def _execute(values: argparse.Namespace) -> ExitCode:
    check_report_options(values.parser, values)
    view = ProgressView(values.limits)
    return run_with_error_report(lambda: _write(values, view), view.show_message, as_json=values.json)


def _write(values: argparse.Namespace, view: ProgressView) -> ExitCode:
    ledger = open_ledger(values, values.limits)
    with ledger_errors():
        record = ledger.read(values.run)
        job = read_job(record, ledger)
        states = read_states(ledger, job)
    job_report = JobReport(record, job, states, find_quarantine(record, values))
    totals = job_report.totals()
    errors = ReportFiles.from_options(values).write(totals, job_report.failures)
    for error in errors:
        view.show_message(f"Error: {error}")
    if values.json or not (values.report or values.html or values.bucket):
        Output().write_all(report.serialize(totals, job_report.failures()))
    return exit_code_of(errors[0]) if errors else ExitCode.DONE
