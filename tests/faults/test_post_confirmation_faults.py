"""The post-confirmation handler, imported as Lambda does, against services that misbehave on the wire.

Whatever they do: the event comes back unchanged within 3.5 s, nothing that the user typed is logged, and the
user stands in the table or in the outbox, or an error line and a metric say that neither worked.
"""

from typing import Any

import pytest

PROMISED_S = 3.5


def _held(world: Any, event: dict[str, Any]) -> Any:
    """Send an event and check what holds in every case."""
    call = world.start().send(event)

    assert call is not None
    assert call.unchanged
    assert call.seconds < PROMISED_S
    assert "CANARY" not in call.text
    assert "CANARY" not in str(world.messages)
    return call


def _one_user(world: Any) -> bool:
    return [item["SK"] for item in world.items()] == ["ACCOUNT#MAIN", "PROFILE#MAIN"] and len(
        world.items("audit")
    ) == 1


def test_services_that_do_well(world: Any, confirmed: dict[str, Any]) -> None:
    call = _held(world, confirmed)

    assert _one_user(world)
    assert (["dynamodb"], []) == (world.wire.calls, call.metrics)


@pytest.mark.parametrize("fault", ["hang", "trickle body", "trickle head"])
def test_table_that_holds_the_call_is_left_for_the_outbox(
    world: Any,
    confirmed: dict[str, Any],
    fault: str,
) -> None:
    """Faults F4: hanging and trickling alike."""
    world.misbehave("dynamodb", fault)

    call = _held(world, confirmed)

    [message] = world.messages
    assert {"userPoolId", "userName", "reason"} == message.keys()
    assert confirmed["userName"] == message["userName"]
    assert ["RegistrationDeferred"] == call.metrics


@pytest.mark.parametrize("fault", ["hang", "trickle body", "trickle head"])
def test_table_and_queue_that_hold_the_call_are_both_left(
    world: Any,
    confirmed: dict[str, Any],
    fault: str,
) -> None:
    """Fault F7, the slow way; the process ends although its calls still hang."""
    world.misbehave("dynamodb", fault)
    world.misbehave("sqs", fault)

    call = _held(world, confirmed)

    assert ["RegistrationLost"] == call.metrics
    assert world.functions[0].end(2) == 0


def test_table_and_queue_that_refuse_connections(world: Any, confirmed: dict[str, Any]) -> None:
    """Fault F7: nobody listens."""
    function = world.start()
    world.wire.stop_listening()

    call = function.send(confirmed)

    assert call is not None
    assert call.unchanged
    assert call.seconds < PROMISED_S
    assert "CANARY" not in call.text
    assert ["RegistrationLost"] == call.metrics


@pytest.mark.parametrize("fault", ["throttle", "fail", "expired", "skewed", "denied", "nonsense"])
def test_table_that_refuses_is_left_for_the_outbox(world: Any, confirmed: dict[str, Any], fault: str) -> None:
    """Faults F6, F9, F10: the user is not told, and comes into the table later."""
    world.misbehave("dynamodb", fault)

    call = _held(world, confirmed)

    assert ["RegistrationDeferred"] == call.metrics
    assert [confirmed["userName"]] == [message["userName"] for message in world.messages]
    assert world.items() == []


@pytest.mark.parametrize("fault", ["fail", "throttle"])
def test_one_failure_is_tried_again(world: Any, confirmed: dict[str, Any], fault: str) -> None:
    """Fault F5."""
    world.misbehave("dynamodb", fault, "well")

    call = _held(world, confirmed)

    assert _one_user(world)
    assert (["dynamodb", "dynamodb"], []) == (world.wire.calls, call.metrics)


def test_lost_reply_is_found_out(world: Any, confirmed: dict[str, Any]) -> None:
    """Fault F3: the write was applied, its reply never came."""
    world.misbehave("dynamodb", "lose reply", "well")

    call = _held(world, confirmed)

    assert _one_user(world)
    assert ([], []) == (world.messages, call.metrics)


def test_function_killed_after_its_write(world: Any, confirmed: dict[str, Any]) -> None:
    """Fault F8: Cognito calls again, and finds the user registered."""
    world.misbehave("dynamodb", "kill caller", "well")
    assert world.start().send(confirmed) is None

    _held(world, confirmed)

    assert _one_user(world)


def test_next_event_is_served_while_an_earlier_call_still_hangs(
    world: Any, confirmed: dict[str, Any]
) -> None:
    """A warm function: the thread left behind keeps nobody waiting."""
    world.misbehave("dynamodb", "hang")
    function = world.start()
    function.send(confirmed)
    world.misbehave("dynamodb", "well")

    call = function.send(confirmed)

    assert call is not None
    assert call.seconds < 1
    assert _one_user(world)


def test_table_back_after_the_outage_gives_one_user(world: Any, confirmed: dict[str, Any]) -> None:
    """Cognito's second delivery arrives when the table is well again."""
    world.misbehave("dynamodb", "fail")
    function = world.start()
    function.send(confirmed)
    world.misbehave("dynamodb", "well")

    function.send(confirmed)
    function.send(confirmed)

    assert _one_user(world)
