"""The erasure function: messages, answers, sweep, continuation, poison messages, no personal data in logs."""

import importlib
import io
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from erasure_world import (
    CANARY,
    ENVIRONMENT,
    QUEUE_URL,
    TEAM_QUEUE_URL,
    TEAM_STORES,
    aws_error,
)
from kill_switch import KilledError
from userprofiles.lifecycle.erasure import erasure_worker
from userprofiles.lifecycle.erasure.erasure_setup import create_client
from userprofiles.lifecycle.erasure.erasure_sweep import Position, Sweep, read_position
from userprofiles.lifecycle.erasure.erasure_worker import (
    ErasureMessageFailedError,
    ErasureWorker,
    stop_before_timeout,
)
from userprofiles.lifecycle.erasure.stores.registered import Registration, parse_registrations
from userprofiles.lifecycle.erasure.stores.store import ErasurePausedError
from userprofiles.settings import SettingsError
from userprofiles.table import record

SUB = "11111111-1111-4111-8111-111111111111"


def never():
    pass


def kill():
    raise KilledError


@pytest.fixture
def worker(world, report):
    return ErasureWorker(
        erasure=world.erasure,
        sweep=Sweep(world.dynamodb, "users", world.receipts, lambda: world.now),
        sqs=world.queues,
        queue_url=QUEUE_URL,
        report=report,
    )


def message(document, **attributes):
    body = document if isinstance(document, str) else json.dumps(document)
    return {"messageId": "m-1", "body": body, **attributes}


def process(worker, document, check_stop=never):
    worker.process_message(message(document), check_stop)


def drain(worker, world):
    """Process all messages of the erasure queue, and those that they cause."""
    while world.queues.messages[QUEUE_URL]:
        process(worker, world.queues.messages[QUEUE_URL].pop(0))


def test_message_erases_and_the_answer_finishes(worker, world):
    world.add_user(SUB)

    process(worker, {"sub": SUB})
    assert world.receipts.read(SUB).is_open
    for answer in world.consume():
        process(worker, answer)

    assert world.remains(SUB) == []
    assert world.counts(SUB) == world.EXPECTED_COUNTS
    assert world.receipts.read(SUB).state == "DONE"


def test_answer_without_the_erasure_id_is_accepted(worker, world):
    world.add_user(SUB)
    process(worker, {"sub": SUB})
    world.consume()

    process(worker, {"sub": SUB, "store": "mails", "count": 9})

    assert world.counts(SUB)["mails"] == 9


def test_late_answer_of_a_store_that_was_not_asked_again_is_ignored(worker, world, log):
    """It could belong to the erasure before a restore, so the store may have the user's data again."""
    world.add_user(SUB)
    world.calls.before_each = lambda name: kill() if name == "send_message" else None
    with pytest.raises(KilledError):
        process(worker, {"sub": SUB})
    world.calls.before_each = lambda _: None

    process(worker, {"sub": SUB, "store": "mails", "count": 4})

    assert "answer belongs to no open erasure" in log.getvalue()
    assert not world.receipts.read(SUB).is_store_done("mails")


@pytest.mark.parametrize(
    "change",
    [
        {"store": "search"},
        {"store": "items"},
        {"store": "unknown"},
        {"erasureId": "another"},
        {"sub": "nobody"},
    ],
)
def test_answer_that_belongs_to_no_open_erasure_is_ignored(worker, world, log, change):
    world.add_user(SUB)
    process(worker, {"sub": SUB})
    [answer] = world.consume()

    process(worker, {**answer, **change})

    assert "answer belongs to no open erasure" in log.getvalue()
    assert not world.receipts.read(SUB).is_store_done("mails")


def test_repeated_answer_changes_nothing(worker, world):
    world.add_user(SUB)
    process(worker, {"sub": SUB})
    [answer] = world.consume()
    process(worker, answer)
    receipt = world.receipts.read(SUB)

    process(worker, {**answer, "count": 0})
    assert world.receipts.read(SUB) == receipt


