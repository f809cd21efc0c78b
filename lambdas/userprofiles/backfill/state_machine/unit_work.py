"""The action ``work``: processes a segment until it is done, or until the function's time is nearly over."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.ledger_session import LedgerObserver
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.ledger.timeline_recorder import TimelineRecorder
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.operations import ProcessorFactory
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.orphan_search import OrphanSearch
from userprofiles.backfill.review.orphan_units import is_orphan_unit, plan_orphan_units, searches_orphans
from userprofiles.backfill.review.review import Review, Sample
from userprofiles.backfill.review.run_history import read_history
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment import SegmentProcessor
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.state_machine.listed_results import create_sink
from userprofiles.backfill.state_machine.services import RUN_LEASE_S, Services, seconds_since
from userprofiles.backfill.state_machine.unit_session import (
    UnitSession,
    UserHashes,
    invocation_name,
    read_user_hashes,
)
from userprofiles.backfill.state_machine.worker_input import check_job, read_run_id, read_segment, read_token
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
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
        work = UnitWork(services, job, segment, run_lease, deadline, record.started_at)
        is_done = record.request is Request.STOP or work.process()
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
        started_at: The time of the run's start.
    """

    services: Services
    job: Job
    segment: int
    run_lease: Lease
    deadline: float
    started_at: str

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
                self._execute(state, lease, stop)
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

    def _execute(self, state: SegmentState, lease: Lease, stop: Stop) -> None:
        """Process the segment until it is done or a stop is requested.

        Raises:
            BackfillError: The segment failed.
        """
        services, job = self.services, self.job
        name = invocation_name(state)
        is_compared = searches_orphans(job) and not is_orphan_unit(job, self.segment)
        users = UserHashes(services.folder(job.run_id), name) if is_compared else None
        with UnitSession(
            services.ledger,
            lease,
            stop,
            folder=services.folder(job.run_id),
            name=name,
            seconds_before=seconds_since(self.started_at),
            users=users,
            warn=services.warn,
        ) as session:
            observer = LedgerObserver(
                session,
                create_sink(job, services.quarantine(job.run_id)),
                _WorkerObserver(services, self.run_lease),
                job=job,
                timeline=TimelineRecorder(Timeline(), [state], session.seconds),
                save_every_s=services.limits.checkpoint_every_s,
            )
            history = read_history(services.ledger, job.of_run) if job.of_run else None
            sample = Sample.from_json(job.sample) if job.sample else None
            with Review(history, sample, users.add if users else None) as review:
                Run(
                    job,
                    services.dynamodb,
                    services.location(job.table),
                    [state],
                    stop=stop,
                    observer=observer,
                    limits=services.limits,
                    create_processor=self._orphan_searches(),
                    pacer=services.pacer(job),
                    review=review,
                ).execute()

    def _orphan_searches(self) -> ProcessorFactory | None:
        """Return the function that creates the processor of a unit that looks for orphans, or None.

        Raises:
            RefusedError: Not all users are compared yet, or the unit does not belong to the run.
        """
        services, job, number = self.services, self.job, self.segment
        if not is_orphan_unit(job, number):
            return None
        units = {unit.number: unit for unit in plan_orphan_units(job, read_states(services.ledger, job))}
        if number not in units:
            raise RefusedError(f"Wrong input: unit {number} does not belong to run {job.run_id!r} now.")
        permissions = BatchPermissions(services.warn, services.limits)

        def create_search(calls: Calls) -> SegmentProcessor:
            return OrphanSearch(
                units[number],
                job,
                calls,
                ItemReader(calls, permissions, services.limits),
                read_hashes=lambda: read_user_hashes(services.folder(job.run_id)),
                started_at=self.started_at,
                limits=services.limits,
            )

        return create_search


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
