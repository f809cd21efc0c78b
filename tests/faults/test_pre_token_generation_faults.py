"""The PreTokenGeneration handler, imported as in Lambda, with a table that fails on the network level.

In every case, the event is returned with a role in time, so that the sign-in works, and nothing that the user
typed is logged.
"""

import json
from pathlib import Path
from typing import Any

import pytest

EVENT = Path(__file__).parents[1] / "events" / "TokenGeneration_Authentication.json"
MAX_S = 3.2


@pytest.fixture
def token_event() -> dict[str, Any]:
    """Return the event of a sign-in by a user who requested the role `vendor`, with canaries."""
    event: dict[str, Any] = json.loads(EVENT.read_text())
    event["request"]["userAttributes"] |= {
        "name": "CANARY",
        "email": "CANARY@example.com",
        "custom:role": "vendor",
    }
    return event


def sign_in(scenario: Any, event: dict[str, Any]) -> Any:
    """Send an event and check what is true in every case."""
    invocation = scenario.start_function("pre_token_generation").send(event)

    assert invocation is not None
    assert invocation.seconds < MAX_S
    assert "CANARY" not in invocation.text
    return invocation


def role(invocation: Any) -> str:
    claims: dict[str, str] = invocation.response["claimsOverrideDetails"]["claimsToAddOrOverride"]
    assert claims["custom:role"] == claims["role"]
    return claims["role"]


@pytest.mark.long
def test_working_table(scenario: Any, confirmation_event: dict[str, Any], token_event: Any) -> None:
    confirmation_event["request"]["userAttributes"]["custom:role"] = "vendor"
    scenario.start_function().send(confirmation_event)
    token_event["request"]["userAttributes"]["email"] = "CANARY@example.org"

    invocation = sign_in(scenario, token_event)

    assert role(invocation) == "vendor"
    assert scenario.items()[0]["email"] == "canary@example.org"
    assert len(scenario.items("audit")) == 2
    assert invocation.metrics == []


@pytest.mark.parametrize(
    "fault", ["hang", pytest.param("trickle body", marks=pytest.mark.long), "fail", "invalid JSON"]
)
@pytest.mark.sample(4)
def test_failing_table_gives_the_default_role(
    scenario: Any, confirmation_event: dict[str, Any], token_event: dict[str, Any], fault: str
) -> None:
    scenario.start_function().send(confirmation_event)
    scenario.set_behaviours("dynamodb", fault)

    invocation = sign_in(scenario, token_event)

    assert role(invocation) == "customer"
    assert invocation.metrics == ["RoleUnavailable"]


@pytest.mark.long
def test_table_that_hangs_after_the_read_keeps_the_role(
    scenario: Any, confirmation_event: dict[str, Any], token_event: dict[str, Any]
) -> None:
    """The update of the address is abandoned, and the next sign-in repeats it."""
    confirmation_event["request"]["userAttributes"]["custom:role"] = "vendor"
    scenario.start_function().send(confirmation_event)
    token_event["request"]["userAttributes"]["email"] = "CANARY@example.org"
    scenario.set_behaviours("dynamodb", "work", "hang")

    invocation = sign_in(scenario, token_event)

    assert role(invocation) == "vendor"
    assert invocation.metrics == ["ContactUpdateFailed"]
    assert scenario.items()[0]["email"] == "canary@example.com"
