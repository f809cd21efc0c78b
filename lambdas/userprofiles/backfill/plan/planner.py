"""Makes a plan: reads the whole source in a dry run, and describes what a run would do."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import RefusedError, StoppedError
from userprofiles.backfill.identity import document_digest, template_identity
from userprofiles.backfill.job import TABLE_SOURCE, Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.plan.plan_estimate import estimate
from userprofiles.backfill.plan.plan_file import Plan, create_plan
from userprofiles.backfill.plan.plan_summary import PlanSummary, segment_counts
from userprofiles.backfill.plan.plan_warnings import find_warnings
from userprofiles.backfill.plan.written_code import backfill_code_version
from userprofiles.backfill.run import Observer, Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.shape_detection import detect_shape, read_first_shapes
from userprofiles.backfill.tables.table_description import TableDescription, check_keys, describe_table
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.table import record


class Planner:
    """Makes the plan of one job.

    Args:
        client: A botocore DynamoDB client for the job's table.
        location: The table.
        stop: Ends the planning between two chunks.
        observer: Shows the progress.
        limits: Sizes and times of the reads.
        now: Returns the current time.
    """

    def __init__(
        self,
        client: Any,
        location: TableLocation,
        *,
        stop: Stop,
        observer: Observer,
        limits: Limits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._location = location
        self._stop = stop
        self._observer = observer
        self._limits = limits
        self._now = now

    def plan(self, job: Job, *, on_start: Callable[[Calls, Job], None] | None = None) -> Plan:
        """Read the source and return the plan.

        Args:
            job: The task. Its ID becomes the ID of the plan.
            on_start: Called before the first user is read.

        Raises:
            BackfillError: The source or the table can't be read, or a stop was requested.
        """
        started_at = time.monotonic()
        table = describe_table(self._client, self._location)
        check_keys(table, self._location)
        job = _with_segments(job, open_source(job, self._limits).segments)
        states = [SegmentState(number) for number in job.segment_numbers]
        calls = Calls(self._client, self._location, self._stop, self._limits)
        job = self._with_shape(job, calls, states)
        if on_start:
            on_start(calls, job)
        states[0].meter.add(calls.take_meter())
        summary = PlanSummary()
        self._run(job, states, summary)
        if not all(state.done for state in states):
            raise StoppedError("Stopped before the plan was complete. Nothing was written. Run it again.")
        seconds = time.monotonic() - started_at
        return self._create_plan(dataclasses.replace(job, dry_run=False), table, states, summary, seconds)

    def _with_shape(self, job: Job, calls: Calls, states: Sequence[SegmentState]) -> Job:
        """Return the job with the table's shape. Users of another source are written to our users table."""
        if job.creates_accounts:
            return dataclasses.replace(job, shape=TableShape.STACK, is_shape_explicit=True)
        if job.is_shape_explicit:
            read_first_shapes(calls, self._limits.probe_rows)
            return job
        shape = detect_shape(calls, states, job.segments, self._limits, self._stop)
        return dataclasses.replace(job, shape=shape or job.shape)

    def _run(self, job: Job, states: Sequence[SegmentState], summary: PlanSummary) -> None:
        Run(
            job,
            self._client,
            self._location,
            states,
            stop=self._stop,
            observer=_PlanObserver(self._observer, summary),
            limits=self._limits,
            now=self._now,
        ).execute()

    def _create_plan(
        self,
        job: Job,
        table: TableDescription,
        states: Sequence[SegmentState],
        summary: PlanSummary,
        seconds: float,
    ) -> Plan:
        tally, meter = report.add_up(states)
        counts = tally.to_json()
        costs = estimate(
            table,
            read_units=meter.read_units + _second_scan_units(job, tally, meter),
            write_units=summary.write_units,
            rate=job.rate,
            seconds=seconds,
        )
        return create_plan(
            {
                "planId": job.run_id,
                "createdAt": record.timestamp(self._now()),
                "seconds": round(seconds, 3),
                "job": job.to_json(),
                **describe_identity(job, table, self._limits),
                "counts": {**counts, "failedByReason": dict(sorted(summary.failures.items()))},
                "samples": summary.samples(),
                "estimate": costs,
                "warnings": find_warnings(table, summary, tally, job.rate),
                "segments": [segment_counts(state, summary) for state in states],
            }
        )


def _with_segments(job: Job, segments: int) -> Job:
    """Return the dry run of a job with the segments of its source.

    Raises:
        RefusedError: The source has not all segments that the operator chose.
    """
    try:
        return dataclasses.replace(job, dry_run=True, segments=segments)
    except ValueError as error:
        raise RefusedError(f"--only: {error}") from error


def _second_scan_units(job: Job, tally: Tally, meter: Meter) -> float:
    """Return the read units of the second scans, which find deleted users of a plain table.

    With strong consistency, they cost twice as much as the first scans. The plan also read a profile for each
    user.
    """
    if job.shape is not TableShape.PLAIN or job.source["kind"] != TABLE_SOURCE or not tally.created:
        return 0.0
    return 2 * max(0.0, meter.read_units - (tally.created + tally.existed) / 2)


class _PlanObserver:
    """Adds the results of a dry run to a summary, and passes them on.

    Args:
        observer: Shows the progress.
        summary: The summary of all segments.
    """

    def __init__(self, observer: Observer, summary: PlanSummary) -> None:
        self._observer = observer
        self._summary = summary

    def record_results(self, state: SegmentState, results: Sequence[UserResult]) -> None:
        """Add the results of one chunk."""
        self._summary.record(state.segment, results)
        self._observer.record_results(state, results)

    def save_inserts(self, states: Iterable[SegmentState], state: SegmentState, keys: Sequence[str]) -> None:
        """Do nothing: a dry run has no inserts."""

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        """Show the progress."""
        self._observer.save(states, is_last=is_last)

    def warn(self, message: str) -> None:
        """Pass on a warning."""
        self._observer.warn(message)


def describe_identity(job: Job, table: TableDescription, limits: Limits) -> dict[str, Any]:
    """Return the sections of a plan that must be the same when it is applied.

    Raises:
        BackfillError: The source can't be described.
        userprofiles.template.TemplateError: The template doesn't exist or is invalid.
    """
    source = dict(open_source(job, limits).identity())
    return {
        "table": table.to_json(),
        "template": template_identity(job.template),
        "source": {**source, "settingsDigest": document_digest(dict(job.source))},
        "codeVersion": backfill_code_version(),
    }