def test_message_about_another_user_erases_nobody(worker, world, log):
    world.add_user(SUB, is_marked=False)

    process(worker, {"sub": SUB})
    process(worker, {"sub": "nobody"})

    assert log.getvalue().count("not due") == 2
    assert len(world.tables.items()) > 2
    assert world.tables.items_of("receipts") == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("not json", "JSON object"),
        ("[]", "JSON object"),
        ("x" * 5000, "JSON object"),
        ("{}", "sub must"),
        ({"sub": "a#b"}, "sub must"),
        ({"sub": SUB, "store": 1, "count": 1}, "store must"),
        ({"sub": SUB, "store": "mails"}, "count must"),
        ({"sub": SUB, "store": "mails", "count": -1}, "count must"),
        ({"sub": SUB, "store": "mails", "count": True}, "count must"),
        ({"sub": SUB, "store": "mails", "count": 10**40}, "count must"),
        ({"sub": SUB, "store": "mails", "count": 1, "erasureId": 1}, "erasureId must"),
        ({"sub": SUB, "count": 1}, "store must"),
    ],
)
def test_poison_message_is_counted_and_goes_back(worker, log, capsys, body, problem):
    with pytest.raises(ErasureMessageFailedError, match="PoisonMessage"):
        process(worker, body)

    assert problem in json.loads(log.getvalue())["problem"]
    assert "ErasurePoison" in capsys.readouterr().out


def test_message_without_a_body_is_poison(worker):
    with pytest.raises(ErasureMessageFailedError):
        worker.process_message({}, never)


def test_failed_store_is_logged_by_its_code_and_the_message_goes_back(worker, world, log, capsys):
    world.add_user(SUB)
    world.pool.errors = ["TooManyRequestsException"]

    with pytest.raises(ErasureMessageFailedError, match="TooManyRequestsException"):
        process(worker, {"sub": SUB})

    line = json.loads(log.getvalue())
    assert line["stores"] == {"user": "TooManyRequestsException"}
    assert "ErasureFailed" in capsys.readouterr().out
    process(worker, {"sub": SUB})


def test_unexpected_error_is_logged_without_its_text(worker, world, log, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError(CANARY)

    world.add_user(SUB)
    monkeypatch.setattr(world.tables.client, "get_item", fail)

    with pytest.raises(ErasureMessageFailedError, match="RuntimeError"):
        process(worker, {"sub": SUB})
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"done": "yes"}, None),
        ({"done": True, "count": -1}, None),
        ({}, None),
        ({"done": True, "count": "3"}, None),
        ({"done": True, "count": 10**40}, None),
        (None, "Unhandled"),
    ],
)
def test_wrong_answer_of_a_function_is_a_failure(worker, world, answer, error, log):
    world.add_user(SUB)
    world.function.answer, world.function.error = answer, error

    with pytest.raises(ErasureMessageFailedError):
        process(worker, {"sub": SUB})

    assert not world.receipts.read(SUB).is_store_done("search")
    assert world.queues.messages[TEAM_QUEUE_URL], "the other stores are asked"
    assert CANARY not in log.getvalue()


def test_function_that_needs_more_time_is_asked_again(worker, world):
    world.add_user(SUB)
    world.function.answer = {"done": False, "count": 1}
    process(worker, {"sub": SUB})
    assert "found" not in world.receipts.read(SUB).stores["search"]

    world.function.answer = None
    process(worker, {"sub": SUB})
    assert world.receipts.read(SUB).stores["search"]["found"] == 3
    assert {request["store"] for request in world.function.requests} == {"search"}
    assert len({request["erasureId"] for request in world.function.requests}) == 1


def test_queue_is_asked_once_an_hour(worker, world):
    world.add_user(SUB)
    for minutes in (0, 10, 30, 60):
        world.now += timedelta(minutes=minutes)
        process(worker, {"sub": SUB})

    assert len(world.queues.messages[TEAM_QUEUE_URL]) == 2
    assert world.queues.messages[TEAM_QUEUE_URL][0]["sub"] == SUB


# The sweep


def test_sweep_sends_due_users_and_open_receipts(worker, world):
    for number in range(30):
        world.add_user(f"due-{number}", with_canaries=False)
    world.add_user("not-marked", with_canaries=False, is_marked=False)
    world.add_user("later", with_canaries=False, is_marked=False)
    world.mark("later", world.now, days=1)
    world.add_user("open", with_canaries=False)
    process(worker, {"sub": "open"})

    worker.run_sweep(Position(), never)

    subs = [document["sub"] for document in world.queues.messages[QUEUE_URL]]
    assert sorted(subs) == sorted(["open", *(f"due-{number}" for number in range(30))])


