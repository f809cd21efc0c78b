"""The worker of the state machine: its three actions, its progress in the ledger, and its refusals."""

import json
from dataclasses import replace

import pytest
from backfill_fixtures import LIMITS, account, plain_user, plain_users, profile
from machine_fixtures import ARN, BUCKET, EXECUTION, PLENTY
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.ledger import CLOCK_SKEW_S, LEASE_S, Lease
from userprofiles.jobs.run_record import Request, RunState


def test_whole_run(create_machine, s3):
    machine = create_machine(
        *(plain_user(f"user{n}") for n in range(20)),
        profile("user0"),
        plain_user("away", status={"S": "inactive"}),
        plain_user("odd", userId={"N": "7"}),
    )

    payload, output = machine.run(segments=4)

    assert (output["processed"], output["existed"], output["created"], output["failed"]) == (22, 1, 19, 1)
    assert output["skipped"] == {"inactive": 1, "softDeleted": 0}
    assert (output["state"], output["openSegments"]) == ("done", 0)
    assert len(machine.table.profiles()) == 20
    assert output["report"] == f"s3://{BUCKET}/runs/{payload['runId']}/report.json"
    report = s3.json(f"runs/{payload['runId']}/report.json")
    [failure] = report["failures"]
    assert (failure["userId"], failure["PK"], failure["SK"]) == ("7", "odd", "METADATA")
    assert (failure["reason"], failure["tries"]) == ("userId is a number, not a string", 1)
    assert report["failureReasons"] == {"userId is a number, not a string": 1}
    only_in_report = {"failures", "failureReasons", "latencyMs", "timeline"}
    assert {name: value for name, value in report.items() if name not in only_in_report} == output
    assert all(key.startswith(f"runs/{payload['runId']}/") for key in s3.objects)


def test_payloads_have_no_user_data(create_machine):
    machine = create_machine(plain_user("user1"))

    payload = machine.prepare(segments=3.0, only=[0.0, 2.0])

    assert payload == {
        "runId": payload["runId"],
        "token": 1,
        "table": machine.table.name,
        "dryRun": False,
        "segments": 3,
        "searchesOrphans": False,
        "items": [0, 2],
    }


def test_payload_of_the_map_is_below_the_limit_of_step_functions(create_machine):
    """F39: no payload exceeds 256 KiB, with the largest number of segments and the longest ID."""
    machine = create_machine(plain_user("user1"))

    payload = machine.prepare(segments=2000, runId="r" * 64)

    assert len(json.dumps(payload)) < 256 * 1024 / 10


def test_record_names_execution_versions_and_result(create_machine):
    machine = create_machine(plain_user("user1"))

    payload = machine.prepare(runId="june", segments=2, startedBy="arn:aws:iam::1:user/ada")
    running = machine.ledger.read("june")
    machine.process(payload)
    output = machine.finish(payload)

    record = machine.ledger.read("june")
    assert (running.state, running.kind, running.engine) == (RunState.RUNNING, "backfill", "stepfunctions")
    assert (running.table, running.execution_arn) == (ARN.format("v_users_dev"), EXECUTION)
    assert running.started_by == "arn:aws:iam::1:user/ada"
    assert running.template_version.startswith("basic ")
    assert running.code_version
    assert record.state is RunState.DONE
    assert record.counts["created"] == 1
    assert record.counts["units"] == {"all": 2, "done": 2}
    assert record.report == output["report"]
    assert not machine.ledger.is_locked("june")


def test_dry_run_writes_nothing(create_machine):
    machine = create_machine(plain_user("user1"), plain_user("user2"), profile("user1"))
    digest_before = machine.table.digest()

    _, output = machine.run(dryRun=True, segments=2)

    assert (output["dryRun"], output["created"], output["existed"]) == (True, 1, 1)
    assert machine.table.digest() == digest_before


def test_profiles_in_the_stack_shape_have_the_run_id(create_machine):
    machine = create_machine(account("a"))

    payload, output = machine.run(segments=1)

    assert output["created"] == 1
    assert machine.table.profiles()["USER#a"]["migrationRunId"] == {"S": payload["runId"]}
    assert list(machine.ledger.read_keys(payload["runId"])) == []


