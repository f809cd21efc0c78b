"""A run of this process in the ledger: renews its lease, saves its progress, and obeys requests to stop."""

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.failures.failure_sink import FailureSink
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.ledger.ledger_errors import translate_ledger_error
from userprofiles.backfill.ledger.timeline_recorder import TimelineRecorder
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.run import Observer
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.errors import LeaseLostError, LedgerError
from userprofiles.jobs.ledger import LEASE_S, Lease, Ledger
from userprofiles.jobs.periodic import Periodic
from userprofiles.jobs.run_record import Request, RunState
from userprofiles.table import record


class LedgerSession(Periodic):
    """The lease of a run, or of one unit, while this process works on it. It is renewed while the block runs.

    Args:
        ledger: The ledger.
        lease: The lease.
        stop: Ends the run when an operator requests it, or when the lease is lost.
        seconds_before: The duration of the former sessions of the run.
        heartbeat_s: Seconds between two renewals.

    Attributes:
        counts: The counts of the run, which the next renewal stores.
        error: Why the run lost its ledger, or None.
    """

    def __init__(
        self,
        ledger: Ledger,
        lease: Lease,
        stop: Stop,
        *,
        seconds_before: float = 0.0,
        heartbeat_s: float = COMMAND_LINE.heartbeat_s,
    ) -> None:
        self.counts: Mapping[str, Any] = {}
        self.error: LedgerError | None = None
        self._ledger = ledger
        self._lease = lease
        self._stop = stop
        self._started_at = time.monotonic() - seconds_before
        self._lock = threading.Lock()  # one call at a time: a renewal would conflict with a transaction
        super().__init__(self._renew, heartbeat_s, "lease")

    @property
    def seconds(self) -> float:
        """The duration of all sessions of the run so far."""
        return time.monotonic() - self._started_at

    def request_stop(self) -> None:
        """Stop the run at the next safe place."""
        self._stop.request()

    def save_units(self, documents: Mapping[int, Mapping[str, Any]], keys: Sequence[str]) -> None:
        """Store the progress of units.

        Raises:
            BackfillError: The lease is lost, or the ledger can't be written. Nothing was written.
        """
        try:
            self._check()
            with self._lock:
                self._ledger.save_units(self._lease, documents, keys)
        except LedgerError as error:
            self.error = error
            raise translate_ledger_error(error) from error

    def release(self, state: RunState, message: str) -> None:
        """End the lease, and store the final state.

        Raises:
            BackfillError: The lease is lost, or the ledger can't be written.
        """
        try:
            if isinstance(self.error, LeaseLostError):
                raise self.error
            with self._lock:
                self._ledger.release(
                    self._lease, state=state, message=message, counts=self.counts, seconds=self._seconds
                )
        except LedgerError as error:
            raise translate_ledger_error(error) from error

    @property
    def _seconds(self) -> float:
        return round(self.seconds, 3)

    def _check(self) -> None:
        if self.error:
            raise self.error

    def _renew(self) -> bool:
        """Renew the lease, and return whether to renew it again."""
        try:
            self.renew()
        except LedgerError as error:
            if isinstance(error, LeaseLostError) or time.time() >= self._lease.until:
                self.error = error
                self._stop.request()
                return False
        return True

    def renew(self) -> None:
        """Renew the lease once, and stop the run if an operator has requested it.

        Raises:
            LedgerError: The lease is lost, or the ledger can't be written.
        """
        changes = {} if self._lease.unit is not None else {"counts": self.counts, "seconds": self._seconds}
        with self._lock:
            run, self._lease = self._ledger.renew(self._lease, LEASE_S, **changes)
        if run.request is Request.STOP:
            self._stop.request()


class LedgerObserver:
    """Observes a run: saves its progress in the ledger, then calls another observer.

    Args:
        session: The lease of the run.
        failures: Receives the failed users.
        observer: Shows or logs the progress.
        job: The task of the run.
        timeline: Records the throughput and latency of the run.
        save_every_s: Seconds between two saves.
    """

    def __init__(
        self,
        session: LedgerSession,
        failures: FailureSink,
        observer: Observer,
        *,
        job: Job,
        timeline: TimelineRecorder,
        save_every_s: float,
    ) -> None:
        self._session = session
        self._failures = failures
        self._observer = observer
        self._save_every_s = save_every_s
        self._job = job
        self._timeline = timeline
        self._listed_outcome = _listed_outcome(job)
        self._saved_at = float("-inf")
        self._saved: dict[int, dict[str, Any]] = {}
        self._done: set[int] = set()
        self._keys: list[str] = []

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Record the results of one chunk.

        Raises:
            BackfillFailedError: The failures can't be written.
        """
        self._failures.record(state, results)
        self._keys += [
            record.partition_key(result.user_id)
            for result in results
            if result.outcome is self._listed_outcome
        ]
        self._observer.record_results(state, results)

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Save the state of a segment before its next inserts begin.

        The keys are stored when their profiles are created: a profile that turns out to exist is not one of
        this run. Until then, the state has them as `pending_inserts`.

        Raises:
            BackfillError: The lease is lost, or the ledger can't be written.
        """
        self._store([state])
        self._observer.save_inserts(states, state, keys)

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Save the states if the last save is old enough, or if this is the last call.

        Raises:
            BackfillError: The lease is lost, or the ledger can't be written.
        """
        states = list(states)
        try:
            if is_last or time.monotonic() - self._saved_at >= self._save_every_s:
                self._save(states)
            if tolerance_error(self._job, states):
                self._session.request_stop()
        finally:
            self._observer.save(states, is_last=is_last)

    def _save(self, states: Sequence[SegmentState]) -> None:
        timeline = self._timeline.record(states, self._session.seconds)
        self._session.counts = build_counts(states, timeline)
        self._store(states)
        self._saved_at = time.monotonic()

    def _store(self, states: Sequence[SegmentState]) -> None:
        """Store the states that have changed, and the new keys."""
        documents = {state.segment: state.to_json() for state in states if self._is_open(state)}
        documents = {unit: value for unit, value in documents.items() if self._saved.get(unit) != value}
        if documents or self._keys:
            self._session.save_units(documents, self._keys)
        self._saved.update(documents)
        self._done.update(state.segment for state in states if state.done)
        self._keys = []

    def _is_open(self, state: SegmentState) -> bool:
        return state.segment not in self._done and (state.has_progress or bool(state.meter.calls))

    def warn(self, message: str) -> None:
        """Pass on a warning."""
        self._observer.warn(message)


def _listed_outcome(job: Job) -> Outcome | None:
    """Return the outcome of the users whose keys the ledger lists, or None.

    A resumed rollback needs the items that it keeps, and the rollback of a run those that the run created,
    unless they have the ID of the run.
    """
    if job.operation is Operation.ROLLBACK:
        return Outcome.KEPT
    is_listed = job.operation is Operation.CREATE and job.shape is TableShape.PLAIN
    return Outcome.CREATED if is_listed else None


def build_counts(states: Sequence[SegmentState], timeline: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a run as its record has them."""
    tally, meter = report.add_up(states)
    units = {"all": len(states), "done": sum(state.done for state in states)}
    rows = sum(state.rows for state in states)
    return {**tally.to_json(), **meter.to_json(), "rows": rows, "units": units, "timeline": timeline}
