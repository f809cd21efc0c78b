import importlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.registration import outbox
from userprofiles.registration.outbox import (
    Outbox,
    OutboxMessage,
    OutboxMessageFailedError,
    OutboxRegistrar,
    PoisonMessageError,
)
from userprofiles.registration.registrar import Outcome, Registrar
from userprofiles.telemetry import Report

POOL = "us-east-1_aB3dE5fG7"
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ATTRIBUTES = {"sub": SUB, "email": "John@Example.com", "email_verified": "true", "custom:role": "vendor"}


@pytest.fixture
def worker(create_registrar: Callable[..., Registrar], cognito: Any) -> OutboxRegistrar:
    return OutboxRegistrar(create_registrar(outbox.SOURCE), cognito)


def _message_body(**changes: Any) -> str:
    return json.dumps({"userPoolId": POOL, "userName": SUB, "reason": "why"} | changes)


def test_user_is_read_from_cognito_and_registered(worker: OutboxRegistrar, cognito: Any, tables: Any) -> None:
    cognito.add(SUB, ATTRIBUTES)

    result = worker.register(_message_body())

    account, _ = tables.items()
    [row] = tables.audit_rows()
    assert result == (Outcome.CREATED, SUB)
    assert (account["role"], account["email"], row["source"]) == ("vendor", "john@example.com", "outbox")


def test_message_that_is_delivered_twice_creates_one_user(
    worker: OutboxRegistrar, cognito: Any, tables: Any
) -> None:
    cognito.add(SUB, ATTRIBUTES)

    outcomes = [worker.register(_message_body())[0] for _ in range(2)]

    assert outcomes == [Outcome.CREATED, Outcome.EXISTED]
    assert (len(tables.items()), len(tables.audit_rows())) == (2, 1)


def test_late_message_does_not_restore_an_erased_user(
    worker: OutboxRegistrar, cognito: Any, tables: Any
) -> None:
    cognito.add(SUB, ATTRIBUTES)
    worker.register(_message_body())
    tables.erase()
    before = tables.items()

    outcome, _ = worker.register(_message_body())

    assert outcome == Outcome.ERASED
    assert tables.items() == before


@pytest.mark.parametrize("enabled", [None, False])
def test_message_for_a_deleted_or_disabled_user_succeeds(
    worker: OutboxRegistrar, cognito: Any, tables: Any, enabled: bool | None
) -> None:
    if enabled is not None:
        cognito.add(SUB, ATTRIBUTES, enabled=enabled)

    assert worker.register(_message_body()) == (None, "")
    assert tables.items() == []


def test_unconfirmed_user_is_not_registered(
    worker: OutboxRegistrar, cognito: Any, tables: Any, report: Report
) -> None:
    cognito.add(SUB, ATTRIBUTES, status="UNCONFIRMED")

    with pytest.raises(OutboxMessageFailedError, match="NotYetConfirmedError"):
        outbox.process_message(worker, {"body": _message_body()}, report)

    assert tables.items() == []


POISON = [
    "",
    "{",
    "[]",
    "7",
    "[" * 1500,
    _message_body(userPoolId="not a pool"),
    _message_body(userPoolId=None),
    _message_body(userName=""),
    _message_body(userName=7),
    _message_body(userName="x" * 129),
    _message_body(reason="x" * 3000),
    None,
]


@pytest.mark.parametrize("body", POISON, ids=range(len(POISON)))
def test_poison_message_is_detected_before_a_call_to_cognito(
    worker: OutboxRegistrar, cognito: Any, body: Any
) -> None:
    with pytest.raises(PoisonMessageError):
        worker.register(body)

    assert cognito.requests == []


def test_outbox_message_contains_only_ids_and_a_code() -> None:
    requests: list[dict[str, str]] = []

    class Client:
        def send_message(self, **request: str) -> None:
            requests.append(request)

    Outbox(Client(), "https://queue").send(OutboxMessage(POOL, SUB, "Timeout"))

    [request] = requests
    assert request["QueueUrl"] == "https://queue"
    assert json.loads(request["MessageBody"]) == {"userPoolId": POOL, "userName": SUB, "reason": "Timeout"}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch, worker: OutboxRegistrar, report: Report) -> Callable[..., Any]:
    """Return the function's handler, with the tables and the Cognito client of this test."""
    for name in ("USERS_TABLE", "AUDIT_TABLE"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.outbox")
    monkeypatch.setattr(module, "WORKER", worker)
    monkeypatch.setattr(module, "REPORT", report)
    call: Callable[..., Any] = module.handler
    return call


def _create_event(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m-{number}", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
            for number, body in enumerate(bodies)
        ],
    }


def test_only_failed_messages_of_a_batch_are_delivered_again(
    handler: Callable[..., Any],
    cognito: Any,
    tables: Any,
    log: io.StringIO,
) -> None:
    cognito.add(SUB, ATTRIBUTES | {"name": "CANARY"})

    response = handler(
        _create_event("CANARY poison", _message_body(), _message_body(userName="nobody")), None
    )

    assert response == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert len(tables.items()) == 2
    assert len(log.getvalue().splitlines()) == 3
    assert "CANARY" not in log.getvalue()


def test_failure_of_a_whole_batch_is_returned_and_not_raised(
    handler: Callable[..., Any],
    cognito: Any,
    log: io.StringIO,
    aws_error: Callable[..., Exception],
) -> None:
    cognito.error = aws_error("TooManyRequestsException")

    response = handler(_create_event(_message_body(), _message_body()), None)

    assert [failure["itemIdentifier"] for failure in response["batchItemFailures"]] == ["m-0", "m-1"]
    assert "TooManyRequestsException" in log.getvalue()
    assert "CANARY" not in log.getvalue()


def test_real_event_of_sqs_is_processed(
    handler: Callable[..., Any],
    cognito: Any,
    tables: Any,
    load_event: Callable[[str], Any],
) -> None:
    cognito.add(SUB, ATTRIBUTES)

    assert handler(load_event("sqs_outbox"), None) == {"batchItemFailures": []}
    assert len(tables.items()) == 2


def test_error_outside_of_a_message_is_logged(
    handler: Callable[..., Any],
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The batch processor doesn't log it."""
    monkeypatch.setattr(outbox, "process_message", lambda *_: 1 / 0)

    handler(_create_event(_message_body()), None)

    assert "ZeroDivisionError" in log.getvalue()


def test_response_of_cognito_without_a_sub_fails(
    worker: OutboxRegistrar, cognito: Any, report: Report
) -> None:
    cognito.add(SUB, {"email": "a@b.co"})

    with pytest.raises(OutboxMessageFailedError):
        outbox.process_message(worker, {"body": _message_body()}, report)
