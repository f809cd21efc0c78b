"""The parameters of a call against Cognito's API model."""

from typing import Any

import pytest
from conformance_fake_cognito import POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of
from pulumi_localaws.gateway.cognito.request_check import check_request
from pulumi_localaws.gateway.wire.errors import AwsError

SIGN_UP = {"ClientId": "client1", "Username": "ann@example.com"}
FAILED = "failed to satisfy constraint: Member must"
USERNAME_PATTERN = r"satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
DATA_TYPES = "satisfy enum value set: [String, Number, DateTime, Boolean]"


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        ("SignUp", {"ClientId": "c"}, [f"Value null at 'username' {FAILED} not be null"]),
        (
            "SignUp",
            {**SIGN_UP, "Username": "a b"},
            [
                f"Value at 'username' {FAILED} {USERNAME_PATTERN}",
            ],
        ),
        (
            "ListUsers",
            {"UserPoolId": POOL, "Limit": 61},
            [f"Value '61' at 'limit' {FAILED} have value less than or equal to 60"],
        ),
        (
            "CreateUserPool",
            {"PoolName": "p", "Schema": [{"Name": "x" * 21, "AttributeDataType": "Text"}]},
            [
                f"Value '{'x' * 21}' at 'schema.1.member.name' {FAILED} have length less than or equal to 20",
                f"Value 'Text' at 'schema.1.member.attributeDataType' {FAILED} {DATA_TYPES}",
            ],
        ),
    ],
    ids=["missing", "pattern", "range", "list"],
)
def test_violations(action: str, parameters: dict[str, Any], expected: list[str]) -> None:
    """Line 52 (doc; texts seen in amazon-cognito-identity-js#388 and aws-cdk#14699): all of a call."""
    with pytest.raises(AwsError) as exc_info:
        check_request(action, parameters)

    plural = "s" if len(expected) > 1 else ""
    text = f"{len(expected)} validation error{plural} detected: {'; '.join(expected)}"
    assert (exc_info.value.code, exc_info.value.message) == ("InvalidParameterException", text)


@pytest.mark.parametrize(
    "parameters",
    [
        {**SIGN_UP, "Password": 7},
        {**SIGN_UP, "UserAttributes": {}},
        {**SIGN_UP, "UserAttributes": ["x"]},
        {**SIGN_UP, "ClientMetadata": {"a": 1}},
        [],
    ],
)
def test_value_of_another_type(parameters: Any) -> None:
    """Line 52 (doc): the JSON type is wrong."""
    with pytest.raises(AwsError, match="SerializationException: "):
        check_request("SignUp", parameters)


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("SignUp", {**SIGN_UP, "Username": "Jürgen\u0301-北", "UserAttributes": None, "Unknown": 1}),
        ("SignUp", {**SIGN_UP, "Password": "two words"}),
        ("NewAction", {"Anything": 1}),
        ("GetUser", {"AccessToken": "a.b-c_d="}),
    ],
    ids=["letters", "space in a password", "unknown action", "token"],
)
def test_valid_parameters(action: str, parameters: dict[str, Any]) -> None:
    """Line 52 (doc): null counts as absent; unknown parameters and actions are not checked."""
    check_request(action, parameters)


def test_rejected_call_does_not_reach_the_emulator(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 52 (doc): a password of 257 characters, which is not shown in the text."""
    password = "P" * 257

    code, text = error_of(gateway.call("SignUp", Username="ann", Password=password))

    assert (code, password in text) == ("InvalidParameterException", False)
    assert "SignUp" not in emulator.calls
