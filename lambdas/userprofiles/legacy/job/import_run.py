"""Executes a job in this process: its units one after the other, with a lease and progress in a ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from userprofiles.backfill.errors import BackfillError, StoppedError
from userprofiles.backfill.ledger.ledger_errors import ledger_errors, translate_ledger_error
from userprofiles.backfill.ledger.ledger_run import check_resumable, refuse_parallel_run
from userprofiles.backfill.ledger.ledger_session import LedgerSession
from userprofiles.backfill.limits import Limits, limits_of_billed_ledger
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.errors import LedgerError, RunExistsError
from userprofiles.jobs.ledger import DAMAGE_ADVICE, Lease, Ledger
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.legacy.job.job_errors import EXPECTED_ERRORS, safe_message, translate_error
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.page_pipeline import PagePipeline
from userprofiles.legacy.job.record_reader import WorkPage
from userprofiles.legacy.job.run_progress import RunProgress
from userprofiles.legacy.job.stage import RecordResult
from userprofiles.legacy.job.unit_state import Unit, UnitState
from userprofiles.legacy.job.unit_work import ImportObserver, UnitWork


@dataclass(frozen=True)
class ImportRunResult:
    """The result of one session of a run.

    Attributes:
        states: The progress of the units.
        seconds: The duration of all sessions.
        error: The error that ended the session, or None.
    """

    states: Sequence[UnitState]
    seconds: float
    error: BackfillError | None

    @property
    def is_complete(self) -> bool:
        """Whether everything is processed."""
        return all(state.done for state in self.states)


class ImportRun:
    """Runs jobs of an import in a ledger.

    Args:
        ledger: The ledger.
        work: What the run does.
        observer: Shows the progress.
        listed: The lists of failed records and of findings.
        stop: Ends the run at the next page.
        limits: Sizes and times.
    """

    def __init__(
        self,
        ledger: Ledger,
        work: UnitWork,
        *,
        observer: ImportObserver,
        listed: ListedResults,
        stop: Stop,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._work = work
        self._observer = observer
        self._listed = listed
        self._stop = stop
        self._limits = limits_of_billed_ledger(limits) if ledger.is_billed else limits

    def start_or_resume(self, record: RunRecord, *, allow_parallel: bool = False) -> ImportRunResult:
        """Start a run, or resume it if the ledger has an unfinished run with its ID.

        Args:
            record: The record of the run as it starts now. Its job is the document of an `ImportJob`.
            allow_parallel: Whether another run may write to the same table at the same time.

        Raises:
            RefusedError: The run is done, locked or different, or another run writes to the table.
            BackfillFailedError: The ledger can't be used.
        """
        with ledger_errors():
            if not allow_parallel:
                refuse_parallel_run(self._ledger, record)
            try:
                lease = self._ledger.create(record)
                stored = record
            except RunExistsError:
                check_resumable(self._ledger.read(record.run_id), record)
                stored, lease = self._ledger.acquire(record.run_id)
                stored, lease = self._ledger.renew(lease, job=record.job)
                self._observer.warn(f"Resuming run {record.run_id}.")
        return self._execute(stored, lease, allow_parallel=allow_parallel)

    def _execute(self, record: RunRecord, lease: Lease, *, allow_parallel: bool) -> ImportRunResult:
        states: Sequence[UnitState] = []
        error: BackfillError | None = None
        with LedgerSession(
            self._ledger,
            lease,
            self._stop,
            seconds_before=record.seconds,
            heartbeat_s=self._limits.heartbeat_s,
        ) as session:
            session.counts = record.counts
            try:
                with ledger_errors():
                    if not allow_parallel:  # again: another run may have started since the first check
                        refuse_parallel_run(self._ledger, record)
                    states = read_unit_states(self._ledger, record, self._work.units())
                self._run_units(states, session, record)
            except StoppedError:
                pass  # a stage ended a wait; its page is repeated
            except EXPECTED_ERRORS as run_error:
                error = translate_error(run_error)
            if session.error and not error:
                error = translate_ledger_error(session.error)
            try:
                session.release(_final_state(states, error), safe_message(error))
            except BackfillError as release_error:
                error = error or release_error
        return ImportRunResult(states, session.seconds, error)

    def _run_units(self, states: Sequence[UnitState], session: LedgerSession, record: RunRecord) -> None:
        progress = RunProgress(
            states,
            self._work,
            self._observer,
            self._listed,
            session=session,
            record=record,
            save_every_s=self._limits.checkpoint_every_s,
        )
        try:
            for state in states:
                if not state.done and not self._stop.is_requested:
                    self._run_unit(state, progress)
        except Exception:
            if session.error is None:
                progress.save()
            raise
        finally:
            self._observer.show_progress(states, is_last=True)
        progress.save()

    def _run_unit(self, state: UnitState, progress: RunProgress) -> None:
        def process(page: WorkPage) -> list[RecordResult]:
            return self._work.process(state.unit, page)

        def record(page: WorkPage, results: list[RecordResult]) -> None:
            progress.record(state, page, results)

        threads = self._work.threads(state.unit) or self._limits.threads
        pipeline = PagePipeline(process, record, threads=threads, stop=self._stop)
        if pipeline.run(self._work.pages(state)):
            state.done = True
            progress.save()
            self._work.check(progress.states)


def read_unit_states(ledger: Ledger, record: RunRecord, units: Sequence[Unit]) -> list[UnitState]:
    """Return the progress of units. A unit without stored progress is new.

    Raises:
        LedgerError: The progress of a unit is damaged, or the unit does not belong to the run.
    """
    states = {unit.number: UnitState(unit) for unit in units}
    for number, document in ledger.read_units(record.run_id):
        try:
            state = UnitState.from_json(document)
            if states[number].unit != state.unit:
                raise ValueError("another unit")  # noqa: TRY301 - reported below
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerError(
                f"Unit {number} of run {record.run_id} in the ledger {ledger.name} can't be read "
                f"({type(error).__name__}): another version wrote it, or it is damaged.\n"
                f"The code version of the run is {record.code_version!r}. If yours is another one, use that "
                f"of the run.\nIf the unit is damaged: {DAMAGE_ADVICE}"
            ) from error
        states[number] = state
    return list(states.values())


def _final_state(states: Sequence[UnitState], error: BackfillError | None) -> RunState:
    if error:
        return RunState.FAILED
    return RunState.DONE if states and all(state.done for state in states) else RunState.STOPPED
