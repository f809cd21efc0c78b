"""A user who signs in while the import of this user is not complete."""

import pytest
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users import user_verification
from userprofiles.legacy.users.user_import import CHANGED_EARLY
from users_world import legacy_user

DEFAULTS = {"first_name": "", "username": "sub", "migrated_from_old_system": False, "auditHead": "registered"}


def sign_in_early(world, **account):
    """Sign the user in as soon as Cognito has confirmed the user, before the items are inserted."""

    def sign_in(operation, parameters):
        if operation != "BatchExecuteStatement" or not world.pool.passwords:
            return
        world.table.client.hooks.clear()
        key = {"PK": f"USER#{world.sub_of(1)}"}
        stored = DEFAULTS | {"entityType": "USER_ACCOUNT", "version": 1} | account
        world.table.put(key | {"SK": "ACCOUNT#MAIN"} | stored)
        profile = {"entityType": "USER_PROFILE", "profile_visibility": "friends"}
        world.table.put(key | {"SK": "PROFILE#MAIN"} | profile)

    world.table.client.hooks.append(sign_in)


def test_the_user_gets_the_old_values(world):
    """Otherwise a private user would have the visibility of the template."""
    user = legacy_user(visibility="private")
    sign_in_early(world)

    [result] = world.stage().process([user])

    sub = world.sub_of(1)
    assert (result.outcome, result.reason) == (Outcome.CREATED, "")
    assert (world.account(sub)["first_name"], world.account(sub)["old_user_id"]) == ("First1", "id1")
    assert world.account(sub)["auditHead"] == "registered"
    assert world.profile(sub)["profile_visibility"] == "private"
    assert world.stage().verify([user])[0].outcome is Outcome.EXISTED


def test_a_change_by_the_user_stays_and_is_reported(world):
    sign_in_early(world, version=2, first_name="Mine")

    [result] = world.stage().process([legacy_user()])

    assert (result.outcome, result.reason) == (Outcome.FAILED, CHANGED_EARLY)
    assert world.account(world.sub_of(1))["first_name"] == "Mine"
    [verified] = world.stage().verify([legacy_user()])
    assert (verified.outcome, verified.reason) == (Outcome.FAILED, user_verification.DEFAULT_VALUES)


@pytest.mark.parametrize("version", [1, 2])
def test_a_resumed_run_has_the_same_result(world, version):
    sign_in_early(world, version=version)
    results = world.stage().process([legacy_user()])
    items = world.table.items()

    assert world.stage().process([legacy_user()]) == results
    assert world.table.items() == items
