"""Runs in a ledger table on the emulator: two at once, stopped by a signal, and resumed."""

import json
import os
import signal
import subprocess
import sys
import uuid

import pytest
from userprofiles.jobs.errors import LeaseLostError, RunExistsError, RunLockedError
from userprofiles.jobs.ledger import CLOCK_SKEW_S, LEASE_S
from userprofiles.jobs.run_record import Request, RunRecord, RunState
from userprofiles.jobs.table_ledger import TableLedger

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def ledger_table(localaws):
    """Create the table of a ledger."""
    client, name = localaws.client("dynamodb"), f"ledger-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def start(localaws, tmp_path):
    """Return a function that starts `userprofiles` with default handlers of signals."""
    environment = localaws.environment({"XDG_STATE_HOME": str(tmp_path / "state")})

    def start(*arguments):
        return subprocess.Popen(
            ["env", "--default-signal=INT,TERM", sys.executable, "-m", "userprofiles.cli", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def finish(process, code):
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    return out, err


class Clock:
    """A clock that a test sets."""

    now = 1_800_000_000.25

    def __call__(self):
        return self.now


def test_fence_and_requests_work_on_the_emulator(localaws, ledger_table):
    """F24: the same calls as in the contract test of the ledgers, with the emulator's conditions."""
    clock = Clock()
    ledger, other = (TableLedger(localaws.client("dynamodb"), ledger_table, clock) for _ in range(2))
    ledger.check()
    stale = ledger.create(RunRecord("run-1", "backfill", "local", {}))
    with pytest.raises(RunExistsError):
        other.create(RunRecord("run-1", "backfill", "local", {}))
    ledger.save_units(stale, {0: {"rows": 1}, 1: {"rows": 1}}, ["USER#a"])
    with pytest.raises(RunLockedError):
        other.acquire("run-1")
    clock.now += LEASE_S + CLOCK_SKEW_S
    _, lease = other.acquire("run-1")

    for write in (
        lambda: ledger.save_units(stale, {0: {"rows": 9}}, ["USER#b"]),
        lambda: ledger.renew(stale, counts={"processed": 9}),
        lambda: ledger.release(stale, state=RunState.DONE),
    ):
        with pytest.raises(LeaseLostError):
            write()
    ledger.request("run-1", Request.STOP)
    record, lease = other.renew(lease, counts={"processed": 2})
    assert (record.request, record.counts) == (Request.STOP, {"processed": 2})
    assert list(other.read_units("run-1")) == [(0, {"rows": 1}), (1, {"rows": 1})]
    assert list(other.read_keys("run-1")) == ["USER#a"]
    _, unit_lease = other.acquire_unit("run-1", 1)
    other.save_units(unit_lease, {1: {"rows": 2}}, ["USER#c"])
    other.release(lease, state=RunState.STOPPED)
    assert [run.state for run in ledger.list_runs()] == [RunState.STOPPED]
    assert sorted(ledger.read_keys("run-1")) == ["USER#a", "USER#c"]
    ledger.check()


@pytest.mark.long
def test_stopped_run_in_a_ledger_table_is_resumed(create_table, ledger_table, start, tmp_path, eventually):
    """F22, F23: a second process is refused, SIGTERM stops the first one, and the run resumes."""
    table = create_table(1500)
    plan = tmp_path / "plan.json"
    finish(start("backfill", "plan", "--table-name", table.name, "--segments", "1", "--out", str(plan)), 0)
    run_id = json.loads(plan.read_text())["planId"]
    ledger = ("--ledger-table", ledger_table)
    apply = ("backfill", "apply", str(plan), "--no-backup", *ledger)

    first = start(*apply)
    eventually("the first new profile", lambda: table.count_items() > 1500 + 375)
    os.kill(first.pid, signal.SIGSTOP)  # it sleeps, and its lease has not ended
    _, refusal = finish(start(*apply), 5)
    os.kill(first.pid, signal.SIGTERM)
    os.kill(first.pid, signal.SIGCONT)
    finish(first, 3)
    assert f"Another process is working on run {run_id}" in refusal
    created = len(table.profiles()) - 375
    listed, _ = finish(start("runs", "list", "--json", *ledger), 0)
    [run] = json.loads(listed)["runs"]
    assert (run["run_id"], run["state"], run["counts"]["created"]) == (run_id, "stopped", created)
    out, _ = finish(start("runs", "resume", run_id, "--json", *ledger), 0)

    report = json.loads(out)
    assert (report["processed"], report["created"], report["existed"]) == (1500, 975, 375)
    assert len(table.profiles()) == 1350
    finish(start("runs", "watch", run_id, *ledger), 0)
