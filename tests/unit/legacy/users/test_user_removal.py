"""The rollback of imported users."""

import pytest
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users.user_removal import (
    CHANGED_ITEMS,
    CHANGED_USER,
    HERE_BEFORE,
    NEW_ITEMS,
    OTHER_RUN,
)
from users_world import RUN, SOURCE, legacy_user, phone


def keys_of(results):
    return [key for result in results for key in result.keys]


def outcomes(results):
    return [(result.outcome, result.reason) for result in results]


@pytest.fixture
def imported(world):
    """Import a user; return the keys and the sub."""
    return keys_of(world.stage().process([legacy_user()])), world.sub_of(1)


def test_an_untouched_user_leaves_nothing(world, imported):
    keys, _ = imported

    results = world.stage().undo(keys)

    assert outcomes(results) == [(Outcome.REMOVED, "")]
    assert (world.pool.users, world.table.items()) == ({}, [])


def test_a_key_that_is_given_twice_has_two_results(world, imported):
    keys, _ = imported

    assert outcomes(world.stage().undo([*keys, *keys])) == [(Outcome.REMOVED, "")] * 2
    assert outcomes(world.stage().undo(keys)) == [(Outcome.REMOVED, "")]


def test_a_user_who_changed_in_cognito_stays_with_all_items(world, imported):
    keys, sub = imported
    world.pool.touch(sub)
    items = world.table.items()

    results = world.stage().undo(keys)

    assert outcomes(results) == [(Outcome.KEPT, CHANGED_USER)]
    assert sub in world.pool.users
    assert world.table.items() == items


def test_a_user_who_changed_fields_stays(world, imported):
    keys, sub = imported
    world.table.put({**world.account(sub), "auditHead": "x", "version": 2})

    assert outcomes(world.stage().undo(keys)) == [(Outcome.KEPT, CHANGED_ITEMS)]
    assert sub in world.pool.users


def test_a_user_with_new_data_stays(world, imported):
    keys, sub = imported
    world.table.put({"PK": f"USER#{sub}", "SK": "CONTENT#1"})

    assert outcomes(world.stage().undo(keys)) == [(Outcome.KEPT, NEW_ITEMS)]
    assert sub in world.pool.users


def test_data_of_the_same_run_do_not_keep_the_user(world, imported):
    """Another stage removes them."""
    keys, sub = imported
    world.table.put({"PK": f"USER#{sub}", "SK": "CONTENT#1", "migrationRunId": RUN})

    assert outcomes(world.stage().undo(keys)) == [(Outcome.REMOVED, "")]


def test_another_run_removes_nothing(world, imported):
    keys, sub = imported

    assert outcomes(world.stage(run_id="run-2").undo(keys)) == [(Outcome.KEPT, OTHER_RUN)]
    assert sub in world.pool.users


def test_a_user_who_was_here_before_stays_without_the_claim(world):
    sub = world.pool.add({"phone_number": phone(101), "phone_number_verified": "true"})
    account = {"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "first_name": "New"}
    world.table.put(account, {"PK": f"USER#{sub}", "SK": "PROFILE#MAIN"})
    before = world.table.items()
    keys = keys_of(world.stage().process([legacy_user()]))

    results = world.stage().undo(keys)

    assert outcomes(results) == [(Outcome.REMOVED, HERE_BEFORE)]
    assert world.table.items() == before
    assert sub in world.pool.users


def test_the_claim_of_a_conflict_is_removed(world):
    world.pool.add({"phone_number": phone(101)}, "UNCONFIRMED")
    keys = keys_of(world.stage().process([legacy_user()]))

    results = world.stage().undo(keys)

    assert outcomes(results) == [(Outcome.REMOVED, "")]
    assert world.table.items() == []
    assert len(world.pool.users) == 1


def test_a_user_whose_conflict_was_solved_is_removed_once(world):
    stranger = world.pool.add({"phone_number": phone(101)}, "UNCONFIRMED")
    keys = keys_of(world.stage().process([legacy_user()]))
    del world.pool.users[stranger]
    keys += keys_of(world.stage().process([legacy_user()]))

    assert outcomes(world.stage().undo(keys)) == [(Outcome.REMOVED, "")] * 2
    assert (world.table.items(), world.pool.users) == ([], {})


def test_an_id_with_a_slash_is_found(world):
    keys = keys_of(world.stage().process([legacy_user(old_id="a/b#c")]))

    assert outcomes(world.stage().undo(keys)) == [(Outcome.REMOVED, "")]
    assert world.table.items() == []


def test_after_a_rollback_the_user_can_be_imported_again(world, imported):
    keys, _ = imported
    world.stage().undo(keys)

    results = world.stage(run_id="run-2").process([legacy_user()])

    assert outcomes(results) == [(Outcome.CREATED, "")]
    assert world.item(world.sub_of(1), f"LEGACY#{SOURCE}#id1")["migrationRunId"] == "run-2"


def test_a_user_whom_cognito_refuses_to_delete_stays(world, imported):
    keys, sub = imported
    world.pool.errors["admin_delete_user"] = ["NotAuthorizedException"]

    results = world.stage().undo(keys)

    assert outcomes(results) == [(Outcome.KEPT, "Cognito refuses to delete the user: NotAuthorizedException")]
    assert world.account(sub) is not None
