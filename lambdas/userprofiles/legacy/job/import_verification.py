"""Compares an import with its source, both ways: each record with its target, each target with its record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.jobs.ledger import Ledger
from userprofiles.legacy.job.import_work import ImportWork
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.page_pipeline import PagePipeline
from userprofiles.legacy.job.record_reader import WorkPage
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.job.unit_state import Unit, UnitState
from userprofiles.legacy.job.unit_work import ImportObserver

UNACCOUNTED = "the run created this, and it exists no longer, has lost the ID of the run or has no record"

_ORPHANS = Unit(999_000, "created by the run")
_PAGE_KEYS = 1_000


@dataclass(frozen=True)
class VerificationResult:
    """The result of a verification.

    Attributes:
        states: The comparison of each unit. The last state has the targets without a record.
        is_complete: Whether everything is compared.
    """

    states: Sequence[UnitState]
    is_complete: bool

    @property
    def differences(self) -> int:
        """The records and targets that differ."""
        return sum(state.outcomes[Outcome.FAILED] for state in self.states)


class ImportVerification:
    """Verifies one run.

    Args:
        ledger: The ledger of the run.
        run_id: The ID of the run.
        work: Compares records.
        observer: Shows the progress.
        listed: Receives the differences.
        stop: Ends the work.
        limits: Sizes and times.
    """

    def __init__(
        self,
        ledger: Ledger,
        run_id: str,
        work: ImportWork,
        *,
        observer: ImportObserver,
        listed: ListedResults,
        stop: Stop,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._work = work
        self._observer = observer
        self._listed = listed
        self._stop = stop
        self._limits = limits
        self._confirmed = KeyHashes()

    def execute(self) -> VerificationResult:
        """Compare everything.

        Raises:
            BackfillError, LegacyError: The source, the ledger or AWS can't be read.
        """
        states = [UnitState(unit) for unit in self._work.units()]
        for state in states:
            if not self._compare(state, states):
                return VerificationResult(states, is_complete=False)
        states.append(self._find_targets_without_record())
        self._observer.show_progress(states, is_last=True)
        return VerificationResult(states, is_complete=True)

    def _compare(self, state: UnitState, states: Sequence[UnitState]) -> bool:
        """Compare the records of a unit. Return whether all of them are compared."""

        def process(page: WorkPage) -> list[RecordResult]:
            return self._work.process(state.unit, page)

        def record(page: WorkPage, results: list[RecordResult]) -> None:
            self._add(state, results)
            state.read += page.read
            for key in self._work.keys(state.unit, results):
                self._confirmed.add(key)
            self._observer.record_results(state.unit, results)
            self._observer.show_progress(states, is_last=False)

        threads = self._work.threads(state.unit) or self._limits.threads
        pipeline = PagePipeline(process, record, threads=threads, stop=self._stop)
        state.done = pipeline.run(self._work.pages(state))
        return state.done

    def _find_targets_without_record(self) -> UnitState:
        """Count the keys of the run that no comparison has confirmed."""
        state = UnitState(_ORPHANS)
        keys = KeyHashes()
        results: list[RecordResult] = []
        with ledger_errors():
            for key in self._ledger.read_keys(self._run_id):
                if keys.add(key):
                    results.append(self._check_key(key))
                if len(results) >= _PAGE_KEYS:
                    self._add(state, results)
                    results = []
        self._add(state, results)
        state.done = True
        return state

    def _check_key(self, key: str) -> RecordResult:
        if key in self._confirmed:
            return RecordResult(record_id=key, outcome=Outcome.EXISTED)
        return RecordResult(record_id=key, outcome=Outcome.FAILED, reason=UNACCOUNTED)

    def _add(self, state: UnitState, results: Iterable[RecordResult]) -> None:
        results = list(results)
        state.add(results)
        self._listed.add(state, results)
        self._listed.write()
