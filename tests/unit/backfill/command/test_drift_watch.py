"""The counts of a run that the state machine executes are compared with its plan."""

from types import SimpleNamespace

import pytest
from userprofiles.backfill.command.drift_watch import DriftWatch
from userprofiles.backfill.job import Job
from userprofiles.backfill.plan.apply import PreparedRun
from userprofiles.backfill.plan.drift import CountDrift
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tally import Tally
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import Request, RunRecord

COUNTS = {"processed": 10, "existed": 0, "created": 10, "failed": 0, "skipped": {}}


@pytest.fixture
def ledger(tmp_path):
    return FileLedger(tmp_path / "ledger")


@pytest.fixture
def watch(ledger):
    """Return a function that stores the progress of a run with two segments, and compares it."""
    job = Job("run-1", "users", segments=2)
    record = RunRecord("run-1", "backfill", "stepfunctions", job.to_json())
    lease = ledger.create(record)

    def watch(*states, accepted=False):
        segments = [{"segment": number, **COUNTS} for number in range(2)]
        plan = SimpleNamespace(plan_id="run-1", counts={"processed": 20}, segments=segments)
        ledger.save_units(lease, {state.segment: state.to_json() for state in states})
        drift = CountDrift(plan, 0.01, accepted=accepted)
        drift_watch = DriftWatch(ledger, PreparedRun(record, drift), every_s=0.001)
        drift_watch.check()
        return drift_watch

    return watch


def state(number, created, *, done=False):
    cursor = None if done else {"PK": {"S": "u"}}
    return SegmentState(number, cursor=cursor, done=done, tally=Tally(created=created))


def test_run_that_fits_its_plan_continues(watch, ledger):
    assert watch(state(0, 10, done=True)).error is None
    assert ledger.read("run-1").request is None


def test_run_with_too_many_users_is_stopped(watch, ledger):
    error = watch(state(0, 200)).error

    assert "created: 10 planned, 200 now" in str(error)
    assert ledger.read("run-1").request is Request.STOP


def test_accepted_drift_does_not_stop_the_run(watch, ledger):
    assert watch(state(0, 200), accepted=True).error is None
    assert ledger.read("run-1").request is None


def test_complete_run_is_not_stopped(watch, ledger):
    assert watch(state(0, 200, done=True), state(1, 10, done=True)).error is None
    assert ledger.read("run-1").request is None


def test_thread_ends_with_the_block(watch, ledger):
    drift_watch = watch(state(0, 10, done=True))

    with drift_watch:
        pass

    assert not drift_watch._thread.is_alive()
