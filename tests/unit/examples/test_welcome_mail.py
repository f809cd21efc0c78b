"""The function of the example welcome_mail: one mail for each event."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

SOURCE = Path(__file__).parents[3] / "examples" / "welcome_mail" / "function" / "welcome_mail.py"
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ADDRESS = "canary@example.com"


class FakeSes:
    """A client of SES that records the mails, or fails."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.error: Exception | None = None

    def send_email(self, *, Destination: dict[str, list[str]], **_: Any) -> None:  # noqa: N803
        if self.error is not None:
            raise self.error
        self.addresses += Destination["ToAddresses"]


@pytest.fixture
def ses() -> FakeSes:
    return FakeSes()


@pytest.fixture
def function(
    aws_environment: None, cognito: Any, ses: FakeSes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Load the function, with the table of sent mails in moto."""
    for name, value in {
        "SENDER": "a@example.com",
        "SENT_MAILS_TABLE": "sent",
        "USER_POOL_ID": "pool",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="sent",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "eventId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "eventId", "AttributeType": "S"}],
        )
        spec = importlib.util.spec_from_file_location("welcome_mail", SOURCE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(module, "COGNITO", cognito)
        monkeypatch.setattr(module, "SES", ses)
        yield module


@pytest.fixture
def user(cognito: Any) -> None:
    cognito.add(SUB, {"sub": SUB, "email": ADDRESS, "email_verified": "true"})


def event(event_id: str = "event-1") -> dict[str, Any]:
    body = {"eventId": event_id, "sub": SUB, "createdBy": "sign_up"}
    return {"Records": [{"body": json.dumps(body)}]}


@pytest.mark.usefixtures("user")
def test_mail_is_sent_once_for_an_event(function: Any, ses: FakeSes) -> None:
    for event_id in ("event-1", "event-1", "event-2"):
        function.handler(event(event_id), None)

    assert ses.addresses == [ADDRESS, ADDRESS]


@pytest.mark.usefixtures("user")
def test_concurrent_delivery_is_repeated_later(function: Any, ses: FakeSes) -> None:
    """SQS delivers the message again, because the other invocation may fail."""
    assert function.claim("event-1")

    with pytest.raises(function.ClaimedElsewhereError):
        function.handler(event(), None)

    assert ses.addresses == []


@pytest.mark.usefixtures("user")
def test_attempt_that_failed_is_repeated(
    function: Any, ses: FakeSes, aws_error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses.error = aws_error("TooManyRequestsException")
    with pytest.raises(ClientError):
        function.handler(event(), None)
    ses.error = None
    start = function.time.time()
    monkeypatch.setattr(function.time, "time", lambda: start + function.CLAIM_SECONDS + 1)

    function.handler(event(), None)

    assert ses.addresses == [ADDRESS]


def test_erased_user_gets_no_mail(function: Any, ses: FakeSes) -> None:
    function.handler(event(), None)

    assert ses.addresses == []


def test_address_that_is_not_verified_gets_no_mail(function: Any, ses: FakeSes, cognito: Any) -> None:
    cognito.add(SUB, {"sub": SUB, "email": ADDRESS, "email_verified": "false"})

    function.handler(event(), None)

    assert ses.addresses == []


def test_disabled_user_gets_no_mail(function: Any, ses: FakeSes, cognito: Any) -> None:
    cognito.add(SUB, {"sub": SUB, "email": ADDRESS, "email_verified": "true"}, enabled=False)

    function.handler(event(), None)

    assert ses.addresses == []


@pytest.mark.usefixtures("user")
def test_log_and_table_have_no_address(function: Any, caplog: pytest.LogCaptureFixture) -> None:
    function.handler(event(), None)

    items = boto3.client("dynamodb").scan(TableName="sent")["Items"]
    assert f"event event-1 of user {SUB}: mail sent" in caplog.text
    assert ADDRESS not in caplog.text + json.dumps(items)
