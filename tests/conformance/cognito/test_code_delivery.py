"""Delivery of confirmation codes by SMS or e-mail."""

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of

MASKED = {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
NO_ADDRESS = "Cannot reset password for the user as there is no registered/verified email or phone_number"


def test_code_for_both_addresses_is_sent_only_by_sms(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 32 (doc): the e-mail inbox contains no code."""
    response = gateway.sign_up(attributes={"phone_number": "+491701234567"})

    delivery = {"Destination": "+*******4567", "DeliveryMedium": "SMS", "AttributeName": "phone_number"}
    assert response.json()["CodeDeliveryDetails"] == delivery
    assert emulator.text_messages == [("+491701234567", "Your verification code is 123456")]
    assert gateway.read_inbox() == []


def test_confirming_by_sms_verifies_only_the_phone(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 32 (doc): only the address that the code was sent to."""
    gateway.sign_up(attributes={"phone_number": "+491701234567"})

    gateway.confirm()

    attributes = emulator.users["sub-0"]["attributes"]
    assert (attributes["phone_number_verified"], attributes.get("email_verified")) == ("true", None)


def test_code_without_a_phone_is_sent_by_email(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 32 (doc): a user without a phone number."""
    gateway.sign_up()

    assert (emulator.text_messages, len(gateway.read_inbox())) == ([], 1)


def test_phone_that_is_not_auto_verified_gets_no_code(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 32 (doc): a user with both addresses, of which one must be verified."""
    emulator.pool["AutoVerifiedAttributes"] = ["email"]

    gateway.sign_up(attributes={"phone_number": "+491701234567"})

    assert (emulator.text_messages, len(gateway.read_inbox())) == ([], 1)


def test_message_of_the_pool_is_used(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 32 (doc): SmsVerificationMessage with the code inserted, also when it is sent again."""
    emulator.pool["SmsVerificationMessage"] = "Shop: {####}!"
    gateway.sign_up("+491701234567")

    gateway.call("ResendConfirmationCode", Username="+491701234567")

    assert emulator.text_messages == [("+491701234567", "Shop: 123456!")] * 2


def test_reset_code_is_sent_to_the_verified_phone(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 32 (doc): AccountRecoverySetting decides; by default the verified phone is first."""
    emulator.add_user(
        "ann@example.com", phone_number="+491701234567", phone_number_verified="true", email_verified="true"
    )

    gateway.call("ForgotPassword", Username="ann@example.com")
    recovery = {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]}
    emulator.pool["AccountRecoverySetting"] = recovery
    response = gateway.call("ForgotPassword", Username="ann@example.com")

    assert emulator.text_messages == [("+491701234567", "Your verification code is 654321")]
    assert response.json()["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"


@pytest.mark.parametrize("action", ["SignUp", "ResendConfirmationCode", "ForgotPassword"])
def test_destination_is_masked(gateway: GatewayClient, emulator: FakeEmulator, action: str) -> None:
    """Line 56 (seen in getmoto/moto's tests that run on AWS): the first letters of both parts."""
    if action != "SignUp":
        emulator.add_user("ann@example.com", email_verified="true")

    response = gateway.call(action, Username="ann@example.com", Password="secret")

    assert response.json()["CodeDeliveryDetails"] == MASKED


def test_pool_that_verifies_no_address_sends_no_code(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 56 (doc; seen in getmoto/moto's tests that run on AWS): neither a code nor its destination."""
    emulator.pool["AutoVerifiedAttributes"] = []

    response = gateway.sign_up()

    assert ("CodeDeliveryDetails" in response.json(), gateway.read_inbox()) == (False, [])


@pytest.mark.parametrize("existence", ["ENABLED", "LEGACY"])
@pytest.mark.parametrize(
    ("is_enabled", "attributes", "expected"),
    [
        (True, {}, ("InvalidParameterException", NO_ADDRESS)),
        (True, {"phone_number_verified": "true"}, ("InvalidParameterException", NO_ADDRESS)),
        (False, {"email_verified": "true"}, ("NotAuthorizedException", "User is disabled.")),
    ],
    ids=["unverified", "other address", "disabled"],
)
def test_user_who_cannot_recover(
    gateway: GatewayClient,
    emulator: FakeEmulator,
    *,
    existence: str,
    is_enabled: bool,
    attributes: dict[str, str],
    expected: tuple[str, str],
) -> None:
    """Line 57 (doc; text seen in amazon-cognito-identity-js#678): hidden if the existence of users is."""
    emulator.client["PreventUserExistenceErrors"] = existence
    emulator.add_user("ann@example.com", **attributes)["Enabled"] = is_enabled

    response = gateway.call("ForgotPassword", Username="ann@example.com")

    if existence == "ENABLED":
        assert response.json()["CodeDeliveryDetails"] == MASKED
    else:
        assert error_of(response) == expected
    assert gateway.read_inbox() == []


def test_only_an_administrator_resets_passwords(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 57 (doc): the recovery mechanism admin_only, for every user."""
    emulator.pool["AccountRecoverySetting"] = {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}

    response = gateway.call("ForgotPassword", Username="nobody@example.com")

    assert error_of(response) == ("NotAuthorizedException", "Contact administrator to reset password.")


@pytest.mark.parametrize(
    ("status", "verified", "expected"),
    [
        ("CONFIRMED", "true", ""),
        ("CONFIRMED", "false", "InvalidParameterException"),
        ("UNCONFIRMED", "true", "NotAuthorizedException"),
        ("FORCE_CHANGE_PASSWORD", "true", "NotAuthorizedException"),
    ],
)
def test_administrator_resets_a_password(
    gateway: GatewayClient, emulator: FakeEmulator, status: str, verified: str, expected: str
) -> None:
    """Line 57 (doc): the user must be confirmed and have a verified address."""
    emulator.add_user("ann@example.com", status=status, email_verified=verified)

    response = gateway.call("AdminResetUserPassword", Username="ann@example.com")

    assert response.json().get("__type", "") == expected
