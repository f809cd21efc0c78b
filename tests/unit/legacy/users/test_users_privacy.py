"""No value of a user appears in results, errors, logs or the ledger's keys."""

import pytest
from legacy_pool import pool_error
from userprofiles.backfill.errors import BackfillError
from users_world import UsersWorld, legacy_user, phone

CANARIES = ("4155550101", "ana.canary", "CanaryName", "CanaryFirst", "canary-picture", "CANARY")
USER = legacy_user(
    email="Ana.Canary@example.com",
    username="CanaryName",
    first_name="CanaryFirst",
    picture="http://example.com/canary-picture.jpg",
)


def shown(*objects):
    return " ".join(map(repr, objects))


def assert_private(text):
    assert [canary for canary in CANARIES if canary.lower() in text.lower()] == []


@pytest.mark.parametrize(
    "state",
    ["new", "bound", "unverified", "refused", "shared"],
)
def test_no_result_has_a_value(state, caplog, capsys):
    world = UsersWorld()
    users = [USER]
    if state == "bound":
        world.pool.add({"phone_number": phone(101), "phone_number_verified": "true"})
    elif state == "unverified":
        world.pool.add({"phone_number": phone(101)})
    elif state == "refused":
        world.pool.errors["admin_create_user"] = ["InvalidParameterException"]
    elif state == "shared":
        users = [USER, legacy_user(2, phone_number="4155550101")]
    stage = world.stage()

    preview = stage.preview(users)
    conflicts = stage.conflicts()
    results = stage.process(users)
    keys = [key for result in results for key in result.keys]
    checks = stage.verify(users)
    updates = stage.update(users)
    undone = stage.undo(keys)
    stage.close()

    assert_private(shown(preview, conflicts, results, checks, updates, undone, users))
    assert_private(caplog.text + "".join(capsys.readouterr()))


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("admin_create_user", "AccessDeniedException"),
        ("admin_get_user", "ResourceNotFoundException"),
        ("admin_set_user_password", "ExpiredTokenException"),
    ],
)
def test_no_error_has_a_value(operation, code):
    world = UsersWorld()
    world.pool.errors[operation] = [code]

    with pytest.raises(BackfillError) as error:
        world.stage().process([USER])

    assert_private(shown(error.value, str(error.value)))


def test_the_table_has_the_address_in_the_account_only():
    world = UsersWorld()
    world.stage().process([USER])

    others = [item for item in world.table.items() if item["SK"] != "ACCOUNT#MAIN"]
    assert "4155550101" not in shown(others)


def test_a_fault_of_dynamodb_shows_no_value():
    world = UsersWorld()

    def fail(operation, _):
        if operation == "BatchExecuteStatement":
            raise pool_error("ValidationException")

    world.table.client.hooks.append(fail)

    assert_private(shown(world.stage().process([USER])))
