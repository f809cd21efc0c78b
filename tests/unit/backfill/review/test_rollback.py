"""Rollback: what a run created and nobody has changed is removed, and everything else stays."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from backfill_fixtures import LIMITS, NOW, client_error, profile
from botocore.exceptions import ReadTimeoutError
from kill_switch import KilledError
from review_fixtures import SHAPES, change, create_profiles, delete, execute, job_of, roll_back, user, users
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.job import Operation
from userprofiles.backfill.outcome import Outcome
from userprofiles.backfill.review.review import Review
from userprofiles.backfill.review.rollback import find_profiles_without_row
from userprofiles.backfill.review.run_history import RunHistory
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.backfill.targets.pending_inserts import PendingInserts

PLAIN, STACK = TableShape.PLAIN, TableShape.STACK
LATER = {"S": "2026-03-01T00:00:00Z"}


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_that_the_run_created_is_removed(create_table, shape):
    table = create_table(*users(shape, 5), profile("user0000"), user(shape, "x", status={"S": "inactive"}))
    before = table.digest()
    history = create_profiles(table, shape)

    results = roll_back(table, history)

    assert table.digest() == before
    assert results == {f"user000{number}": ("removed", "") for number in range(1, 5)}


@pytest.mark.parametrize("shape", SHAPES)
def test_second_rollback_does_nothing_and_a_new_run_creates_the_profiles_again(create_table, shape):
    table = create_table(*users(shape, 4))
    history = create_profiles(table, shape)
    after_run = table.profiles()
    roll_back(table, history)

    assert roll_back(table, history) == {}
    create_profiles(table, shape)

    assert table.profiles() == after_run


@pytest.mark.parametrize("shape", SHAPES)
def test_dry_run_lists_the_same_users_and_writes_nothing(create_table, shape):
    table = create_table(*users(shape, 3))
    history = create_profiles(table, shape)
    digest = table.digest()

    planned = roll_back(table, history, dry_run=True)

    assert table.digest() == digest
    assert planned == roll_back(table, history)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"language": {"S": "fr"}, "updatedAt": LATER}, "changed since the run"),
        ({"updatedAt": LATER}, "changed since the run"),
        ({"language": {"S": "fr"}}, "differs from what the run created: language"),
        ({"nickname": {"S": "x"}}, "differs from what the run created: nickname"),
        ({"remove": ("timezone",)}, "differs from what the run created: timezone"),
    ],
)
@pytest.mark.sample(3)
def test_changed_profile_stays(create_table, shape, changes, reason):
    table = create_table(*users(shape, 2))
    history = create_profiles(table, shape)
    change(table, "user0000", **changes)
    changed_profile = table.profiles()["USER#user0000"]

    results = roll_back(table, history)

    assert results == {"user0000": ("kept", reason), "user0001": ("removed", "")}
    assert table.profiles() == {"USER#user0000": changed_profile}


@pytest.mark.parametrize("shape", SHAPES)
def test_equal_profile_of_somebody_else_stays(create_table, shape):
    """A sign-up can create the same profile in the same second as the run."""
    table = create_table(*users(shape, 2))
    history = create_profiles(table, shape)
    sign_up = user(shape, "other")
    item = table.profiles()["USER#user0000"]
    table.put(
        sign_up,
        {
            **{name: value for name, value in item.items() if name != "migrationRunId"},
            "PK": {"S": "USER#other"},
            "userId": {"S": "other"},
            **{name: sign_up[name] for name in ("firstName", "lastName") if name in sign_up},
        },
    )

    roll_back(table, history)

    assert set(table.profiles()) == {"USER#other"}


def test_inserts_of_a_killed_run_are_removed_although_no_list_has_them(create_table):
    """The run stored what it was going to insert, and was killed before it counted the results."""
    table = create_table(*users(PLAIN, 3))
    history = create_profiles(table, PLAIN)
    change(table, "user0002", createdAt=LATER, updatedAt=LATER)  # a sign-up, before the insert
    pending_inserts = PendingInserts()
    pending_inserts.add(NOW, [f"USER#user000{number}" for number in range(3)])
    killed = RunHistory(history.job, pending_inserts=[pending_inserts])

    assert roll_back(table, killed) == {f"user000{number}": ("removed", "") for number in range(2)}
    assert set(table.profiles()) == {"USER#user0002"}


@pytest.mark.parametrize(
    ("name", "seconds", "outcome"),
    [
        ("started_at", 29, "removed"),
        ("started_at", 31, "kept"),
        ("ended_at", -29, "removed"),
        ("ended_at", -31, "kept"),
    ],
)
def test_profile_that_was_created_before_or_after_the_run_stays(create_table, name, seconds, outcome):
    table = create_table(*users(PLAIN, 1))
    moment = datetime.fromisoformat(NOW) + timedelta(seconds=seconds)
    history = replace(create_profiles(table, PLAIN), **{name: moment})

    reason = "its time of creation is not that of the run" if outcome == "kept" else ""
    assert roll_back(table, history) == {"user0000": (outcome, reason)}


def test_profile_of_another_run_stays(create_table):
    table = create_table(*users(STACK, 1))
    history = create_profiles(table, STACK)
    table.put(user(STACK, "later"))
    create_profiles(table, STACK, run_id="run-2")

    roll_back(table, history)

    assert set(table.profiles()) == {"USER#later"}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "changes",
    [
        {"language": {"S": "fr"}},
        {"phoneNumber": {"S": "+14155550123"}},
        {"setFields": {"L": [{"S": "language"}]}},
        {"remove": ("timezone",)},
        {"preferences": {"M": {"emailAlerts": {"BOOL": False}}}},
    ],
)
@pytest.mark.sample(3)
def test_user_who_changes_the_profile_between_read_and_delete_wins(create_table, shape, changes):
    """F40: the delete has the condition that the profile is still as it was read."""
    table = create_table(*users(shape, 2))
    history = create_profiles(table, shape)

    def change_first(operation, parameters):
        if operation == "DeleteItem":
            table.client.hooks.clear()
            change(table, parameters["Key"]["PK"]["S"].removeprefix("USER#"), **changes)

    table.client.hooks = [change_first]

    results = roll_back(table, history)

    assert sorted(results.values()) == [("kept", "changed during the rollback"), ("removed", "")]
    assert len(table.profiles()) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_profile_that_is_deleted_in_the_meantime_is_gone(create_table, shape):
    table = create_table(*users(shape, 1))
    history = create_profiles(table, shape)

    def delete_first(operation, parameters):
        if operation == "DeleteItem":
            delete(table, "user0000")

    table.client.hooks = [delete_first]

    assert roll_back(table, history) == {"user0000": ("gone", "")}


@pytest.mark.parametrize("shape", SHAPES)
def test_delete_whose_response_is_lost_counts_as_removed(create_table, shape):
    table = create_table(*users(shape, 1))
    history = create_profiles(table, shape)

    def lose_response(operation, parameters):
        if operation == "DeleteItem":
            table.client.hooks.clear()
            table.client.delete_item(**parameters)
            raise ReadTimeoutError(endpoint_url="x")

    table.client.hooks = [lose_response]

    assert roll_back(table, history) == {"user0000": ("removed", "")}


def test_user_who_is_erased_or_inactive_now(create_table):
    table = create_table(*users(STACK, 2))
    history = create_profiles(table, STACK)
    table.put(
        user(STACK, "user0000", entityType={"S": "TOMBSTONE"}),
        profile("user0000", entityType={"S": "TOMBSTONE"}),
        user(STACK, "user0001", status={"S": "inactive"}),
    )

    assert roll_back(table, history) == {"user0001": ("removed", "")}
    assert table.profiles()["USER#user0000"]["entityType"] == {"S": "TOMBSTONE"}


def test_profile_whose_account_is_gone_stays(create_table):
    table = create_table(*users(STACK, 1))
    history = create_profiles(table, STACK)
    delete(table, "user0000", "account")

    assert roll_back(table, history) == {"user0000": ("kept", "its account does not exist any more")}


def test_profile_whose_user_row_is_gone_stays(create_table):
    table = create_table(*users(PLAIN, 2))
    history = create_profiles(table, PLAIN)
    table.moto.delete_item(TableName=table.name, Key={"PK": {"S": "user0000"}, "SK": {"S": "METADATA"}})
    keys = [f"USER#user000{number}" for number in range(2)]

    class Reader:
        def read_items(self, keys, kinds, *, consistent):
            return {key: {"profile": item} for key, item in table.profiles().items() if key in keys}

    with Review(history) as review:
        job = job_of(table, PLAIN, run_id="undo-1", operation=Operation.ROLLBACK, of_run="run-1")
        execute(job, table, review=review)
        rest = list(find_profiles_without_row(Reader(), review, keys))

    assert [(result.user_id, result.reason) for result in rest] == [
        ("user0000", "its user row does not exist any more")
    ]


def test_profile_whose_user_row_can_not_be_used_any_more_stays(create_table):
    table = create_table(*users(PLAIN, 1))
    history = create_profiles(table, PLAIN)
    table.put(user(PLAIN, "user0000", firstName={"N": "1"}))

    assert roll_back(table, history) == {
        "user0000": ("kept", "differs from what the run created: firstName is a number, not a string")
    }


def test_profile_that_a_later_row_of_the_user_explains_is_removed(create_table):
    table = create_table(user(PLAIN, "user0000"))
    history = create_profiles(table, PLAIN)
    table.put({"PK": {"S": "user0000"}, "SK": {"S": "A"}}, {"PK": {"S": "user0000"}, "SK": {"S": "Z"}})

    assert roll_back(table, history) == {"user0000": ("removed", "")}
    assert table.profiles() == {}


def test_missing_permission_is_named_and_nothing_is_lost(create_table):
    table = create_table(*users(PLAIN, 2))
    history = create_profiles(table, PLAIN)
    table.client.denied = {"DeleteItem"}

    with pytest.raises(BackfillFailedError, match=r"dynamodb:DeleteItem on table 'v_users_dev'"):
        roll_back(table, history)

    assert len(table.profiles()) == 2


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError"])
def test_throttled_delete_is_retried(create_table, code):
    table = create_table(*users(PLAIN, 2))
    history = create_profiles(table, PLAIN)
    errors = [client_error("DeleteItem", code)]

    def throttle(operation, parameters):
        if operation == "DeleteItem" and errors:
            raise errors.pop()

    table.client.hooks = [throttle]

    assert set(roll_back(table, history).values()) == {("removed", "")}


@pytest.mark.long
@pytest.mark.parametrize("shape", SHAPES)
def test_rollback_that_is_killed_at_any_call_and_resumed_leaves_the_same_table(create_table, shape):
    limits = replace(LIMITS, page_rows=5, chunk_rows=3)
    rows = [*users(shape, 7), profile("user0003")]

    table = create_table(*rows)
    history = create_profiles(table, shape)
    change(table, "user0005", language={"S": "fr"}, updatedAt=LATER)
    items_after_run = table.items()
    table.client.calls.clear()
    roll_back(table, history, limits=limits)
    digest, calls = table.digest(), len(table.client.calls)
    assert set(table.profiles()) == {"USER#user0003", "USER#user0005"}

    for number in range(calls):
        table.put(*items_after_run)
        states = [SegmentState(segment) for segment in range(2)]
        countdown = [number]

        def kill(operation, parameters, countdown=countdown):
            if not countdown[0]:
                raise KilledError
            countdown[0] -= 1

        table.client.hooks = [kill]
        with pytest.raises(KilledError):
            roll_back(table, history, limits=limits, states=states)
        table.client.hooks = []
        resumed = [SegmentState.from_json(state.to_json()) for state in states]
        roll_back(table, history, limits=limits, states=resumed)

        assert table.digest() == digest
        counts = resumed[0].tally.other + resumed[1].tally.other
        assert counts[Outcome.KEPT] == 1
        assert 5 - limits.chunk_rows <= counts[Outcome.REMOVED] <= 5


@pytest.mark.parametrize("shape", SHAPES)
def test_profile_without_a_valid_time_of_creation_is_kept(create_table, shape):
    table = create_table(*users(shape, 2))
    history = replace(create_profiles(table, shape), started_at=datetime.fromisoformat(NOW))
    change(table, "user0001", createdAt={"S": "yesterday"}, updatedAt={"S": "today"})

    results = roll_back(table, history)

    assert results == {
        "user0000": ("removed", ""),
        "user0001": ("kept", "its time of creation is not that of the run"),
    }
