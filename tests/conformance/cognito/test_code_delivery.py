"""Delivery of confirmation codes by SMS or e-mail."""

from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient


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
