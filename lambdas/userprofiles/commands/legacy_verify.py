"""`userprofiles import verify`: compares an import with the old database, both ways."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.legacy_options import (
    add_connection_options,
    add_pace_options,
    add_source_option,
    source_text,
)
from userprofiles.commands.legacy_result import ImportResultWriter
from userprofiles.commands.legacy_review import (
    open_setup,
    open_stages,
    read_imported,
    read_plan_of,
    use_stack_of_job,
)
from userprofiles.commands.legacy_view import ImportView
from userprofiles.commands.stack_options import use_endpoint_of_outputs
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunState
from userprofiles.legacy.job.import_report import describe_stage
from userprofiles.legacy.job.import_verification import ImportVerification, VerificationResult
from userprofiles.legacy.job.import_work import STAGE_THREADS, ImportWork, verify
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.job.listed_results import DIFFERENCES, ListedResults
from userprofiles.legacy.job.unit_state import add_outcomes

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} no differences
  {ExitCode.FAILED:<3} could not continue: credentials, stack, source, ledger, permissions, network, disk
  {ExitCode.SOME_FAILED:<3} there are differences
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM: run it again
  {ExitCode.REFUSED:<3} rejected: no such run, or the options name another stack
  {ExitCode.USAGE:<3} wrong usage

Required permissions: those of `import plan`; cognito-idp:AdminGetUser on the pool; dynamodb:GetItem,
BatchGetItem and Query on the users table; s3:GetObject and ListBucket on the media bucket."""
_SHOWN = 20


def add_parser(commands: Any) -> None:
    """Add the command `verify`."""
    parser = commands.add_parser(
        "verify",
        help="compare an import with the old database",
        description="Read the old database again, and compare each record with what the run imported, and\n"
        "everything that the run created with its record. Nothing is written to AWS.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", metavar="RUN", help="ID of the run, from `userprofiles runs list`")
    add_source_option(parser, "that of the plan, or ")
    add_pace_options(parser)
    add_ledger_options(parser)
    add_report_option(parser)
    add_connection_options(parser)
    parser.set_defaults(execute=_execute, parser=parser)


def _execute(values: argparse.Namespace) -> ExitCode:
    values.parser.as_json = values.json
    check_report_option(values.parser, values)
    use_endpoint_of_outputs(values.parser, values)
    stop = Stop()
    with stop_on_signals(stop.request):
        return print_errors(
            lambda: _verify(values, open_ledger(values, values.limits), stop), as_json=values.json
        )


def _verify(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    run, job = read_imported(ledger, values.run)
    plan = read_plan_of(run)
    use_stack_of_job(values, run, job)
    view = ImportView(values.limits)
    if run.state is RunState.ROLLED_BACK:
        view.warn(f"Run {run.run_id} was rolled back: what the rollback removed is a difference.")
    view.start(0, lambda: plan.processed)
    with (
        command_errors(),
        legacy_setup.open_documents(source_text(values, plan)) as source,
        tempfile.TemporaryDirectory() as folder,
    ):
        setup = open_setup(values, run, job, plan, stop)
        listed = ListedResults(Path(folder), run.run_id, DIFFERENCES)
        with open_stages(setup, run.run_id, job, plan) as stages:
            result = ImportVerification(
                ledger,
                run.run_id,
                ImportWork(stages, setup.reader(source, plan.part), verify, threads=STAGE_THREADS),
                observer=view,
                listed=listed,
                stop=stop,
                limits=values.limits,
            ).execute()
        if not result.is_complete:
            raise StoppedError("Stopped before everything was compared. Run the command again.")
        rows = [row for _, row in zip(range(_SHOWN), listed.rows(result.states), strict=False)]
        writer = ImportResultWriter(values, ledger, view, listed)
        errors = writer.write_report(
            _build_report(run.run_id, result), result.states, lambda report: _format(report, rows)
        )
    for error in errors:
        view.warn(f"Error: {error}")
    if errors:
        return exit_code_of(errors[0])
    return ExitCode.SOME_FAILED if result.differences else ExitCode.DONE


def _build_report(run_id: str, result: VerificationResult) -> dict[str, Any]:
    return {
        "runId": run_id,
        "kind": "verify",
        "differences": result.differences,
        "outcomes": dict(sorted(add_outcomes(result.states).items())),
        "stages": [describe_stage(state) for state in result.states],
    }


def _format(report: dict[str, Any], rows: Sequence[dict[str, str]]) -> str:
    lines = [f"Verification of run {report['runId']}: {report['differences']:,} differences"]
    for stage in report["stages"]:
        counts = ", ".join(f"{count:,} {name}" for name, count in stage["outcomes"].items()) or "nothing"
        collection = f" ({stage['collection']})" if stage["collection"] else ""
        lines.append(f"  {stage['stage']}{collection}: {counts}")
        lines += [f"    {count:>10,} {reason}" for reason, count in stage["reasons"].items()]
    lines += [f"  {row['stage']} {row['recordId']}: {row['reason']}" for row in rows]
    if len(rows) == _SHOWN:
        lines.append("  --report FILE.json lists all of them")
    return "\n".join(lines)
