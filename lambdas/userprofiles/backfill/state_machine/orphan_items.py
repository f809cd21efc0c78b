"""The action ``orphans``: lists the units that look for profiles without a user."""

import time
from collections.abc import Mapping
from typing import Any

from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_run import read_job
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.review.orphan_units import is_orphan_unit
from userprofiles.backfill.state_machine.services import RUN_LEASE_S, Services
from userprofiles.backfill.state_machine.worker_input import read_run_id, read_token
from userprofiles.jobs.ledger import Lease
from userprofiles.jobs.run_record import Request


def list_orphan_units(services: Services, event: Mapping[str, Any]) -> dict[str, Any]:
    """List the open units that look for orphans, when all users of a verification are compared.

    Args:
        services: The services of the worker.
        event: `runId` and `token`.

    Returns:
        The input of the map: no units if some users are not compared, or an operator has stopped the run.

    Raises:
        RefusedError: The input is wrong, or another execution has taken over the run.
        BackfillFailedError: The ledger can't be used.
    """
    lease = Lease(read_run_id(event), read_token(event), time.time() + RUN_LEASE_S)
    with ledger_errors():
        record, lease = services.ledger.renew(lease, RUN_LEASE_S)
        job = read_job(record, services.ledger)
        states = [] if record.request is Request.STOP else read_states(services.ledger, job)
    units = [state.segment for state in states if is_orphan_unit(job, state.segment) and not state.done]
    return {"runId": job.run_id, "token": lease.token, "searchesOrphans": False, "items": units}
