"""A verification by the state machine finds profiles without a user, as the local one does."""

import dataclasses
import types

import pytest
from backfill_fixtures import LIMITS, account, plain_user, plain_users, profile
from kill_switch import KilledError
from machine_fixtures import BUCKET
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.review import orphan_units
from userprofiles.backfill.review.orphan_units import plan_orphan_units
from userprofiles.backfill.review.orphans import NO_USER
from userprofiles.backfill.review.review import Sample
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.users.mapping import ColumnMapping
from userprofiles.jobs.run_record import RunState


def rows(shape, count=8):
    return (
        plain_users(count) if shape is TableShape.PLAIN else [account(f"user{n:02d}") for n in range(count)]
    )


def verify_job(machine, run_id="mine", **changes):
    job = Job.from_json(machine.ledger.read(run_id).job)
    return dataclasses.replace(job, run_id="verify-1", operation=Operation.VERIFY, of_run=run_id, **changes)


def delete_user(machine, user_id, shape):
    key = (user_id, "METADATA") if shape is TableShape.PLAIN else (f"USER#{user_id}", "ACCOUNT#MAIN")
    names = dict(zip(("PK", "SK"), ({"S": part} for part in key), strict=True))
    machine.table.moto.delete_item(TableName=machine.table.name, Key=names)


def listed(s3, run_id="verify-1"):
    return {user["userId"]: user["reason"] for user in s3.json(f"runs/{run_id}/report.json")["failures"]}


@pytest.mark.parametrize("shape", TableShape)
@pytest.mark.sample(2)
def test_profile_without_a_user_is_found_and_listed(create_machine, s3, shape):
    """In a plain table, users and profiles are in different segments."""
    machine = create_machine(*rows(shape))
    machine.run(runId="mine", segments=3)
    delete_user(machine, "user02", shape)

    payload, output = machine.run(job=verify_job(machine).to_json())

    assert payload["searchesOrphans"] is True
    assert output["other"] == {"matching": 7, "orphaned": 1}
    assert listed(s3) == {"user02": NO_USER}
    run = machine.ledger.read("verify-1")
    assert (run.state, run.counts["units"]) == (RunState.DONE, {"all": 6, "done": 6})
    assert (output["createdByRun"], output["unaccounted"]) == (8, 0)


@pytest.mark.long
def test_orphan_and_its_user_are_both_gone(create_machine):
    machine = create_machine(*rows(TableShape.PLAIN))
    machine.run(runId="mine", segments=2)
    delete_user(machine, "user02", TableShape.PLAIN)
    key = {"PK": {"S": "USER#user02"}, "SK": {"S": "PROFILE#MAIN"}}
    machine.table.moto.delete_item(TableName=machine.table.name, Key=key)

    _, output = machine.run(job=verify_job(machine).to_json())

    assert output["other"] == {"matching": 7}
    assert (output["createdByRun"], output["unaccounted"]) == (8, 1)


def test_profile_that_is_created_during_the_verification_is_no_orphan(create_machine):
    """A user who signs up behind the position of the first pass."""
    machine = create_machine(*plain_users(2))
    machine.run(runId="mine", segments=1)
    job = Job("verify-1", machine.table.name, segments=1, operation=Operation.VERIFY)
    payload = machine.prepare(job=job.to_json())
    machine.work(machine.items(payload)[0])
    for user_id, created_at in [("new", "2099-01-01T00:00:00Z"), ("old", "2020-01-01T00:00:00Z")]:
        machine.table.put(profile(user_id, createdAt={"S": created_at}))

    machine.process(machine.list_orphan_units(payload))

    assert machine.finish(payload)["other"]["orphaned"] == 1


@pytest.mark.long
def test_all_profiles_of_a_table_are_verified_without_a_run(create_machine):
    machine = create_machine(*rows(TableShape.PLAIN, 3), profile("stranger"))
    machine.run(runId="mine", segments=2)
    job = Job("verify-1", machine.table.name, segments=2, operation=Operation.VERIFY)

    _, output = machine.run(job=job.to_json())

    assert output["other"] == {"matching": 3, "orphaned": 1}
    assert "createdByRun" not in output


@pytest.mark.long
def test_sample_is_that_of_the_command_line(create_machine):
    machine = create_machine(*plain_users(40))
    machine.run(runId="mine", segments=2)
    delete_user(machine, "user02", TableShape.PLAIN)
    sample = Sample(10, 40, "seed")
    chosen = [n for n in range(40) if n != 2 and sample.selects(f"USER#user{n:02d}")]

    _, output = machine.run(job=verify_job(machine, sample=sample.to_json()).to_json())

    assert 0 < len(chosen) < 39
    assert output["other"] == {"matching": len(chosen), "orphaned": 1}
    assert output["sample"] == {"size": 10, "total": 40, "seed": "seed"}


@pytest.mark.parametrize("sample", [{"size": 0, "total": 1, "seed": "a"}, {"size": "many"}, {"total": 3}])
def test_wrong_sample_is_refused(create_machine, sample):
    machine = create_machine(*plain_users(1))
    machine.run(runId="mine", segments=1)

    with pytest.raises(RefusedError, match="Wrong input"):
        machine.prepare(job=verify_job(machine).to_json() | {"sample": sample})


def test_single_segments_have_no_search(create_machine):
    """The other segments have the other users."""
    machine = create_machine(*plain_users(4))
    machine.run(runId="mine", segments=2, only=[0])

    assert machine.prepare(job=verify_job(machine).to_json())["searchesOrphans"] is False


def test_search_waits_until_all_users_are_compared(create_machine):
    machine = create_machine(*plain_users(4))
    machine.run(runId="mine", segments=2)
    payload = machine.prepare(job=verify_job(machine).to_json())
    [item, _] = machine.items(payload)
    machine.work(item)

    assert machine.list_orphan_units(payload)["items"] == []
    with pytest.raises(RefusedError, match="unit 2 does not belong to run 'verify-1' now"):
        machine.work({**item, "segment": 2})


