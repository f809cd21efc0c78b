"""The action ``finish``: adds up the segments, stores the report, and ends the run in the ledger."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.ledger_session import build_counts
from userprofiles.backfill.ledger.rollback_run import mark_rolled_back
from userprofiles.backfill.ledger.tolerance_check import tolerance_error
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.state_machine.listed_results import read_listed_users
from userprofiles.backfill.state_machine.services import RUN_LEASE_S, Services
from userprofiles.backfill.state_machine.worker_input import read_run_id, read_token
from userprofiles.jobs.errors import LeaseLostError
from userprofiles.jobs.ledger import Lease
from userprofiles.jobs.run_record import Request, RunRecord, RunState

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
        states = _read_states(services, job)
        state, message = _final_state(services, record, job, states)
        totals = _build_totals(services, record, job, states, state)
        _write_report(services, job, totals, states)
        changes = {"state": state, "message": message, "counts": build_counts(states, {})}
        changes |= {name: totals[name] for name in ("seconds", "report")}
        try:
            services.ledger.release(lease, **changes)
        except LeaseLostError:
            if record.state is RunState.RUNNING:
                raise
            # Step Functions repeated the call after its answer was lost: the run is finished.
        if job.operation is Operation.ROLLBACK and state is RunState.DONE and not job.dry_run:
            mark_rolled_back(services.ledger, job.of_run, f"Rolled back by run {job.run_id}.")
    if state is RunState.FAILED:
        raise BackfillFailedError(ErrorKind.SERVICE, message)
    return totals


def _read_states(services: Services, job: Job) -> list[SegmentState]:
    states = {number: SegmentState(number) for number in job.segment_numbers}
    states |= {
        number: SegmentState.from_json(document)
        for number, document in services.ledger.read_units(job.run_id)
    }
    return list(states.values())


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


def _build_totals(
    services: Services, record: RunRecord, job: Job, states: Sequence[SegmentState], state: RunState
) -> dict[str, Any]:
    tally, meter = report.add_up(states)
    seconds = max(0.0, time.time() - datetime.fromisoformat(record.started_at).timestamp())
    return {
        **report.build_totals(job, tally, meter, seconds),
        "state": str(state),
        "openSegments": sum(not segment.done for segment in states),
        "report": services.folder(job.run_id).report_uri,
    }


def _write_report(
    services: Services, job: Job, totals: dict[str, Any], states: Sequence[SegmentState]
) -> None:
    users = read_listed_users(job, services.quarantine(job.run_id), states)
    with tempfile.SpooledTemporaryFile(services.limits.worker_report_bytes) as file:
        for piece in report.serialize(totals, users):
            file.write(piece.encode())
        file.seek(0)
        services.folder(job.run_id).write_report(file)
