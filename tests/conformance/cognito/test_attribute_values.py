"""Values of user attributes against the pool's schema, and the forms of e-mail and user name."""

from typing import Any

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of, name_value_pairs

CODE = "custom:code"
DESCRIPTION: dict[str, Any] = {
    "String": {"StringAttributeConstraints": {"MinLength": "2", "MaxLength": "4"}},
    "Number": {"NumberAttributeConstraints": {"MinValue": "-1", "MaxValue": "9.5"}},
    "Boolean": {},
    "DateTime": {},
}


def add_attribute(emulator: FakeEmulator, data_type: str = "String", **settings: Any) -> None:
    """Add an attribute to the schema that the client may write."""
    attribute = {"Name": CODE, "AttributeDataType": data_type, **DESCRIPTION[data_type], **settings}
    emulator.pool["SchemaAttributes"].append(attribute)
    emulator.client["WriteAttributes"].append(CODE)


@pytest.mark.parametrize(
    ("data_type", "value", "expected"),
    [
        ("String", "abc", ""),
        ("String", "a", "String must be no shorter than 2 characters"),
        ("String", "abcde", "String must be no longer than 4 characters"),
        ("Number", "9.5", ""),
        ("Number", "x", "Value must be a number"),
        ("Number", "NaN", "Value must be a number"),
        ("Number", "-2", "Number must be no less than -1"),
        ("Number", "10", "Number must be no greater than 9.5"),
        ("Boolean", "True", ""),
        ("Boolean", "yes", "Value must be true or false"),
        ("DateTime", "2026-11-22", ""),
    ],
)
def test_value_and_schema(
    gateway: GatewayClient, emulator: FakeEmulator, data_type: str, value: str, expected: str
) -> None:
    """Line 54 (doc; texts of lengths seen in amplify-flutter#2034)."""
    add_attribute(emulator, data_type)

    response = gateway.sign_up(attributes={CODE: value})

    text = f"Attributes did not conform to the schema: {CODE}: {expected}\n" if expected else ""
    assert response.json().get("message", "") == text


@pytest.mark.parametrize(
    ("action", "prefix"),
    [
        ("AdminCreateUser", "Attributes did not conform to the schema"),
        ("UpdateUserAttributes", "Invalid user attributes"),
        ("AdminUpdateUserAttributes", "Invalid user attributes"),
    ],
)
def test_value_in_other_actions(
    gateway: GatewayClient, emulator: FakeEmulator, action: str, prefix: str
) -> None:
    """Line 54 (doc; text of an update seen in aws-sdk-java#1396)."""
    emulator.add_user("ann@example.com")
    token = gateway.get_token("ann@example.com")
    emulator.client["WriteAttributes"].append("birthdate")
    limits = {"StringAttributeConstraints": {"MinLength": "10", "MaxLength": "10"}}
    next(a for a in emulator.pool["SchemaAttributes"] if a["Name"] == "birthdate").update(limits)

    values = name_value_pairs(birthdate="1999-1-1")
    response = gateway.call(action, Username="bob@example.com", AccessToken=token, UserAttributes=values)

    text = f"{prefix}: birthdate: String must be no shorter than 10 characters\n"
    assert error_of(response) == ("InvalidParameterException", text)


def test_missing_required_attributes(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 54 (doc; text seen in amazon-cognito-identity-dart-2#89): also if the value is blank."""
    for attribute in emulator.pool["SchemaAttributes"]:
        attribute["Required"] = attribute["Name"] in {"sub", "email", "name", "locale"}
    emulator.client["WriteAttributes"].append("locale")

    sign_up = gateway.sign_up(attributes={"name": ""})
    complete = gateway.sign_up(attributes={"name": "Ann", "locale": "de"})
    by_administrator = gateway.call("AdminCreateUser", Username="bob@example.com")

    text = "locale: The attribute is required\nname: The attribute is required\n"
    assert error_of(sign_up)[1] == "Attributes did not conform to the schema: " + text
    assert (complete.status, by_administrator.status) == (200, 200)


def test_attribute_that_is_not_in_the_schema(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 54 (seen in amplify-flutter#509): of a client without write attributes."""
    emulator.client["WriteAttributes"] = []

    response = gateway.sign_up(attributes={"custom:unknown": "x"})

    text = (
        "Attributes did not conform to the schema: custom:unknown: Attribute does not exist in the schema.\n"
    )
    assert error_of(response) == ("InvalidParameterException", text)


def test_unknown_attribute_of_an_update(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 54 (seen in moto#4487): a blank value of a known one deletes it, whatever its minimum is."""
    add_attribute(emulator)
    emulator.add_user("ann@example.com", **{CODE: "abc"})
    name = "ann@example.com"

    unknown = gateway.call(
        "AdminUpdateUserAttributes", Username=name, UserAttributes=name_value_pairs(**{"custom:unknown": "x"})
    )
    blank = gateway.call(
        "AdminUpdateUserAttributes", Username=name, UserAttributes=name_value_pairs(**{CODE: ""})
    )

    text = "Invalid user attributes: user.custom:unknown: Attribute does not exist in the schema.\n"
    assert (error_of(unknown), blank.status) == (("InvalidParameterException", text), 200)
    deletion = gateway.call("AdminDeleteUserAttributes", Username=name, UserAttributeNames=["custom:unknown"])
    assert error_of(deletion) == ("InvalidParameterException", text)


@pytest.mark.parametrize(
    ("action", "email"),
    [
        *(("SignUp", email) for email in ("ann", "ann@", "@example.com", "an n@example.com", "a@b@c")),
        ("AdminCreateUser", "ann"),
        ("UpdateUserAttributes", "ann"),
    ],
)
def test_form_of_an_email(gateway: GatewayClient, emulator: FakeEmulator, action: str, email: str) -> None:
    """Line 55 (seen in amplify-js#5313): in every action that writes it."""
    emulator.add_user("ann@example.com")
    token, values = gateway.get_token("ann@example.com"), name_value_pairs(email=email)

    response = gateway.call(
        action, Username="bob@example.com", Password="secret", AccessToken=token, UserAttributes=values
    )

    assert error_of(response) == ("InvalidParameterException", "Invalid email address format.")


@pytest.mark.parametrize(
    ("alias", "name", "form"),
    [
        ("email", "ann@example.com", "email"),
        ("phone_number", "+4915112345678", "phone number"),
        ("preferred_username", "ann@example.com", ""),
        ("phone_number", "ann@example.com", ""),
    ],
)
def test_user_name_like_an_alias(
    gateway: GatewayClient, emulator: FakeEmulator, alias: str, name: str, form: str
) -> None:
    """Line 55 (seen in amplify-js#8800): the form of an address that is an alias."""
    emulator.pool |= {"UsernameAttributes": [], "AliasAttributes": [alias]}

    response = gateway.sign_up(name)

    text = f"Username cannot be of {form} format, since user pool is configured for {form} alias."
    assert response.json().get("message", "") == (text if form else "")
