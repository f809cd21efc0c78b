"""Rejects an import as long as another one is unfinished: its half-done users would count as existing."""

from userprofiles.backfill.errors import RefusedError
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.job.import_job import ImportOperation

_ENDED = {RunState.DONE, RunState.ROLLED_BACK}


def refuse_unfinished_run(ledger: Ledger, record: RunRecord) -> None:
    """Check that no other import of the same table was stopped, failed or killed before its end.

    A user whom such a run has bound, but not completed, counts as existing for another run, and would stay
    without items or password. A run that is resumed is not checked.

    Args:
        ledger: The ledger.
        record: The run that is to start.

    Raises:
        RefusedError: There is an unfinished run.
        LedgerError: The ledger can't be read.
    """
    runs = list(ledger.list_runs())
    if any(run.run_id == record.run_id for run in runs):
        return
    for run in runs:
        is_import = run.kind in set(ImportOperation) and run.table == record.table
        # A run that is at work is the matter of `--allow-parallel`.
        is_working = run.state is RunState.RUNNING and ledger.is_locked(run.run_id)
        if is_import and run.state not in _ENDED and not is_working:
            undo = "" if run.kind == ImportOperation.ROLLBACK else _rollback_advice(ledger, run.run_id)
            raise RefusedError(
                f"Run {run.run_id} ({run.kind}) of the same table, {record.table}, is not finished.\n"
                "Users whom it has begun would not be completed, and would count as existing.\n"
                f"Resume it: {command_line(ledger, 'runs', 'resume', run.run_id)}\n{undo}"
                "If neither is possible, use --allow-unfinished, and then verify the new run."
            )


def _rollback_advice(ledger: Ledger, run_id: str) -> str:
    return f"Or roll it back: {command_line(ledger, 'import', 'rollback', run_id)}\n"
