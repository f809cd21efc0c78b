"""The verification of imported users."""

import pytest
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users import user_verification as reasons
from users_world import legacy_user, phone


def outcomes(results):
    return [(result.outcome, result.reason) for result in results]


@pytest.fixture
def sub(world):
    world.stage().process([legacy_user()])
    return world.sub_of(1)


def verify(world, *users, run_id="run-1"):
    return world.stage(run_id=run_id).verify(users or [legacy_user()])


def test_an_imported_user_is_right(world, sub):
    results = verify(world)

    assert outcomes(results) == [(Outcome.EXISTED, "")]
    assert results[0].keys == (f"user/id1/{sub}",)


def test_a_user_of_another_run_has_no_key(world, sub):
    assert verify(world, run_id="run-2")[0].keys == ()


def test_a_missing_import_fails(world):
    assert outcomes(verify(world)) == [(Outcome.FAILED, reasons.MISSING_CLAIM)]


def test_a_user_who_was_here_before_is_right(world):
    sub = world.pool.add({"phone_number": phone(101), "phone_number_verified": "true"})
    world.table.put({"PK": f"USER#{sub}", "SK": "ACCOUNT#MAIN", "first_name": "New"})
    world.stage().process([legacy_user()])

    assert outcomes(verify(world)) == [(Outcome.EXISTED, "")]


def test_a_user_who_was_invited_here_before_and_has_a_temporary_password_fails(world):
    attributes = {"phone_number": phone(101), "phone_number_verified": "true"}
    world.pool.add(attributes, "FORCE_CHANGE_PASSWORD")
    world.stage().process([legacy_user()])

    assert outcomes(verify(world)) == [(Outcome.FAILED, reasons.NOT_CONFIRMED)]


@pytest.mark.parametrize("sort", ["ACCOUNT#MAIN", "PROFILE#MAIN", "LEGACY#biograph#id1"])
def test_a_missing_item_fails(world, sub, sort):
    world.table.delete(f"USER#{sub}", sort)

    assert outcomes(verify(world)) == [(Outcome.FAILED, reasons.MISSING_ITEM)]


def test_a_missing_user_of_the_pool_fails(world, sub):
    del world.pool.users[sub]

    assert outcomes(verify(world)) == [(Outcome.FAILED, reasons.MISSING_USER)]


def test_an_unconfirmed_user_fails(world, sub):
    world.pool.users[sub]["UserStatus"] = "FORCE_CHANGE_PASSWORD"

    assert outcomes(verify(world)) == [(Outcome.FAILED, reasons.NOT_CONFIRMED)]


def test_a_user_whom_an_administrator_disabled_has_changed(world, sub):
    world.pool.users[sub]["Enabled"] = False

    assert outcomes(verify(world)) == [(Outcome.CHANGED, reasons.DISABLED_HERE)]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"phone_number": phone(199)}, (Outcome.CHANGED, reasons.CHANGED_ADDRESS)),
        ({"phone_number_verified": "false"}, (Outcome.FAILED, reasons.NOT_VERIFIED)),
    ],
)
def test_an_address_that_changed_in_cognito_is_listed(world, sub, attributes, expected):
    values = world.pool.attributes(sub) | attributes
    world.pool.users[sub]["UserAttributes"] = [
        {"Name": name, "Value": value} for name, value in values.items()
    ]

    assert outcomes(verify(world)) == [expected]


def test_a_disabled_old_user_who_can_sign_in_fails(world):
    user = legacy_user(is_disabled=True)
    world.stage().process([user])
    world.pool.users[world.sub_of(1)]["Enabled"] = True

    assert outcomes(verify(world, user)) == [(Outcome.FAILED, reasons.STILL_ENABLED)]


def test_a_wrong_value_fails_with_the_name_of_the_field(world, sub):
    world.table.put({**world.account(sub), "first_name": "CANARY"})

    assert outcomes(verify(world)) == [(Outcome.FAILED, "fields differ from the source: account.first_name")]


def test_a_field_that_the_user_changed_is_no_fault(world, sub):
    world.table.put({**world.account(sub), "first_name": "CANARY", "auditHead": "x"})

    assert outcomes(verify(world)) == [(Outcome.CHANGED, reasons.CHANGED_FIELDS)]


def test_a_field_that_changed_in_the_source_fails(world, sub):
    world.table.put({**world.account(sub), "auditHead": "x"})

    assert outcomes(verify(world, legacy_user(first_name="Other"))) == [
        (Outcome.FAILED, "fields differ from the source: account.first_name")
    ]


def test_a_conflict_stays_a_conflict(world):
    user = legacy_user(phone_number="12")

    assert outcomes(verify(world, user)) == [(Outcome.CONFLICT, "the phone number is not valid")]


def test_a_user_whom_cognito_refuses_to_read_fails_alone(world, sub):
    world.stage().process([legacy_user(2)])
    world.pool.errors["admin_get_user"] = ["InvalidParameterException"]

    assert [result.outcome for result in verify(world, legacy_user(1), legacy_user(2))] == [
        Outcome.FAILED,
        Outcome.EXISTED,
    ]
