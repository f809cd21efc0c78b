"""Deletion protection, triggers that the local AWS never fires, and settings of PreTokenGeneration."""

from typing import Any

import pytest
from conformance_fake_cognito import FUNCTION, POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of

V2 = {"PreTokenGenerationConfig": {"LambdaArn": FUNCTION, "LambdaVersion": "V2_0"}}
V1 = {"PreTokenGeneration": FUNCTION}


def test_protected_pool_cannot_be_deleted(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 24 (doc; text seen in localstack#11947)."""
    emulator.pool["DeletionProtection"] = "ACTIVE"

    response = gateway.call("DeleteUserPool")

    text = (
        "The user pool cannot be deleted because deletion protection is activated. "
        "Deletion protection must be inactivated first."
    )
    assert error_of(response) == ("InvalidParameterException", text)
    assert "DeleteUserPool" not in emulator.calls


def test_pool_can_be_deleted_without_protection(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 24 (doc): after UpdateUserPool has turned it off."""
    emulator.pool["DeletionProtection"] = "ACTIVE"
    gateway.call("UpdateUserPool", DeletionProtection="INACTIVE")

    assert gateway.call("DeleteUserPool").status == 200


def test_trigger_that_never_fires_gives_a_warning(gateway: GatewayClient) -> None:
    """Our own rule: no setting is ignored silently."""
    config = {"NewTrigger": "x", "PostConfirmation": FUNCTION}

    response = gateway.call("UpdateUserPool", LambdaConfig=config)

    assert ("x-localaws-warning", "never fired here: NewTrigger") in response.headers
    assert "triggers that never fire here: NewTrigger" in gateway.router.journal[-1].notes


@pytest.mark.parametrize(
    ("stored_tier", "parameters", "expected"),
    [
        (None, {"LambdaConfig": V2, "UserPoolTier": "LITE"}, "FeatureUnavailableInTier"),
        ("LITE", {"LambdaConfig": V2}, "FeatureUnavailableInTier"),
        ("ESSENTIALS", {"UserPoolTier": "LITE"}, "TierChangeNotAllowed"),
        (None, {"LambdaConfig": V1, "UserPoolTier": "LITE"}, ""),
        (None, {"LambdaConfig": V2, "UserPoolTier": "ESSENTIALS"}, ""),
        (None, {"LambdaConfig": V2}, ""),
    ],
)
def test_version_2_needs_a_higher_plan(
    gateway: GatewayClient,
    emulator: FakeEmulator,
    stored_tier: str | None,
    parameters: dict[str, Any],
    expected: str,
) -> None:
    """Line 13 (doc): the plan LITE has only version 1."""
    emulator.pool |= {"UserPoolTier": stored_tier, "LambdaConfig": V2}
    action, pool_id = ("CreateUserPool", "") if stored_tier is None else ("UpdateUserPool", POOL)

    response = gateway.call(action, UserPoolId=pool_id, **parameters)

    code = response.json().get("__type", "")
    assert code == (f"{expected}Exception" if expected else "")


def test_two_functions_are_rejected(gateway: GatewayClient) -> None:
    """Line 13 (doc): both keys of LambdaConfig must name the same function (API reference)."""
    config = {**V2, "PreTokenGeneration": FUNCTION + "2"}

    assert error_of(gateway.call("CreateUserPool", LambdaConfig=config))[0] == "InvalidParameterException"
