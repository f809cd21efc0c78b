"""The state machine under faults: killed workers, redrives, two runs at once, and missing permissions."""

import json
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, account, client_error, plain_user, plain_users, profile
from kill_switch import KilledError
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.run_record import RunState

SMALL = replace(LIMITS, page_rows=5, chunk_rows=3)
COUNTS = ("processed", "existed", "created", "failed", "skipped", "state", "openSegments")


def counts(output):
    return {name: output[name] for name in COUNTS}


def rows(shape):
    create_row = plain_user if shape is TableShape.PLAIN else account
    users = [create_row(f"user{n:02d}") for n in range(7)]
    return [*users, profile("user03"), create_row("user99", userId={"N": "9"})]


def digest(table):
    """Return the items of a table without the times of creation and the ID of the run."""
    names = {"createdAt", "updatedAt", "migrationRunId"}
    items = [{name: value for name, value in item.items() if name not in names} for item in table.items()]
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def work_with_retries(machine, payload):
    """Process the items as Step Functions does: repeat a killed worker, whose lease has ended."""
    for item in machine.items(payload):
        is_done = False
        while not is_done:
            try:
                is_done = machine.work(item)["done"]
            except KilledError:
                machine.restart()
                machine.clock.now += 120


def check_kills(create_machine, shape, kind, step):
    expected = create_machine(*rows(shape), name=f"whole-{kind}", limits=SMALL)
    payload = expected.prepare(runId=f"whole-{kind}", segments=2)
    calls_before = expected.power.calls
    expected.process(payload)
    calls = expected.power.calls - calls_before
    expected_output = expected.finish(payload)
    assert calls > 10

    for number in range(1, calls + 1, step):
        name = f"{kind}-{number}"
        machine = create_machine(*rows(shape), name=name, limits=SMALL)
        payload = machine.prepare(runId=name, segments=2)
        setattr(machine.power, kind, machine.power.calls + number)
        work_with_retries(machine, payload)
        output = machine.finish(payload)

        assert counts(output) == counts(expected_output), name
        assert digest(machine.table) == digest(expected.table), name


@pytest.mark.parametrize("shape", TableShape)
@pytest.mark.sample(2)
def test_worker_that_is_killed_at_some_calls_continues_from_its_last_save(create_machine, shape):
    """F37: a child that times out or has no memory left at item k continues, and counts each user once."""
    check_kills(create_machine, shape, "kill_after", step=9)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["kill_before", "kill_after"])
@pytest.mark.parametrize("shape", TableShape)
def test_worker_that_is_killed_at_any_call_continues_from_its_last_save(create_machine, shape, kind):
    """F37: at every call."""
    check_kills(create_machine, shape, kind, step=1)


def test_new_execution_processes_only_the_open_segments(create_machine):
    """F37, F38: the redrive after a fix, also after more than the 14 days of AWS's own redrive."""
    machine = create_machine(*plain_users(12))
    first = machine.prepare(runId="mine", segments=4)
    failing, *others = machine.items(first)
    machine.table.client.denied = {"BatchExecuteStatement", "PutItem"}
    with pytest.raises(BackfillFailedError, match="PutItem"):
        machine.work(failing)
    machine.table.client.denied = set()
    for item in others:
        machine.work(item)
    with pytest.raises(BackfillFailedError, match=r"Open segments: \[0\]"):
        machine.finish(first)
    assert machine.ledger.read("mine").state is RunState.FAILED
    machine.clock.now += 15 * 24 * 3600
    machine.table.client.calls.clear()

    second = machine.prepare(runId="mine", segments=4, execution="another")
    machine.process(second)
    output = machine.finish(second)

    assert second["items"] == [0]
    scanned = {parameters.get("Segment") for name, parameters in machine.table.client.calls if name == "Scan"}
    assert scanned - {None} <= {0}
    assert (output["created"], output["state"], len(machine.table.profiles())) == (12, "done", 12)
    assert machine.ledger.read("mine").execution_arn == "another"


@pytest.mark.long
def test_command_line_and_state_machine_at_the_same_time(create_machine, backfill):
    """F25: the table is that of one run, and the two ledgers together count each profile once."""
    expected = create_machine(*plain_users(20), profile("user03"), name="one-run")
    expected.run(runId="one-run", segments=2)
    machine = create_machine(*plain_users(20), profile("user03"), name="two-runs", limits=SMALL)
    payload = machine.prepare(runId="machine", segments=2)
    local = []

    def run_locally(operation, parameters):
        if operation == "BatchExecuteStatement" and not local:
            local.append(None)
            local[0] = backfill(machine.table, run_id="local", segments=3, limits=SMALL)

    machine.work(machine.items(payload)[0])
    machine.table.client.hooks = [run_locally]
    machine.process(payload)
    output = machine.finish(payload)

    assert digest(machine.table) == digest(expected.table)
    assert local
    tally = local[0].tally
    for result in (output, tally):
        all_skipped = sum(result["skipped"].values())
        assert result["existed"] + result["created"] + result["failed"] + all_skipped == 20
    assert output["created"] + tally["created"] == 19
    assert output["processed"] == 20


@pytest.mark.parametrize(
    ("denied", "hook"),
    [
        ({"Scan"}, None),
        (set(), client_error("Scan", "ResourceNotFoundException", "no table")),
    ],
)
def test_source_that_can_not_be_read_ends_the_execution_before_any_write(create_machine, denied, hook):
    """F39: the first step fails, and the ledger has no run."""
    machine = create_machine(plain_user("user1"))
    machine.table.client.denied = denied

    def fail(operation, parameters):
        raise hook

    machine.table.client.hooks = [fail] if hook else []
    with pytest.raises(BackfillFailedError):
        machine.prepare(runId="mine")

    machine.table.client.hooks = []
    assert list(machine.ledger.list_runs()) == []
    assert machine.table.profiles() == {}
    assert machine.s3.objects == {}


def test_ledger_that_can_not_be_written_ends_the_execution_before_any_write(create_machine, monkeypatch):
    """F39: without the permissions on the ledger, no profile is created."""
    machine = create_machine(plain_user("user1"))

    def deny(method, parameters):
        raise client_error("TransactWriteItems", "AccessDeniedException", "denied")

    ledger_client = machine.ledger._table._client
    monkeypatch.setattr(ledger_client, "_power", type("Denied", (), {"call": staticmethod(deny)}))
    with pytest.raises(BackfillFailedError, match="on the ledger table"):
        machine.prepare(runId="mine")

    assert machine.table.profiles() == {}


def test_report_that_can_not_be_written_fails_the_execution_and_can_be_repeated(create_machine, s3):
    """F39: the bucket denies the report; the profiles exist, and the last step can run again."""
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(runId="mine", segments=1)
    machine.process(payload)
    s3.denied = {"PutObject"}
    with pytest.raises(BackfillFailedError, match="Can't write s3://"):
        machine.finish(payload)
    s3.denied = set()
    machine.let_leases_end()

    resumed = machine.prepare(runId="mine", segments=1, execution="another")

    assert resumed["items"] == []
    assert (machine.finish(resumed)["created"], machine.ledger.read("mine").state) == (1, RunState.DONE)
