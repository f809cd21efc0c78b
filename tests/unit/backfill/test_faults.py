"""What DynamoDB and the policy do to a run, and what the run makes of it."""

import time
from dataclasses import replace

import pytest
from backfill_fixtures import (
    LIMITS,
    NOW,
    Recorder,
    account,
    client_error,
    plain_user,
    plain_users,
    profile,
)
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from userprofiles.backfill.errors import CannotGoOnError
from userprofiles.backfill.segment import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import Shape

PLAIN = {"shape": Shape.PLAIN}


def once(operation, error):
    """Return a hook that raises at the first call of an operation."""
    errors = [error]

    def hook(name, parameters):
        if name == operation and errors:
            raise errors.pop()

    return hook


def test_unprocessed_keys_are_asked_for_again(make_table, backfill):
    table = make_table(*plain_users(6), *(profile(f"user{n:02d}") for n in range(6)))
    given = []

    def half(operation, parameters):
        if operation != "BatchGetItem" or given:
            return None
        given.append(True)
        asked = parameters["RequestItems"][table.name]
        answer = table.moto.batch_get_item(RequestItems={table.name: asked | {"Keys": asked["Keys"][:2]}})
        return answer | {"UnprocessedKeys": {table.name: asked | {"Keys": asked["Keys"][2:]}}}

    table.client.before = [half]

    outcome = backfill(table, **PLAIN)

    assert outcome.tally == {"existed": 6, "created": 0, "failed": 0, "skipped": {}}
    assert table.client.count("BatchGetItem") == 2


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "BatchExecuteStatement"])
@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
def test_throttled_or_broken_call_is_repeated(make_table, backfill, operation, code):
    table = make_table(*plain_users(3))
    table.client.before = [once(operation, client_error(operation, code, status=400))]

    assert backfill(table, **PLAIN).tally["created"] == 3


@pytest.mark.parametrize("error", [ConnectTimeoutError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")])
def test_connection_that_breaks_on_the_way_is_repeated(make_table, backfill, error):
    table = make_table(*plain_users(3))
    table.client.before = [once("BatchGetItem", error)]

    assert backfill(table, **PLAIN).tally["created"] == 3


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("operation", ["BatchExecuteStatement", "PutItem"])
def test_insert_whose_answer_was_lost_counts_as_created(make_table, backfill, shape, operation):
    rows = plain_users(3) if shape is Shape.PLAIN else [account(f"user{n}") for n in range(3)]
    table = make_table(*rows)
    table.client.denied = {"BatchExecuteStatement"} - {operation}
    lost = []

    def lose(name, parameters):
        if name == operation and not lost:
            lost.append(True)
            table.client.before.clear()
            method = "batch_execute_statement" if operation != "PutItem" else "put_item"
            getattr(table.client, method)(**parameters)
            raise ReadTimeoutError(endpoint_url="x")

    table.client.before = [lose]

    outcome = backfill(table, shape=shape)

    assert outcome.tally == {"existed": 0, "created": 3, "failed": 0, "skipped": {}}


def race(table, item):
    """Put an item just before the first insert."""

    def hook(operation, parameters):
        if operation == "BatchExecuteStatement":
            table.client.before.clear()
            table.put(item)

    table.client.before = [hook]


@pytest.mark.parametrize("shape", list(Shape))
def test_sign_up_between_scan_and_insert_keeps_its_profile(make_table, backfill, shape):
    theirs = profile("a", createdAt={"S": NOW})
    table = make_table(plain_user("a") if shape is Shape.PLAIN else account("a"))
    race(table, theirs)

    outcome = backfill(table, shape=shape)

    assert outcome.tally == {"existed": 1, "created": 0, "failed": 0, "skipped": {}}
    assert table.profiles()["USER#a"] == theirs


def test_user_erased_between_scan_and_insert_stays_erased(make_table, backfill):
    tombstone = profile("a", entityType={"S": "TOMBSTONE"})
    table = make_table(account("a"))
    race(table, tombstone)

    outcome = backfill(table, shape=Shape.STACK)

    assert outcome.tally == {"existed": 0, "created": 0, "failed": 0, "skipped": {"erased": 1}}
    assert table.profiles()["USER#a"] == tombstone


def test_throttling_without_end_ends_the_run_and_can_be_resumed(make_table, backfill):
    table = make_table(*plain_users(3))
    table.client.batch_errors = {f"USER#user{n:02d}": ["ThrottlingError"] * 10_000 for n in range(3)}
    recorder = Recorder()

    with pytest.raises(CannotGoOnError, match="let nothing through"):
        backfill(table, limits=replace(LIMITS, patience_s=0.05), recorder=recorder, **PLAIN)

    assert recorder.saved_states[0]["cursor"] is None
    assert recorder.saved_states[0]["processed"] == 0
    assert recorder.saved_states[0]["calls"]["BatchExecuteStatement"] > 1


def test_stop_ends_the_waiting_for_throttled_calls(make_table, backfill, monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    table = make_table(*plain_users(3))
    table.client.batch_errors = {"USER#user00": ["ThrottlingError"] * 10}
    began = time.monotonic()

    slow = replace(LIMITS, first_wait_s=60.0, longest_wait_s=60.0)
    outcome = backfill(table, stop=Stop(deadline=time.monotonic() + 0.3), limits=slow, **PLAIN)

    assert not outcome.states[0].done
    assert outcome.tally["created"] == 0  # the chunk that was broken off is not counted
    assert time.monotonic() - began < 5


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


@pytest.mark.parametrize("shape", list(Shape))
def test_killed_at_any_call_and_resumed_the_table_is_the_same(make_table, backfill, shape):
    """From the last states that were saved; and in the stack's shape the numbers are the same too."""
    limits = replace(LIMITS, page_rows=7, chunk_rows=4)
    make_row = plain_user if shape is Shape.PLAIN else account
    rows = [make_row(f"user{n:02d}") for n in range(12)] + [profile(f"user{n:02d}") for n in range(0, 12, 3)]
    whole = make_table(*rows, name="uninterrupted")
    expected = backfill(whole, shape=shape, limits=limits).tally
    calls = len(whole.client.calls)
    assert calls > 6

    for number in range(calls):
        table = make_table(*rows, name=f"killed-{number}")
        recorder = KilledRecorder()
        countdown = [number]

        def kill(operation, parameters, countdown=countdown):
            if countdown[0] == 0:
                raise Killed
            countdown[0] -= 1

        table.client.before = [kill]
        with pytest.raises(Killed):
            backfill(table, shape=shape, recorder=recorder, limits=limits)
        table.client.before = []
        resumed = backfill(table, shape=shape, states=recorder.states(), limits=limits)

        assert table.digest() == whole.digest()
        assert sum_of(resumed.tally) == 12
        if shape is Shape.STACK:
            assert resumed.tally == expected


class KilledRecorder(Recorder):
    """Keeps what was saved before the kill, and not what a dying process could not have written."""

    def saved(self, states, *, last):
        if not last:
            super().saved(states, last=last)

    def states(self):
        if self.saved_states is None:
            return None
        return [SegmentState.from_json(state) for state in self.saved_states]


def sum_of(tally):
    return tally["existed"] + tally["created"] + tally["failed"] + sum(tally["skipped"].values())
