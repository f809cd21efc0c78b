"""Settings of app clients that Cognito rejects."""

from typing import Any

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of

RANGE = "Invalid range for token validity."


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"ReadAttributes": ["email", "custom:x"]},
            "Invalid read attributes specified while creating a client",
        ),
        ({"WriteAttributes": ["age"]}, "Invalid write attributes specified while creating a client"),
        ({"AccessTokenValidity": 25}, RANGE),
        ({"IdTokenValidity": 4, "TokenValidityUnits": {"IdToken": "minutes"}}, RANGE),
        ({"RefreshTokenValidity": 3651}, RANGE),
        ({"RefreshTokenValidity": 0, "AccessTokenValidity": 24, "WriteAttributes": ["custom:role"]}, ""),
        ({"IdTokenValidity": 300, "TokenValidityUnits": {"IdToken": "seconds"}}, ""),
    ],
)
def test_settings(
    gateway: GatewayClient, emulator: FakeEmulator, settings: dict[str, Any], expected: str
) -> None:
    """Line 53 (doc; texts seen in aws-cdk#20760 and awsdocs/aws-cloudformation-user-guide#828)."""
    response = gateway.call("CreateUserPoolClient", ClientName="c", **settings)

    if expected:
        assert error_of(response) == ("InvalidParameterException", expected)
    assert ("CreateUserPoolClient" in emulator.calls) == (not expected)


def test_changed_settings(gateway: GatewayClient) -> None:
    """Line 53 (seen in aws-sdk-java#1395): the text names the action."""
    response = gateway.call("UpdateUserPoolClient", ClientId="client1", WriteAttributes=["age"])

    text = "Invalid write attributes specified while updating a client"
    assert error_of(response) == ("InvalidParameterException", text)


@pytest.mark.parametrize(
    ("flows", "is_enabled"),
    [
        ([], True),
        (["ADMIN_NO_SRP_AUTH"], True),
        (["ALLOW_USER_PASSWORD_AUTH"], False),
        (["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"], True),
    ],
)
def test_sign_in_by_srp(
    gateway: GatewayClient, emulator: FakeEmulator, flows: list[str], is_enabled: bool
) -> None:
    """Line 29 (seen in aws-samples/aws-serverless-workshops#277): only if the client allows it."""
    emulator.client["ExplicitAuthFlows"] = flows
    emulator.add_user("ann@example.com")

    response = gateway.call(
        "InitiateAuth", AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": "ann@example.com"}
    )

    text = "USER_SRP_AUTH is not enabled for the client."
    assert response.json().get("message", "") == ("" if is_enabled else text)