def test_user_who_is_due_now_is_found(worker, world):
    world.add_user(SUB, with_canaries=False, is_marked=False)
    world.mark(SUB, world.now, days=0)

    worker.run_sweep(Position(), never)
    drain(worker, world)

    assert record.is_tombstone(world.store.read(SUB).account)


@pytest.mark.long
def test_two_sweeps_erase_every_due_user(worker, world):
    for number in range(20):
        world.add_user(f"due-{number}", other="other")
    worker.run_sweep(Position(), never)
    drain(worker, world)
    world.queues.messages[QUEUE_URL] += world.consume()
    drain(worker, world)

    for number in range(20):
        assert world.remains(f"due-{number}") == []
    worker.run_sweep(Position(), never)
    assert world.queues.messages[QUEUE_URL] == []


def test_sweep_continues_by_message_before_the_time_out(worker, world):
    for number in range(30):
        world.add_user(f"due-{number}", with_canaries=False)

    def stop():
        raise ErasurePausedError

    worker.run_sweep(Position(), stop)
    subs, sweeps = [], 1
    while world.queues.messages[QUEUE_URL]:
        document = world.queues.messages[QUEUE_URL].pop(0)
        if "sweep" in document:
            sweeps += 1
            process(worker, document, stop)
        else:
            subs.append(document["sub"])

    assert sorted(subs) == sorted(f"due-{number}" for number in range(30))
    assert sweeps == 17  # one for each list


def test_pages_of_a_shard_continue_at_their_position(worker, world, monkeypatch):
    """A page ends with DynamoDB's key, and the key is in the message."""
    pages = [
        {"Items": [{"PK": {"S": "USER#a"}}], "LastEvaluatedKey": {"PK": {"S": "USER#a"}}},
        {"Items": [{"PK": {"S": "USER#b"}}]},
    ]
    starts = []

    def query(**parameters):
        starts.append(parameters.get("ExclusiveStartKey"))
        return pages.pop(0)

    monkeypatch.setattr(world.tables.client, "query", query)
    last_shard = Position(16)
    calls = iter([None, ErasurePausedError])

    def stop_at_second():
        error = next(calls, None)
        if error:
            raise error

    worker.run_sweep(last_shard, stop_at_second)
    assert starts == [None, {"PK": {"S": "USER#a"}}]
    assert world.queues.messages[QUEUE_URL][:2] == [{"sub": "a"}, {"sub": "b"}]
    position = Position(3, {"PK": {"S": "USER#a"}})
    assert read_position(json.loads(json.dumps({"sweep": True, **position.to_json()}))) == position


@pytest.mark.parametrize("document", [{}, {"list": 99}, {"list": "1"}, {"list": 1, "start": "x"}])
def test_wrong_position_is_the_beginning(document):
    assert read_position(document) == Position()


def test_erasure_that_is_open_for_a_day_is_counted(worker, world, capsys):
    world.add_user(SUB)
    process(worker, {"sub": SUB})
    world.now += timedelta(hours=23)
    worker.run_sweep(Position(), never)
    assert "ErasureWaiting" not in capsys.readouterr().out

    world.now += timedelta(hours=1)
    worker.run_sweep(Position(), never)
    assert "ErasureWaiting" in capsys.readouterr().out


def test_message_that_the_queue_rejects_fails_the_sweep(worker, world):
    world.add_user(SUB, with_canaries=False)
    world.queues.errors = ["InternalError"]

    with pytest.raises(Exception, match="InternalError"):
        worker.run_sweep(Position(), never)


def test_run_that_needs_more_time_continues_by_message(worker, world):
    world.add_user(SUB)
    stops = iter([None] * 12 + [ErasurePausedError])

    def stop_late():
        error = next(stops, None)
        if error:
            raise error

    process(worker, {"sub": SUB}, stop_late)

    assert world.queues.messages[QUEUE_URL] == [{"sub": SUB}]
    drain(worker, world)
    world.answer()
    process(worker, {"sub": SUB})
    assert world.counts(SUB) == world.EXPECTED_COUNTS


def test_stop_before_the_time_out():
    stop_before_timeout(lambda: erasure_worker.RESERVE_MS)()
    with pytest.raises(ErasurePausedError):
        stop_before_timeout(lambda: erasure_worker.RESERVE_MS - 1)()


