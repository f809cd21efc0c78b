"""The action ``prepare``: checks the input, records the run, and lists the segments that are not done."""

import dataclasses
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.identity import template_identity, template_version
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import (
    FINAL_STATES,
    check_resumable,
    read_job,
    refuse_parallel_run,
)
from userprofiles.backfill.ledger.rollback_run import check_can_roll_back, mark_rolled_back
from userprofiles.backfill.plan.written_code import backfill_code_version
from userprofiles.backfill.review.orphan_units import searches_orphans
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.state_machine.services import RUN_LEASE_S, Services
from userprofiles.backfill.state_machine.worker_input import Request, read_request
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.shape_detection import detect_shape, read_first_shapes
from userprofiles.backfill.targets.item_remover import ItemRemover
from userprofiles.jobs.errors import RunExistsError, RunLockedError, RunNotFoundError
from userprofiles.jobs.ledger import LEASE_S, Lease
from userprofiles.jobs.run_record import STATE_MACHINE, RunRecord
from userprofiles.table import record as table_record

_KINDS = {Operation.CREATE: "backfill", Operation.VERIFY: "verify", Operation.ROLLBACK: "rollback"}
_LOCK_POLL_S = 2.0
_LOCK_S = RUN_LEASE_S + LEASE_S


def prepare(services: Services, event: Mapping[str, Any], seconds_left: float) -> dict[str, Any]:
    """Start or resume a run.

    Args:
        services: The services of the worker.
        event: The options of the run, and `execution`: the ARN of the execution.
        seconds_left: The remaining time of the function.

    Returns:
        The input of the map: `items` has the segments that are not done.

    Raises:
        RefusedError: The input is wrong, or the run can't be started or resumed.
        BackfillFailedError: The table or the ledger can't be used.
    """
    request = read_request(event, services.settings, services.limits.worker_segments)
    new_record = _create_record(services, request)
    deadline = time.monotonic() + min(_LOCK_S, seconds_left / 2)
    with ledger_errors():
        if _writes(request.job) and not request.allow_parallel:
            refuse_parallel_run(services.ledger, new_record)
        stored_record = _find_record(services, new_record.run_id)
        if request.job.operation is Operation.ROLLBACK:
            _prepare_rollback(services, request.job, request.job.of_run)
        if stored_record is None:
            job = _detect_shape(services, request.job)
            lease = _create(services, new_record.replace(job=job.to_json()), deadline)
        else:
            if stored_record.state not in FINAL_STATES:
                _refuse_new_deployment(stored_record, new_record)
            check_resumable(stored_record, new_record)
            job = read_job(stored_record, services.ledger)
            lease = _acquire(services, new_record, deadline)
        done = {unit for unit, state in services.ledger.read_units(job.run_id) if state.get("done")}
    return {
        "runId": job.run_id,
        "token": lease.token,
        "table": job.table,
        "dryRun": job.dry_run,
        "segments": job.segments,
        "searchesOrphans": searches_orphans(job),
        "items": [number for number in job.segment_numbers if number not in done],
    }


def _create_record(services: Services, request: Request) -> RunRecord:
    """Return the record of the run as it would start now, after a check of its plan.

    Raises:
        RefusedError: The plan was made with another version of the code or of the template.
    """
    job = request.job
    record = RunRecord(
        run_id=job.run_id,
        kind="dry run" if job.dry_run else _KINDS[job.operation],
        engine=STATE_MACHINE,
        job=job.to_json(),
        table=services.settings.table_arn(job.table) if _writes(job) else "",
        started_by=request.started_by,
        started_at=table_record.timestamp(datetime.now(UTC)),
        code_version=backfill_code_version(),
        template_version=template_version(template_identity(job.template)),
        plan_hash=job.plan_hash,
        execution_arn=request.execution,
        backup=request.backup,
    )
    _refuse_other_versions(record, request.code_version, request.template_version)
    return record


def _refuse_other_versions(record: RunRecord, code_version: str, template_version: str) -> None:
    """Check that the plan and the worker have the same code and template.

    Raises:
        RefusedError: They don't. The message says who has which version.
    """
    for name, planned, deployed in [
        ("code", code_version, record.code_version),
        ("template", template_version, record.template_version),
    ]:
        if planned and planned != deployed:
            raise RefusedError(
                f"The {name} of the plan and that of the deployed function differ:\n"
                f"  plan of the command line: {planned}\n"
                f"  function of the state machine: {deployed}\n"
                "Nothing was changed. To continue with this plan, install the version that made it where the "
                "stack is deployed, and run `pulumi up`. Or install the version of the function where you "
                "run `userprofiles`, and make a new plan."
            )


