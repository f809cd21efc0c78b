"""Schemas of user pools that Cognito rejects."""

from typing import Any

import pytest
from conformance_fake_cognito import POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of


def text_attribute(name: str = "plan", **settings: Any) -> dict[str, Any]:
    return {"Name": name, "AttributeDataType": "String", **settings}


def limits(minimum: str, maximum: str) -> dict[str, Any]:
    return {"StringAttributeConstraints": {"MinLength": minimum, "MaxLength": maximum}}


STANDARD = "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute "


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        (
            {"Name": "plan"},
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        ),
        (text_attribute(Required=True), "Required custom attributes are not supported currently."),
        ({"Name": "email", "AttributeDataType": "Number"}, STANDARD + "email"),
        ({"Name": "name", "DeveloperOnlyAttribute": True}, STANDARD + "name"),
        (text_attribute(**limits("9", "8")), "user.custom:plan: Max length cannot be less than min length."),
        (
            text_attribute(**limits("0", "2049")),
            "user.custom:plan: String attributes cannot have a length of more than 2048",
        ),
        (
            text_attribute(**limits("-1", "8")),
            "Invalid StringAttributeConstraints for schema attribute custom:plan",
        ),
        (
            {
                "Name": "age",
                "AttributeDataType": "Number",
                "NumberAttributeConstraints": {"MinValue": "3", "MaxValue": "-3"},
            },
            "user.custom:age: Max value cannot be less than min value.",
        ),
    ],
)
def test_impossible_schema(
    gateway: GatewayClient, emulator: FakeEmulator, attribute: dict[str, Any], expected: str
) -> None:
    """Line 53 (doc; texts seen in terraform-provider-aws#23181 and amplify-cli#9960)."""
    response = gateway.call("CreateUserPool", Schema=[attribute])

    assert error_of(response) == ("InvalidParameterException", expected)
    assert "CreateUserPool" not in emulator.calls


def test_possible_schema(gateway: GatewayClient) -> None:
    """Line 53 (doc): a standard attribute without a data type, limits that are equal, and no limits."""
    attributes = [
        {"Name": "email", "Required": True, "Mutable": True},
        text_attribute(**limits("8", "8")),
        {"Name": "since", "AttributeDataType": "DateTime"},
        {"Name": "age", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "-5"}},
    ]

    assert gateway.call("CreateUserPool", Schema=attributes).status == 200


def test_aliases_and_user_name_attributes(gateway: GatewayClient) -> None:
    """Line 53 (doc): a pool has either."""
    response = gateway.call("CreateUserPool", AliasAttributes=["email"], UsernameAttributes=["email"])

    assert error_of(response)[0] == "InvalidParameterException"


def test_existing_custom_attribute(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 53 (seen in serverless-cognito-add-custom-attributes#3): also twice in one call."""
    existing = gateway.call("AddCustomAttributes", UserPoolId=POOL, CustomAttributes=[text_attribute("role")])
    twice = gateway.call("AddCustomAttributes", UserPoolId=POOL, CustomAttributes=[text_attribute()] * 2)

    texts = [error_of(response)[1] for response in (existing, twice)]
    assert texts == [
        "custom:role: Existing attribute already has name custom:role.",
        "custom:plan: Existing attribute already has name custom:plan.",
    ]
    assert "AddCustomAttributes" not in emulator.calls
