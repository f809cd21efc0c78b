"""The filter of ListUsers."""

import pytest
from conformance_fake_cognito import POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of

SYNTAX = "Error while parsing filter."


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("foo", SYNTAX),
        ("username = foo", SYNTAX),
        ("username=", SYNTAX),
        ('email != "a"', SYNTAX),
        ('email = "a" and name = "b"', SYNTAX),
        ('email ^= "\\".\\"@example.com"', ""),
        ('"."@gmail.com"', SYNTAX),
        ('custom:role = "x"', "Invalid search attribute: custom:role"),
        ('locale = "de"', "Invalid search attribute: locale"),
        ('cognito:user_status = "CONFIRMED"', ""),
        ('"family_name"^="Re"', ""),
        ("", ""),
    ],
)
def test_filter(gateway: GatewayClient, emulator: FakeEmulator, expression: str, expected: str) -> None:
    """Line 58 (doc; texts seen in aws-sdk-php#1088 and moto#4407)."""
    response = gateway.call("ListUsers", UserPoolId=POOL, Filter=expression, key="AKIDEXAMPLE")

    if expected:
        assert error_of(response) == ("InvalidParameterException", expected)
    assert ("ListUsers" in emulator.calls) == (not expected)