def _refuse_new_deployment(stored: RunRecord, record: RunRecord) -> None:
    """Check that the function has the code and the template with which a run began.

    Raises:
        RefusedError: It was deployed with others since.
    """
    for name, before, now in [
        ("code", stored.code_version, record.code_version),
        ("template", stored.template_version, record.template_version),
    ]:
        if before and before != now:
            raise RefusedError(
                f"Run {stored.run_id} began with {name} version {before}. The function of the state machine "
                f"has {name} version {now} now.\nNothing was changed. To continue the run, deploy the first "
                "version again with `pulumi up`. Or make a new plan: it finds the users that are left, and "
                "existing items are not changed."
            )


def _writes(job: Job) -> bool:
    """Return whether a job writes to its table."""
    return not job.dry_run and job.operation is not Operation.VERIFY


def _prepare_rollback(services: Services, job: Job, run_id: str) -> None:
    """Give the run that is undone its last state, so that it can't be resumed any more.

    Raises:
        RefusedError: The run can't be rolled back.
        LedgerError: The ledger can't be used.
    """
    run = services.ledger.read(run_id)
    check_can_roll_back(services.ledger, run)
    if run.job.get("table") != job.table:
        raise RefusedError(
            f"Run {run_id} did not write to the table {job.table!r}, so nothing is removed there."
        )
    if not job.dry_run:
        _check_may_delete(services, job.table)
        mark_rolled_back(services.ledger, run_id, f"Its rollback {job.run_id} is not complete.")


def _check_may_delete(services: Services, table: str) -> None:
    """Check the worker's permission to delete.

    Raises:
        RefusedError: The worker does not have it.
    """
    calls = Calls(services.dynamodb, services.location(table), Stop(), services.limits)
    try:
        ItemRemover(calls, ()).check_permission()
    except BackfillFailedError as error:
        if error.kind is not ErrorKind.RIGHTS:
            raise
        raise RefusedError(
            f"The worker may not delete items of table {table!r}. Nothing was changed.\n"
            "Set migrationAllowRollback to true in the stack's configuration and run `pulumi up`, or roll "
            "back with --engine local and your own permissions."
        ) from error


def _find_record(services: Services, run_id: str) -> RunRecord | None:
    try:
        return services.ledger.read(run_id)
    except RunNotFoundError:
        return None


def _create(services: Services, record: RunRecord, deadline: float) -> Lease:
    try:
        return services.ledger.create(record, RUN_LEASE_S)
    except RunExistsError:  # a retry of the same call, at the same time
        return _acquire(services, record, deadline)


def _acquire(services: Services, record: RunRecord, deadline: float) -> Lease:
    """Lease an existing run.

    Step Functions can repeat the call after its answer was lost. Then the lease belongs to the same
    execution, and this waits until it ends.

    Raises:
        RunLockedError: Another execution or command works on the run.
    """
    while True:
        try:
            _, lease = services.ledger.acquire(record.run_id, RUN_LEASE_S)
        except RunLockedError:
            owner = services.ledger.read(record.run_id).execution_arn
            if not owner or owner != record.execution_arn or time.monotonic() > deadline:
                raise
            time.sleep(_LOCK_POLL_S)
        else:
            changes = {"engine": STATE_MACHINE, "execution_arn": record.execution_arn}
            return services.ledger.renew(lease, RUN_LEASE_S, **changes)[1]


def _detect_shape(services: Services, job: Job) -> Job:
    stop = Stop()
    calls = Calls(services.dynamodb, services.location(job.table), stop, services.limits)
    if job.creates_accounts:
        _read_first_page(services, job, calls)
        return job
    if job.is_shape_explicit:
        read_first_shapes(calls, services.limits.probe_rows)
        return job
    whole_table = [SegmentState(0)]
    shape = detect_shape(calls, whole_table, 1, services.limits, stop)
    return dataclasses.replace(job, shape=shape or job.shape)


def _read_first_page(services: Services, job: Job, calls: Calls) -> None:
    """Check that the worker can read the source of a run, before anything is written.

    Raises:
        BackfillError: It can't be read.
    """
    first_segment = next(iter(job.segment_numbers))
    for _ in open_source(job, services.limits).read_pages(calls, first_segment, None):
        return
