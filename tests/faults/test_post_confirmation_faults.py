"""The post-confirmation handler, imported as in Lambda, with services that fail on the network level.

In every case, the event is returned unchanged within 3.5 s, and nothing that the user typed is logged. The
user is in the table or in the outbox, or an error line and a metric report that both failed.
"""

from typing import Any

import pytest

MAX_S = 3.5
SLOW_FAULTS = [
    "hang",
    pytest.param("trickle body", marks=pytest.mark.long),
    pytest.param("trickle head", marks=pytest.mark.long),
]


def _send_and_check(scenario: Any, event: dict[str, Any]) -> Any:
    """Send an event and check what is true in every case."""
    invocation = scenario.start_function().send(event)

    assert invocation is not None
    assert invocation.is_unchanged
    assert invocation.seconds < MAX_S
    assert "CANARY" not in invocation.text
    assert "CANARY" not in str(scenario.messages)
    return invocation


def _has_one_user(scenario: Any) -> bool:
    return [item["SK"] for item in scenario.items()] == ["ACCOUNT#MAIN", "PROFILE#MAIN"] and len(
        scenario.items("audit")
    ) == 1


@pytest.mark.long
def test_working_services(scenario: Any, confirmation_event: dict[str, Any]) -> None:
    invocation = _send_and_check(scenario, confirmation_event)

    assert _has_one_user(scenario)
    assert (scenario.aws.calls, invocation.metrics) == (["dynamodb"], [])


@pytest.mark.parametrize("fault", SLOW_FAULTS)
@pytest.mark.sample(3)
def test_hanging_table_is_abandoned_for_the_outbox(
    scenario: Any,
    confirmation_event: dict[str, Any],
    fault: str,
) -> None:
    """The table sends nothing, or byte by byte."""
    scenario.set_behaviours("dynamodb", fault)

    invocation = _send_and_check(scenario, confirmation_event)

    [message] = scenario.messages
    assert message.keys() == {"userPoolId", "userName", "reason"}
    assert confirmation_event["userName"] == message["userName"]
    assert invocation.metrics == ["RegistrationDeferred"]


@pytest.mark.parametrize("fault", SLOW_FAULTS)
@pytest.mark.long
def test_hanging_table_and_queue_are_both_abandoned(
    scenario: Any,
    confirmation_event: dict[str, Any],
    fault: str,
) -> None:
    """The process ends although its calls still hang."""
    scenario.set_behaviours("dynamodb", fault)
    scenario.set_behaviours("sqs", fault)

    invocation = _send_and_check(scenario, confirmation_event)

    assert invocation.metrics == ["RegistrationLost"]
    assert scenario.functions[0].end(2) == 0


@pytest.mark.long
def test_table_and_queue_that_refuse_connections(scenario: Any, confirmation_event: dict[str, Any]) -> None:
    function = scenario.start_function()
    scenario.aws.stop_listening()

    invocation = function.send(confirmation_event)

    assert invocation is not None
    assert invocation.is_unchanged
    assert invocation.seconds < MAX_S
    assert "CANARY" not in invocation.text
    assert invocation.metrics == ["RegistrationLost"]


@pytest.mark.parametrize("fault", ["throttle", "fail", "expired", "skewed", "denied", "invalid JSON"])
@pytest.mark.sample(6)
def test_failing_table_is_abandoned_for_the_outbox(
    scenario: Any, confirmation_event: dict[str, Any], fault: str
) -> None:
    """The sign-up succeeds, and the outbox registers the user later."""
    scenario.set_behaviours("dynamodb", fault)

    invocation = _send_and_check(scenario, confirmation_event)

    assert invocation.metrics == ["RegistrationDeferred"]
    assert [message["userName"] for message in scenario.messages] == [confirmation_event["userName"]]
    assert scenario.items() == []


@pytest.mark.parametrize("fault", ["fail", "throttle"])
@pytest.mark.sample(3)
def test_single_failure_is_retried(scenario: Any, confirmation_event: dict[str, Any], fault: str) -> None:
    scenario.set_behaviours("dynamodb", fault, "work")

    invocation = _send_and_check(scenario, confirmation_event)

    assert _has_one_user(scenario)
    assert (scenario.aws.calls, invocation.metrics) == (["dynamodb", "dynamodb"], [])


def test_lost_response_is_detected(scenario: Any, confirmation_event: dict[str, Any]) -> None:
    """The write was applied, but its response was lost."""
    scenario.set_behaviours("dynamodb", "lose response", "work")

    invocation = _send_and_check(scenario, confirmation_event)

    assert _has_one_user(scenario)
    assert (scenario.messages, invocation.metrics) == ([], [])


def test_function_killed_after_its_write(scenario: Any, confirmation_event: dict[str, Any]) -> None:
    """Cognito calls again, and the user is already registered."""
    scenario.set_behaviours("dynamodb", "kill client", "work")
    assert scenario.start_function().send(confirmation_event) is None

    _send_and_check(scenario, confirmation_event)

    assert _has_one_user(scenario)


@pytest.mark.long
def test_next_event_is_served_while_an_earlier_call_still_hangs(
    scenario: Any, confirmation_event: dict[str, Any]
) -> None:
    """In a warm function, no later event waits for an abandoned thread."""
    scenario.set_behaviours("dynamodb", "hang")
    function = scenario.start_function()
    function.send(confirmation_event)
    scenario.set_behaviours("dynamodb", "work")

    invocation = function.send(confirmation_event)

    assert invocation is not None
    assert invocation.seconds < 1
    assert _has_one_user(scenario)


@pytest.mark.long
def test_table_after_an_outage_gets_one_user(scenario: Any, confirmation_event: dict[str, Any]) -> None:
    """Cognito's second delivery arrives when the table works again."""
    scenario.set_behaviours("dynamodb", "fail")
    function = scenario.start_function()
    function.send(confirmation_event)
    scenario.set_behaviours("dynamodb", "work")

    function.send(confirmation_event)
    function.send(confirmation_event)

    assert _has_one_user(scenario)
