"""Undoes a run of an import: removes what it created and nobody has changed since."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_session import LedgerSession
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.job.import_job import ImportOperation
from userprofiles.legacy.job.import_run import read_unit_states
from userprofiles.legacy.job.import_work import (
    NO_THREADS,
    STAGE_THREADS,
    ImportWork,
    split_stage_key,
    stage_key,
)
from userprofiles.legacy.job.page_pipeline import window_pages
from userprofiles.legacy.job.record_reader import WorkPage
from userprofiles.legacy.job.run_progress import MAX_UNSAVED_PAGES
from userprofiles.legacy.job.stage import RecordResult, Stage
from userprofiles.legacy.job.unit_state import UNITS_PER_STAGE, Unit, UnitState

_PAGE_KEYS = 50
_IN_FLIGHT_PAGES = MAX_UNSAVED_PAGES + window_pages(max(STAGE_THREADS.values())) + 1


def check_can_roll_back(ledger: Ledger, run: RunRecord) -> None:
    """Check that a run has imported something, and that no process works on it.

    Raises:
        RefusedError: The run can't be rolled back.
        LedgerError: The ledger can't be read.
    """
    if run.kind not in (ImportOperation.IMPORT, ImportOperation.DELTA):
        raise RefusedError(
            f"Run {run.run_id} is of the kind {run.kind!r}, so this command can't roll it back: the kind "
            f"must be {ImportOperation.IMPORT.value!r} or {ImportOperation.DELTA.value!r}.\n"
            f"To list the runs: {command_line(ledger, 'runs', 'list')}"
        )
    if ledger.is_locked(run.run_id):
        raise RefusedError(
            f"Run {run.run_id} is still running, so it can't be rolled back. Stop it first, and wait until "
            f"it has stopped:\n  {command_line(ledger, 'runs', 'stop', run.run_id)}"
        )


def has_unfinished_pages(run: RunRecord) -> bool:
    """Return whether a run can have created something that its list of keys does not have yet."""
    units = run.counts.get("units", {})
    is_complete = bool(units) and units["done"] == units["all"]
    return not is_complete and run.state not in (RunState.DONE, RunState.ROLLED_BACK)


def begin_rollback(
    ledger: Ledger,
    run: RunRecord,
    rollback_id: str,
    import_work: ImportWork | None,
    *,
    limits: Limits,
    stop: Stop,
) -> None:
    """Give a run the state ROLLED_BACK, so that it can't be resumed, and complete its list of keys.

    A run that was killed or failed can have created something after its last checkpoint. The pages after the
    checkpoint are compared with what exists, and the keys of the run's own targets are added to its list.

    Args:
        ledger: The ledger.
        run: The run.
        rollback_id: The ID of the rollback.
        import_work: The verification of the run's records; needed if `has_unfinished_pages`.
        limits: Sizes and times.
        stop: Ends the work.

    Raises:
        BackfillError: Another process works on the run, or the ledger can't be written.
        LegacyError: The source can't be read.
    """
    with ledger_errors():
        stored, lease = ledger.acquire(run.run_id)
    with LedgerSession(
        ledger, lease, stop, seconds_before=stored.seconds, heartbeat_s=limits.heartbeat_s
    ) as session:
        session.counts = stored.counts
        try:
            if import_work is not None and has_unfinished_pages(run):
                for keys in keys_in_flight(ledger, run, import_work):
                    session.save_units({}, keys)
        except BaseException:
            session.release(run.state, run.message)
            raise
        session.release(RunState.ROLLED_BACK, f"Its rollback {rollback_id} is not complete.")


def keys_in_flight(ledger: Ledger, run: RunRecord, work: ImportWork) -> Iterator[list[str]]:
    """Yield the keys of targets of a run behind the checkpoint of its first open unit.

    Args:
        ledger: The ledger.
        run: The run.
        work: The verification of its records.

    Raises:
        BackfillError, LegacyError: The ledger, the source or AWS can't be read.
    """
    with ledger_errors():
        states = read_unit_states(ledger, run, work.units())
    state = next((state for state in states if not state.done), None)
    if state is None:
        return
    for page in islice(work.pages(state), _IN_FLIGHT_PAGES):
        keys = work.keys(state.unit, work.process(state.unit, page))
        if keys:
            yield keys


class RollbackWork:
    """Passes the keys of a run to its stages, the users first.

    Args:
        ledger: The ledger.
        of_run: The ID of the run that is undone.
        stages: The stages, created for this run, in the order of the import.
        threads: The number of threads by stage; that of the limits for others.
        unlisted_keys: Keys of the run that the ledger does not list.
    """

    def __init__(
        self,
        ledger: Ledger,
        of_run: str,
        stages: Sequence[Stage[Any]],
        threads: Mapping[str, int] = NO_THREADS,
        *,
        unlisted_keys: Sequence[str] = (),
    ) -> None:
        self._unlisted_keys = unlisted_keys
        self._threads = threads
        self._ledger = ledger
        self._of_run = of_run
        self._stages = {stage.name: stage for stage in stages}

    def units(self) -> Sequence[Unit]:
        """Return one unit for each stage."""
        return [Unit(number * UNITS_PER_STAGE, name) for number, name in enumerate(self._stages)]

    def pages(self, state: UnitState) -> Iterator[WorkPage]:
        """Yield the keys of a stage that are not done.

        Raises:
            BackfillFailedError: The ledger can't be read.
        """
        keys = islice(self._keys(state.unit.stage), state.read, None)
        read = state.read
        while page := list(islice(keys, _PAGE_KEYS)):
            read += len(page)
            yield WorkPage({"keys": read}, len(page), page)

    def _keys(self, stage: str) -> Iterator[str]:
        """Yield the different keys of a stage. A killed session can have stored some of them twice."""
        hashes = KeyHashes()
        with ledger_errors():
            for text in chain(self._ledger.read_keys(self._of_run), self._unlisted_keys):
                name, key = split_stage_key(text)
                if name == stage and hashes.add(key):
                    yield key

    def process(self, unit: Unit, page: WorkPage) -> list[RecordResult]:
        """Undo keys."""
        results: list[RecordResult] = self._stages[unit.stage].undo(page.content)
        return results

    def threads(self, unit: Unit) -> int | None:
        """Return the number of threads for a unit; None for that of the limits."""
        return self._threads.get(unit.stage)

    def keys(self, unit: Unit, results: Sequence[RecordResult]) -> list[str]:  # noqa: ARG002 - as in `UnitWork`
        """Return nothing: a rollback creates nothing."""
        return []

    def check(self, states: Sequence[UnitState]) -> None:
        """Do nothing: kept targets do not end a rollback."""


def count_keys(ledger: Ledger, run_id: str) -> int:
    """Return the number of different keys of a run.

    Raises:
        LedgerError: The ledger can't be read.
    """
    hashes = KeyHashes()
    return sum(hashes.add(stage_key(*split_stage_key(text))) for text in ledger.read_keys(run_id))
