"""Alarms of phone sign-in on own metrics: the code counts each of them by the names of the alarm."""

from types import SimpleNamespace
from typing import Any

import pytest
from component_metrics import counted_metrics
from component_recording import Recording
from userprofiles.phone_sign_in.claim import Claim, CodeState, Identity
from userprofiles.phone_sign_in.code_checks import CodeChecks
from userprofiles.phone_sign_in.code_requests import CodeRequests
from userprofiles.phone_sign_in.code_settings import CodeLimits
from userprofiles.phone_sign_in.endpoint_responses import exception_response
from userprofiles.phone_sign_in.source_limits import SourceLimitedError
from userprofiles.telemetry import Report
from userprofiles.text_messages.code_message import CodeMessage, Purpose
from userprofiles.text_messages.code_text import CodeTexts
from userprofiles.text_messages.cognito_codes import CognitoCodes
from userprofiles.text_messages.message_worker import Clock, MessageWorker
from userprofiles.text_messages.sms_sender import SendResult, SendStatus

NOW = 1_800_000_000
UNUSED: Any = SimpleNamespace()
MAC_KEY: Any = SimpleNamespace(item_key=lambda _: "PHONE#mac", code_mac=lambda *_: "mac")
BODY = CodeMessage(
    id="m", purpose=Purpose.SIGN_IN, phone="+14155550123", code="123456", expires_at=NOW + 100
).to_json()


def type_wrong_code() -> None:
    store: Any = SimpleNamespace(count_failure=lambda *_: 1)
    checks = CodeChecks(MAC_KEY, store, CodeLimits(), Report(), clock=lambda: NOW)
    checks.check_code(Claim("PHONE#mac", "claim", "another mac"), "123456")


def request_too_many_codes() -> None:
    state = CodeState(hour_start=NOW, hour_sends=5, day_start=NOW, day_sends=5)
    store: Any = SimpleNamespace(read=lambda _: state)
    requests = CodeRequests(MAC_KEY, store, UNUSED, CodeLimits(), Report(), clock=lambda: NOW)
    requests.request_code(Identity.of_phone("+14155550123"))


def send(status: SendStatus = SendStatus.ACCEPTED, limit: str | None = None) -> None:
    worker = MessageWorker(
        sender=SimpleNamespace(send=lambda _: SendResult(status, "code")),
        claims=SimpleNamespace(claim=lambda *_: SimpleNamespace(is_counted=False)),  # type: ignore[arg-type]
        limits=SimpleNamespace(count=lambda *_: limit),  # type: ignore[arg-type]
        texts=CodeTexts("{code}"),
        allowed_countries=["US"],
        report=Report(),
        clock=Clock(now=lambda: NOW, sleep=lambda _: None),
    )
    worker.process(BODY, lambda: 15)


def drop_code_of_cognito() -> None:
    CognitoCodes(UNUSED, UNUSED, Report()).process({"triggerSource": "CustomSMSSender_Other"})


FAILURES = {
    "app-phone-guesses-alarm": type_wrong_code,
    "app-phone-limited-alarm": request_too_many_codes,
    "app-phone-pumping-alarm": lambda: send(limit="range"),
    "app-phone-rejected-alarm": lambda: send(SendStatus.REJECTED),
    "app-phone-uncertain-alarm": lambda: send(SendStatus.UNKNOWN),
    "app-phone-dropped-alarm": drop_code_of_cognito,
    "app-code-api-guesses-alarm": type_wrong_code,
    "app-code-api-limited-alarm": request_too_many_codes,
    "app-code-api-sources-alarm": lambda: exception_response(SourceLimitedError(9), Report(), 30),
}


def find_function(recording: Recording, service: str) -> dict[str, str]:
    """Return the environment of the function whose metrics have this dimension."""
    [environment] = [
        variables
        for item in recording.of_type("Function")
        if (variables := item.inputs["environment"]["variables"])["POWERTOOLS_SERVICE_NAME"] == service
    ]
    return dict(environment)


def test_every_alarm_on_a_metric_of_phone_sign_in_has_a_case(phone_stack: Recording) -> None:
    own = [
        alarm.name
        for alarm in phone_stack.of_type("MetricAlarm")
        if alarm.inputs["namespace"] == "UserProfiles"
        and alarm.name.startswith(("app-phone-", "app-code-api-"))
    ]

    assert sorted(own) == sorted(FAILURES)


@pytest.mark.parametrize("alarm_name", sorted(FAILURES))
def test_a_failure_counts_the_metric_that_its_alarm_watches(
    alarm_name: str,
    phone_stack: Recording,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alarm = phone_stack.resource(alarm_name).inputs
    for name, value in find_function(phone_stack, alarm["dimensions"]["service"]).items():
        monkeypatch.setenv(name, value)

    FAILURES[alarm_name]()

    assert counted_metrics(capsys.readouterr().out) == [
        (alarm["namespace"], alarm["metricName"], alarm["dimensions"], 1.0)
    ]
    assert (alarm["statistic"], alarm["comparisonOperator"]) == ("Sum", "GreaterThanThreshold")
