"""Executes a job in this process, with its record, its lease and its progress in a ledger."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillError, RefusedError
from userprofiles.backfill.failures.failure_sink import FailureSink
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_errors import ledger_errors, translate_ledger_error
from userprofiles.backfill.ledger.ledger_session import LedgerObserver, LedgerSession, build_counts
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.ledger.timeline_recorder import TimelineRecorder
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.limits import Limits, limits_of_billed_ledger
from userprofiles.backfill.operations import ProcessorFactory
from userprofiles.backfill.review.run_history import refuse_import
from userprofiles.backfill.run import Observer, Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.errors import LedgerError, RunExistsError
from userprofiles.jobs.ledger import Lease, Ledger, command_line
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.jobs.timeline import Timeline
from userprofiles.telemetry import error_code

FINAL_STATES = (RunState.DONE, RunState.ROLLED_BACK)


@dataclass(frozen=True)
class LedgerRunResult:
    """The result of one session of a run.

    Attributes:
        job: The task of the run.
        states: The progress of its segments.
        seconds: The duration of all sessions.
        error: The error that ended the session, or None.
    """

    job: Job
    states: Sequence[SegmentState]
    seconds: float
    error: BackfillError | None

    @property
    def is_complete(self) -> bool:
        """Whether all users are processed."""
        return all(state.done for state in self.states)


class LedgerRun:
    """Runs jobs of this process in a ledger.

    Args:
        ledger: The ledger.
        client: A botocore DynamoDB client for the job's table.
        location: The table that the calls go to.
        observer: Shows or logs the progress.
        failures: Receives the failed users.
        stop: Ends the run at the next safe place.
        limits: Sizes and times of the run.
        create_processor: Creates the processor of a thread; None for that of the job's operation.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Any,
        location: TableLocation,
        *,
        observer: Observer,
        failures: FailureSink,
        stop: Stop,
        limits: Limits,
        create_processor: ProcessorFactory | None = None,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._location = location
        self._observer = observer
        self._failures = failures
        self._stop = stop
        self._limits = limits_of_billed_ledger(limits) if ledger.is_billed else limits
        self._create_processor = create_processor

    def start_or_resume(self, record: RunRecord, *, allow_parallel: bool = False) -> LedgerRunResult:
        """Start a run, or resume it if the ledger has an unfinished run with its ID.

        Args:
            record: The record of the run. Its job is the document of a `Job`.
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
            except RunExistsError:
                return self.resume(record, allow_parallel=allow_parallel)
        job = Job.from_json(record.job)
        states = [SegmentState(number) for number in job.segment_numbers]
        return self._execute(record, job, lease, states, allow_parallel=allow_parallel)

    def resume(self, record: RunRecord, *, allow_parallel: bool = False) -> LedgerRunResult:
        """Resume a run.

        Args:
            record: The run as it would start now: the stored one, with the current versions of code and
                template. Values that must not change are compared with the stored ones.
            allow_parallel: Whether another run may write to the same table at the same time.

        Raises:
            RefusedError: The run is done, locked or different, or another run writes to the table.
            BackfillFailedError: The ledger can't be used.
        """
        with ledger_errors():
            stored = self._ledger.read(record.run_id)
            check_resumable(stored, record)
            job = _with_current_limits(read_job(stored, self._ledger), record)
            stored, lease = self._ledger.acquire(record.run_id)
            try:
                if job != Job.from_json(stored.job):  # `runs resume` continues with the latest limits
                    stored, lease = self._ledger.renew(lease, job=job.to_json())
                states = read_states(self._ledger, job)
            except LedgerError:
                self._ledger.release(lease, state=RunState.FAILED)
                raise
        self._observer.warn(f"Resuming run {stored.run_id}.")
        return self._execute(stored, job, lease, states, allow_parallel=allow_parallel)

    def _execute(
        self,
        record: RunRecord,
        job: Job,
        lease: Lease,
        states: Sequence[SegmentState],
        *,
        allow_parallel: bool,
    ) -> LedgerRunResult:
        with LedgerSession(
            self._ledger,
            lease,
            self._stop,
            seconds_before=record.seconds,
            heartbeat_s=self._limits.heartbeat_s,
        ) as session:
            stored_timeline = record.counts.get("timeline", {})
            session.counts = build_counts(states, stored_timeline)
            timeline = TimelineRecorder(Timeline.from_json(stored_timeline), states, record.seconds)
            try:
                if not allow_parallel:  # again: another run may have started since the first check
                    with ledger_errors():
                        refuse_parallel_run(self._ledger, record)
                error = self._run(job, session, states, timeline)
            except BackfillError as start_error:
                error = start_error
            if session.error and not error:  # the last save had nothing to write
                error = translate_ledger_error(session.error)
            try:
                session.release(_final_state(states, error), _safe_message(error))
            except BackfillError as release_error:
                error = error or release_error
        return LedgerRunResult(job, states, session.seconds, error)

    def _run(
        self, job: Job, session: LedgerSession, states: Sequence[SegmentState], timeline: TimelineRecorder
    ) -> BackfillError | None:
        """Execute the run, and return the error that ended it."""
        if error := tolerance_error(job, states):
            return error
        observer = LedgerObserver(
            session,
            self._failures,
            self._observer,
            job=job,
            timeline=timeline,
            save_every_s=self._limits.checkpoint_every_s,
        )
        try:
            Run(
                job,
                self._client,
                self._location,
                states,
                stop=self._stop,
                observer=observer,
                limits=self._limits,
                create_processor=self._create_processor,
            ).execute()
        except BackfillError as error:
            return error
        return tolerance_error(job, states)


def refuse_parallel_run(ledger: Ledger, record: RunRecord) -> None:
    """Check that no other run is working on the same table now.

    Raises:
        RefusedError: There is one.
        LedgerError: The ledger can't be read.
    """
    for other in ledger.list_runs():
        is_same_table = other.table == record.table and other.run_id != record.run_id
        if is_same_table and other.state is RunState.RUNNING and ledger.is_locked(other.run_id):
            raise RefusedError(
                f"Run {other.run_id} ({other.kind}) is working on the same table, {record.table}.\n"
                f"Wait until it ends, or stop it: {command_line(ledger, 'runs', 'stop', other.run_id)}\n"
                "To run both at the same time, use --allow-parallel."
            )


def read_job(record: RunRecord, ledger: Ledger) -> Job:
    """Return the job of a run.

    Raises:
        LedgerError: The stored job is damaged, or it is that of an import.
    """
    refuse_import(record)
    try:
        return Job.from_json(record.job)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(
            f"The job of run {record.run_id} in the ledger {ledger.name} is damaged "
            f"({type(error).__name__}: {error}).\nMake a new plan. Existing items are not changed."
        ) from error


def check_resumable(stored: RunRecord, record: RunRecord) -> None:
    """Check that a run is not finished, and that its job, code and template have not changed.

    Args:
        stored: The run in the ledger.
        record: The run as it would start now. An empty value is not compared.

    Raises:
        RefusedError: It can't be resumed. The message names the reason.
    """
    if stored.state in FINAL_STATES:
        raise RefusedError(
            f"The plan was already applied by run {stored.run_id}, which is {stored.state}.\nMake a new plan."
            if stored.plan_hash
            else f"Run {stored.run_id} is {stored.state}. There is nothing to resume."
        )
    differences = [
        f"{name} was {before!r} and is now {now!r}"
        for name, before, now in [
            ("the table", stored.table, record.table),
            ("the code version", stored.code_version, record.code_version),
            ("the template", stored.template_version, record.template_version),
            ("the plan", stored.plan_hash, record.plan_hash),
            ("the job", _job_checksum(stored), _job_checksum(record)),
        ]
        if before and now and before != now
    ]
    if differences:
        raise RefusedError(
            f"Run {stored.run_id} can't be resumed: {'; '.join(differences)}.\nResume it with the same code, "
            "template and options, or make a new plan. Existing items are not changed."
        )


def _with_current_limits(job: Job, record: RunRecord) -> Job:
    """Return a stored job with the rate and the tolerance with which it would start now."""
    current = Job.from_json(record.job)
    return dataclasses.replace(job, rate=current.rate, max_failures=current.max_failures)


def _job_checksum(record: RunRecord) -> str:
    try:
        return Job.from_json(record.job).checksum()
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""  # `read_job` reports it


def _final_state(states: Sequence[SegmentState], error: BackfillError | None) -> RunState:
    if error:
        return RunState.FAILED
    return RunState.DONE if all(state.done for state in states) else RunState.STOPPED


def _safe_message(error: BackfillError | None) -> str:
    """Return the text of an error for the ledger. A message of AWS may repeat a value of an item."""
    if error is None:
        return ""
    if error.__cause__ is None:
        return str(error).splitlines()[0]
    return f"{error.kind}: {error_code(error.__cause__)}"
