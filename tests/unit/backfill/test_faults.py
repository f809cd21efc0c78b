"""A run under faults: throttling, lost responses, races, stops and kills."""

import time
from dataclasses import replace

import pytest
from backfill_fixtures import (
    LIMITS,
    NOW,
    FakeTime,
    Recorder,
    account,
    client_error,
    plain_user,
    plain_users,
    profile,
)
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.pacing import LocalPacer

PLAIN = {"shape": TableShape.PLAIN}


def raise_once(operation, error):
    """Return a hook that raises an error at the first call of an operation."""
    errors = [error]

    def hook(name, parameters):
        if name == operation and errors:
            raise errors.pop()

    return hook


def test_unprocessed_keys_are_requested_again(create_table, backfill):
    """F29: the loop continues with the keys that DynamoDB did not process."""
    table = create_table(*plain_users(6), *(profile(f"user{n:02d}") for n in range(6)))

    def process_two_keys(operation, parameters):
        if operation != "BatchGetItem":
            return None
        table.client.hooks.clear()
        request = parameters["RequestItems"][table.name]
        response = table.moto.batch_get_item(
            RequestItems={table.name: request | {"Keys": request["Keys"][:2]}}
        )
        return response | {"UnprocessedKeys": {table.name: request | {"Keys": request["Keys"][2:]}}}

    table.client.hooks = [process_two_keys]

    result = backfill(table, **PLAIN)

    assert result.tally == {"existed": 6, "created": 0, "failed": 0, "skipped": {}}
    assert table.client.count("BatchGetItem") == 2


@pytest.mark.parametrize("rows", [[], plain_users(2)])
def test_page_that_ends_early_does_not_end_the_scan(create_table, backfill, rows):
    """F29: a page with a LastEvaluatedKey is not the last one, even if it has no rows."""
    users = plain_users(6)
    table = create_table(*users)
    cursor = {name: users[2][name] for name in ("PK", "SK")}

    def end_page_early(operation, parameters):
        if operation != "Scan":
            return None
        if "ExclusiveStartKey" in parameters:
            assert parameters["ExclusiveStartKey"] == cursor
            return {"Items": users[2:], "ResponseMetadata": {}}
        return {"Items": rows, "LastEvaluatedKey": cursor, "ResponseMetadata": {}}

    table.client.hooks = [end_page_early]

    assert backfill(table, **PLAIN).tally["created"] == 4 + len(rows)


@pytest.mark.parametrize("operation", ["Scan", "BatchGetItem", "BatchExecuteStatement"])
@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"]
)
def test_call_is_retried_after_throttling_or_a_server_error(create_table, backfill, operation, code):
    table = create_table(*plain_users(3))
    table.client.hooks = [raise_once(operation, client_error(operation, code, status=400))]

    assert backfill(table, **PLAIN).tally["created"] == 3


