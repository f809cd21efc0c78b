"""The state machine verifies a run, and undoes it."""

import dataclasses

import pytest
from backfill_fixtures import LIMITS, account, plain_users, profile
from userprofiles.backfill.errors import BackfillFailedError, RefusedError
from userprofiles.backfill.job import Job, Operation
from userprofiles.backfill.ledger.rollback_run import create_rollback_job
from userprofiles.backfill.review.run_history import read_history
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.targets.item_remover import ItemRemover
from userprofiles.jobs.run_record import RunState


def rows(shape):
    return plain_users(6) if shape is TableShape.PLAIN else [account(f"user{n:02d}") for n in range(6)]


def change(machine, user_id, **attributes):
    """Change a profile as a user does."""
    item = machine.table.profiles()[f"USER#{user_id}"] | attributes
    machine.table.put(item)


def verify_job(machine, run_id):
    job = Job.from_json(machine.ledger.read(run_id).job)
    return dataclasses.replace(job, run_id="verify-1", operation=Operation.VERIFY, of_run=run_id)


def rollback_job(machine, run_id, *, dry_run=False):
    job = create_rollback_job(read_history(machine.ledger, run_id), dry_run=dry_run, rate=None)
    return dataclasses.replace(job, run_id="rollback-1")


@pytest.mark.parametrize("shape", TableShape)
@pytest.mark.sample(2)
def test_verification_finds_what_differs(create_machine, s3, shape):
    machine = create_machine(*rows(shape))
    machine.run(runId="mine", segments=2)
    change(machine, "user01", language={"S": "xx"})
    machine.table.moto.delete_item(
        TableName=machine.table.name, Key={"PK": {"S": "USER#user02"}, "SK": {"S": "PROFILE#MAIN"}}
    )

    _, output = machine.run(job=verify_job(machine, "mine").to_json())

    assert output["other"] == {"differing": 1, "matching": 4, "missing": 1}
    users = {user["userId"]: user["reason"] for user in s3.json("runs/verify-1/report.json")["failures"]}
    assert users.keys() == {"user01", "user02"}
    assert users["user01"] == "language"
    assert machine.ledger.read("verify-1").kind == "verify"


@pytest.mark.parametrize("shape", TableShape)
@pytest.mark.sample(2)
def test_rollback_removes_what_nobody_has_changed(create_machine, s3, shape):
    """F40: only what nobody has changed since."""
    machine = create_machine(*rows(shape))
    machine.run(runId="mine", segments=2)
    change(machine, "user01", language={"S": "fr"}, updatedAt={"S": "2030-01-01T00:00:00.000Z"})
    job = rollback_job(machine, "mine")

    payload = machine.prepare(job=job.to_json())
    assert machine.ledger.read("mine").message == "Its rollback rollback-1 is not complete."
    machine.process(payload)
    output = machine.finish(payload)

    assert (output["other"]["removed"], output["other"]["kept"]) == (5, 1)
    assert list(machine.table.profiles()) == ["USER#user01"]
    assert [user["userId"] for user in s3.json("runs/rollback-1/report.json")["failures"]] == ["user01"]
    run = machine.ledger.read("mine")
    assert (run.state, run.message) == (RunState.ROLLED_BACK, "Rolled back by run rollback-1.")


def test_preview_of_a_rollback_removes_nothing(create_machine):
    machine = create_machine(*plain_users(3))
    machine.run(runId="mine", segments=2)

    _, output = machine.run(job=rollback_job(machine, "mine", dry_run=True).to_json())

    assert (output["other"]["removed"], len(machine.table.profiles())) == (3, 3)
    assert machine.ledger.read("mine").state is RunState.DONE


def test_rollback_without_the_permission_removes_nothing(create_machine):
    """F39: the state machine has the right to delete only if `allow_rollback` is set."""
    machine = create_machine(*plain_users(3))
    machine.run(runId="mine", segments=1)
    machine.table.client.denied = {"DeleteItem"}

    with pytest.raises(RefusedError, match="Set migrationAllowRollback to true"):
        machine.prepare(job=rollback_job(machine, "mine").to_json())

    assert len(machine.table.profiles()) == 3
    assert [run.run_id for run in machine.ledger.list_runs()] == ["mine"]
    assert machine.ledger.read("mine").state is RunState.DONE


def test_permission_that_is_lost_during_a_rollback_ends_it(create_machine):
    """The run stays rolled back, because some of its profiles may be removed."""
    machine = create_machine(*plain_users(3))
    machine.run(runId="mine", segments=1)
    payload = machine.prepare(job=rollback_job(machine, "mine").to_json())
    machine.table.client.denied = {"DeleteItem"}

    with pytest.raises(BackfillFailedError, match="DeleteItem"):
        machine.work(machine.items(payload)[0])

    assert len(machine.table.profiles()) == 3
    assert machine.ledger.read("mine").state is RunState.ROLLED_BACK


def test_check_of_the_permission_deletes_nothing(create_machine):
    machine = create_machine(profile(""))
    table = machine.table
    digest = table.digest()

    ItemRemover(Calls(table.client, table.location, Stop(), LIMITS), ()).check_permission()

    assert machine.table.digest() == digest


def test_running_run_is_not_rolled_back(create_machine):
    machine = create_machine(*plain_users(3))
    machine.run(runId="other")
    machine.prepare(runId="mine")

    with pytest.raises(RefusedError, match="still running"):
        machine.prepare(
            job=dataclasses.replace(rollback_job(machine, "other"), of_run="mine").to_json(),
            allowParallel=True,
        )


@pytest.mark.long
def test_run_is_not_rolled_back_in_another_table(create_machine):
    machine = create_machine(*plain_users(3), tables=frozenset({"v_users_dev", "copy"}))
    machine.run(runId="mine")
    job = dataclasses.replace(rollback_job(machine, "mine"), table="copy")

    with pytest.raises(RefusedError, match="did not write to the table 'copy'"):
        machine.prepare(job=job.to_json())

    assert machine.ledger.read("mine").state is RunState.DONE
