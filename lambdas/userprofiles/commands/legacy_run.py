"""Runs an import or a delta pass in this process, for `import apply`, `import delta` and `runs resume`."""

import argparse
import shlex
from pathlib import Path

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_command import find_operator
from userprofiles.backfill.identity import document_digest
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.legacy_buckets import check_buckets
from userprofiles.commands.legacy_dry_run import show_dry_run
from userprofiles.commands.legacy_options import absolute_source, source_text
from userprofiles.commands.legacy_result import ImportResultWriter, lists_folder
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.commands.legacy_view import ImportView
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.job.import_drift import ImportCountDrift, refuse_identity_drift
from userprofiles.legacy.job.import_job import ImportJob, ImportOperation
from userprofiles.legacy.job.import_run import ImportRun
from userprofiles.legacy.job.import_work import STAGE_THREADS, ImportWork, process, update
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.plan_file import ImportPlan
from userprofiles.legacy.job.unfinished_runs import refuse_unfinished_run
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.source_check import check_source
from userprofiles.legacy.users.decisions import read_choices
from userprofiles.table.record import timestamp


def run_import(
    values: argparse.Namespace, ledger: Ledger, plan: ImportPlan, run_id: str, stop: Stop
) -> ExitCode:
    """Start or resume a run, write its result, and return the exit code.

    Args:
        values: The options of the command, with its `operation`.
        ledger: The ledger.
        plan: The plan.
        run_id: The ID of the run.
        stop: Ends the run at the next page.

    Raises:
        BackfillError: The run could not start.
    """
    text = source_text(values, plan)
    stack = legacy_setup.open_stack(values)
    with command_errors(), legacy_setup.open_documents(text) as source:
        setup = ImportSetup(
            mapping=LegacyMapping.load(plan.mapping),
            target=legacy_setup.open_target(stack, values.template),
            media_rules=plan.media_rules,
            cognito_share=values.cognito_share,
            cognito_rate=values.cognito_rate,
            stop=stop,
            values=values,
        )
        _refuse_drift(plan, setup, source, values.operation)
        check_source(source, setup.mapping)
        check_buckets(stack, setup.media_rules)
        choices = read_choices(values.decisions) if values.decisions else {}
        if values.dry_run:
            return show_dry_run(setup, source, plan, {**plan.choices, **choices})
        record = _create_record(setup, plan, run_id, text, choices)
        if not values.allow_unfinished:
            with ledger_errors():
                refuse_unfinished_run(ledger, record)
        return _execute(setup, source, ledger, plan, record, choices=choices)


def _refuse_drift(
    plan: ImportPlan, setup: ImportSetup, source: DocumentSource, operation: ImportOperation
) -> None:
    """Check that a plan still fits. A delta pass reads another state of the source.

    Raises:
        RefusedError: It does not.
    """
    current = {
        "target": setup.target.identity,
        "mapping": {"name": plan.mapping, "digest": setup.mapping.digest},
        "codeVersion": legacy_setup.import_code_version(),
    }
    if operation is ImportOperation.IMPORT:
        current["sourceIdentity"] = source.identity()
    refuse_identity_drift(plan, current)


def _create_record(
    setup: ImportSetup, plan: ImportPlan, run_id: str, text: str, choices: dict[str, str]
) -> RunRecord:
    values, stack = setup.values, setup.target.stack
    operation: ImportOperation = values.operation
    job = ImportJob(
        run_id=run_id,
        operation=operation,
        source=absolute_source(text),
        stack={name: getattr(stack, name) for name in legacy_setup.STACK_NAMES},
        template=values.template or "",
        decisions=str(Path(values.decisions).absolute()) if values.decisions else "",
        decisions_digest=document_digest(choices) if choices else "",
        cognito_share=values.cognito_share,
        cognito_rate=values.cognito_rate,
        max_failures=values.max_failures.limit(plan.processed) if values.max_failures else None,
        max_drift=None if values.accept_drift else values.max_drift,
    )
    return RunRecord(
        run_id=run_id,
        kind=operation,
        engine="local",
        job=job.to_json(),
        table=setup.target.table_arn,
        started_by=find_operator(setup.target.region, stack.endpoint_url),
        started_at=timestamp(legacy_setup.now()),
        code_version=legacy_setup.import_code_version(),
        template_version=setup.target.template_version,
        plan_hash=plan.hash,
        plan_file=str(values.plan.absolute()),
        report=str(values.report.absolute()) if values.report else "",
    )


def _execute(
    setup: ImportSetup,
    source: DocumentSource,
    ledger: Ledger,
    plan: ImportPlan,
    record: RunRecord,
    *,
    choices: dict[str, str],
) -> ExitCode:
    values = setup.values
    job = ImportJob.from_json(record.job)
    is_delta = job.operation is ImportOperation.DELTA
    command = shlex.join(["userprofiles", *values.arguments, "--accept-drift"])
    drift = ImportCountDrift(
        plan, None if is_delta else job.max_drift, decided=len(choices), accept_command=command
    )
    view = ImportView(values.limits, is_verbose=values.verbose)
    view.start(0, lambda: plan.processed)
    listed = ListedResults(lists_folder(record.run_id), record.run_id)
    all_choices = {**plan.choices, **choices}
    with setup.open_stages(record.run_id, setup.rates(), plan.conflicts, all_choices) as stages:
        work = ImportWork(
            stages,
            setup.reader(source, plan.part),
            update if is_delta else process,
            threads=STAGE_THREADS,
            max_failures=job.max_failures,
            check_counts=drift.check,
        )
        run = ImportRun(ledger, work, observer=view, listed=listed, stop=setup.stop, limits=values.limits)
        result = run.start_or_resume(record, allow_parallel=values.allow_parallel)
    with ledger_errors():
        stored = ledger.read(record.run_id)
    return ImportResultWriter(values, ledger, view, listed).write(stored, result)