@pytest.mark.parametrize("error", [ConnectTimeoutError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")])
def test_call_is_retried_after_a_lost_connection(create_table, backfill, error):
    table = create_table(*plain_users(3))
    table.client.hooks = [raise_once("BatchGetItem", error)]

    assert backfill(table, **PLAIN).tally["created"] == 3


@pytest.mark.parametrize("shape", list(TableShape))
@pytest.mark.parametrize("operation", ["BatchExecuteStatement", "PutItem"])
def test_insert_whose_response_is_lost_counts_as_created(create_table, backfill, shape, operation):
    """F27: the retry gets DuplicateItem, and the existing item is ours."""
    rows = plain_users(3) if shape is TableShape.PLAIN else [account(f"user{n}") for n in range(3)]
    table = create_table(*rows)
    table.client.denied = {"BatchExecuteStatement"} - {operation}

    def lose_response(name, parameters):
        if name == operation:
            table.client.hooks.clear()
            method = "batch_execute_statement" if operation != "PutItem" else "put_item"
            getattr(table.client, method)(**parameters)
            raise ReadTimeoutError(endpoint_url="x")

    table.client.hooks = [lose_response]

    result = backfill(table, shape=shape)

    assert result.tally == {"existed": 0, "created": 3, "failed": 0, "skipped": {}}


def put_before_first_insert(table, item):
    """Put an item just before the first insert."""

    def hook(operation, parameters):
        if operation == "BatchExecuteStatement":
            table.client.hooks.clear()
            table.put(item)

    table.client.hooks = [hook]


@pytest.mark.parametrize("shape", list(TableShape))
def test_sign_up_between_scan_and_insert_keeps_its_profile(create_table, backfill, shape):
    """F31: the profile of the sign-up stays, even if it has the same time of creation."""
    existing_profile = profile("a", createdAt={"S": NOW})
    table = create_table(plain_user("a") if shape is TableShape.PLAIN else account("a"))
    put_before_first_insert(table, existing_profile)

    result = backfill(table, shape=shape)

    assert result.tally == {"existed": 1, "created": 0, "failed": 0, "skipped": {}}
    assert table.profiles()["USER#a"] == existing_profile


@pytest.mark.parametrize("shape", list(TableShape))
def test_user_erased_between_scan_and_insert_stays_erased(create_table, backfill, shape):
    """F33: the empty items of the user stand in the way."""
    tombstone = profile("a", entityType={"S": "TOMBSTONE"})
    table = create_table(plain_user("a") if shape is TableShape.PLAIN else account("a"))
    put_before_first_insert(table, tombstone)

    result = backfill(table, shape=shape)

    assert result.tally == {"existed": 0, "created": 0, "failed": 0, "skipped": {"erased": 1}}
    assert table.profiles()["USER#a"] == tombstone


@pytest.mark.parametrize("rate", [None, 200.0])
@pytest.mark.parametrize("is_whole_call", [True, False])
@pytest.mark.sample(4)
def test_run_survives_a_minute_of_throttling(create_table, backfill, rate, is_whole_call):
    """F30: the run finishes without losing a user, and recovers its rate."""
    table = create_table(*plain_users(60))
    stop = FakeTime()
    began_at = stop.seconds
    pacer = LocalPacer(rate, stop.now)
    rates = []

    def throttle(operation, parameters):
        if operation != "BatchExecuteStatement":
            return None
        stop.seconds += 0.05
        rates.append(pacer.rate)
        if stop.seconds - began_at > 60:
            return None
        if is_whole_call:
            raise client_error(operation, "ThrottlingException")
        responses = [{"Error": {"Code": "ThrottlingError"}} for _ in parameters["Statements"]]
        return {"Responses": responses, "ResponseMetadata": {}}

    table.client.hooks = [throttle]
    limits = replace(LIMITS, first_wait_s=0.1, longest_wait_s=10.0, patience_s=180.0)

    result = backfill(table, stop=stop, limits=limits, pacer=pacer, rate=rate, **PLAIN)

    assert result.tally == {"existed": 0, "created": 60, "failed": 0, "skipped": {}}
    assert len(table.profiles()) == 60
    assert min(rate for rate in rates if rate) <= 100
    assert table.client.count("BatchExecuteStatement") < 60
    stop.seconds += 60
    assert pacer.rate == rate


def test_endless_throttling_ends_the_run_which_can_be_resumed(create_table, backfill):
    table = create_table(*plain_users(3))
    table.client.batch_errors = {f"USER#user{n:02d}": ["ThrottlingError"] * 10_000 for n in range(3)}
    recorder = Recorder()

    with pytest.raises(BackfillFailedError, match="No call to DynamoDB succeeded"):
        backfill(table, limits=replace(LIMITS, patience_s=0.05), recorder=recorder, **PLAIN)

    assert recorder.saved_states[0]["cursor"] is None
    assert recorder.saved_states[0]["processed"] == 0
    assert recorder.saved_states[0]["calls"]["BatchExecuteStatement"] > 1


def test_stop_ends_the_wait_after_a_throttled_call(create_table, backfill, monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    table = create_table(*plain_users(3))
    table.client.batch_errors = {"USER#user00": ["ThrottlingError"] * 10}
    started_at = time.monotonic()

    slow = replace(LIMITS, first_wait_s=60.0, longest_wait_s=60.0)
    result = backfill(table, stop=Stop(deadline=time.monotonic() + 0.3), limits=slow, **PLAIN)

    assert not result.states[0].done
    assert result.tally["created"] == 2  # the other two of the interrupted chunk
    assert time.monotonic() - started_at < 5


class Killed(BaseException):
    """Simulates SIGKILL: our code must not catch it."""


@pytest.mark.long
@pytest.mark.parametrize("shape", list(TableShape))
def test_run_killed_at_any_call_and_resumed_leaves_the_same_table_and_counts(create_table, backfill, shape):
    """F21: it resumes from the last saved states, and counts as the uninterrupted run does."""
    limits = replace(LIMITS, page_rows=7, chunk_rows=4)
    create_row = plain_user if shape is TableShape.PLAIN else account
    rows = [create_row(f"user{n:02d}") for n in range(12)] + [
        profile(f"user{n:02d}") for n in range(0, 12, 3)
    ]
    uninterrupted = create_table(*rows, name="uninterrupted")
    expected = backfill(uninterrupted, shape=shape, limits=limits).tally
    calls = len(uninterrupted.client.calls)
    assert calls > 6

    for number in range(calls):
        table = create_table(*rows, name=f"killed-{number}")
        recorder = KilledRecorder()
        countdown = [number]

        def kill(operation, parameters, countdown=countdown):
            if countdown[0] == 0:
                raise Killed
            countdown[0] -= 1

        table.client.hooks = [kill]
        with pytest.raises(Killed):
            backfill(table, shape=shape, recorder=recorder, limits=limits)
        table.client.hooks = []
        resumed = backfill(table, shape=shape, states=recorder.states(), limits=limits)

        assert table.digest() == uninterrupted.digest()
        assert resumed.tally == expected


@pytest.mark.parametrize("shape", list(TableShape))
def test_run_that_an_error_ends_at_any_insert_and_resumed_has_the_same_counts(create_table, backfill, shape):
    """The profiles before the error are counted once, although all calls fail from then on."""
    limits = replace(LIMITS, page_rows=7, chunk_rows=4, insert_batch_items=1)
    create_row = plain_user if shape is TableShape.PLAIN else account
    rows = [create_row(f"user{n:02d}") for n in range(8)] + [profile(f"user{n:02d}") for n in range(0, 8, 3)]

    for number in range(1, 6):
        table = create_table(*rows, name=f"failed-{number}")
        recorder = Recorder()

        def expire(operation, parameters, table=table, number=number):
            if table.client.count("BatchExecuteStatement") == number:
                raise client_error(operation, "ExpiredTokenException")

        table.client.hooks = [expire]
        with pytest.raises(BackfillFailedError):
            backfill(table, shape=shape, recorder=recorder, limits=limits)
        table.client.hooks = []
        states = [SegmentState.from_json(state) for state in recorder.saved_states]
        counted = sum(state.tally.created for state in states)
        # In the plain shape, new profiles count when the rows of their users have been read again.
        assert counted == number - 1 if shape is TableShape.STACK else counted <= number - 1
        resumed = backfill(table, shape=shape, states=states, limits=limits)

        assert resumed.tally == {"existed": 3, "created": 5, "failed": 0, "skipped": {}}


class KilledRecorder(Recorder):
    """Keeps the states saved before the kill. A killed process could not write the last ones."""

    def save(self, states, *, is_last):
        if not is_last:
            super().save(states, is_last=is_last)

    def states(self):
        if self.saved_states is None:
            return None
        return [SegmentState.from_json(state) for state in self.saved_states]