@pytest.mark.long
def test_unfinished_search_is_an_unfinished_run(create_machine):
    """The map failed as a whole after the comparison: a new execution searches, and compares nobody again."""
    machine = create_machine(*plain_users(4))
    machine.run(runId="mine", segments=1)
    delete_user(machine, "user02", TableShape.PLAIN)
    job = verify_job(machine).to_json()
    payload = machine.prepare(job=job)
    machine.work(machine.items(payload)[0])
    with pytest.raises(BackfillFailedError, match=r"Open segments: \[1\]"):
        machine.finish(payload)

    resumed, output = machine.run(job=job, execution="another")

    assert resumed["items"] == []
    assert (output["state"], output["other"]) == ("done", {"matching": 3, "orphaned": 1})


def test_stopped_verification_searches_nothing(create_machine):
    machine = create_machine(*plain_users(2))
    machine.run(runId="mine", segments=1)
    payload = machine.prepare(job=verify_job(machine).to_json())
    machine.work(machine.items(payload)[0])
    machine.ledger.request("verify-1", "stop")

    assert machine.list_orphan_units(payload)["items"] == []


@pytest.mark.sample(6)
@pytest.mark.parametrize("call", range(6))
def test_killed_comparison_loses_no_user_and_reports_no_wrong_orphan(create_machine, call):
    limits = dataclasses.replace(LIMITS, page_rows=2, chunk_rows=2, checkpoint_every_s=0)
    machine = create_machine(*plain_users(8), limits=limits)
    machine.run(runId="mine", segments=1)
    delete_user(machine, "user05", TableShape.PLAIN)
    payload = machine.prepare(job=verify_job(machine).to_json())
    item = machine.items(payload)[0]
    machine.power.calls, machine.power.kill_after = 0, call + 7
    with pytest.raises(KilledError):
        machine.work(item)
    machine.restart()
    machine.let_leases_end()

    resumed = machine.prepare(job=verify_job(machine).to_json(), execution="another")
    machine.process(resumed)
    output = machine.finish(resumed)

    assert output["other"] == {"matching": 7, "orphaned": 1}


def test_users_that_can_not_be_stored_are_not_counted(create_machine, s3):
    """Otherwise, the search would report the profiles of these users."""
    machine = create_machine(*plain_users(2))
    machine.run(runId="mine", segments=1)
    payload = machine.prepare(job=verify_job(machine).to_json())
    s3.denied = {"PutObject"}

    with pytest.raises(BackfillFailedError, match=r"Can't write s3://reports/runs/verify-1/users/"):
        machine.work(machine.items(payload)[0])

    assert [state for _, state in machine.ledger.read_units("verify-1") if state["rows"]] == []


def test_objects_have_no_ids_of_users(create_machine, s3):
    machine = create_machine(plain_user("CANARY"))
    machine.run(runId="mine", segments=1)
    machine.run(job=verify_job(machine).to_json())

    names = [key for key in s3.objects if key.startswith("runs/verify-1/users/")]
    assert names == ["runs/verify-1/users/000000-000000000000.bin"]
    assert len(s3.objects[names[0]]) == 8
    assert BUCKET not in names[0]


@pytest.mark.parametrize("users_in_memory", [pytest.param(1, marks=pytest.mark.long), 3])
@pytest.mark.long
def test_hashes_that_do_not_fit_into_memory_are_divided(create_machine, monkeypatch, users_in_memory):
    monkeypatch.setattr(orphan_units, "USERS_IN_MEMORY", users_in_memory)
    machine = create_machine(*plain_users(9))
    machine.run(runId="mine", segments=2)
    for user_id in ("user02", "user05", "user07"):
        delete_user(machine, user_id, TableShape.PLAIN)

    _, output = machine.run(job=verify_job(machine).to_json())

    assert output["other"] == {"matching": 6, "orphaned": 3}


def test_number_of_units_is_bounded():
    """A billion users in 2,000 segments: the list of units stays below the limit of a payload."""
    job = Job("v", "table", segments=2_000, operation=Operation.VERIFY)
    states = [SegmentState(number, done=True, rows=500_000) for number in range(2_000)]

    units = plan_orphan_units(job, states)

    assert len(units) <= orphan_units.MAX_UNITS
    assert {unit.parts for unit in units} == {34}
    assert {(unit.segment, unit.part) for unit in units} == {
        (segment, part) for segment in range(units[0].segments) for part in range(34)
    }
    assert [unit.number for unit in units] == list(range(2_000, 2_000 + len(units)))


@pytest.mark.long
def test_imported_profile_without_a_user_in_the_source_is_found(create_machine, create_table, s3):
    """The source has no profiles. Only those of the import count. All segments of the table are searched."""
    source_table = create_table(*plain_users(4), name="source")
    machine = create_machine(profile("stranger"), account("stranger"))
    columns = ColumnMapping({"id": "userId", "email": "email"}).to_json()
    source = {"kind": "table", "name": "source", "key": ["PK", "SK"], "shape": "plain", **columns}
    job = Job("mine", machine.table.name, segments=2, template="basic", source=source)
    machine.run(job=job.to_json())
    delete_user(types.SimpleNamespace(table=source_table), "user02", TableShape.PLAIN)

    payload, output = machine.run(job=verify_job(machine).to_json())

    assert output["other"] == {"matching": 3, "orphaned": 1}
    assert listed(s3) == {"user02": NO_USER}
    assert machine.ledger.read("verify-1").counts["units"]["all"] == 2 + 8
    assert payload["items"] == [0, 1]