def test_ledger_has_the_keys_of_profiles_without_a_run_id(create_machine):
    """A rollback finds them by these keys."""
    machine = create_machine(*plain_users(3))

    payload, _ = machine.run(segments=2)

    assert set(machine.ledger.read_keys(payload["runId"])) == {f"USER#user0{n}" for n in range(3)}


class StopAfterOneChunk(Stop):
    """A stop that is requested after the first chunk."""

    def __init__(self, deadline=None):
        super().__init__()
        self._checks = 0

    @property
    def is_requested(self):
        self._checks += 1
        return self._checks > 1


def test_worker_stops_before_its_time_limit_and_continues(create_machine, monkeypatch):
    monkeypatch.setattr("userprofiles.backfill.state_machine.unit_work.Stop", StopAfterOneChunk)
    machine = create_machine(*plain_users(12), limits=replace(LIMITS, chunk_rows=5))
    payload = machine.prepare(segments=1)
    [item] = machine.items(payload)

    answers = [machine.work(item) for _ in range(3)]

    assert [answer["done"] for answer in answers] == [False, False, True]
    assert machine.finish(payload)["created"] == 12
    assert answers[0] == {**item, "done": False}


def test_worker_stops_at_four_fifths_of_its_time(create_machine, monkeypatch):
    deadlines = []

    class RecordingStop(Stop):
        def __init__(self, deadline):
            super().__init__(deadline)
            deadlines.append(deadline)

    monkeypatch.setattr("userprofiles.backfill.state_machine.unit_work.Stop", RecordingStop)
    monkeypatch.setattr("userprofiles.backfill.state_machine.unit_work.time.monotonic", lambda: 1000.0)
    machine = create_machine(plain_user("user1"))

    machine.work(machine.items(machine.prepare(segments=1))[0], 900.0)

    assert deadlines == [1720.0]


def test_finished_segment_that_is_delivered_again_counts_once(create_machine):
    machine = create_machine(plain_user("user1"), plain_user("odd", userId={"N": "7"}))
    payload = machine.prepare(segments=1)
    machine.process(payload)

    assert machine.work(machine.items(payload)[0])["done"] is True
    first = machine.finish(payload)
    second = machine.finish(payload)

    assert (first["created"], first["failed"]) == (1, 1)
    assert {**second, "seconds": 0} == {**first, "seconds": 0}


def test_segment_is_read_from_the_item_of_the_map(create_machine):
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(segments=1)
    [item] = machine.items(payload)

    answer = machine.work({"action": "work", "runId": item["runId"], "token": 1.0, "item": item})

    assert answer["done"] is True


def test_existing_run_continues_only_with_the_same_input(create_machine):
    """F35: changed arguments."""
    machine = create_machine(plain_user("user1"))
    first = machine.prepare(runId="mine", segments=2)
    machine.let_leases_end()

    with pytest.raises(RefusedError, match="can't be resumed: the job was"):
        machine.prepare(runId="mine", segments=3)
    second = machine.prepare(runId="mine", segments=2)

    assert (second["items"], second["token"] > first["token"]) == ([0, 1], True)


def test_existing_run_continues_only_with_the_same_code(create_machine, monkeypatch):
    """F35: changed code."""
    machine = create_machine(plain_user("user1"))
    machine.prepare(runId="mine", segments=2)
    machine.let_leases_end()
    name = "userprofiles.backfill.state_machine.preparation.backfill_code_version"
    monkeypatch.setattr(name, lambda: "0.2.0+changed")

    with pytest.raises(RefusedError, match=r"function .* has code version 0\.2\.0\+changed now"):
        machine.prepare(runId="mine", segments=2)


@pytest.mark.parametrize("name", ["code", "template"])
def test_message_about_another_version_says_who_has_which_one_and_what_to_do(create_machine, name):
    machine = create_machine(plain_user("user1"))

    with pytest.raises(RefusedError) as raised:
        machine.prepare(**{f"{name}Version": "0.0.9+planned"})

    deployed = machine.prepare(runId="other")["runId"]
    version = getattr(machine.ledger.read(deployed), f"{name}_version")
    lines = str(raised.value).splitlines()
    assert lines[0] == f"The {name} of the plan and that of the deployed function differ:"
    assert lines[1:3] == [
        "  plan of the command line: 0.0.9+planned",
        f"  function of the state machine: {version}",
    ]
    assert "run `pulumi up`" in lines[3]
    assert "make a new plan" in lines[3]
    assert [run.run_id for run in machine.ledger.list_runs()] == ["other"]


