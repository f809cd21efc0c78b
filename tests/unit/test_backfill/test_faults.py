"""What DynamoDB and the policy do to a run, and what the run makes of it."""

import time

import pytest
from backfill_fixtures import NOW, Recorder, account, client_error, plain_user, profile
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from userprofiles.migration.errors import CannotGoOnError, Kind
from userprofiles.migration.segment import SegmentState
from userprofiles.migration.shape import Shape
from userprofiles.migration.stop import Stop

PLAIN = {"shape": Shape.PLAIN}


def users(count):
    return [plain_user(f"user{n:02d}") for n in range(count)]


def once(operation, error):
    """Return a hook that raises at the first call of an operation."""
    errors = [error]

    def hook(name, parameters):
        if name == operation and errors:
            raise errors.pop()

    return hook


class TestRights:
    def test_denied_batch_reads_are_replaced_and_told_once(self, make_table, backfill):
        table = make_table(*users(5), profile("user00"))
        table.client.denied = {"BatchGetItem"}

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 1, "created": 4, "failed": 0, "skipped": {}}
        assert table.client.count("GetItem") == 5
        [message] = outcome.messages
        assert "dynamodb:BatchGetItem" in message

    def test_denied_inserts_are_replaced_and_told_once(self, make_table, backfill):
        table = make_table(*users(60))
        table.client.denied = {"BatchExecuteStatement"}

        outcome = backfill(table, **PLAIN)

        assert outcome.tally["created"] == 60
        assert table.client.count("BatchExecuteStatement") == 1
        assert table.client.count("PutItem") == 60
        [message] = outcome.messages
        assert "dynamodb:PartiQLInsert" in message

    def test_inserts_denied_one_by_one(self, make_table, backfill):
        """AWS answers 200 with AccessDenied in each statement."""
        table = make_table(*users(30))
        table.client.batch_errors = {f"USER#user{n:02d}": ["AccessDenied"] for n in range(25)}

        outcome = backfill(table, **PLAIN)

        assert outcome.tally["created"] == 30
        assert len(outcome.messages) == 1

    def test_every_conditional_put_leaves_what_is_there(self, make_table, backfill):
        theirs = profile("user00")
        table = make_table(*users(2))
        table.client.denied = {"BatchGetItem", "BatchExecuteStatement"}

        def sign_up(operation, parameters):
            if operation == "PutItem" and not table.profiles():
                table.put(theirs)

        table.client.before = [sign_up]

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 1, "created": 1, "failed": 0, "skipped": {}}
        assert table.profiles()["USER#user00"] == theirs

    @pytest.mark.parametrize("denied", ["Scan", "GetItem", "PutItem"])
    def test_missing_right_that_nothing_replaces_ends_the_run(self, make_table, backfill, denied):
        table = make_table(*users(2))
        table.client.denied = {"BatchGetItem", "BatchExecuteStatement", denied}

        with pytest.raises(CannotGoOnError, match="Access Denied") as caught:
            backfill(table, **PLAIN)

        assert caught.value.kind is Kind.RIGHTS
        assert all(f"dynamodb:{action}" in str(caught.value) for action in ("Scan", "GetItem", "PutItem"))