def test_log_lines_have_no_personal_data(worker, world, log):
    world.add_user(SUB)
    world.function.error = "Unhandled"
    with pytest.raises(ErasureMessageFailedError):
        process(worker, {"sub": SUB})
    world.function.error = None
    worker.run_sweep(Position(), never)
    drain(worker, world)

    assert CANARY not in log.getvalue()
    assert "example.com" not in log.getvalue()


# Settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be a JSON list"),
        ("{}", "must be a JSON list"),
        ("[1]", "the name None"),
        ('[{"name": "Items", "queueUrl": "q"}]', "the name 'Items'"),
        ('[{"name": "items", "queueUrl": "q"}]', "the name 'items'"),
        ('[{"name": "a"}]', "either functionArn or queueUrl"),
        ('[{"name": "a", "queueUrl": "q", "functionArn": "f"}]', "either functionArn or queueUrl"),
        ('[{"name": "a", "queueUrl": 1}]', "either functionArn or queueUrl"),
        ('[{"name": "a", "queueUrl": "q"}, {"name": "a", "queueUrl": "r"}]', "the name 'a' twice"),
    ],
)
def test_wrong_registered_stores(text, message):
    with pytest.raises(SettingsError, match=message):
        parse_registrations(text)


def test_registered_stores():
    text = '[{"name": "search", "functionArn": "f"}, {"name": "mails", "queueUrl": "q"}]'
    assert parse_registrations(text) == [Registration("search", "f"), Registration("mails", "", "q")]
    assert parse_registrations("") == []


def test_function_is_invoked_once_and_waited_for(aws_environment):
    config = create_client("lambda").meta.config
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (30, 1)


@pytest.fixture
def handler(monkeypatch, world):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ERASURE_STORES", json.dumps(TEAM_STORES[:1]))
    monkeypatch.setattr("userprofiles.lifecycle.erasure.erasure_setup.create_client", world.create_client)
    return importlib.reload(importlib.import_module("userprofiles.handlers.erasure"))


def context():
    return SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: 300_000)


def test_handler_returns_failed_messages_and_erases_the_others(handler, world):
    world.add_user(SUB)
    records = [
        {"messageId": "bad", "body": "{}", "eventSource": "aws:sqs"},
        {"messageId": "good", "body": json.dumps({"sub": SUB}), "eventSource": "aws:sqs"},
    ]

    response = handler.handler({"Records": records}, context())

    assert response == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert world.remains(SUB) == ["mails"]  # that store is not registered
    rows = [row for row in world.tables.audit_rows() if row["action"] == "ERASED"]
    assert [row["requestId"] for row in rows] == ["r-1"]


def test_handler_runs_the_sweep(handler, world):
    world.add_user(SUB, with_canaries=False)

    assert handler.handler({"sweep": True}, context()) is None
    assert world.queues.messages[QUEUE_URL] == [{"sub": SUB}]


def test_handler_stops_before_its_time_out(handler, world):
    world.add_user(SUB)
    short = context()
    short.get_remaining_time_in_millis = lambda: 30_000
    body = json.dumps({"sub": SUB})

    response = handler.handler({"Records": [{"messageId": "m", "body": body}]}, short)

    assert response == {"batchItemFailures": []}
    assert world.queues.messages[QUEUE_URL] == [{"sub": SUB}]


def test_error_of_botocore_is_reported_by_its_code(worker, world, log, monkeypatch):
    def fail(**_):
        raise aws_error("ResourceNotFoundException")

    world.add_user(SUB)
    monkeypatch.setattr(world.bucket, "list_object_versions", fail)
    with pytest.raises(ErasureMessageFailedError, match="ResourceNotFoundException"):
        process(worker, {"sub": SUB})
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("payload", [b"", b"[" * 100_000], ids=["empty", "too many levels"])
def test_payload_of_a_function_that_is_not_json_is_a_failure(worker, world, monkeypatch, payload):
    world.add_user(SUB)
    monkeypatch.setattr(world.function, "invoke", lambda **_: {"Payload": io.BytesIO(payload)})
    with pytest.raises(ErasureMessageFailedError, match="InvalidAnswer"):
        process(worker, {"sub": SUB})
