"""Runs a job's segments, several at a time, and keeps their states ready for a checkpoint."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, Protocol

from userprofiles import template as templates
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.error_messages import Place
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.job import Job, utc_now
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.permissions import Rights
from userprofiles.backfill.plan import ProfileMaker
from userprofiles.backfill.profile_reader import ProfileReader
from userprofiles.backfill.profile_writer import ProfileWriter
from userprofiles.backfill.segment import Chunk, SegmentState, SegmentWorker
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import Shape
from userprofiles.backfill.tally import Meter


class Observer(Protocol):
    """Sees a run from outside; its methods are called by one thread at a time."""

    def results(self, results: Sequence[UserResult]) -> None:
        """Take the results of one chunk; the states are up to date when this is called."""

    def saved(self, states: Iterable[SegmentState], *, last: bool) -> None:
        """Keep the states, if it is time; ``last`` means now, since nothing will follow."""

    def tell(self, message: str) -> None:
        """Pass a message on to whoever started the run."""


class Run:
    """One run over the segments of a table.

    Args:
        job: The task; its shape is decided by now.
        client: A botocore DynamoDB client.
        place: Where its calls go.
        states: The segments to work on; they are brought up to date as the run proceeds.
        stop: Ends the run at the next safe place.
        observer: Sees results and states.
        limits: Sizes and times.
        now: Returns the time for createdAt.
    """

    def __init__(
        self,
        job: Job,
        client: Any,
        place: Place,
        states: Sequence[SegmentState],
        *,
        stop: Stop,
        observer: Observer,
        limits: Limits,
        now: Callable[[], str] = utc_now,
    ) -> None:
        self._job = job
        self._client = client
        self._place = place
        self._states = states
        self._stop = stop
        self._observer = observer
        self._limits = limits
        self._now = now
        self._maker = ProfileMaker(templates.load(job.template), job.shape or Shape.PLAIN, job.run_id)
        self._rights = Rights(observer.tell, limits)
        self._lock = threading.Lock()

    def execute(self) -> None:
        """Work on the segments until all are done or a stop is requested.

        Raises:
            BackfillError: The run could not go on; the states are right, and the run can be resumed.
        """
        open_states = [state for state in self._states if not state.done]
        try:
            with ThreadPoolExecutor(max(1, min(self._limits.threads, len(open_states)))) as pool:
                futures = [pool.submit(self._work_on, state) for state in open_states]
                finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
                if any(future.exception() for future in finished):
                    self._stop.ask()
            for future in futures:
                future.result()
        finally:
            with self._lock:
                self._observer.saved(self._states, last=True)

    def _work_on(self, state: SegmentState) -> None:
        """Work on one segment, in a thread of its own, until it is done or a stop is requested."""
        if self._stop.asked:
            return
        calls = Calls(self._client, self._place, self._stop, self._limits)
        try:
            for chunk in self._worker(calls).chunks(state):
                self._commit(state, chunk, calls.take_meter())
                if self._stop.asked:
                    return
        except StoppedError:
            pass  # its state is that of the last chunk, where a resume continues
        finally:
            with self._lock:  # the calls of an interrupted chunk have their cost too
                state.meter.add(calls.take_meter())

    def _worker(self, calls: Calls) -> SegmentWorker:
        reader = ProfileReader(calls, self._rights, self._limits)
        writer = ProfileWriter(calls, self._rights, reader, self._job.run_id, self._limits)
        return SegmentWorker(
            self._job, self._maker, calls, reader, writer, limits=self._limits, now=self._now
        )

    def _commit(self, state: SegmentState, chunk: Chunk, cost: Meter) -> None:
        with self._lock:
            state.advance(chunk, cost)
            self._observer.results(chunk.results)
            self._observer.saved(self._states, last=False)