def test_plan_of_another_version_creates_no_run(create_machine):
    machine = create_machine(plain_user("user1"))

    with pytest.raises(RefusedError, match="Nothing was changed"):
        machine.prepare(codeVersion="other")

    assert list(machine.ledger.list_runs()) == []


def test_run_of_another_execution_is_refused_while_it_is_locked(create_machine):
    machine = create_machine(plain_user("user1"))
    machine.prepare(runId="mine", segments=2)

    with pytest.raises(RefusedError, match="Another process is working on run mine"):
        machine.prepare(runId="mine", segments=2, execution="another")


def test_repeated_first_step_of_the_same_execution_waits_for_its_own_lease(create_machine, monkeypatch):
    """Step Functions repeats a call whose answer was lost."""
    machine = create_machine(plain_user("user1"))
    first = machine.prepare(runId="mine", segments=2)
    name = "userprofiles.backfill.state_machine.preparation.time.sleep"
    monkeypatch.setattr(name, lambda seconds: machine.let_leases_end())

    second = machine.prepare(runId="mine", segments=2)

    assert (second["items"], second["token"]) == ([0, 1], first["token"] + 1)


def test_second_run_on_the_same_table_is_refused_unless_it_is_allowed(create_machine):
    machine = create_machine(plain_user("user1"))
    machine.prepare(runId="first")

    with pytest.raises(RefusedError, match="is working on the same table"):
        machine.prepare(runId="second")
    assert machine.prepare(runId="second", allowParallel=True)["items"]


def test_dry_run_neither_refuses_another_run_nor_is_refused(create_machine):
    machine = create_machine(plain_user("user1"))
    machine.prepare(runId="first", dryRun=True)
    machine.prepare(runId="second", dryRun=True)
    machine.prepare(runId="third")

    assert machine.prepare(runId="fourth", dryRun=True)["items"]
    assert machine.ledger.read("first").kind == "dry run"


def test_finished_run_is_not_repeated(create_machine):
    machine = create_machine(plain_user("user1"))
    machine.run(runId="mine")

    with pytest.raises(RefusedError, match="Run mine is done"):
        machine.prepare(runId="mine")


def test_overtaken_worker_returns_the_state_of_the_other_worker(create_machine):
    """F24: the lease of a segment ends while its worker hangs, and another worker finishes the segment."""
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(segments=1)
    [item] = machine.items(payload)

    def overtake(operation, parameters):
        if operation == "Scan":
            machine.table.client.hooks.clear()
            machine.clock.now += 120
            machine.create_worker().handle(item, PLENTY)

    machine.table.client.hooks = [overtake]

    assert machine.work(item)["done"] is True
    assert machine.finish(payload)["created"] == 1
    assert len(machine.warnings) == 1


def test_overtaken_worker_does_not_report_an_open_segment_as_done(create_machine):
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(segments=1)
    [item] = machine.items(payload)

    def overtake(operation, parameters):
        if operation == "Scan":
            machine.table.client.hooks.clear()
            machine.clock.now += 120
            machine.ledger.acquire_unit(payload["runId"], 0)

    machine.table.client.hooks = [overtake]

    assert machine.work(item)["done"] is False


def test_failed_worker_ends_its_lease(create_machine):
    """The retry of Step Functions does not wait for it."""
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(segments=1)
    machine.table.client.denied = {"Scan"}
    with pytest.raises(BackfillFailedError, match="Scan"):
        machine.work(machine.items(payload)[0])

    machine.ledger.acquire_unit(payload["runId"], 0)


def test_worker_of_an_overtaken_run_writes_nothing(create_machine):
    machine = create_machine(plain_user("user1"))
    former = machine.prepare(runId="mine", segments=1)
    machine.let_leases_end()
    payload = machine.prepare(runId="mine", segments=1, execution="another")

    assert machine.work(machine.items(former)[0])["done"] is True
    assert machine.table.profiles() == {}
    with pytest.raises(RefusedError, match="has taken over run mine"):
        machine.finish(former)
    machine.process(payload)
    assert machine.finish(payload)["created"] == 1


