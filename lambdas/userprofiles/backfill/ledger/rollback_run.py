"""Runs a rollback in a ledger: a run of its own, which ends with the mark on the run that it undoes."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillError, RefusedError
from userprofiles.backfill.job import DEFAULT_SEGMENTS, Job, Operation, new_run_id
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import LedgerRun, refuse_parallel_run
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.operations import create_processors
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.review.difference_log import DifferenceLog
from userprofiles.backfill.review.item_reader import ItemReader
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.rollback import find_profiles_without_row
from userprofiles.backfill.review.run_history import RunHistory
from userprofiles.backfill.run import Observer, Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.backfill.targets.item_remover import ItemRemover
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.table import record as table_record

KIND = "rollback"
KEPT_EARLIER = "kept by an earlier session of this rollback"


@dataclass(frozen=True)
class RollbackResult:
    """The result of one session of a rollback.

    Attributes:
        job: The task of the rollback.
        tally: The users by outcome, in all sessions.
        meter: The calls, and their cost.
        created: The profiles that the run created.
        seconds: The duration of all sessions.
        is_complete: Whether all segments are processed.
        error: The error that ended the session, or None.
    """

    job: Job
    tally: Tally
    meter: Meter
    created: int
    seconds: float
    is_complete: bool
    error: BackfillError | None

    @property
    def removed(self) -> int:
        """The users whose items were removed; in a dry run, those whose items would be removed."""
        return self.tally.other[Outcome.REMOVED.value]

    @property
    def kept(self) -> int:
        """The users whose items were kept, because somebody has changed them."""
        return self.tally.other[Outcome.KEPT.value]

    @property
    def gone(self) -> int:
        """The created profiles that were deleted before, also by a session that was killed."""
        if not self.is_complete:
            return self.tally.other[Outcome.GONE.value]
        return max(self.tally.other[Outcome.GONE.value], self.created - self.removed - self.kept)

    def counts(self) -> dict[str, int]:
        """Return the counts as the report has them."""
        return {
            "createdByRun": self.created,
            "removed": self.removed,
            "kept": self.kept,
            "gone": self.gone,
        }


def create_rollback_job(history: RunHistory, *, dry_run: bool, rate: float | None) -> Job:
    """Return the job that undoes a run."""
    job = dataclasses.replace(
        history.job,
        run_id=new_run_id(),
        operation=Operation.ROLLBACK,
        of_run=history.job.run_id,
        dry_run=dry_run,
        rate=rate,
        plan_hash="",
        max_failures=None,
    )
    if job.creates_accounts:  # the segments of the run are those of another source
        job = dataclasses.replace(job, segments=DEFAULT_SEGMENTS, only=())
    return job


def find_open_rollback(ledger: Ledger, run_id: str, kind: str = KIND) -> RunRecord | None:
    """Return the unfinished rollback of a run, or None.

    Args:
        ledger: The ledger.
        run_id: The ID of the run that is undone.
        kind: The kind of rollbacks in the ledger.

    Raises:
        RefusedError: The run was rolled back already.
        LedgerError: The ledger can't be read.
    """
    for run in ledger.list_runs():
        if run.kind == kind and run.job.get("ofRun") == run_id:
            if run.state is RunState.DONE:
                raise RefusedError(f"Run {run_id} was rolled back already, by run {run.run_id}.")
            return run
    return None


def with_rate(rollback: RunRecord, rate: float | None) -> RunRecord:
    """Return an unfinished rollback with another rate; with its own rate if the rate is None."""
    return rollback.replace(job={**rollback.job, "rate": rate}) if rate else rollback


def check_can_roll_back(ledger: Ledger, run: RunRecord) -> None:
    """Check that a run has created profiles, and that no process works on it.

    Args:
        ledger: The ledger.
        run: The run.

    Raises:
        RefusedError: The run can't be rolled back.
        LedgerError: The ledger can't be read.
    """
    operation = run.job.get("operation", Operation.CREATE)
    if operation != Operation.CREATE:
        raise RefusedError(
            f"Run {run.run_id} is a {operation}, not a run that creates profiles. It can't be rolled back."
        )
    if ledger.is_locked(run.run_id):
        raise RefusedError(
            f"Run {run.run_id} is still running, so it can't be rolled back. Stop it first, and wait until "
            f"it has stopped:\n  {command_line(ledger, 'runs', 'stop', run.run_id)}"
        )


def mark_rolled_back(ledger: Ledger, run_id: str, message: str) -> None:
    """Give a run the state ROLLED_BACK.

    Raises:
        LedgerError: A process works on the run, or the ledger can't be written.
    """
    _, lease = ledger.acquire(run_id)
    ledger.release(lease, state=RunState.ROLLED_BACK, message=message)


class RollbackRun:
    """Runs one rollback in this process.

    Args:
        ledger: The ledger.
        client: A botocore DynamoDB client.
        location: The table.
        review: What the threads share. It has the run that is undone.
        differences: Lists the items that are kept. The observer adds those of the segments.
        observer: Shows the progress.
        stop: Ends the rollback at the next safe place.
        limits: Sizes and times.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Any,
        location: TableLocation,
        *,
        review: Review,
        differences: DifferenceLog,
        observer: Observer,
        stop: Stop,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._location = location
        self._review = review
        self._differences = differences
        self._observer = observer
        self._stop = stop
        self._limits = limits

    def preview(self, job: Job) -> RollbackResult:
        """Find out what a rollback would remove and keep. Nothing is written.

        Raises:
            BackfillError: The table can't be read.
        """
        started_at = time.monotonic()
        states = [SegmentState(number) for number in job.segment_numbers]
        Run(
            job,
            self._client,
            self._location,
            states,
            stop=self._stop,
            observer=self._observer,
            limits=self._limits,
            review=self._review,
        ).execute()
        return self._result(job, states, time.monotonic() - started_at, None)

    def execute(
        self, rollback: RunRecord, *, is_resumed: bool, allow_parallel: bool = False
    ) -> RollbackResult:
        """Start or resume a rollback.

        First, the run that is undone gets the state ROLLED_BACK: it can't be resumed any more, also if this
        process is killed. Without the permission to delete, nothing is changed.

        Args:
            rollback: The record of the rollback.
            is_resumed: Whether the ledger has the record.
            allow_parallel: Whether another run may write to the same table at the same time.

        Raises:
            BackfillError: The rollback could not start.
        """
        job = Job.from_json(rollback.job)
        with ledger_errors():
            if not allow_parallel:
                refuse_parallel_run(self._ledger, rollback)
            calls = Calls(self._client, self._location, self._stop, self._limits)
            ItemRemover(calls, ()).check_permission()
            mark_rolled_back(self._ledger, job.of_run, f"Its rollback {job.run_id} is not complete.")
            if is_resumed:
                self._add_kept_earlier(job)
        run = LedgerRun(
            self._ledger,
            self._client,
            self._location,
            observer=self._observer,
            failures=_NoFailures(),
            stop=self._stop,
            limits=self._limits,
            create_processor=create_processors(
                job, warn=self._observer.warn, limits=self._limits, review=self._review
            ),
        )
        result = run.start_or_resume(rollback, allow_parallel=allow_parallel)
        rollback_result = self._result(job, result.states, result.seconds, result.error)
        if result.is_complete and not result.error:
            with ledger_errors():
                mark_rolled_back(self._ledger, job.of_run, f"Rolled back by run {job.run_id}.")
        return rollback_result

    def _add_kept_earlier(self, job: Job) -> None:
        """List the items that earlier sessions have kept."""
        for key in self._ledger.read_keys(job.run_id):
            if self._review.count(key, is_settled=False):
                user_id = key.removeprefix(table_record.USER_PREFIX)
                self._differences.add([UserResult(user_id, Outcome.KEPT, KEPT_EARLIER, key={"PK": key})])

    def _count_profiles_without_row(self, job: Job) -> int:
        """List the profiles whose user row does not exist any more, and return their number."""
        calls = Calls(self._client, self._location, self._stop, self._limits)
        reader = ItemReader(calls, BatchPermissions(self._observer.warn, self._limits), self._limits)
        count = 0
        with ledger_errors():
            for result in find_profiles_without_row(reader, self._review, self._ledger.read_keys(job.of_run)):
                self._differences.add([result])
                count += 1
        return count

    def _result(
        self, job: Job, states: Sequence[SegmentState], seconds: float, error: BackfillError | None
    ) -> RollbackResult:
        tally, meter = report.add_up(states)
        is_complete = all(state.done for state in states)
        if is_complete and error is None:
            tally.other[Outcome.KEPT.value] += self._count_profiles_without_row(job)
        tally.other[Outcome.KEPT.value] -= self._differences.settled()[Outcome.KEPT.value]
        history = self._review.history
        created = history.created if history else 0
        return RollbackResult(job, tally, meter, created, seconds, is_complete, error)


class _NoFailures:
    """A rollback has no failed users: it lists the items that it keeps."""

    def record(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Do nothing."""
