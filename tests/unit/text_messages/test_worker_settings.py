"""The sender's environment, and its handler."""

import importlib
from types import SimpleNamespace

import pytest
from userprofiles.settings import SettingsError
from userprofiles.text_messages.sns_sender import SnsSender
from userprofiles.text_messages.twilio_sender import TwilioSender
from userprofiles.text_messages.worker_settings import create_sender, create_worker

TWILIO = {"SMS_PROVIDER": "twilio", "TWILIO_SECRET_ID": "twilio", "TWILIO_FROM": "+14155550199"}


def test_default_is_amazon_sns_with_the_documented_limits(report):
    worker = create_worker({"CODES_TABLE": "codes"}, report)

    assert isinstance(worker._sender, SnsSender)
    assert (worker._limits._limits.range_messages, worker._limits._limits.country_messages) == (50, 1000)
    assert worker._allowed_countries == frozenset()


def test_values_of_the_environment(report):
    environment = {
        "CODES_TABLE": "codes",
        "ALLOWED_COUNTRIES": "US, CA",
        "MESSAGES_PER_PREFIX_HOUR": "8",
        "MESSAGES_PER_COUNTRY_HOUR": "9",
        "CODE_TEXT": "Code: {code}",
        **TWILIO,
    }

    worker = create_worker(environment, report)

    assert isinstance(worker._sender, TwilioSender)
    assert (worker._limits._limits.range_messages, worker._limits._limits.country_messages) == (8, 9)
    assert worker._allowed_countries == {"US", "CA"}


@pytest.mark.parametrize(
    ("changes", "sender"),
    [
        ({}, ("From", "+14155550199")),
        (
            {"TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32},
            ("MessagingServiceSid", "MG" + "0" * 32),
        ),
    ],
)
def test_sender_of_twilio(changes, sender):
    assert create_sender(TWILIO | changes)._sender == sender


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({}, "CODES_TABLE is not set"),
        ({"SMS_PROVIDER": "fax"}, "SMS_PROVIDER must be sns or twilio, got 'fax'"),
        ({"MESSAGES_PER_PREFIX_HOUR": "0"}, "MESSAGES_PER_PREFIX_HOUR must be a whole number from 1"),
        ({"MESSAGES_PER_COUNTRY_HOUR": "many"}, "MESSAGES_PER_COUNTRY_HOUR must be .* got 'many'"),
        (
            {"CODE_TEXT": "Your code"},
            r"CODE_TEXT must contain the placeholder \{code\} once, got 'Your code'",
        ),
        ({"CODE_TEXT": "{code} {code}"}, "once"),
        (TWILIO | {"TWILIO_SECRET_ID": ""}, "TWILIO_SECRET_ID is not set"),
        (TWILIO | {"TWILIO_FROM": ""}, "either TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID, got none"),
        (TWILIO | {"TWILIO_MESSAGING_SERVICE_SID": "MG0"}, "got both"),
        (TWILIO | {"TWILIO_URL": "http://api.twilio.com"}, "TWILIO_URL must be the URL"),
    ],
)
def test_wrong_environment_is_reported(report, environment, problem):
    environment = ({"CODES_TABLE": "codes"} if environment else {}) | environment

    with pytest.raises(SettingsError, match=problem):
        create_worker(environment, report)


@pytest.fixture
def handler(monkeypatch, scenario):
    """Return the function's handler, with the worker of this test."""
    monkeypatch.setenv("CODES_TABLE", "codes")
    module = importlib.import_module("userprofiles.handlers.text_message_sender")
    monkeypatch.setattr(module, "WORKER", scenario.create_worker())
    monkeypatch.setattr(module, "REPORT", scenario._report)
    context = SimpleNamespace(
        get_remaining_time_in_millis=lambda: scenario.clock.remaining() * 1000, aws_request_id="r-1"
    )
    return lambda event: module.handler(event, context)


def create_event(*bodies):
    return {"Records": [{"messageId": f"m-{number}", "body": body} for number, body in enumerate(bodies)]}


def test_only_messages_that_were_not_sent_are_delivered_again(handler, scenario):
    body = scenario.create_body()

    response = handler(create_event("invalid", body, body, scenario.create_body(id="m-2")))

    assert response == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    assert len(scenario.sender.messages) == 2


def test_failure_of_all_messages_is_returned_and_not_raised(handler, scenario):
    scenario.clock.end = scenario.clock.time

    response = handler(create_event(scenario.create_body()))

    assert response == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


def test_unexpected_error_of_the_worker_is_logged_without_its_text(handler, scenario, monkeypatch):
    def fail(_):
        raise ValueError("CANARY")

    monkeypatch.setattr("userprofiles.text_messages.message_worker.find_country", fail)

    response = handler(create_event(scenario.create_body()))

    assert response == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert "ValueError" in scenario.log.getvalue()
    assert "CANARY" not in scenario.log.getvalue()