def test_segment_without_progress_is_a_failure(create_machine):
    limits = replace(LIMITS, first_wait_s=60.0, longest_wait_s=60.0)
    machine = create_machine(plain_user("user1"), limits=limits)
    machine.table.client.batch_errors = {"USER#user1": ["ThrottlingError"] * 10}
    [item] = machine.items(machine.prepare(segments=1))

    with pytest.raises(BackfillFailedError, match="made no progress"):
        machine.work(item, 0.0)


class StopAtFirstWait(Stop):
    """A stop that is requested during the first wait, when the time is over."""

    def __init__(self, deadline):
        super().__init__()

    def wait(self, seconds):
        self.request()
        return True


def test_segment_that_created_some_profiles_of_its_chunk_has_progress(create_machine, monkeypatch):
    monkeypatch.setattr("userprofiles.backfill.state_machine.unit_work.Stop", StopAtFirstWait)
    machine = create_machine(*plain_users(3))
    machine.table.client.batch_errors = {"USER#user01": ["ThrottlingError"]}
    payload = machine.prepare(segments=1)
    [item] = machine.items(payload)

    assert machine.work(item, 0.0)["done"] is False
    assert machine.work(item)["done"] is True
    output = machine.finish(payload)
    assert (output["created"], output["existed"]) == (3, 0)


def test_worker_waits_for_the_end_of_the_lease_of_a_killed_worker(create_machine, monkeypatch):
    machine = create_machine(*plain_users(3))
    payload = machine.prepare(segments=1)
    machine.ledger.acquire_unit(payload["runId"], 0)
    started_at = machine.clock.now

    class PassingTime(Stop):
        def wait(self, seconds):
            machine.clock.now += seconds
            return False

    monkeypatch.setattr("userprofiles.backfill.state_machine.unit_work.Stop", PassingTime)

    assert machine.work(machine.items(payload)[0])["done"] is True
    assert machine.clock.now - started_at == pytest.approx(LEASE_S + CLOCK_SKEW_S, abs=2)


def test_operator_stops_the_run_and_a_new_execution_resumes_it(create_machine):
    """Each worker ends after its chunk, the others do not begin, and the execution does not fail."""
    machine = create_machine(*plain_users(20), limits=replace(LIMITS, chunk_rows=2))
    payload = machine.prepare(runId="mine", segments=2)
    first, second = machine.items(payload)

    def stop(operation, parameters):
        if operation == "BatchExecuteStatement":
            machine.ledger.request("mine", Request.STOP)

    machine.table.client.hooks = [stop]
    machine.worker = machine.create_worker(replace(LIMITS, chunk_rows=2))
    assert machine.work(first)["done"] is True
    calls = len(machine.table.client.calls)
    assert machine.work(second)["done"] is True
    assert len(machine.table.client.calls) == calls, "a stopped run begins no segment"
    output = machine.finish(payload)
    machine.table.client.hooks = []

    assert (output["state"], machine.ledger.read("mine").state) == ("stopped", RunState.STOPPED)
    resumed = machine.prepare(runId="mine", segments=2, execution="another")
    assert resumed["items"] == [1] or resumed["items"] == [0, 1]
    machine.process(resumed)
    assert (machine.finish(resumed)["created"], len(machine.table.profiles())) == (20, 20)


def test_unfinished_run_is_a_failure_with_a_report(create_machine, s3):
    """F38: more segments failed than the settings tolerate."""
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(runId="mine", segments=2)

    with pytest.raises(BackfillFailedError, match=r"Open segments: \[0, 1\]"):
        machine.finish(payload)

    assert (machine.ledger.read("mine").state, s3.json("runs/mine/report.json")["state"]) == (
        RunState.FAILED,
        "failed",
    )


