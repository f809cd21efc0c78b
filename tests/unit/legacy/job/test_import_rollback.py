"""Tests of `legacy.job.import_rollback`."""

import pytest
from import_fakes import CONTENT, USERS, Item, Killed, content, user
from import_world import ONE_THREAD, World
from userprofiles.backfill.errors import RefusedError
from userprofiles.jobs.run_record import RunState
from userprofiles.legacy.job.import_job import ImportOperation, ImportSlice
from userprofiles.legacy.job.import_rollback import check_can_roll_back, count_keys
from userprofiles.legacy.job.unit_state import add_outcomes


def small_world(folder):
    world = World(folder)
    world.limits = ONE_THREAD
    world.source.documents[USERS] = [user(str(number)) for number in range(8)]
    world.source.documents[CONTENT] = [content("c1", "3")]
    return world


def test_removes_what_the_run_created(world):
    """A rollback removes everything that the run created, the users first."""
    world.source.documents[CONTENT] = [content("c1", "3")]
    world.run()

    result = world.roll_back()

    assert [state.unit.stage for state in result.states] == ["users", "content", "links"]
    assert dict(add_outcomes(result.states)) == {"removed": 121}
    assert world.target.items == {}
    assert world.open_ledger().read("run1").state is RunState.ROLLED_BACK


def test_keeps_what_was_there_before_or_changed_since(world):
    """Items of others and items that users changed since stay, and are listed."""
    world.target.items["item/users/1"] = Item("a sign-up", "theirs")
    world.run()
    world.target.items["item/users/2"].is_changed = True

    result = world.roll_back()

    assert set(world.target.items) == {"item/users/1", "item/users/2"}
    assert [row["recordId"] for row in world.listed("rollback1").rows(result.states)] == ["item/users/2"]


def test_removes_one_batch_only(world):
    """The rollback of a batch keeps the other batches."""
    world.part = ImportSlice(limit=40)
    world.run("run1")
    world.part = ImportSlice(skip=40)
    world.run("run2")

    world.roll_back("run2")

    assert len(world.target.items) == 80
    assert {item.run_id for item in world.target.items.values()} == {"run1"}


@pytest.mark.sample(8)
@pytest.mark.parametrize("call", range(1, 35))
def test_rollback_of_a_killed_run_removes_everything(tmp_path, small_pages, call):
    """A run that is killed at any call leaves nothing behind after its rollback."""
    world = small_world(tmp_path)
    world.target.kill_at = call
    with pytest.raises(Killed):
        world.run()
    world.bury()

    world.roll_back()

    assert world.target.items == {}


def test_rollback_of_a_failed_run_removes_pages_behind_the_failed_one(world, small_pages):
    """Threads can have finished pages after the one that failed. A rollback removes them, too."""
    world.target.fail_at = (2, RefusedError("The bucket refuses."))
    assert world.run().error is not None

    world.roll_back()

    assert world.target.items == {}


@pytest.mark.long
def test_kill_at_every_call_of_the_rollback(tmp_path, small_pages):
    """A rollback that is killed at any call and repeated has the counts of an unbroken one."""
    unbroken = small_world(tmp_path / "unbroken")
    unbroken.run()
    calls = unbroken.target.calls
    unbroken.roll_back()
    for call in range(calls + 1, unbroken.target.calls + 1, 4):
        world = small_world(tmp_path / str(call))
        world.run()
        world.target.kill_at = call
        with pytest.raises(Killed):
            world.roll_back()
        world.bury()

        result = world.roll_back()

        assert dict(add_outcomes(result.states)) == {"removed": 17}
        assert world.target.items == {}


def test_running_run_is_refused(world):
    """A run that another process works on must be stopped first."""
    ledger = world.open_ledger()
    ledger.create(world.record())

    with pytest.raises(RefusedError, match="still running"):
        check_can_roll_back(ledger, ledger.read("run1"))


def test_rollback_of_a_rollback_is_refused(world):
    """Only an import and a delta pass can be rolled back."""
    world.run()
    world.roll_back()
    ledger = world.open_ledger()

    with pytest.raises(RefusedError, match="of the kind 'import rollback'"):
        check_can_roll_back(ledger, ledger.read("rollback1"))


def test_keys_are_counted_once(world):
    """Keys that a killed session stored twice count once."""
    world.run()
    ledger = world.open_ledger()
    run, lease = ledger.acquire("run1")
    ledger.save_units(lease, {}, ["users item/users/1", "users item/users/1"])
    ledger.release(lease)

    assert count_keys(ledger, "run1") == 120
    assert run.kind == ImportOperation.IMPORT
