"""The delta pass of users."""

import itertools

import pytest
from kill_switch import KilledError, KillSwitch
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users.user_update import ADDRESS_CHANGED
from users_world import SOURCE, UsersWorld, legacy_user


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


@pytest.mark.parametrize("picture", ["https://example.com/1.jpg", ""], ids=["a value", "null"])
def test_a_change_at_the_same_time_wins(world, picture):
    """All items are written in one transaction, so nothing is written then."""
    world.stage().process([legacy_user(picture=picture)])
    sub = world.sub_of(1)

    def change(operation, _):
        if operation == "TransactWriteItems":
            world.table.put({**world.account(sub), "profile_picture": "mine", "auditHead": "x"})

    world.table.client.hooks.append(change)

    results = update(world, legacy_user(visibility="public", picture="https://example.com/2.jpg"))

    assert results[0].outcome is Outcome.FAILED
    assert world.account(sub)["profile_picture"] == "mine"
    assert world.profile(sub)["profile_visibility"] == "friends"


def test_a_field_without_a_value_gets_one(world):
    world.stage().process([legacy_user(picture="")])
    sub = world.sub_of(1)

    update(world, legacy_user(picture="https://example.com/2.jpg"))

    assert world.account(sub)["profile_picture"] == "https://example.com/2.jpg"
    assert world.account(sub)["setFields"] == ["first_name", "profile_picture"]


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
def test_a_killed_delta_has_the_same_result(moment):
    user = legacy_user(first_name="Other", visibility="public", is_disabled=True)
    for number in itertools.count(1):
        world, switch = UsersWorld(), KillSwitch()
        setattr(switch, moment, number)
        world.stage().process([legacy_user()])
        stage = world.stage(cognito=switch.wrap(world.pool), dynamodb=switch.wrap(world.table.client))
        try:
            stage.update([user])
        except KilledError:
            update(world, user)
        else:
            break
        account = world.account(world.sub_of(1))
        assert (account["first_name"], account["status"]) == ("Other", "disabled")
        assert world.claim(1)["digest"] == user.digest
        update(world, legacy_user(first_name="Third", is_disabled=True))
        assert world.account(world.sub_of(1))["first_name"] == "Third"
    assert number > 5


def test_a_second_delta_changes_the_field_again(world, sub):
    update(world, legacy_user(first_name="Second"))

    world.stage(run_id="run-3").update([legacy_user(first_name="Third")])

    assert world.account(sub)["first_name"] == "Third"


def test_another_verified_email_needs_a_decision(world, sub):
    """The account must not name an address that Cognito does not have, or that another user has there."""
    results = update(world, legacy_user(email="other@example.com", is_email_verified=True))

    assert outcomes(results) == [(Outcome.CONFLICT, ADDRESS_CHANGED)]
    assert world.account(sub).get("email") is None
    assert update(world, legacy_user(first_name="Other"))[0].outcome is Outcome.UPDATED


def test_another_number_needs_a_decision(world, sub):
    results = update(world, legacy_user(phone_number="4155550199"))

    assert outcomes(results) == [(Outcome.CONFLICT, ADDRESS_CHANGED)]
    assert world.account(sub)["phone_number"] == "4155550101"


def test_a_user_who_is_disabled_now_is_disabled_here(world, sub):
    results = update(world, legacy_user(is_disabled=True))

    assert outcomes(results) == [(Outcome.UPDATED, "")]
    assert world.pool.users[sub]["Enabled"] is False
    account = world.account(sub)
    assert account["status"] == "disabled"
    assert account["statusListPK"].startswith("LIST#user#disabled#")


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


def test_a_user_whom_cognito_refuses_to_disable_fails_alone(world, sub):
    world.pool.errors["admin_disable_user"] = ["InvalidParameterException"]

    results = update(world, legacy_user(1, is_disabled=True), legacy_user(2))

    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.CREATED]
    assert world.claim(1)["digest"] == legacy_user(1).digest


@pytest.mark.parametrize("operation", ["update_item", "transact_write_items", "admin_disable_user"])
def test_a_lost_response_is_no_failure(world, sub, operation):
    """The repeated write finds its own result."""
    user, switch = legacy_user(first_name="Other", is_disabled=True), KillSwitch()

    def lose_response(name):
        if name == operation and operation not in switch.calls:
            switch.lose_response = switch.count + 1

    switch.before_each = lose_response
    stage = world.stage(
        run_id="run-2", cognito=switch.wrap(world.pool), dynamodb=switch.wrap(world.table.client)
    )

    results = stage.update([user])

    assert operation in switch.calls
    assert outcomes(results) == [(Outcome.UPDATED, "")]
    assert (world.account(sub)["first_name"], world.claim(1)["digest"]) == ("Other", user.digest)
