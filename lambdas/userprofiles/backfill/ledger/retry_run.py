"""Retries the quarantined rows of a run under the lease of the run."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillError, RefusedError
from userprofiles.backfill.failures.quarantine_retry import QuarantineRetry
from userprofiles.backfill.identity import template_identity, template_version
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.ledger_session import LedgerSession, build_counts
from userprofiles.backfill.ledger.rollback_run import find_open_rollback
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, UserResult
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.ledger import Ledger
from userprofiles.jobs.pacing import LocalPacer
from userprofiles.jobs.quarantine import Quarantine
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.table import record as table_record
from userprofiles.template import TemplateError


@dataclass(frozen=True)
class RetryResult:
    """The result of a retry.

    Attributes:
        results: The retried rows by outcome.
        kept: The number of rows that were not tried, because they failed too often before.
        failed: The number of failed users that the run has now.
        error: The error that ended the retry, or None.
    """

    results: Counter[str]
    kept: int
    failed: int
    error: BackfillError | None


class RetryRun:
    """Retries the failed rows of runs.

    Args:
        ledger: The ledger.
        create_client: Returns a botocore DynamoDB client for a table, and the table.
        warn: Shows a warning.
        stop: Ends the retry between two batches.
        limits: The size of a batch.
    """

    def __init__(
        self,
        ledger: Ledger,
        create_client: Callable[[str], tuple[Any, TableLocation]],
        *,
        warn: Callable[[str], None],
        stop: Stop,
        limits: Limits,
    ) -> None:
        self._ledger = ledger
        self._create_client = create_client
        self._warn = warn
        self._stop = stop
        self._limits = limits

    def retry(self, run_id: str, quarantine: Quarantine, *, force: bool) -> RetryResult:
        """Retry the rows of a run, and correct its counts.

        Args:
            run_id: The ID of the run.
            quarantine: The quarantine of the run.
            force: Whether rows that failed too often are tried, too.

        Raises:
            RefusedError: The run was rolled back, is locked or creates nothing, or its template has changed.
            BackfillError: The ledger can't be used.
        """
        with ledger_errors():
            stored = self._ledger.read(run_id)
            job = read_job(stored, self._ledger)
            _check(stored, job)
            if rollback := find_open_rollback(self._ledger, run_id):
                raise RefusedError(
                    f"Run {run_id} is being rolled back by run {rollback.run_id}. Make a new plan afterwards."
                )
            client, location = self._create_client(job.table)
            calls = Calls(client, location, self._stop, self._limits, LocalPacer(job.rate))
            _, lease = self._ledger.acquire(run_id)
            states = read_states(self._ledger, job)
        timeline = stored.counts.get("timeline", {})
        with LedgerSession(self._ledger, lease, self._stop, seconds_before=stored.seconds) as session:
            session.counts = build_counts(states, timeline)

            def save(state: SegmentState, results: Sequence[UserResult]) -> None:
                session.save_units({state.segment: state.to_json()}, _created_keys(job, results))
                session.counts = build_counts(states, timeline)

            retry = QuarantineRetry(
                job,
                open_source(job, self._limits),
                quarantine,
                calls,
                save=save,
                warn=self._warn,
                stop=self._stop,
                limits=self._limits,
                force=force,
            )
            error = _retry_segments(retry, states)
            session.release(_final_state(stored, job, states), stored.message if error else "")
        failed = sum(state.tally.failed for state in states)
        return RetryResult(retry.results, retry.kept, failed, error)


def _retry_segments(retry: QuarantineRetry, states: Sequence[SegmentState]) -> BackfillError | None:
    try:
        for state in states:
            if state.tally.failed:
                retry.retry_segment(state)
    except BackfillError as error:
        return error
    return None


def _check(stored: RunRecord, job: Job) -> None:
    """Check that the rows of a run can be retried.

    Raises:
        RefusedError: They can't.
    """
    if stored.state is RunState.ROLLED_BACK:
        raise RefusedError(f"Run {stored.run_id} was rolled back. Make a new plan.")
    if job.operation is not Operation.CREATE:
        raise RefusedError(
            f"Run {stored.run_id} is a {job.operation}, which creates no profiles. Run {job.operation} again."
        )
    try:
        current = template_version(template_identity(job.template))
    except TemplateError as error:
        raise RefusedError(f"The template {job.template!r} can't be used: {error}") from error
    if stored.template_version and stored.template_version != current:
        raise RefusedError(
            f"The template of run {stored.run_id} was {stored.template_version} and is now {current}.\n"
            "Make a new plan: it creates the missing profiles, and existing items are not changed."
        )


def _created_keys(job: Job, results: Sequence[UserResult]) -> list[str]:
    """Return the keys of created profiles that have no mark of the run."""
    if job.shape is not TableShape.PLAIN:
        return []
    return [
        table_record.partition_key(result.user_id) for result in results if result.outcome is Outcome.CREATED
    ]


def _final_state(stored: RunRecord, job: Job, states: Sequence[SegmentState]) -> RunState:
    """Return the state of the run after the retry: done if everything is processed."""
    if all(state.done for state in states):
        return RunState.FAILED if tolerance_error(job, states) else RunState.DONE
    return RunState.STOPPED if stored.state is RunState.RUNNING else stored.state
