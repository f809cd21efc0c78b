"""The progress of a run as the ledger stores it."""

import time

import pytest
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.stored_states import read_states
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord


def test_unit_of_another_version_is_an_error_with_the_version_of_the_run(tmp_path):
    """To delete the unit, as for a damaged one, would lose what a verification or a rollback needs."""
    job = Job(run_id="run-1", table="v_users_dev", segments=1)
    ledger = FileLedger(tmp_path, time.time)
    lease = ledger.create(RunRecord("run-1", "backfill", "local", job.to_json(), code_version="0.1.0+old"))
    progress = SegmentState(0).to_json() | {"pendingInserts": {"2026-03-01T00:00:00Z": "0123456789"}}
    ledger.save_units(lease, {0: progress})

    with pytest.raises(LedgerError, match="another version wrote it, or it is damaged") as error:
        read_states(ledger, job)
    assert "The code version of the run is '0.1.0+old'" in str(error.value)