class TestAnswersOfABatch:
    def test_each_statement_is_classified(self, make_table, backfill):
        table = make_table(*users(5))
        table.client.batch_errors = {
            "USER#user00": ["ThrottlingError", "ProvisionedThroughputExceeded"],
            "USER#user01": ["ValidationError"],
            "USER#user02": ["InternalServerError"],
            "USER#user03": ["DuplicateItem"],
        }

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 1, "created": 3, "failed": 1, "skipped": {}}
        assert outcome.failures == {"user01": "ValidationError: as the test wants it"}
        sizes = [
            len(given["Statements"]) for name, given in table.client.calls if name == "BatchExecuteStatement"
        ]
        assert sizes == [5, 2, 1]

    def test_one_statement_that_spoils_the_whole_call(self, make_table, backfill):
        table = make_table(*users(4))

        def refuse(operation, parameters):
            spoilt = operation == "BatchExecuteStatement" and any(
                {"S": "USER#user02"} in statement["Parameters"] for statement in parameters["Statements"]
            )
            if spoilt:
                raise client_error(operation, "ValidationException", "the request is too large")

        table.client.before = [refuse]

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 0, "created": 3, "failed": 1, "skipped": {}}
        assert outcome.failures == {"user02": "the request is too large"}

    def test_answer_shorter_than_the_question_is_asked_again(self, make_table, backfill):
        table = make_table(*users(3))
        first = [{"Responses": [], "ResponseMetadata": {}}]
        table.client.before = [
            lambda operation, _: first.pop() if operation == "BatchExecuteStatement" and first else None
        ]

        assert backfill(table, **PLAIN).tally["created"] == 3

    def test_huge_profiles_are_sent_in_smaller_batches(self, make_table, backfill):
        table = make_table(*(plain_user(f"user{n}", firstName={"S": "x" * 300_000}) for n in range(5)))

        outcome = backfill(table, **PLAIN)

        assert outcome.tally["created"] == 5
        assert table.client.count("BatchExecuteStatement") == 2

    def test_profile_over_400_kb_fails_alone(self, make_table, backfill):
        """Such a row can't stand in DynamoDB itself: name and template add to what it holds."""
        table = make_table(plain_user("user0"), plain_user("user1"))
        big = {"S": "x" * 409_500}

        def grow(operation, parameters):
            if operation == "Scan":
                rows = [plain_user("user0"), plain_user("user1", firstName=big)]
                return {"Items": rows, "ResponseMetadata": {}}
            return None

        table.client.before = [grow]

        outcome = backfill(table, **PLAIN)

        assert outcome.tally == {"existed": 0, "created": 1, "failed": 1, "skipped": {}}
        assert "400 KB" in outcome.failures["user1"]


def test_unprocessed_keys_are_asked_for_again(make_table, backfill):
    table = make_table(*users(6), *(profile(f"user{n:02d}") for n in range(6)))
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
    table = make_table(*users(3))
    table.client.before = [once(operation, client_error(operation, code, status=400))]

    assert backfill(table, **PLAIN).tally["created"] == 3


@pytest.mark.parametrize("error", [ConnectTimeoutError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")])
def test_connection_that_breaks_on_the_way_is_repeated(make_table, backfill, error):
    table = make_table(*users(3))
    table.client.before = [once("BatchGetItem", error)]

    assert backfill(table, **PLAIN).tally["created"] == 3


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("operation", ["BatchExecuteStatement", "PutItem"])
def test_insert_whose_answer_was_lost_counts_as_created(make_table, backfill, shape, operation):
    rows = users(3) if shape is Shape.PLAIN else [account(f"user{n}") for n in range(3)]
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
    table = make_table(*users(3))
    table.client.batch_errors = {f"USER#user{n:02d}": ["ThrottlingError"] * 10_000 for n in range(3)}
    recorder = Recorder()

    with pytest.raises(CannotGoOnError, match="let nothing through"):
        backfill(table, patience=0.05, recorder=recorder, **PLAIN)

    assert recorder.saved_states[0]["cursor"] is None
    assert recorder.saved_states[0]["processed"] == 0
    assert recorder.saved_states[0]["calls"]["BatchExecuteStatement"] > 1


def test_stop_ends_the_waiting_for_throttled_calls(make_table, backfill, monkeypatch):
    monkeypatch.setattr("userprofiles.migration.calls.FIRST_WAIT_S", 60.0)
    monkeypatch.setattr("userprofiles.migration.calls.LONGEST_WAIT_S", 60.0)
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    table = make_table(*users(3))
    table.client.batch_errors = {"USER#user00": ["ThrottlingError"] * 10}
    began = time.monotonic()

    outcome = backfill(table, stop=Stop(deadline=time.monotonic() + 0.3), **PLAIN)

    assert not outcome.states[0].done
    assert outcome.tally["created"] == 0  # the chunk that was broken off is not counted
    assert time.monotonic() - began < 5


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it."""


@pytest.mark.parametrize("shape", list(Shape))
def test_killed_at_any_call_and_resumed_the_table_is_the_same(make_table, backfill, monkeypatch, shape):
    """From the last states that were saved; and in the stack's shape the numbers are the same too."""
    monkeypatch.setattr("userprofiles.migration.segment.CHUNK_ROWS", 4)
    monkeypatch.setattr("userprofiles.migration.source.pages.__defaults__", (7,))
    make_row = plain_user if shape is Shape.PLAIN else account
    rows = [make_row(f"user{n:02d}") for n in range(12)] + [profile(f"user{n:02d}") for n in range(0, 12, 3)]
    whole = make_table(*rows, name="uninterrupted")
    expected = backfill(whole, shape=shape).tally
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
            backfill(table, shape=shape, recorder=recorder)
        table.client.before = []
        resumed = backfill(table, shape=shape, states=recorder.states())

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
