import importlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.registration import outbox
from userprofiles.registration.outbox import (
    Message,
    Outbox,
    OutboxMessageFailedError,
    OutboxWorker,
    PoisonMessageError,
)
from userprofiles.registration.registrar import Outcome, Registrar
from userprofiles.telemetry import Report

POOL = "us-east-1_aB3dE5fG7"
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ATTRIBUTES = {"sub": SUB, "email": "John@Example.com", "email_verified": "true", "custom:role": "vendor"}


@pytest.fixture
def worker(make_registrar: Callable[..., Registrar], directory: Any) -> OutboxWorker:
    return OutboxWorker(make_registrar(outbox.SOURCE), directory)


def _body(**changes: Any) -> str:
    return json.dumps({"userPoolId": POOL, "userName": SUB, "reason": "why"} | changes)


def test_user_is_read_from_cognito_and_registered(worker: OutboxWorker, directory: Any, tables: Any) -> None:
    directory.add(SUB, ATTRIBUTES)

    done = worker.work(_body())

    account, _ = tables.items()
    [row] = tables.rows()
    assert (Outcome.CREATED, SUB) == done
    assert ("vendor", "john@example.com", "outbox") == (account["role"], account["email"], row["source"])


def test_message_delivered_twice_gives_one_user(worker: OutboxWorker, directory: Any, tables: Any) -> None:
    directory.add(SUB, ATTRIBUTES)

    outcomes = [worker.work(_body())[0] for _ in range(2)]

    assert [Outcome.CREATED, Outcome.EXISTED] == outcomes
    assert (2, 1) == (len(tables.items()), len(tables.rows()))


def test_late_message_brings_no_erased_user_back(worker: OutboxWorker, directory: Any, tables: Any) -> None:
    directory.add(SUB, ATTRIBUTES)
    worker.work(_body())
    tables.erase()
    before = tables.items()

    outcome, _ = worker.work(_body())

    assert Outcome.ERASED == outcome
    assert before == tables.items()


@pytest.mark.parametrize("enabled", [None, False])
def test_user_who_is_gone_or_disabled_is_done(
    worker: OutboxWorker, directory: Any, tables: Any, enabled: bool | None
) -> None:
    if enabled is not None:
        directory.add(SUB, ATTRIBUTES, enabled=enabled)

    assert worker.work(_body()) == (None, "")
    assert tables.items() == []


def test_unconfirmed_user_gets_nothing_yet(
    worker: OutboxWorker, directory: Any, tables: Any, report: Report
) -> None:
    directory.add(SUB, ATTRIBUTES, status="UNCONFIRMED")

    with pytest.raises(OutboxMessageFailedError, match="NotYetConfirmedError"):
        outbox.work(worker, {"body": _body()}, report)

    assert tables.items() == []


POISON = [
    "",
    "{",
    "[]",
    "7",
    "[" * 1500,
    _body(userPoolId="not a pool"),
    _body(userPoolId=None),
    _body(userName=""),
    _body(userName=7),
    _body(userName="x" * 129),
    _body(reason="x" * 3000),
    None,
]


@pytest.mark.parametrize("body", POISON, ids=range(len(POISON)))
def test_poison_is_told_apart_before_anybody_is_asked(
    worker: OutboxWorker, directory: Any, body: Any
) -> None:
    with pytest.raises(PoisonMessageError):
        worker.work(body)

    assert directory.asked == []


def test_outbox_message_holds_ids_and_a_code_alone() -> None:
    sent: list[dict[str, str]] = []

    class Client:
        def send_message(self, **request: str) -> None:
            sent.append(request)

    Outbox(Client(), "https://queue").send(Message(POOL, SUB, "Timeout"))

    [request] = sent
    assert request["QueueUrl"] == "https://queue"
    assert {"userPoolId": POOL, "userName": SUB, "reason": "Timeout"} == json.loads(request["MessageBody"])


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch, worker: OutboxWorker, report: Report) -> Callable[..., Any]:
    """The function's own handler, with the tables and the directory of this test."""
    for name in ("USERS_TABLE", "AUDIT_TABLE"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.outbox")
    monkeypatch.setattr(module, "WORKER", worker)
    monkeypatch.setattr(module, "REPORT", report)
    call: Callable[..., Any] = module.handler
    return call


def _records(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m-{number}", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
            for number, body in enumerate(bodies)
        ],
    }


def test_only_failed_messages_of_a_batch_come_back(
    handler: Callable[..., Any],
    directory: Any,
    tables: Any,
    log: io.StringIO,
) -> None:
    directory.add(SUB, ATTRIBUTES | {"name": "CANARY"})

    answer = handler(_records("CANARY poison", _body(), _body(userName="nobody")), None)

    assert {"batchItemFailures": [{"itemIdentifier": "m-0"}]} == answer
    assert len(tables.items()) == 2
    assert len(log.getvalue().splitlines()) == 3
    assert "CANARY" not in log.getvalue()


def test_whole_batch_failing_is_told_and_not_raised(
    handler: Callable[..., Any],
    directory: Any,
    log: io.StringIO,
    aws_error: Callable[..., Exception],
) -> None:
    directory.error = aws_error("TooManyRequestsException")

    answer = handler(_records(_body(), _body()), None)

    assert ["m-0", "m-1"] == [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert "TooManyRequestsException" in log.getvalue()
    assert "CANARY" not in log.getvalue()


def test_real_event_of_sqs_is_taken(
    handler: Callable[..., Any],
    directory: Any,
    tables: Any,
    load_event: Callable[[str], Any],
) -> None:
    directory.add(SUB, ATTRIBUTES)

    assert handler(load_event("sqs_outbox"), None) == {"batchItemFailures": []}
    assert len(tables.items()) == 2


def test_error_outside_a_message_is_told(
    handler: Callable[..., Any],
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The batch processor would keep it to itself."""
    monkeypatch.setattr(outbox, "work", lambda *_: 1 / 0)

    handler(_records(_body()), None)

    assert "ZeroDivisionError" in log.getvalue()


def test_answer_of_cognito_without_a_sub_comes_back(
    worker: OutboxWorker, directory: Any, report: Report
) -> None:
    directory.add(SUB, {"email": "a@b.co"})

    with pytest.raises(OutboxMessageFailedError):
        outbox.work(worker, {"body": _body()}, report)
