"""The delta pass of users."""

import pytest
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users.user_update import ADDRESS_CHANGED
from users_world import SOURCE, legacy_user


def outcomes(results):
    return [(result.outcome, result.reason) for result in results]


@pytest.fixture
def sub(world):
    world.stage().process([legacy_user()])
    return world.sub_of(1)


def update(world, *users):
    return world.stage(run_id="run-2").update(users)


def test_a_new_user_is_imported(world, sub):
    results = update(world, legacy_user(1), legacy_user(2))

    assert outcomes(results) == [(Outcome.EXISTED, ""), (Outcome.CREATED, "")]
    assert world.claim(2)["migrationRunId"] == "run-2"


def test_an_unchanged_user_needs_no_call_to_cognito(world, sub):
    calls, items = len(world.pool.calls), world.table.items()

    assert outcomes(update(world, legacy_user())) == [(Outcome.EXISTED, "")]
    assert (len(world.pool.calls), world.table.items()) == (calls, items)


def test_changed_fields_are_changed_here(world, sub):
    user = legacy_user(first_name="Other", visibility="public")

    results = update(world, user)

    assert outcomes(results) == [(Outcome.UPDATED, "")]
    assert world.account(sub)["first_name"] == "Other"
    assert world.profile(sub)["profile_visibility"] == "public"
    assert world.claim(1)["digest"] == user.digest
    assert outcomes(update(world, user)) == [(Outcome.EXISTED, "")]
    assert outcomes(world.stage().verify([user])) == [(Outcome.EXISTED, "")]


def test_a_field_that_the_user_changed_here_stays(world, sub):
    world.table.put({**world.account(sub), "first_name": "Mine", "auditHead": "x"})

    results = update(world, legacy_user(first_name="Other", username="other"))

    assert world.account(sub)["first_name"] == "Mine"
    assert world.account(sub)["username"] == "other"
    assert results[0].counts == {"fields that the user has changed here": 1}


def test_a_change_at_the_same_time_wins(world, sub):
    def change(operation, parameters):
        if operation == "UpdateItem" and parameters["Key"]["SK"]["S"] == "ACCOUNT#MAIN":
            world.table.put({**world.account(sub), "first_name": "Mine", "auditHead": "x"})

    world.table.client.hooks.append(change)

    results = update(world, legacy_user(first_name="Other"))

    assert results[0].outcome is Outcome.FAILED
    assert world.account(sub)["first_name"] == "Mine"


def test_a_second_delta_changes_the_field_again(world, sub):
    update(world, legacy_user(first_name="Second"))

    world.stage(run_id="run-3").update([legacy_user(first_name="Third")])

    assert world.account(sub)["first_name"] == "Third"


def test_another_number_needs_a_decision(world, sub):
    results = update(world, legacy_user(phone_number="4155550199"))

    assert outcomes(results) == [(Outcome.CONFLICT, ADDRESS_CHANGED)]
    assert world.account(sub)["phone_number"] == "4155550101"


def test_a_user_who_is_disabled_now_is_disabled_here(world, sub):
    results = update(world, legacy_user(is_disabled=True))

    assert outcomes(results) == [(Outcome.UPDATED, "")]
    assert world.pool.users[sub]["Enabled"] is False
    assert world.account(sub)["status"] == "disabled"


def test_a_delta_does_not_prevent_the_rollback(world):
    keys = world.stage().process([legacy_user()])[0].keys
    update(world, legacy_user(is_disabled=True, first_name="Other"))

    assert outcomes(world.stage().undo(keys)) == [(Outcome.REMOVED, "")]
    assert world.table.items() == []


def test_a_user_who_was_here_before_keeps_every_field(world):
    sub = world.pool.add({"phone_number": "+14155550101", "phone_number_verified": "true"})
    # The same name as in the source, by chance.
    account = {"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "first_name": "First1"}
    world.table.put(account, {"PK": f"USER#{sub}", "SK": "PROFILE#MAIN"})
    world.stage().process([legacy_user()])
    assert world.item(sub, f"LEGACY#{SOURCE}#id1") is not None

    update(world, legacy_user(first_name="Other"))

    assert world.account(sub) == account
