"""Runs a job's segments, several at a time, and keeps their states fit for a checkpoint."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, Protocol

from userprofiles import template as templates
from userprofiles.migration.calls import PATIENCE_S, Calls
from userprofiles.migration.errors import StoppedError
from userprofiles.migration.job import Job, utc_now
from userprofiles.migration.plan import ProfileMaker
from userprofiles.migration.segment import Result, SegmentState, SegmentWorker
from userprofiles.migration.shape import Shape
from userprofiles.migration.stop import Stop
from userprofiles.migration.tally import Meter
from userprofiles.migration.target import Rights, Target
from userprofiles.migration.trouble import Place

MAX_THREADS = 8


class Observer(Protocol):
    """Sees a run from outside; its methods are called by one thread at a time."""

    def results(self, results: Sequence[Result]) -> None:
        """Take the results of one chunk; the states are up to date when this is called."""

    def saved(self, states: Iterable[SegmentState], *, last: bool) -> None:
        """Keep the states, if it is time; ``last`` means now, since nothing will follow."""

    def tell(self, message: str) -> None:
        """Pass a message on to whoever started the run."""


def run(
    job: Job,
    client: Any,
    place: Place,
    states: Sequence[SegmentState],
    *,
    stop: Stop,
    observer: Observer,
    now: Callable[[], str] = utc_now,
    patience: float = PATIENCE_S,
    threads: int = MAX_THREADS,
) -> None:
    """Work on the segments until all are done or a stop is asked for.

    Args:
        job: What to do; its shape is known by now.
        client: A botocore DynamoDB client.
        place: Where its calls go.
        states: The segments to work on; they are brought up to date as the run goes on.
        stop: Ends the run at the next safe place.
        observer: Sees results and states.
        now: Gives the time for createdAt.
        patience: Seconds without any success after which the run gives up.
        threads: How many segments are worked on at the same time, at most.

    Raises:
        BackfillError: The run could not go on; what is in the states is right, and can be resumed.
    """
    lock = threading.Lock()
    maker = ProfileMaker(templates.load(job.template), job.shape or Shape.PLAIN, job.run_id)
    open_states = [state for state in states if not state.done]

    def commit(state: SegmentState, bring_up_to_date: Callable[[], None], results: Sequence[Result]) -> None:  # noqa: ARG001 - the signature is SegmentWorker's
        with lock:
            bring_up_to_date()
            observer.results(results)
            observer.saved(states, last=False)

    rights = Rights(observer.tell)

    def work(state: SegmentState) -> None:
        calls = Calls(client, place, Meter(), stop, patience)
        target = Target(calls, rights, job.run_id)
        try:
            SegmentWorker(job, maker, calls, target, stop=stop, commit=commit, now=now).run(state)
        except StoppedError:
            pass  # its state stands at the last chunk, from where a resume goes on
        finally:
            with lock:  # calls of a chunk that was broken off were made all the same
                state.meter.add(calls.take_meter())

    def work_unless_stopped(state: SegmentState) -> None:
        if not stop.asked:
            work(state)

    try:
        with ThreadPoolExecutor(max(1, min(threads, len(open_states)))) as pool:
            futures = [pool.submit(work_unless_stopped, state) for state in open_states]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            if any(future.exception() for future in finished):
                stop.ask()
        for future in futures:
            future.result()
    finally:
        with lock:
            observer.saved(states, last=True)
