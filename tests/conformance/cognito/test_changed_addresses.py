"""A user changes an address and verifies it with a code."""

from typing import Any

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, ManualClock, error_of, name_value_pairs


def change_attributes(gateway: GatewayClient, **values: str) -> Any:
    token = gateway.get_token("ann@example.com")
    return gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=name_value_pairs(**values))


def verify_address(gateway: GatewayClient, code: str, attribute: str = "email") -> Any:
    token = gateway.get_token("ann@example.com")
    return gateway.call("VerifyUserAttribute", AccessToken=token, AttributeName=attribute, Code=code)


def read_code(gateway: GatewayClient, address: str) -> str:
    emails = [email for email in gateway.read_inbox() if email["To"] == [address]]
    return str(emails[-1]["BodyText"][-6:])


@pytest.fixture
def attributes(emulator: FakeEmulator) -> dict[str, str]:
    settings = {"AttributesRequireVerificationBeforeUpdate": ["email", "phone_number"]}
    emulator.pool["UserAttributeUpdateSettings"] = settings
    user = emulator.add_user("ann@example.com", email_verified="true")
    stored_attributes: dict[str, str] = user["attributes"]
    return stored_attributes


def test_old_address_stays_until_the_new_one_is_verified(
    gateway: GatewayClient, attributes: dict[str, str]
) -> None:
    """Line 21 (doc): AttributesRequireVerificationBeforeUpdate."""
    response = change_attributes(gateway, email="new@example.com", name="Ann")

    delivery = {"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    assert response.json()["CodeDeliveryDetailsList"] == [delivery]
    assert (
        attributes["email"],
        attributes["email_verified"],
        attributes["name"],
    ) == ("ann@example.com", "true", "Ann")


def test_first_phone_number_is_stored_after_its_code(
    gateway: GatewayClient, emulator: FakeEmulator, attributes: dict[str, str]
) -> None:
    """Line 21 (doc): AWS documents no exception for a user without a number."""
    change_attributes(gateway, phone_number="+491701234567")
    before = dict(attributes)

    verify_address(gateway, emulator.text_messages[0][1][-6:], "phone_number")

    assert "phone_number" not in before
    assert (attributes["phone_number"], attributes["phone_number_verified"]) == ("+491701234567", "true")


def test_number_that_nobody_has_verified_belongs_to_the_first_who_does(
    gateway: GatewayClient, emulator: FakeEmulator, attributes: dict[str, str]
) -> None:
    """Line 21 (doc): so an unverified number cannot lock its owner out; later verifications fail."""
    owner = emulator.add_user("bob@example.com")
    change_attributes(gateway, phone_number="+491701234567")
    code = emulator.text_messages[0][1][-6:]
    owner["attributes"] |= {"phone_number": "+491701234567", "phone_number_verified": "true"}

    response = verify_address(gateway, code, "phone_number")

    assert error_of(response)[0] == "AliasExistsException"
    assert "phone_number" not in attributes


def change_as_administrator(gateway: GatewayClient, **values: str) -> None:
    response = gateway.call(
        "AdminUpdateUserAttributes", Username="ann@example.com", UserAttributes=name_value_pairs(**values)
    )
    assert response.status == 200


def test_address_of_an_administrator_is_stored_after_its_code(
    gateway: GatewayClient, emulator: FakeEmulator, attributes: dict[str, str]
) -> None:
    """Line 21 (doc): the user gets the code, for a changed address and for the first one."""
    change_as_administrator(gateway, email="new@example.com", phone_number="+491701234567", name="Ann")
    before = dict(attributes)

    verify_address(gateway, emulator.text_messages[0][1][-6:], "phone_number")
    verify_address(gateway, read_code(gateway, "new@example.com"))

    assert (before["email"], "phone_number" in before, before["name"]) == ("ann@example.com", False, "Ann")
    assert (attributes["email"], attributes["phone_number"]) == ("new@example.com", "+491701234567")


def test_address_that_an_administrator_declares_verified_is_stored_at_once(
    gateway: GatewayClient, emulator: FakeEmulator, attributes: dict[str, str]
) -> None:
    """Line 21 (doc): with `phone_number_verified` in the same request, and no code is sent."""
    change_as_administrator(gateway, phone_number="+491701234567", phone_number_verified="true")

    assert (attributes["phone_number"], attributes["phone_number_verified"]) == ("+491701234567", "true")
    assert emulator.text_messages == []


def test_rejected_change_of_an_administrator_sends_no_code(
    gateway: GatewayClient, emulator: FakeEmulator, attributes: dict[str, str]
) -> None:
    """Our own rule: a call that the emulator rejects changes nothing and sends nothing."""
    emulator.error_codes = {"AdminUpdateUserAttributes": "AccessDeniedException"}

    response = gateway.call(
        "AdminUpdateUserAttributes",
        Username="ann@example.com",
        UserAttributes=name_value_pairs(phone_number="+491701234567"),
    )

    assert (error_of(response)[0], emulator.text_messages) == ("AccessDeniedException", [])
    assert "phone_number" not in attributes


def test_blank_value_deletes_the_attribute_without_a_code(
    gateway: GatewayClient, emulator: FakeEmulator, attributes: dict[str, str]
) -> None:
    """Line 21 (doc): a blank value is no new address."""
    attributes["phone_number"] = "+491701234567"

    change_as_administrator(gateway, phone_number="")

    assert "phone_number" not in attributes
    assert emulator.text_messages == []


def test_new_address_is_stored_after_its_code(gateway: GatewayClient, attributes: dict[str, str]) -> None:
    """Line 21 (doc): VerifyUserAttribute; the code is valid once."""
    change_attributes(gateway, email="new@example.com")
    code = read_code(gateway, "new@example.com")
    token = gateway.get_token("ann@example.com")
    parameters = {"AccessToken": token, "AttributeName": "email", "Code": code}

    first, second = (
        gateway.call("VerifyUserAttribute", **parameters),
        gateway.call("VerifyUserAttribute", **parameters),
    )

    assert (first.status, error_of(second)[0]) == (200, "ExpiredCodeException")
    assert (attributes["email"], attributes["email_verified"]) == ("new@example.com", "true")


def test_wrong_or_expired_code_changes_nothing(
    gateway: GatewayClient, attributes: dict[str, str], clock: ManualClock
) -> None:
    """Line 26 (doc): CodeMismatchException, and after a day ExpiredCodeException."""
    change_attributes(gateway, email="new@example.com")
    code = read_code(gateway, "new@example.com")

    wrong_code_error = error_of(verify_address(gateway, "nope"))[0]
    clock.now += 25 * 3600
    expired_code_error = error_of(verify_address(gateway, code))[0]

    assert (wrong_code_error, expired_code_error) == ("CodeMismatchException", "ExpiredCodeException")
    assert attributes["email"] == "ann@example.com"


def test_user_can_request_another_code(gateway: GatewayClient, attributes: dict[str, str]) -> None:
    """Line 21 (doc): GetUserAttributeVerificationCode sends a new one to the new address."""
    change_attributes(gateway, email="new@example.com")
    token = gateway.get_token("ann@example.com")

    gateway.call("GetUserAttributeVerificationCode", AccessToken=token, AttributeName="email")
    verify_address(gateway, read_code(gateway, "new@example.com"))

    assert attributes["email"] == "new@example.com"


def test_new_phone_is_verified_by_sms(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 21 and 32 (doc): by default the new number is stored immediately, unverified."""
    attributes = emulator.add_user("ann@example.com")["attributes"]
    change_attributes(gateway, phone_number="+491701234567")
    before = dict(attributes)

    verify_address(gateway, emulator.text_messages[0][1][-6:], "phone_number")

    assert (before["phone_number"], before["phone_number_verified"]) == ("+491701234567", "false")
    assert attributes["phone_number_verified"] == "true"


@pytest.mark.parametrize("action", ["UpdateUserAttributes", "AdminUpdateUserAttributes"])
def test_address_of_another_user_is_rejected(
    gateway: GatewayClient, emulator: FakeEmulator, action: str
) -> None:
    """Line 23 (doc): in any case, also by an administrator; the user's own address is accepted."""
    emulator.add_user("ann@example.com")
    emulator.add_user("Bob@Example.com")
    key = {"Username": "ann@example.com", "AccessToken": gateway.get_token("ann@example.com")}

    def set_email(address: str) -> Any:
        return gateway.call(action, UserAttributes=name_value_pairs(email=address), **key)

    expected = ("AliasExistsException", "An account with the given email already exists.")
    assert error_of(set_email("bob@example.com")) == expected
    assert set_email("Ann@example.com").status == 200


def test_forged_token_verifies_nothing(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 29 (doc): the backend checks the token first."""
    emulator.add_user("ann@example.com")
    change_attributes(gateway, phone_number="+491701234567")
    emulator.error_codes = {"GetUser": "NotAuthorizedException"}

    response = verify_address(gateway, emulator.text_messages[0][1][-6:], "phone_number")

    assert error_of(response)[0] == "NotAuthorizedException"


def test_neither_deletion_nor_a_changed_attribute_fires_a_trigger(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 16 (doc): there is no trigger for either."""
    emulator.add_user("ann@example.com")
    token = gateway.get_token("ann@example.com")
    emulator.configure_triggers(
        "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration"
    )
    attributes = name_value_pairs(name="Ann")

    gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=attributes)
    gateway.call("AdminUpdateUserAttributes", Username="ann@example.com", UserAttributes=attributes)
    gateway.call("AdminDeleteUser", Username="ann@example.com")

    assert emulator.events == []


def test_changed_address_is_unverified(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 21 (doc): a changed e-mail address must be verified again; an equal number stays verified."""
    emulator.add_user(
        "ann@example.com", email_verified="true", phone_number="+4917012345", phone_number_verified="true"
    )

    change_attributes(gateway, email="new@example.com", phone_number="+4917012345")

    stored_attributes = emulator.users["sub-0"]["attributes"]
    assert (
        stored_attributes["email_verified"],
        stored_attributes["phone_number_verified"],
    ) == ("false", "true")
