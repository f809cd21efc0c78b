"""Finds what the rollback of a run would remove and keep. It writes neither to AWS nor to the ledger."""

from collections.abc import Sequence

from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.job.import_rollback import RollbackWork
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.page_pipeline import PagePipeline
from userprofiles.legacy.job.record_reader import WorkPage
from userprofiles.legacy.job.stage import RecordResult
from userprofiles.legacy.job.unit_state import UnitState
from userprofiles.legacy.job.unit_work import ImportObserver


def preview_rollback(
    work: RollbackWork, *, observer: ImportObserver, listed: ListedResults, stop: Stop, limits: Limits
) -> Sequence[UnitState]:
    """Undo the stages, whose clients must be those of `dry_run_clients`. Return the counts by stage.

    Args:
        work: The work of the rollback.
        observer: Shows the progress.
        listed: Receives what is kept.
        stop: Ends the work.
        limits: Sizes and times.

    Raises:
        StoppedError: A stop was requested.
        BackfillError: AWS or the ledger can't be read.
    """
    states = [UnitState(unit) for unit in work.units()]
    for state in states:
        _preview(work, state, states, observer=observer, listed=listed, stop=stop, limits=limits)
    observer.show_progress(states, is_last=True)
    return states


def _preview(
    work: RollbackWork,
    state: UnitState,
    states: Sequence[UnitState],
    *,
    observer: ImportObserver,
    listed: ListedResults,
    stop: Stop,
    limits: Limits,
) -> None:
    def process(page: WorkPage) -> list[RecordResult]:
        return work.process(state.unit, page)

    def record(page: WorkPage, results: list[RecordResult]) -> None:
        listed.add(state, results)
        listed.write()
        state.add(results)
        state.read += page.read
        observer.show_progress(states, is_last=False)

    threads = work.threads(state.unit) or limits.threads
    if not PagePipeline(process, record, threads=threads, stop=stop).run(work.pages(state)):
        raise StoppedError("Stopped before everything was checked. Nothing was removed.")
    state.done = True
