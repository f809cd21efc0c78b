"""The action ``work``: processes a segment until it is done, or until the function's time is nearly over."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.ledger_session import LedgerObserver, LedgerSession
from userprofiles.backfill.ledger.timeline_recorder import TimelineRecorder
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.run_history import read_history
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.state_machine.listed_results import create_sink
from userprofiles.backfill.state_machine.services import RUN_LEASE_S, Services
from userprofiles.backfill.state_machine.worker_input import check_job, read_run_id, read_segment, read_token
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.errors import LeaseLostError, RunLockedError
from userprofiles.jobs.ledger import Lease
from userprofiles.jobs.run_record import Request
from userprofiles.jobs.timeline import Timeline

_RENEW_S = 20.0
_LOCK_POLL_S = 2.0


def process_unit(services: Services, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
    """Process a segment.

    Args:
        services: The services of the worker.
        event: The item of the map: `runId`, `token` and `segment`.
        seconds_left: The remaining time of the function.

    Returns:
        The item with `done`: whether the child execution ends. It ends when the segment is done, and also
        when an operator has stopped the run, or when another execution has taken it over.

    Raises:
        RefusedError: The input is wrong.
        BackfillFailedError: The segment failed, or made no progress.
    """
    deadline = time.monotonic() + seconds_left * services.limits.worker_share
    run_lease = Lease(read_run_id(event), read_token(event), time.time() + RUN_LEASE_S)
    item = {"action": "work", "runId": run_lease.run_id, "token": run_lease.token}
    with ledger_errors():
        try:
            record, run_lease = services.ledger.renew(run_lease, RUN_LEASE_S)
        except LeaseLostError as error:
            services.ledger.read(run_lease.run_id)  # raises an error if the run does not exist
            services.warn(str(error))
            return {**item, "segment": event.get("segment"), "done": True}
        job = read_job(record, services.ledger)
        check_job(job, services.settings, services.limits.worker_segments)
        segment = read_segment(event, job)
        is_done = (
            record.request is Request.STOP or UnitWork(services, job, segment, run_lease, deadline).process()
        )
        is_done = is_done or services.ledger.read(job.run_id).request is Request.STOP
    return {**item, "segment": segment, "done": is_done}


@dataclass(frozen=True)
class UnitWork:
    """The work of one invocation on one segment.

    Attributes:
        services: The services of the worker.
        job: The task of the run.
        segment: The number of the segment.
        run_lease: The lease of the run, which all workers of an execution share.
        deadline: The monotonic time at which the work must stop.
    """

    services: Services
    job: Job
    segment: int
    run_lease: Lease
    deadline: float

    def process(self) -> bool:
        """Process the segment; return whether it is done, or whether the run was taken over.

        Raises:
            BackfillFailedError: The segment failed, or made no progress.
            LedgerError: The ledger can't be used.
        """
        ledger, run_id = self.services.ledger, self.job.run_id
        stop = Stop(self.deadline)
        progress, lease = _lease_unit(self.services, run_id, self.segment, stop)
        state = SegmentState.from_json(progress) if progress else SegmentState(self.segment)
        before = _position(state)
        try:
            if not state.done:
                with LedgerSession(ledger, lease, stop) as session:
                    self._execute(state, session, stop)
        except BackfillError as error:
            if isinstance(error.__cause__, LeaseLostError):
                self.services.warn(str(error.__cause__))
                return _is_stored_done(self.services, run_id, self.segment)
            ledger.release(lease)
            raise
        ledger.release(lease)
        if too_many_failures := tolerance_error(self.job, [state]):
            raise too_many_failures
        if not state.done and _position(state) == before and time.monotonic() >= self.deadline:
            raise _no_progress_error(run_id, self.segment)
        return state.done

    def _execute(self, state: SegmentState, session: LedgerSession, stop: Stop) -> None:
        """Process the segment until it is done or a stop is requested.

        Raises:
            BackfillError: The segment failed.
        """
        services, job = self.services, self.job
        observer = LedgerObserver(
            session,
            create_sink(job, services.quarantine(job.run_id)),
            _WorkerObserver(services, self.run_lease),
            job=job,
            timeline=TimelineRecorder(Timeline(), [state]),
            save_every_s=services.limits.checkpoint_every_s,
        )
        with Review(read_history(services.ledger, job.of_run) if job.of_run else None) as review:
            Run(
                job,
                services.dynamodb,
                services.location(job.table),
                [state],
                stop=stop,
                observer=observer,
                limits=services.limits,
                pacer=services.pacer(job),
                review=review,
            ).execute()


def _lease_unit(
    services: Services, run_id: str, segment: int, stop: Stop
) -> tuple[Mapping[str, Any] | None, Lease]:
    """Lease a segment. If a former invocation was killed, wait until its lease ends.

    Raises:
        BackfillFailedError: The lease did not end in time.
    """
    while True:
        try:
            return services.ledger.acquire_unit(run_id, segment)
        except RunLockedError as error:
            if stop.wait(_LOCK_POLL_S):
                raise BackfillFailedError(ErrorKind.LEDGER, str(error)) from error


def _is_stored_done(services: Services, run_id: str, segment: int) -> bool:
    return any(unit == segment and state["done"] for unit, state in services.ledger.read_units(run_id))


def _position(state: SegmentState) -> Any:
    return state.cursor, state.counted_keys


def _no_progress_error(run_id: str, segment: int) -> BackfillFailedError:
    return BackfillFailedError(
        ErrorKind.SERVICE,
        f"Segment {segment} of run {run_id} made no progress before the time limit.\n"
        "DynamoDB throttles the calls. Raise the table's capacity, and start the job again with this runId.",
    )


class _WorkerObserver:
    """Renews the lease of the run while one of its segments is processed, and logs warnings.

    Args:
        services: The services of the worker.
        lease: The lease of the run, which all workers of an execution share.
    """

    def __init__(self, services: Services, lease: Lease) -> None:
        self._services = services
        self._lease = lease
        self._renewed_at = time.monotonic()

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Do nothing: the ledger has the results."""

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Do nothing: the ledger has the inserts."""

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:  # noqa: ARG002 - the ledger has the states
        """Renew the lease of the run if it was last renewed some time ago.

        Raises:
            RefusedError: Another execution has taken over the run.
        """
        if time.monotonic() - self._renewed_at < _RENEW_S:
            return
        with ledger_errors():
            self._services.ledger.renew(self._lease, RUN_LEASE_S)
        self._renewed_at = time.monotonic()

    def warn(self, message: str) -> None:
        """Log a warning."""
        self._services.warn(message)
