"""A fault on request: a trigger's function runs several times for one event."""

import json
import re
from typing import Any

import pytest
from conformance_challenge import ChallengeClient, CodeChallenge
from conformance_fake_cognito import POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient
from pulumi_localaws.gateway.wire.http_messages import Request


def repeat(gateway: GatewayClient, runs: int, trigger: str = "CreateAuthChallenge", pool: str = POOL) -> None:
    document = {"userPoolId": pool, "trigger": trigger, "runs": runs}
    gateway.router.trigger_runs.set(json.dumps(document).encode())


def create_codes(gateway: GatewayClient, emulator: FakeEmulator) -> list[str]:
    """Start a sign-in and return the challenge of each run of CreateAuthChallenge."""
    codes: list[str] = []
    challenge = CodeChallenge(emulator)

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        event = challenge(event)
        if event["triggerSource"].startswith("CreateAuthChallenge"):
            codes.append(f"code {len(codes)}")
            event["response"]["publicChallengeParameters"] = {"code": codes[-1]}
        return event

    emulator.handler = handler
    emulator.add_user("ann@example.com")
    response = ChallengeClient(gateway).start()
    assert response.json()["ChallengeParameters"]["code"] == codes[-1]
    return codes


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_only_the_last_response_is_used(gateway: GatewayClient, emulator: FakeEmulator, runs: int) -> None:
    """Line 36 (seen in amplify-cli#4467): three runs for one sign-in."""
    repeat(gateway, runs)

    assert len(create_codes(gateway, emulator)) == runs


def test_other_pools_and_triggers_run_once(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: the setting is for one trigger of one pool."""
    repeat(gateway, 3, pool="eu-west-1_Other")
    repeat(gateway, 2, "PostConfirmation")

    assert len(create_codes(gateway, emulator)) == 1


def test_setting_ends_with_a_reset(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: a reset of the emulator clears the gateway's state too."""
    repeat(gateway, 3)

    gateway.send(Request("POST", "/_ministack/reset"))

    assert (gateway.router.trigger_runs.describe(), len(create_codes(gateway, emulator))) == ([], 1)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "the body must be a JSON object with the fields userPoolId, trigger and runs"),
        ({"userPoolId": 7}, "but it is 7"),
        ({"userPoolId": POOL, "trigger": "Create"}, "trigger is 'Create'. Allowed: CreateAuthChallenge,"),
        ({"userPoolId": POOL, "trigger": "PreSignUp", "runs": 4}, "integer from 1 to 3, but it is 4"),
        ({"userPoolId": POOL, "trigger": "PreSignUp", "runs": True}, "but it is True"),
    ],
)
def test_setting_that_is_not_valid(gateway: GatewayClient, document: Any, text: str) -> None:
    """Our own rule: the error names the field, its value and the allowed values."""
    with pytest.raises(ValueError, match=re.escape(text)):
        gateway.router.trigger_runs.set(json.dumps(document).encode())
