"""An import of users that is killed at each of its calls, and resumed."""

import itertools

import pytest
from kill_switch import KilledError, KillSwitch
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.legacy.job.stage import Outcome
from users_world import RUN, SOURCE, UsersWorld, legacy_user, phone

USERS = (
    legacy_user(1),
    legacy_user(2, is_disabled=True),
    legacy_user(3, email="cy@example.com", is_email_verified=True),
)


def create_world(pool):
    """Return a world in which the third user is here already."""
    world = UsersWorld(**pool)
    world.pool.add({"phone_number": phone(103), "phone_number_verified": "true"})
    return world


def leave_conflict(world):
    """Let an earlier run leave a claim without a user. This run renews it."""
    stranger = world.pool.add({"phone_number": phone(101)}, "UNCONFIRMED")
    world.stage(run_id="run-0").process(USERS[:1])
    del world.pool.users[stranger]


def end_state(world):
    """Return the users with everything but random and clock values."""
    subs = {sub: world.pool.attributes(sub)["phone_number"] for sub in world.pool.users}
    users = sorted(
        (subs[sub], user["UserStatus"], user["Enabled"], world.pool.attributes(sub).get("custom:old_user_id"))
        for sub, user in world.pool.users.items()
    )
    items = []
    for item in world.table.items():
        random_names = {
            "sub",
            "user_id",
            "addressSalt",
            "addressHash",
            "fieldHashes",
            "PK",
            "listPK",
            "listSK",
        }
        values = {
            name: value for name, value in item.items() if name not in {*random_names, "poolModifiedAt"}
        }
        owner = item["PK"].removeprefix("USER#")
        values.pop("statusListPK", None)
        items.append((subs.get(owner, owner), item["SK"], subs.get(item.get("sub")), values))
    return users, sorted(items, key=repr)


def run(world, switch):
    stage = world.stage(cognito=switch.wrap(world.pool), dynamodb=switch.wrap(world.table.client))
    return stage.process(USERS)


def undo(world, switch, keys):
    stage = world.stage(cognito=switch.wrap(world.pool), dynamodb=switch.wrap(world.table.client))
    return stage.undo(keys)


def kill_points(action):
    """Run an action that is killed before and after each of its calls, until it is not killed any more."""
    for number in itertools.count(1):
        for moment in ("kill_before", "kill_after"):
            switch = KillSwitch()
            setattr(switch, moment, number)
            if not action(switch):
                return


@pytest.mark.parametrize(
    "pool",
    [{}, {"is_passwordless": True}],
    ids=["with passwords", "passwordless"],
)
@pytest.mark.sample(2)
def test_no_user_is_created_twice_or_lost(pool):
    complete = create_world(pool)
    expected_results = run(complete, KillSwitch())
    expected = end_state(complete)
    kills = 0

    def kill_and_resume(switch):
        nonlocal kills
        world = create_world(pool)
        try:
            run(world, switch)
        except KilledError:
            kills += 1
        else:
            return False
        results = run(world, KillSwitch())
        assert end_state(world) == expected, switch.calls
        assert [result.outcome for result in results] == [result.outcome for result in expected_results]
        assert world.pool.messages == []
        return True

    kill_points(kill_and_resume)
    assert kills > 20


@pytest.mark.parametrize("is_first", [True, False], ids=["new process", "running process"])
def test_a_lost_response_changes_nothing(is_first):
    """A write whose response was lost is repeated, and finds its own result. No user becomes a conflict.

    A new process whose first call has no answer ends, and the run is resumed.
    """

    def import_users(switch, lost_call):
        world = create_world({})
        leave_conflict(world)
        stage = world.stage(cognito=switch.wrap(world.pool), dynamodb=switch.wrap(world.table.client))
        if not is_first:
            stage.process([legacy_user(4)])
        switch.lose_response = lost_call and switch.count + lost_call
        try:
            results = stage.process(USERS)
        except BackfillFailedError:
            assert is_first
            results = run(world, KillSwitch())
        return world, [(result.record_id, result.outcome, result.reason, result.counts) for result in results]

    switch = KillSwitch()
    complete, expected_results = import_users(switch, None)
    expected = end_state(complete)
    for number in range(1, switch.count + 1):
        losing = KillSwitch()
        world, results = import_users(losing, number)
        assert results == expected_results, losing.calls
        assert end_state(world) == expected, losing.calls
        assert world.pool.messages == []


def test_without_the_attribute_no_user_is_created_twice_or_lost():
    """In such a pool, the import may not know its own user after a kill, and a rollback keeps the user."""

    def kill_and_resume(switch):
        world = create_world({"has_old_id": False})
        try:
            run(world, switch)
        except KilledError:
            pass
        else:
            return False
        run(world, KillSwitch())
        users, items = end_state(world)
        assert [user[1:3] for user in users] == [
            ("CONFIRMED", True),
            ("CONFIRMED", False),
            ("CONFIRMED", True),
        ]
        claims = [item for item in items if item[1] == "CLAIM#MAIN"]
        assert [claim[3]["state"] for claim in claims] == ["bound"] * 3
        return True

    kill_points(kill_and_resume)


@pytest.mark.long
def test_a_killed_rollback_removes_the_rest():
    expected = create_world({})
    before = end_state(expected)

    def kill_and_resume(switch):
        world = create_world({})
        keys = [key for result in run(world, KillSwitch()) for key in result.keys]
        try:
            undo(world, switch, keys)
        except KilledError:
            pass
        else:
            return False
        results = undo(world, KillSwitch(), keys)
        assert {result.outcome for result in results} == {Outcome.REMOVED}, switch.calls
        assert end_state(world) == before, switch.calls
        return True

    kill_points(kill_and_resume)


def test_a_rollback_finds_the_user_of_a_killed_import():
    """The import was killed after AdminCreateUser, so the ledger has no key. The verification returns it."""

    def kill_and_roll_back(switch):
        world = create_world({})
        before = end_state(world)
        try:
            run(world, switch)
        except KilledError:
            pass
        else:
            return False
        keys = [key for result in world.stage().verify(USERS) for key in result.keys]
        world.stage().undo(keys)
        assert end_state(world) == before, switch.calls
        return True

    kill_points(kill_and_roll_back)


def test_two_threads_with_one_address_bind_one_user(world):
    """Whoever comes second is a conflict, and gets no items."""
    first, second = legacy_user(1), legacy_user(2, phone_number="+1 415 555 0101")
    world.stage().process([first, second])

    assert (world.claim(1)["state"], world.claim(2)["state"]) == ("bound", "conflict")
    assert world.item(world.sub_of(1), f"LEGACY#{SOURCE}")["oldId"] == "id1"
    assert world.item(world.sub_of(1), f"LEGACY#{SOURCE}#id2") is None
    assert world.account(world.sub_of(1))["migrationRunId"] == RUN
