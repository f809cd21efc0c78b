"""The action ``finish``: adds up the segments, stores the report, and ends the run in the ledger."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.job_report import JobReport
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.ledger_session import build_counts
from userprofiles.backfill.ledger.rollback_run import mark_rolled_back
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.state_machine.run_folder import PAGE_NAME, REPORT_NAME
from userprofiles.backfill.state_machine.services import RUN_LEASE_S, Services, seconds_since
from userprofiles.backfill.state_machine.unit_session import read_timeline
from userprofiles.backfill.state_machine.worker_input import read_run_id, read_token
from userprofiles.jobs.errors import LeaseLostError
from userprofiles.jobs.html_report import build_page
from userprofiles.jobs.ledger import Lease
from userprofiles.jobs.run_record import Request, RunRecord, RunState

_ONLY_IN_REPORT = ("failureReasons", "latencyMs", "timeline")
_NAMED_SEGMENTS = 20
"""Open segments that a message names."""


def finish(services: Services, event: Mapping[str, Any]) -> dict[str, Any]:
    """Finish a run: store its report and its final state.

    Args:
        services: The services of the worker.
        event: `runId` and `token`.

    Returns:
        The report without its failures.

    Raises:
        RefusedError: The input is wrong, or another execution has taken over the run.
        BackfillFailedError: More segments failed than the settings tolerate, or a service can't be used.
    """
    lease = Lease(read_run_id(event), read_token(event), time.time() + RUN_LEASE_S)
    with ledger_errors():
        record = services.ledger.read(lease.run_id)
        job = read_job(record, services.ledger)
        states = read_states(services.ledger, job)
        state, message = _final_state(services, record, job, states)
        final_record = _final_record(services, record, job, states).replace(state=state, message=message)
        output = _write_report(services, final_record, job, states)
        names = ("state", "message", "counts", "seconds", "report")
        try:
            services.ledger.release(lease, **{name: getattr(final_record, name) for name in names})
        except LeaseLostError:
            if record.state is RunState.RUNNING:
                raise
            # Step Functions repeated the call after its answer was lost: the run is finished.
        if job.operation is Operation.ROLLBACK and state is RunState.DONE and not job.dry_run:
            mark_rolled_back(services.ledger, job.of_run, f"Rolled back by run {job.run_id}.")
    if state is RunState.FAILED:
        raise BackfillFailedError(ErrorKind.SERVICE, message)
    return output


def _final_state(
    services: Services, record: RunRecord, job: Job, states: Sequence[SegmentState]
) -> tuple[RunState, str]:
    """Return the state of the run, and why it is not done."""
    if error := tolerance_error(job, states):
        return RunState.FAILED, str(error)
    open_segments = [state.segment for state in states if not state.done]
    if not open_segments:
        return RunState.DONE, ""
    message = (
        f"Run {job.run_id} is not finished. Open segments: {open_segments[:_NAMED_SEGMENTS]}. "
        "Start the job again with this runId."
    )
    if record.request is Request.STOP:
        return RunState.STOPPED, f"An operator stopped the run. {message}"
    tolerated = services.settings.tolerated_failure_percentage
    if len(open_segments) * 100 > tolerated * len(states):
        return RunState.FAILED, message
    return (
        RunState.STOPPED,
        f"{len(open_segments):,} of {len(states):,} segments failed (tolerated). {message}",
    )


def _final_record(
    services: Services, record: RunRecord, job: Job, states: Sequence[SegmentState]
) -> RunRecord:
    """Return the record of a run with its counts, its duration and the place of its report."""
    folder = services.folder(job.run_id)
    try:
        timeline = read_timeline(folder).to_json()
    except BackfillError:
        services.warn(f"The timelines of run {job.run_id} can't be read. Its report has none.")
        timeline = {}
    counts = build_counts(states, timeline)
    if job.operation is Operation.VERIFY and job.of_run and job.sample is None:
        created = int(services.ledger.read(job.of_run).counts.get("created", 0))
        outcomes = sum(counts.get("other", {}).values())
        counts |= {"createdByRun": created, "unaccounted": max(0, created - outcomes)}
    return record.replace(
        counts=counts, seconds=round(seconds_since(record.started_at), 3), report=folder.report_uri
    )


def _write_report(
    services: Services, record: RunRecord, job: Job, states: Sequence[SegmentState]
) -> dict[str, Any]:
    """Store the report as JSON and as a page, and return the output of the execution."""
    job_report = JobReport(record, job, states, services.quarantine(job.run_id))
    open_segments = sum(not segment.done for segment in states)
    totals = job_report.totals() | {"openSegments": open_segments, "report": record.report}
    folder = services.folder(job.run_id)
    with tempfile.SpooledTemporaryFile(services.limits.worker_report_bytes) as file:
        for piece in report.serialize(totals, job_report.failures()):
            file.write(piece.encode())
        file.seek(0)
        folder.write(REPORT_NAME, file, "application/json")
    folder.write(PAGE_NAME, build_page(totals).encode(), "text/html; charset=utf-8")
    return {name: value for name, value in totals.items() if name not in _ONLY_IN_REPORT}
