"""Counts the pages of a run, and saves its progress in the ledger."""

import time
from collections.abc import Sequence

from userprofiles.backfill.ledger.ledger_session import LedgerSession
from userprofiles.jobs.run_record import RunRecord
from userprofiles.jobs.timeline import Bucket, Timeline
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.record_reader import WorkPage
from userprofiles.legacy.job.stage import RecordResult
from userprofiles.legacy.job.unit_state import UnitState, build_counts
from userprofiles.legacy.job.unit_work import ImportObserver, UnitWork

MAX_UNSAVED_PAGES = 64
"""Pages that are counted but not saved, at most: a rollback reads them again after a kill."""


class RunProgress:
    """Counts pages, and saves the counts from time to time.

    Args:
        states: The progress of all units. It is changed.
        work: What the run does.
        observer: Shows the progress.
        listed: The lists of failed records and of findings.
        session: The lease of the run.
        record: The record of the run at the start of this session.
        save_every_s: Seconds between two saves.
    """

    def __init__(
        self,
        states: Sequence[UnitState],
        work: UnitWork,
        observer: ImportObserver,
        listed: ListedResults,
        *,
        session: LedgerSession,
        record: RunRecord,
        save_every_s: float,
    ) -> None:
        self.states = states
        self._work = work
        self._session = session
        self._listed = listed
        self._observer = observer
        self._timeline = Timeline.from_json(record.counts.get("timeline", {}))
        self._save_every_s = save_every_s
        self._saved_at = float("-inf")
        self._unsaved_pages = 0
        self._measured_at = record.seconds
        self._changed: dict[int, UnitState] = {}
        self._keys: list[str] = []

    def record(self, state: UnitState, page: WorkPage, results: Sequence[RecordResult]) -> None:
        """Count a page.

        Raises:
            BackfillError: The progress can't be saved, or the counts must end the run.
        """
        self._listed.add(state, results)
        self._keys += self._work.keys(state.unit, results)
        state.add(results)
        state.position = page.position
        state.read += page.read
        self._changed[state.unit.number] = state
        write_units = sum(result.write_units for result in results)
        now = self._session.seconds
        self._timeline.record(self._measured_at, now, Bucket(len(results), write_units))
        self._measured_at = now
        self._unsaved_pages += 1
        is_due = time.monotonic() - self._saved_at >= self._save_every_s
        if is_due or self._unsaved_pages >= MAX_UNSAVED_PAGES:
            self.save()
        self._observer.record_results(state.unit, results)
        self._observer.show_progress(self.states, is_last=False)
        self._work.check(self.states)

    def save(self) -> None:
        """Store what has changed.

        Raises:
            BackfillError: The lease is lost, or the ledger or a list can't be written.
        """
        for state in self.states:
            if state.done:
                self._changed[state.unit.number] = state
        self._listed.write()
        documents = {number: state.to_json() for number, state in self._changed.items()}
        if documents or self._keys:
            self._session.save_units(documents, self._keys)
        self._session.counts = build_counts(self.states, self._timeline.to_json())
        self._changed, self._keys, self._unsaved_pages = {}, [], 0
        self._saved_at = time.monotonic()
