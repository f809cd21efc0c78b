"""What `import verify` and `import rollback` read of the run that they are about."""

import argparse
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.legacy.job.import_job import ImportJob, ImportOperation
from userprofiles.legacy.job.plan_file import ImportPlan, read_plan
from userprofiles.legacy.job.stage import Stage
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.users.decisions import read_choices


def read_import(ledger: Ledger, run_id: str) -> tuple[RunRecord, ImportJob]:
    """Return a run of an import, and its job.

    Raises:
        RefusedError: The run is of another kind.
        BackfillError: The ledger has no such run, or can't be read.
    """
    with ledger_errors():
        run = ledger.read(run_id)
        if not run.kind.startswith("import"):
            raise RefusedError(f"Run {run.run_id} is of the kind {run.kind!r}. It must be an import.")
        try:
            return run, ImportJob.from_json(run.job)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerError(
                f"The job of run {run_id} in the ledger {ledger.name} is damaged ({type(error).__name__}).\n"
                "Make a new plan. Existing items are not changed."
            ) from error


def read_imported(ledger: Ledger, run_id: str) -> tuple[RunRecord, ImportJob]:
    """Return a run that has imported something, and its job.

    Raises:
        RefusedError: The run is a rollback, or of another kind.
        BackfillError: The ledger has no such run, or can't be read.
    """
    run, job = read_import(ledger, run_id)
    if job.operation is ImportOperation.ROLLBACK:
        raise RefusedError(
            f"Run {run.run_id} is the rollback of run {job.of_run}, and imported nothing. Name a run of "
            "`import apply` or `import delta`."
        )
    return run, job


def read_plan_of(run: RunRecord) -> ImportPlan:
    """Return the plan of a run.

    Raises:
        RefusedError: The file has another plan now.
        BackfillError: The file can't be read.
    """
    plan = read_plan(Path(run.plan_file))
    if plan.hash != run.plan_hash:
        raise RefusedError(
            f"The plan {run.plan_file} is not the plan of run {run.run_id}: its hash is {plan.hash}, must be "
            f"{run.plan_hash}.\nRestore the file."
        )
    return plan


def use_stack_of_job(values: argparse.Namespace, run: RunRecord, job: ImportJob) -> None:
    """Complete the options with the names of a run's stack, if no file with outputs is named."""
    values.region = values.region or run.table.split(":")[3]
    values.template = values.template or job.template or None
    if not values.outputs:
        for name in legacy_setup.STACK_NAMES:
            setattr(values, name, getattr(values, name) or job.stack.get(name, ""))


def open_setup(
    values: argparse.Namespace, run: RunRecord, job: ImportJob, plan: ImportPlan, stop: Stop
) -> ImportSetup:
    """Return the setup of a run.

    Raises:
        RefusedError: The stack of the options is not that of the run.
        BackfillError, LegacyError: The stack or the mapping can't be read.
    """
    target = legacy_setup.open_target(legacy_setup.open_stack(values), values.template)
    actual = (target.table_arn, target.stack.user_pool_id)
    expected = (run.table, job.stack.get("user_pool_id", ""))
    if actual != expected:
        raise RefusedError(
            f"Run {run.run_id} wrote to the table {expected[0]} with the pool {expected[1]}; the options "
            f"name the table {actual[0]} with the pool {actual[1]}.\nUse the options of this stack."
        )
    return ImportSetup(
        mapping=LegacyMapping.load(plan.mapping),
        target=target,
        media_rules=plan.media_rules,
        cognito_share=values.cognito_share,
        cognito_rate=values.cognito_rate,
        stop=stop,
        values=values,
    )


def open_stages(
    setup: ImportSetup, run_id: str, job: ImportJob, plan: ImportPlan, *, is_dry_run: bool = False
) -> AbstractContextManager[list[Stage[Any]]]:
    """Create the stages of a run, with the decisions that it was made with.

    Args:
        setup: The stack.
        run_id: The ID of the run.
        job: Its job.
        plan: Its plan.
        is_dry_run: Whether `undo` of the stages must not change anything.

    Raises:
        LegacyError: The file of decisions can't be read.
    """
    choices = read_choices(Path(job.decisions)) if job.decisions else {}
    return setup.open_stages(
        run_id, setup.rates(), plan.conflicts, {**plan.choices, **choices}, is_dry_run=is_dry_run
    )
