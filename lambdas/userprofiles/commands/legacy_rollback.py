"""`userprofiles import rollback`: removes what an import created and nobody has changed since."""

import argparse
import dataclasses
import sys
from contextlib import nullcontext
from typing import Any

from userprofiles.backfill.command.confirmation import confirm
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_command import find_operator
from userprofiles.backfill.command.ledger_options import open_ledger
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.job import new_run_id
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import refuse_parallel_run
from userprofiles.backfill.ledger.rollback_run import find_open_rollback, mark_rolled_back
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.legacy_options import (
    add_connection_options,
    add_pace_options,
    add_session_options,
    add_source_option,
    check_run_options,
    refuse_state_machine,
    source_text,
)
from userprofiles.commands.legacy_result import ImportResultWriter, lists_folder
from userprofiles.commands.legacy_review import (
    open_setup,
    open_stages,
    read_import,
    read_plan_of,
    use_stack_of_job,
)
from userprofiles.commands.legacy_rollback_preview import show_rollback
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.commands.legacy_view import ImportView
from userprofiles.commands.stack_options import use_endpoint_of_outputs
from userprofiles.jobs.counted import counted
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.job.import_job import ImportOperation
from userprofiles.legacy.job.import_rollback import (
    RollbackWork,
    begin_rollback,
    check_can_roll_back,
    count_keys,
    has_unfinished_pages,
    keys_in_flight,
)
from userprofiles.legacy.job.import_run import ImportRun, ImportRunResult
from userprofiles.legacy.job.import_work import STAGE_THREADS, ImportWork, verify
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.plan_file import ImportPlan
from userprofiles.legacy.job.stage import Stage
from userprofiles.table.record import timestamp

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} done, also if changed users were kept, and after --dry-run
  {ExitCode.FAILED:<3} could not continue: credentials, stack, source, ledger, permissions, network, disk
  {ExitCode.STOPPED:<3} stopped by Ctrl-C, SIGTERM or `runs stop`: run it again to continue
  {ExitCode.REFUSED:<3} rejected: no such run, it is running or rolled back already, not confirmed, or the
      options name another stack
  {ExitCode.USAGE:<3} wrong usage

