"""`userprofiles import rollback --dry-run`: shows what a rollback would remove and keep."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.commands.legacy_result import ImportResultWriter
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.commands.legacy_view import ImportView
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.run_record import RunRecord
from userprofiles.legacy.job.import_report import describe_stage, stage_lines
from userprofiles.legacy.job.import_rollback import RollbackWork
from userprofiles.legacy.job.import_work import STAGE_THREADS
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.rollback_preview import preview_rollback
from userprofiles.legacy.job.stage import Stage
from userprofiles.legacy.job.unit_state import UnitState, add_outcomes


def show_rollback(
    setup: ImportSetup,
    ledger: Ledger,
    run: RunRecord,
    stages: Sequence[Stage[Any]],
    unlisted_keys: Sequence[str],
) -> ExitCode:
    """Print what a rollback would remove and keep. Nothing is written, and no run is recorded.

    Args:
        setup: The stack, and how the rollback would be carried out.
        ledger: The ledger.
        run: The run that would be undone.
        stages: Its stages, with the clients of `dry_run_clients`.
        unlisted_keys: Keys of the run that the ledger does not list.

    Raises:
        BackfillError: AWS or the ledger can't be read, or a stop was requested.
    """
    values = setup.values
    view = ImportView(values.limits)
    view.start(0, lambda: None)
    with tempfile.TemporaryDirectory() as folder:
        listed = ListedResults(Path(folder), run.run_id)
        states = preview_rollback(
            RollbackWork(ledger, run.run_id, stages, STAGE_THREADS, unlisted_keys=unlisted_keys),
            observer=view,
            listed=listed,
            stop=setup.stop,
            limits=values.limits,
        )
        writer = ImportResultWriter(values, ledger, view, listed)
        errors = writer.write_report(_build_report(run.run_id, states), states, _format)
    for error in errors:
        view.warn(f"Error: {error}")
    return exit_code_of(errors[0]) if errors else ExitCode.DONE


def _build_report(run_id: str, states: Sequence[UnitState]) -> dict[str, Any]:
    return {
        "ofRun": run_id,
        "dryRun": True,
        "outcomes": dict(sorted(add_outcomes(states).items())),
        "stages": [describe_stage(state) for state in states],
    }


def _format(report: dict[str, Any]) -> str:
    lines = [f"Rollback of run {report['ofRun']}, as it would be now:"]
    for stage in report["stages"]:
        lines += stage_lines(stage)
    return "\n".join([*lines, "", "Dry run: nothing was removed."])
