"""Alarms on the functions' own metrics: each metric that the code counts has an alarm with the same names."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from component_metrics import counted_metrics
from component_recording import Recording
from userprofiles.lifecycle.erasure.erasure_worker import ErasureMessageFailedError, ErasureWorker
from userprofiles.lifecycle.reconciliation.inventory import Result
from userprofiles.lifecycle.reconciliation.reconciler_state import Pass
from userprofiles.lifecycle.reconciliation.scheduled_steps import ScheduledSteps
from userprofiles.registration.outbox import OutboxMessageFailedError, process_message
from userprofiles.registration.post_confirmation import ConfirmationProcessor, handle_event
from userprofiles.registration.pre_token_generation import TokenProcessor
from userprofiles.table.attribute_value import AttributeValueError
from userprofiles.table.store import UserItems
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import Report
from userprofiles.template import load

EVENT = {
    "triggerSource": "PostConfirmation_ConfirmSignUp",
    "userPoolId": "us-east-1_Pool",
    "userName": "11111111-1111-4111-8111-111111111111",
    "request": {"userAttributes": {"sub": "11111111-1111-4111-8111-111111111111"}},
}


def failing(error: Exception) -> Any:
    def fail(*_: Any) -> None:
        raise error

    return SimpleNamespace(register=fail, send=fail)


ACCEPTING = SimpleNamespace(send=lambda _: None)


def fail_registration(registrar: Any, outbox: Any) -> None:
    report = Report()
    handle_event(ConfirmationProcessor(registrar, outbox, report).process, EVENT, report)


def fail_token(store: Any) -> None:
    event = {**EVENT, "triggerSource": "TokenGeneration_Authentication", "version": "2"}
    event["request"] = {"userAttributes": {"sub": EVENT["userName"], "email": "new@example.com"}}
    TokenProcessor(store, load("marketplace"), "customer", Report()).process(event)


def fail_outbox_message() -> None:
    with pytest.raises(OutboxMessageFailedError):
        process_message(failing(OSError()), {"messageId": "m", "body": "{}"}, Report())


def scheduled_steps(**parts: Any) -> ScheduledSteps:
    defaults = dict.fromkeys(("pool", "registrar", "unconfirmed", "unconfirmed_users"), SimpleNamespace())
    return ScheduledSteps(**{**defaults, **parts}, report=Report())


def fail_fix() -> None:
    def fail() -> Result:
        raise StoreError("AccessDeniedException")

    scheduled_steps().fix(fail, "sub", Pass("id", ""))


def report_orphan() -> None:
    pool = SimpleNamespace(has_sub=lambda _: False)
    scheduled_steps(pool=pool).report_orphan("sub", Pass("id", ""))


def erasure_worker(**parts: Any) -> ErasureWorker:
    unused: Any = SimpleNamespace()
    fakes = {"erasure": unused, "sweep": unused, "sqs": unused, "queue_url": "", "report": Report()}
    return ErasureWorker(**{**fakes, **parts})


def fail_erasure_message(body: Any) -> None:
    erasure = SimpleNamespace(erase_due=failing(OSError()).send)
    with pytest.raises(ErasureMessageFailedError):
        erasure_worker(erasure=erasure).process_message(
            {"messageId": "m", "body": json.dumps(body)}, lambda: None
        )


def find_late_erasure() -> None:
    page = SimpleNamespace(late_subs=[EVENT["userName"]], subs=[], next_position=None)
    sweep = SimpleNamespace(pages=lambda _: [page])
    erasure_worker(sweep=sweep).run_sweep(SimpleNamespace(), lambda: None)  # type: ignore[arg-type]


FAILURES = {
    "app-eraser-retry-alarm": lambda: fail_erasure_message({"sub": EVENT["userName"]}),
    "app-eraser-invalid-message-alarm": lambda: fail_erasure_message({}),
    "app-eraser-waiting-alarm": find_late_erasure,
    "app-triggers-post-confirmation-deferred-alarm": lambda: fail_registration(failing(OSError()), ACCEPTING),
    "app-triggers-post-confirmation-lost-alarm": lambda: fail_registration(
        failing(OSError()), failing(OSError())
    ),
    "app-triggers-post-confirmation-impossible-alarm": lambda: fail_registration(
        failing(AttributeValueError("x")), ACCEPTING
    ),
    "app-outbox-retry-alarm": fail_outbox_message,
    "app-reconciler-fix-alarm": fail_fix,
    "app-reconciler-orphan-alarm": report_orphan,
    "app-triggers-pre-token-role-alarm": lambda: fail_token(SimpleNamespace()),
    "app-triggers-pre-token-contact-alarm": lambda: fail_token(
        SimpleNamespace(read=lambda _: UserItems({"email": "old@example.com"}, {}))
    ),
}
FUNCTIONS = {
    "app-eraser": "app-eraser-worker-function",
    "app-triggers-post-confirmation": "app-triggers-post-confirmation-function",
    "app-outbox": "app-outbox-worker-function",
    "app-reconciler": "app-reconciler-worker-function",
    "app-triggers-pre-token": "app-triggers-pre-token-function",
}


def test_every_alarm_on_a_metric_of_ours_has_a_case(stack: Recording) -> None:
    own = [
        alarm.name for alarm in stack.of_type("MetricAlarm") if alarm.inputs["namespace"] == "UserProfiles"
    ]

    assert sorted(own) == sorted(FAILURES)


@pytest.mark.parametrize("alarm_name", sorted(FAILURES))
def test_a_failure_counts_the_metric_that_its_alarm_watches(
    alarm_name: str,
    stack: Recording,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alarm = stack.resource(alarm_name).inputs
    function = next(name for start, name in FUNCTIONS.items() if alarm_name.startswith(start))
    for name, value in stack.resource(function).inputs["environment"]["variables"].items():
        monkeypatch.setenv(name, value)

    FAILURES[alarm_name]()

    assert counted_metrics(capsys.readouterr().out) == [
        (alarm["namespace"], alarm["metricName"], alarm["dimensions"], 1.0)
    ]
    assert (alarm["statistic"], alarm["comparisonOperator"]) == ("Sum", "GreaterThanThreshold")


def test_an_alarm_of_another_stack_watches_other_metrics(stack: Recording) -> None:
    """Project, stack and component are in the dimension: two stacks in an account do not share it."""
    names = [stack.resource(name).inputs["dimensions"]["service"] for name in FAILURES]

    assert [name for name in names if not name.startswith("pulumi-userprofiles-test-app-")] == []
