"""Write attributes, read attributes, immutable attributes and the phone format."""

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of, name_value_pairs

UNAUTHORIZED = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")


@pytest.mark.parametrize("name", ["address", "custom:other", "email_verified"])
def test_sign_up_with_an_attribute_outside_the_write_attributes(gateway: GatewayClient, name: str) -> None:
    """Lines 15 and 21 (doc): also checked at sign-up."""
    assert error_of(gateway.sign_up(attributes={name: "x"})) == UNAUTHORIZED


def test_sign_up_with_write_attributes(gateway: GatewayClient) -> None:
    """Line 21 (doc): custom:role is one of the write attributes."""
    assert gateway.sign_up(attributes={"custom:role": "vendor", "name": "Ann"}).status == 200


def test_update_with_an_attribute_outside_the_write_attributes(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 21 (doc): UpdateUserAttributes."""
    emulator.add_user("ann@example.com")
    token = gateway.get_token("ann@example.com")

    response = gateway.call(
        "UpdateUserAttributes", AccessToken=token, UserAttributes=name_value_pairs(address="x")
    )

    assert (
        error_of(response),
        emulator.users["sub-0"]["attributes"].get("address"),
    ) == (UNAUTHORIZED, None)


def test_client_without_write_attributes(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 15 (doc): it can write the standard attributes and no custom attribute."""
    emulator.client["WriteAttributes"] = []

    standard = gateway.sign_up("a@example.com", attributes={"name": "Ann", "locale": "de"})
    custom = gateway.sign_up("b@example.com", attributes={"custom:role": "vendor"})

    assert (standard.status, error_of(custom)) == (200, UNAUTHORIZED)


@pytest.mark.parametrize("name", ["email_verified", "phone_number_verified"])
@pytest.mark.parametrize("write_attributes", [[], ["email", "email_verified", "phone_number_verified"]])
def test_client_cannot_verify_an_address_itself(
    gateway: GatewayClient, emulator: FakeEmulator, name: str, write_attributes: list[str]
) -> None:
    """Line 21 (doc): ``*_verified`` from a client is rejected, whatever its write attributes are."""
    emulator.client["WriteAttributes"] = write_attributes

    assert error_of(gateway.sign_up(attributes={name: "true"})) == UNAUTHORIZED


@pytest.mark.parametrize(
    ("read_attributes", "expected"),
    [
        ([], ["email", "email_verified", "name", "sub"]),
        (["email"], ["email", "sub"]),
        (["email", "custom:role"], ["custom:role", "email", "sub"]),
    ],
)
def test_get_user_returns_only_read_attributes(
    gateway: GatewayClient, emulator: FakeEmulator, read_attributes: list[str], expected: list[str]
) -> None:
    """Line 37 (doc): GetUser; without read attributes no custom attribute. An administrator gets all."""
    emulator.client["ReadAttributes"] = read_attributes
    emulator.add_user("ann@example.com", email_verified="true", name="Ann", **{"custom:role": "customer"})

    users_view = gateway.call("GetUser", AccessToken=gateway.get_token("ann@example.com")).json()
    admins_view = gateway.call("AdminGetUser", Username="ann@example.com").json()

    assert sorted(a["Name"] for a in users_view["UserAttributes"]) == expected
    assert "custom:role" in {a["Name"] for a in admins_view["UserAttributes"]}


@pytest.mark.parametrize("action", ["UpdateUserAttributes", "AdminUpdateUserAttributes"])
def test_immutable_attribute_cannot_be_changed(
    gateway: GatewayClient, emulator: FakeEmulator, action: str
) -> None:
    """Line 22 (doc): neither by the user nor by an administrator."""
    emulator.add_user("ann@example.com", **{"custom:role": "customer"})
    key = {"Username": "ann@example.com", "AccessToken": gateway.get_token("ann@example.com")}

    response = gateway.call(action, UserAttributes=name_value_pairs(**{"custom:role": "admin"}), **key)

    expected = ("InvalidParameterException", "user.custom:role: Attribute cannot be updated.")
    role = emulator.users["sub-0"]["attributes"]["custom:role"]
    assert (error_of(response), role) == (expected, "customer")


def test_administrator_can_change_mutable_attributes(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 22 (doc): an administrator can change mutable attributes, including ``email_verified``."""
    emulator.add_user("ann@example.com")
    attributes = name_value_pairs(email="new@example.com", email_verified="true")

    response = gateway.call(
        "AdminUpdateUserAttributes", Username="ann@example.com", UserAttributes=attributes
    )

    assert (response.status, emulator.users["sub-0"]["attributes"]["email_verified"]) == (200, "true")


@pytest.mark.parametrize("number", ["0170123456", "+0170123456", "+49 170 123456", "+4917012345678901", "+1"])
@pytest.mark.parametrize(
    "action", ["SignUp", "AdminCreateUser", "AdminUpdateUserAttributes", "UpdateUserAttributes"]
)
def test_phone_number_must_be_e164(
    gateway: GatewayClient, emulator: FakeEmulator, action: str, number: str
) -> None:
    """Line 33 (doc): in every action that writes it."""
    emulator.add_user("ann@example.com")
    key = {"AccessToken": gateway.get_token("ann@example.com"), "Password": "secret"}
    name = "bob@example.com" if action in {"SignUp", "AdminCreateUser"} else "ann@example.com"

    response = gateway.call(
        action, Username=name, UserAttributes=name_value_pairs(phone_number=number), **key
    )

    assert error_of(response) == ("InvalidParameterException", "Invalid phone number format.")


def test_phone_number_as_user_name_must_be_e164(gateway: GatewayClient) -> None:
    """Line 33 (doc): as user name."""
    assert error_of(gateway.sign_up("+0170123456"))[0] == "InvalidParameterException"