Required permissions: those of `import apply`, cognito-idp:AdminDeleteUser on the pool, dynamodb:DeleteItem on
the users table, and s3:GetObject and s3:DeleteObject on the media bucket."""


def add_parser(commands: Any) -> None:
    """Add the command `rollback`."""
    parser = commands.add_parser(
        "rollback",
        help="remove what a run imported and nobody has changed since",
        description="Remove the users, items, links and files that a run created. Users who have changed\n"
        "since are kept with all their data, and users who were here before the run are kept as they were.\n"
        "A further batch has links to the users of former ones: roll the last batch back first.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", metavar="RUN", help="ID of the run, from `userprofiles runs list`")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be removed and kept")
    parser.add_argument(
        "--yes", action="store_true", help="remove without asking; required without a terminal"
    )
    add_source_option(parser, "that of the plan; only used for a run that is not complete; or ")
    add_pace_options(parser)
    add_session_options(parser)
    add_connection_options(parser)
    parser.set_defaults(execute=_execute, parser=parser)


def _execute(values: argparse.Namespace) -> ExitCode:
    parser = values.parser
    parser.as_json = values.json
    check_run_options(parser, values)
    use_endpoint_of_outputs(parser, values)
    if not values.dry_run and not values.yes and not sys.stdin.isatty():
        parser.error("without a terminal, pass --yes to remove without asking")
    stop = Stop()

    def roll_back() -> ExitCode:
        refuse_state_machine(values)
        return roll_back_import(values, open_ledger(values, values.limits), stop)

    with stop_on_signals(stop.request):
        return print_errors(roll_back, as_json=values.json)


def roll_back_import(values: argparse.Namespace, ledger: Ledger, stop: Stop) -> ExitCode:
    """Roll back a run, or resume its rollback, and write the result.

    Args:
        values: The options of the command.
        ledger: The ledger.
        stop: Ends the rollback at the next page.

    Raises:
        BackfillError: The rollback could not start.
    """
    run, job = read_import(ledger, values.run)
    with ledger_errors():
        check_can_roll_back(ledger, run)
        open_rollback = find_open_rollback(ledger, run.run_id, ImportOperation.ROLLBACK)
        if not values.dry_run and not values.yes:
            keys = counted(count_keys(ledger, run.run_id), "key")
            confirm(
                f"Remove what run {run.run_id} imported into {run.table} ({keys}), except what was changed "
                "since?",
                "Nothing was removed.",
            )
    plan = read_plan_of(run)
    use_stack_of_job(values, run, job)
    with command_errors():
        setup = open_setup(values, run, job, plan, stop)
        if values.dry_run:
            return _Rollback(setup, ledger, run, plan).show()
        record = open_rollback or _create_record(setup, run, values)
        return _Rollback(setup, ledger, run, plan).execute(record)


def _create_record(setup: ImportSetup, run: RunRecord, values: argparse.Namespace) -> RunRecord:
    """Return the record of a new rollback, with the job of the run that it undoes."""
    rollback_id = new_run_id()
    job = {
        **run.job,
        "run_id": rollback_id,
        "operation": ImportOperation.ROLLBACK,
        "ofRun": run.run_id,
        "max_failures": None,
        "cognito_share": values.cognito_share,
        "cognito_rate": values.cognito_rate,
    }
    stack = setup.target.stack
    return dataclasses.replace(
        run,
        run_id=rollback_id,
        kind=ImportOperation.ROLLBACK,
        job=job,
        started_by=find_operator(setup.target.region, stack.endpoint_url),
        started_at=timestamp(legacy_setup.now()),
        code_version=legacy_setup.import_code_version(),
        template_version=setup.target.template_version,
        state=RunState.RUNNING,
        request=None,
        seconds=0.0,
        counts={},
        message="",
        report=str(values.report.absolute()) if values.report else "",
    )


class _Rollback:
    """Executes one rollback.

    Args:
        setup: The stack, and how the rollback runs.
        ledger: The ledger.
        run: The run that is undone.
        plan: Its plan.
    """

    def __init__(self, setup: ImportSetup, ledger: Ledger, run: RunRecord, plan: ImportPlan) -> None:
        self._setup = setup
        self._ledger = ledger
        self._run = run
        self._plan = plan

    def execute(self, record: RunRecord) -> ExitCode:
        """Start or resume the rollback, and write its result."""
        ledger, run_id = self._ledger, self._run.run_id
        values = self._setup.values
        if not values.allow_parallel:
            with ledger_errors():
                refuse_parallel_run(ledger, record)
        view = ImportView(values.limits)
        listed = ListedResults(lists_folder(record.run_id), record.run_id)
        _, job = read_import(ledger, run_id)
        with open_stages(self._setup, run_id, job, self._plan) as stages:
            result = self._run_stages(record, stages, view, listed)
        with ledger_errors():
            if result.is_complete and not result.error:
                mark_rolled_back(ledger, run_id, f"Rolled back by run {record.run_id}.")
            stored = ledger.read(record.run_id)
        return ImportResultWriter(values, ledger, view, listed).write(stored, result)

    def show(self) -> ExitCode:
        """Show what the rollback would do."""
        _, job = read_import(self._ledger, self._run.run_id)
        with (
            open_stages(self._setup, self._run.run_id, job, self._plan, is_dry_run=True) as stages,
            self._open_source() as source,
        ):
            work = self._verification(source, stages)
            pages = keys_in_flight(self._ledger, self._run, work) if work else ()
            unlisted_keys = [key for keys in pages for key in keys]
            return show_rollback(self._setup, self._ledger, self._run, stages, unlisted_keys)

    def _run_stages(
        self, record: RunRecord, stages: list[Stage[Any]], view: ImportView, listed: ListedResults
    ) -> ImportRunResult:
        ledger, values = self._ledger, self._setup.values
        if self._run.state is not RunState.ROLLED_BACK:
            self._begin(record.run_id, stages)
        with ledger_errors():
            keys = count_keys(ledger, self._run.run_id)
        view.start(0, lambda: keys)
        rollback = ImportRun(
            ledger,
            RollbackWork(ledger, self._run.run_id, stages, STAGE_THREADS),
            observer=view,
            listed=listed,
            stop=self._setup.stop,
            limits=values.limits,
        )
        return rollback.start_or_resume(record, allow_parallel=values.allow_parallel)

    def _begin(self, rollback_id: str, stages: list[Stage[Any]]) -> None:
        """Complete the list of keys of the run, and give it its final state."""
        setup, run = self._setup, self._run
        with self._open_source() as source:
            work = self._verification(source, stages)
            begin_rollback(self._ledger, run, rollback_id, work, limits=setup.values.limits, stop=setup.stop)

    def _verification(self, source: DocumentSource | None, stages: list[Stage[Any]]) -> ImportWork | None:
        """Return the verification of the run's records; None without a source."""
        if source is None:
            return None
        return ImportWork(stages, self._setup.reader(source, self._plan.part), verify)

    def _open_source(self) -> Any:
        """Open the old database for a run that is not complete."""
        if has_unfinished_pages(self._run):
            return legacy_setup.open_documents(source_text(self._setup.values, self._plan))
        return nullcontext()
