"""The binding of a claim while somebody else writes to the same items."""

from import_table import client_error
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.users.user_binding import CHANGED_MEANWHILE
from users_world import RUN, legacy_user


def before_binding(world, action):
    """Carry out an action before the next transaction."""

    def hook(operation, _parameters):
        if operation == "TransactWriteItems":
            world.table.client.hooks = []
            action()

    world.table.client.hooks = [hook]


def rewrite_claim(world, **values):
    world.table.put({**world.claim(1), "addressSalt": "other", **values})


def process(world):
    [result] = world.stage().process([legacy_user()])
    return result.outcome, result.reason


def test_a_claim_that_a_killed_session_has_written_meanwhile_is_bound(world):
    before_binding(world, lambda: rewrite_claim(world))

    assert process(world) == (Outcome.CREATED, "")
    assert (world.claim(1)["state"], world.claim(1)["addressSalt"]) == ("bound", "other")


def test_a_claim_of_another_run_is_left_to_that_run(world):
    before_binding(world, lambda: rewrite_claim(world, migrationRunId="run-2"))

    assert process(world) == (Outcome.CONFLICT, CHANGED_MEANWHILE)
    assert (world.claim(1)["state"], world.claim(1)["migrationRunId"]) == ("claimed", "run-2")


def test_a_write_during_a_transaction_of_another_process_is_repeated(world):
    """DynamoDB answers so for a single write, and does not write."""
    world.stage(run_id="run-0").process([legacy_user(email="", is_phone_verified=True)])
    world.table.put({**world.claim(1), "state": "conflict"})
    codes = ["TransactionConflictException", "TransactionInProgressException"]

    def refuse(operation, _parameters):
        if operation == "UpdateItem" and codes:
            raise client_error(operation, codes.pop())

    world.table.client.hooks = [refuse]

    process(world)

    assert codes == []
    assert world.claim(1)["migrationRunId"] == RUN
