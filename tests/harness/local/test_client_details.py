"""Details that clients need in the emulator's responses."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import cloudwatch_logs, ses
from pulumi_localaws.local.client_details import add_missing_details


@pytest.fixture
def stored_events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Patch the emulator's modules; they get their own functions back after the test."""
    events: list[dict[str, Any]] = []
    for module, name in (
        (app, "_EXECUTE_API_RE"),
        (app, "_handle_ses_messages_request"),
        (iam_evaluator, "_unknown_access_key"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(iam_actions, "_AUTH_FAILURES", dict(iam_actions._AUTH_FAILURES))
    monkeypatch.setattr(cloudwatch_logs, "_append_log_events", lambda _, new: events.extend(new))
    add_missing_details()
    return events


def test_each_log_event_has_an_id_and_an_existing_id_stays(stored_events: list[dict[str, Any]]) -> None:
    same_lines = [{"timestamp": 1_795_350_514_000, "message": "x"} for _ in range(2)]
    cloudwatch_logs._append_log_events({}, [*same_lines, {"timestamp": 1, "eventId": "own"}])

    first, second, third = (event["eventId"] for event in stored_events)
    assert (len(first), first.isdigit(), first < second, third) == (56, True, True, "own")


@pytest.mark.parametrize(
    ("host", "is_api"),
    [
        ("0a1b2c3d.execute-api.localhost:4566", True),
        ("0a1b2c3d.execute-api.localhost.localstack.cloud:4566", True),
        ("0a1b2c3d.execute-api.eu-west-1.amazonaws.com", True),
        ("0a1b2c3d.execute-api.evil.example", False),
    ],
)
def test_hosts_of_an_api(stored_events: object, host: str, is_api: bool) -> None:
    assert (app._EXECUTE_API_RE.match(host) is not None) is is_api


def test_refused_access_key_is_explained(stored_events: object) -> None:
    error = iam_evaluator._unknown_access_key()
    s3_message = iam_actions._AUTH_FAILURES["UnrecognizedClientException"][3][2]

    for message in (error.message, s3_message):
        assert "Accepted are 'test', 'accesskey' and twelve digits" in message
    assert error.code == "UnrecognizedClientException"


def test_email_has_its_region_and_template(stored_events: object, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {
        "MessageId": "m1",
        "Source": "shop@example.com",
        "Timestamp": 1.0,
        "Type": "SendEmail",
        "Template": "welcome",
        "TemplateData": "{}",
    }
    stored_emails = {("000000000000", "eu-west-2", "entries"): [record]}
    monkeypatch.setattr(ses, "_sent_emails", SimpleNamespace(to_dict=lambda: stored_emails))

    _, _, body = asyncio.run(app._handle_ses_messages_request("GET", "/_ministack/ses/messages", {}, {}))

    [message] = json.loads(body)["messages"]["000000000000"]
    assert (message["Region"], message["Template"]) == ("eu-west-2", "welcome")
