"""Processes the segments of a job, several at a time, and keeps their states for a checkpoint."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any, Protocol

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.operations import ProcessorFactory, create_processors
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.segment_state import Chunk, SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tally import Meter
from userprofiles.jobs.pacing import LocalPacer, Pacer

# Python runs signal handlers between two steps of the main thread. A signal that arrives just before a wait
# does not end the wait, so the wait is short.
_SIGNAL_S = 0.2


class Observer(Protocol):
    """Observes a run. Its methods are called by one thread at a time."""

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Record the results of one chunk. The next `save` includes them.

        Args:
            state: The state of the segment before the chunk.
            results: The results of the chunk.
        """

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Save the state of a segment before its next inserts, which begin when this method returns.

        Unlike `save`, this must not wait for a later call: after a kill during the inserts, the stored state
        is what identifies the profiles of this run.

        Args:
            states: All states of the run.
            state: The state of the segment. Its `pending_inserts` include the next inserts.
            keys: The PKs of the profiles that are inserted next. Some of them may turn out to exist, or to be
                rejected.
        """

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Save the states if the last save is old enough, or if this is the last call."""

    def warn(self, message: str) -> None:
        """Show or log a warning for the operator of the run."""


class Run:
    """One run over the segments of a table.

    Args:
        job: The task, with the table's shape.
        client: A botocore DynamoDB client.
        location: The table that the calls go to.
        states: The segments to process. The run updates them.
        stop: Ends the run at the next safe place.
        observer: Receives results, states and warnings.
        limits: Sizes and times of the run.
        now: Returns the time for createdAt.
        create_processor: Creates the processor of a thread; None for that of the job's operation.
        pacer: Paces the writes; None for a pacer with the rate of the job.
        review: Only for a verification or a rollback: what its threads share.
    """

    def __init__(
        self,
        job: Job,
        client: Any,
        location: TableLocation,
        states: Sequence[SegmentState],
        *,
        stop: Stop,
        observer: Observer,
        limits: Limits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        create_processor: ProcessorFactory | None = None,
        pacer: Pacer | None = None,
        review: Review | None = None,
    ) -> None:
        self._client = client
        self._location = location
        self._states = states
        self._stop = stop
        self._observer = observer
        self._limits = limits
        self._pacer = pacer or LocalPacer(job.rate, stop.now)
        self._create_processor = create_processor or create_processors(
            job, warn=observer.warn, limits=limits, now=now, review=review
        )
        self._lock = threading.Lock()

    def execute(self) -> None:
        """Process the segments until all are done or a stop is requested.

        Raises:
            BackfillError: The run could not continue. The states are correct, and the run can be resumed.
        """
        open_states = [state for state in self._states if not state.done]
        try:
            with ThreadPoolExecutor(max(1, min(self._limits.threads, len(open_states)))) as pool:
                futures = [pool.submit(self._process_segment, state) for state in open_states]
                running = set(futures)
                while running:
                    finished, running = wait(running, timeout=_SIGNAL_S, return_when=FIRST_EXCEPTION)
                    if any(future.exception() for future in finished):
                        self._stop.request()
            for future in futures:
                future.result()
        finally:
            with self._lock:
                self._observer.save(self._states, is_last=True)

    def _process_segment(self, state: SegmentState) -> None:
        """Process one segment, in its own thread, until it is done or a stop is requested."""
        if self._stop.is_requested:
            return
        calls = Calls(self._client, self._location, self._stop, self._limits, self._pacer)
        try:
            for chunk in self._create_processor(calls).process(state):
                self._commit(state, chunk, calls.take_meter())
                if chunk.error:
                    raise chunk.error
                # Planned inserts are executed: else a slow start would stop each session at the same place.
                if self._stop.is_requested and not chunk.planned_inserts:
                    return
        except StoppedError:
            pass  # the state has everything that was done, and a resumed run continues there
        finally:
            with self._lock:  # the calls of an interrupted chunk count, too
                state.meter.add(calls.take_meter())

    def _commit(self, state: SegmentState, chunk: Chunk, cost: Meter) -> None:
        with self._lock:
            if chunk.planned_inserts:
                state.advance(chunk, cost)
                self._observer.save_inserts(self._states, state, chunk.planned_inserts.keys)
                return
            # First, so that no state counts a failure that could not be recorded.
            self._observer.record_results(state, chunk.results)
            state.advance(chunk, cost)
            # Another segment can have a row of the same user. Only one of the two may count as created. The
            # other state is saved first: a resumed run then counts the user here, whatever is saved next.
            for other in self._states:
                if other is not state and other.pending_inserts.remove(chunk.created_keys):
                    self._observer.save_inserts(self._states, other, ())
            self._observer.save(self._states, is_last=False)
