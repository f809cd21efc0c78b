"""`userprofiles runs resume` for the runs of an import."""

import argparse
from pathlib import Path

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.report_files import ReportFiles
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.identity import document_digest
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.stop import Stop
from userprofiles.commands.legacy_review import read_import, read_plan_of, use_stack_of_job
from userprofiles.commands.legacy_rollback import roll_back_import
from userprofiles.commands.legacy_run import run_import
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.jobs.tolerance import Tolerance
from userprofiles.legacy.job.import_job import ImportJob
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.users.decisions import read_choices


def resume_import(values: argparse.Namespace, ledger: Ledger, run: RunRecord, stop: Stop) -> ExitCode:
    """Resume an import or a delta pass in this process.

    Raises:
        BackfillError: It can't be resumed.
    """
    run, job = read_import(ledger, run.run_id)
    plan = read_plan_of(run)
    options = _options(values, run, job)
    use_stack_of_job(options, run, job)
    _check_decisions(run, job)
    with ledger_errors():
        return run_import(options, ledger, plan, run.run_id, stop)


def resume_import_rollback(
    values: argparse.Namespace, ledger: Ledger, run: RunRecord, stop: Stop
) -> ExitCode:
    """Resume the rollback of an import in this process."""
    run, job = read_import(ledger, run.run_id)
    options = _options(values, run, job)
    options.run = job.of_run
    options.yes = True
    return roll_back_import(options, ledger, stop)


def _options(values: argparse.Namespace, run: RunRecord, job: ImportJob) -> argparse.Namespace:
    """Return the options with which the run was started.

    Raises:
        RefusedError: The record names a file that is not a report. Others may be able to write the ledger.
    """
    options = {
        "operation": job.operation,
        "plan": Path(run.plan_file),
        "source": None,
        "outputs": None,
        "user_pool_id": None,
        "users_table": None,
        "audit_table": None,
        "media_bucket": None,
        "template": job.template or None,
        "decisions": Path(job.decisions) if job.decisions else None,
        "cognito_share": job.cognito_share,
        "cognito_rate": job.cognito_rate,
        "max_failures": None if job.max_failures is None else Tolerance(users=job.max_failures),
        "max_drift": job.max_drift,
        "accept_drift": job.max_drift is None,
        "verbose": False,
        "dry_run": False,
        "allow_unfinished": True,
        "report": ReportFiles.of_record(run, values).report,
        "html": None,
        "quarantine": None,
    }
    return argparse.Namespace(**(vars(values) | options))


def _check_decisions(run: RunRecord, job: ImportJob) -> None:
    """Check that the file of decisions is still that with which the run was started.

    Raises:
        RefusedError: It was changed.
    """
    if not job.decisions:
        return
    with command_errors():
        choices = read_choices(Path(job.decisions))
    if document_digest(choices) != job.decisions_digest:
        raise RefusedError(
            f"The file of decisions {job.decisions} was changed after run {run.run_id} was started.\n"
            "Restore it. Apply further decisions with `userprofiles import delta`."
        )