def test_tolerated_failures_do_not_fail_the_execution(create_machine):
    machine = create_machine(*plain_users(9), tolerated_failure_percentage=50)
    payload = machine.prepare(runId="mine", segments=2)
    machine.work(machine.items(payload)[0])

    output = machine.finish(payload)

    assert (output["state"], output["openSegments"]) == ("stopped", 1)
    assert "1 of 2 segments failed (tolerated)" in machine.ledger.read("mine").message


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ([], "must be a JSON object"),
        ({}, "Unknown action None"),
        ({"action": "prepare", "tabel": "x"}, "Unknown input 'tabel'; allowed: dryRun, only"),
        ({"action": "prepare", "table": "a b"}, "table name 'a b'"),
        ({"action": "prepare", "segments": 0}, "segments 0"),
        ({"action": "prepare", "segments": 5000}, "allowed are 1 to 2,000"),
        ({"action": "prepare", "segments": "8"}, "segments '8'"),
        ({"action": "prepare", "segments": 2, "only": [2]}, "segment 2: allowed are 0 to 1"),
        ({"action": "prepare", "only": 3}, "Wrong input"),
        ({"action": "prepare", "dryRun": "yes"}, "dry run 'yes'"),
        ({"action": "prepare", "rule": {"statusValues": "x"}}, "statusValues must be a list"),
        ({"action": "prepare", "rule": "x"}, "Wrong input"),
        ({"action": "prepare", "shape": "round"}, "round"),
        ({"action": "prepare", "rate": -1}, "rate -1"),
        ({"action": "prepare", "runId": "../x"}, "run id"),
        ({"action": "prepare", "table": "somebody-elses"}, "is not permitted for this job"),
        ({"action": "prepare", "job": []}, "job must be a JSON object"),
        ({"action": "prepare", "job": {"segments": 1, "only": []}}, "the job has no 'runId'"),
        ({"action": "prepare", "startedBy": 7}, "startedBy must be a text"),
        ({"action": "prepare", "allowParallel": "yes"}, "allowParallel 'yes'"),
        ({"action": "work", "runId": "unknown", "token": 1, "segment": 0}, "has no run unknown"),
        ({"action": "work", "runId": None, "token": 1, "segment": 0}, "run id"),
        ({"action": "work", "runId": "unknown", "segment": 0}, "token None"),
        ({"action": "finish", "runId": {}}, "run id"),
    ],
)
def test_wrong_input_is_refused(create_machine, event, message):
    machine = create_machine(tables=frozenset({"v_users_dev"}))

    with pytest.raises(RefusedError, match=message):
        machine.worker.handle(event, PLENTY)


@pytest.mark.parametrize("segment", [None, -1, 2, "0", True, {}])
def test_segment_outside_the_run_is_refused(create_machine, segment):
    machine = create_machine(plain_user("user1"))
    payload = machine.prepare(segments=2)

    with pytest.raises(RefusedError, match="segment"):
        machine.work({"action": "work", "runId": payload["runId"], "token": 1, "segment": segment})


def test_job_of_the_command_line_is_carried_out_as_it_is(create_machine):
    machine = create_machine(plain_user("user1"), plain_user("away", status={"S": "inactive"}))
    job = Job("plan-1", machine.table.name, segments=3, plan_hash="abc")

    payload, output = machine.run(job={**job.to_json(), "segments": 3.0}, table="ignored")

    assert (payload["runId"], payload["segments"], output["created"]) == ("plan-1", 3, 1)
    assert machine.ledger.read("plan-1").plan_hash == "abc"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": "social"}, "the worker has 'basic'"),
        ({"source": {"kind": "csv", "path": "users.csv"}}, "can't read a file of this machine"),
        ({"source": {"kind": "python", "name": "os:system"}}, "does not have your code"),
    ],
)
def test_job_that_only_the_local_engine_can_carry_out_is_refused(create_machine, changes, message):
    machine = create_machine(plain_user("user1"))
    job = Job("plan-1", machine.table.name, **changes)

    with pytest.raises(RefusedError, match=message):
        machine.prepare(job=job.to_json())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "somebody-elses"}, "is not permitted for this job"),
        ({"source": {"kind": "csv", "path": "/proc/self/environ"}}, "can't read a file of this machine"),
        ({"source": {"kind": "python", "name": "os:system"}}, "does not have your code"),
    ],
)
def test_job_that_was_changed_in_the_ledger_is_refused(create_machine, changes, message):
    machine = create_machine(plain_user("user1"), tables=frozenset({"v_users_dev"}))
    payload = machine.prepare(segments=1)
    lease = Lease(payload["runId"], payload["token"], 0.0)
    machine.ledger.renew(lease, job={**machine.ledger.read(payload["runId"]).job, **changes})

    with pytest.raises(RefusedError, match=message):
        machine.work(machine.items(payload)[0])
