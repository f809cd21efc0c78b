"""`userprofiles runs resume`: continues a run with the engine that started it."""

import argparse
import dataclasses
from collections.abc import Callable, Mapping

from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.engine import STEP_FUNCTIONS, execute_run
from userprofiles.backfill.command.executions import state_machine_of
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_command import (
    LOCAL_ENGINE,
    LedgerCommand,
    LedgerCommandOptions,
    find_operator,
)
from userprofiles.backfill.command.ledger_options import ledger_arguments, ledger_table
from userprofiles.backfill.command.progress_view import ProgressView
from userprofiles.backfill.command.report_files import ReportFiles
from userprofiles.backfill.command.rollback_command import roll_back_run
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.identity import template_identity, template_version
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.plan.drift import refuse_drifted_run
from userprofiles.backfill.plan.written_code import backfill_code_version
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_description import describe_table
from userprofiles.commands.legacy_resume import resume_import, resume_import_rollback
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.job.import_job import ImportOperation

Resume = Callable[[argparse.Namespace, Ledger, RunRecord, Stop], ExitCode]


def resume_run(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    """Resume the run that the options name, and return the exit code.

    Raises:
        BackfillError: The run can't be resumed.
    """
    with ledger_errors():
        run = ledger.read(values.run_id)
    if run.state in (RunState.DONE, RunState.ROLLED_BACK):
        raise RefusedError(f"Run {run.run_id} is {run.state}. There is nothing to resume.")
    resumes = RESUMES.get(run.engine, {})
    if run.kind not in resumes:
        raise RefusedError(
            f"Run {run.run_id} is a {run.kind} of the engine {run.engine}, which this version can't resume.\n"
            "Resume it with the version that started it."
        )
    return resumes[run.kind](values, ledger, run, stop)


def resume_backfill(values: argparse.Namespace, ledger: Ledger, run: RunRecord, stop: Stop) -> ExitCode:
    """Resume a backfill in this process.

    Raises:
        BackfillError: The run stopped because it differs from its plan, or it can't be resumed.
    """
    refuse_drifted_run(run, ledger)
    view = ProgressView(values.limits)
    options = dataclasses.replace(command_options(values), files=ReportFiles.of_record(run, values))
    command = LedgerCommand(ledger, options, view, stop=stop, limits=values.limits)
    return command.resume(current_record(values, ledger, run))


def resume_rollback(values: argparse.Namespace, ledger: Ledger, run: RunRecord, stop: Stop) -> ExitCode:
    """Resume a rollback in this process."""
    options = {
        "run": run.job["ofRun"],
        "dry_run": False,
        "yes": True,
        "rate": None,
        "report": None,
        "engine": LOCAL_ENGINE,
        "state_machine": None,
    }
    return roll_back_run(argparse.Namespace(**(vars(values) | options)), ledger, stop)


def command_options(values: argparse.Namespace) -> LedgerCommandOptions:
    """Return the options of a command that resumes a run in this process."""
    return LedgerCommandOptions(
        region=values.region,
        endpoint_url=values.endpoint_url,
        as_json=values.json,
        ledger_arguments=ledger_arguments(values),
        allow_parallel=values.allow_parallel,
    )


def current_record(values: argparse.Namespace, ledger: Ledger, run: RunRecord) -> RunRecord:
    """Return a stored run as it would start now: with the ARN of its table, the code and the template.

    Raises:
        BackfillError: The stored job is damaged, or the table can't be described.
    """
    with ledger_errors():
        job = read_job(run, ledger)
    client, location = create_client(
        job.table,
        limits=values.limits,
        region=values.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )
    try:
        template = template_version(template_identity(job.template))
    except ValueError as error:
        raise RefusedError(f"Run {run.run_id} can't be resumed: {error}") from error
    return run.replace(
        table=describe_table(client, location).arn if run.table else "",
        code_version=backfill_code_version(),
        template_version=template,
    )


def resume_execution(values: argparse.Namespace, ledger: Ledger, run: RunRecord, stop: Stop) -> ExitCode:
    """Resume a run of the state machine in a new execution. The worker checks its own code and template."""
    if not ledger_table(values):
        raise RefusedError(f"Run {run.run_id} of the state machine needs the option --ledger-table.")
    operator = find_operator(values.region, values.endpoint_url)
    record = run.replace(started_by=operator, code_version="", template_version="")
    return execute_run(values, record, ledger, stop, state_machine_of(run.execution_arn))


RESUMES: Mapping[str, Mapping[str, Resume]] = {
    LOCAL_ENGINE: {
        "backfill": resume_backfill,
        "rollback": resume_rollback,
        ImportOperation.IMPORT: resume_import,
        ImportOperation.DELTA: resume_import,
        ImportOperation.ROLLBACK: resume_import_rollback,
    },
    STEP_FUNCTIONS: dict.fromkeys(("backfill", "dry run", "verify", "rollback"), resume_execution),
}
"""The function that resumes a run, by engine and kind."""
