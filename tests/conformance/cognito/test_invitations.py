"""Invitations of AdminCreateUser by SMS and by custom senders."""

from typing import Any

import pytest
from conformance_fake_cognito import FUNCTION
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of, name_value_pairs
from conformance_secrets import KEY, decrypt_secret

EMAIL, PHONE, PASSWORD = "ann@example.com", "+491701234567", "Temporary-1!"


@pytest.fixture(autouse=True)
def invitations(emulator: FakeEmulator) -> None:
    emulator.sends_invitations = True


def invite(gateway: GatewayClient, *mediums: str, name: str = EMAIL, **parameters: Any) -> Any:
    """Create a user with both addresses."""
    return gateway.call(
        "AdminCreateUser",
        Username=name,
        UserAttributes=name_value_pairs(email=EMAIL, phone_number=PHONE),
        **({"DesiredDeliveryMediums": mediums} if mediums else {}),
        **{"TemporaryPassword": PASSWORD, **parameters},
    )


def configure_senders(emulator: FakeEmulator) -> None:
    function = {"LambdaArn": FUNCTION, "LambdaVersion": "V1_0"}
    senders = {"CustomSMSSender": function, "CustomEmailSender": function}
    emulator.pool["LambdaConfig"] = {**senders, "KMSKeyID": KEY}


@pytest.mark.parametrize("mediums", [("SMS",), ()])
def test_by_sms(gateway: GatewayClient, emulator: FakeEmulator, mediums: tuple[str, ...]) -> None:
    """Line 43 (doc): SMS is the default; the pool's text with user name and password."""
    template = {"SMSMessage": "Shop: {username}, {####}"}
    emulator.pool["AdminCreateUserConfig"] = {"InviteMessageTemplate": template}

    invite(gateway, *mediums)

    assert emulator.text_messages == [(PHONE, f"Shop: {EMAIL}, {PASSWORD}")]
    assert gateway.read_inbox() == []


def test_generated_password_is_sent(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): the password in the SMS is the user's password."""
    invite(gateway, "SMS", TemporaryPassword=None)

    (parameters,) = emulator.parameters_of("AdminSetUserPassword")
    assert emulator.text_messages[0][1].endswith(f"temporary password is {parameters['Password']}.")
    assert (parameters["Permanent"], emulator.users["sub-0"]["UserStatus"]) == (
        False,
        "FORCE_CHANGE_PASSWORD",
    )


def test_resend_sends_a_new_password(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): MessageAction RESEND."""
    invite(gateway, "SMS")

    invite(gateway, "SMS", MessageAction="RESEND", TemporaryPassword=None)

    (parameters,) = emulator.parameters_of("AdminSetUserPassword")
    assert parameters["Password"] in emulator.text_messages[1][1]


@pytest.mark.parametrize(
    ("mediums", "text_messages", "emails"), [(["EMAIL"], 0, 1), (["SMS", "EMAIL"], 1, 1), (["SMS"], 1, 0)]
)
def test_media(
    gateway: GatewayClient, emulator: FakeEmulator, mediums: list[str], text_messages: int, emails: int
) -> None:
    """Line 43 (doc): one message for each of DesiredDeliveryMediums."""
    invite(gateway, *mediums)

    assert (len(emulator.text_messages), len(gateway.read_inbox())) == (text_messages, emails)


def test_suppressed(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): MessageAction SUPPRESS sends nothing."""
    invite(gateway, "SMS", MessageAction="SUPPRESS")

    assert emulator.text_messages == []


def test_custom_message_writes_the_sms(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): CustomMessage_AdminCreateUser with both placeholders."""
    emulator.configure_triggers("CustomMessage")
    emulator.handler = lambda event: {
        **event,
        "response": {"smsMessage": "{username} {####} from the function"},
    }

    invite(gateway, "SMS")

    (event,) = emulator.events
    assert (event["triggerSource"], event["request"]["usernameParameter"]) == (
        "CustomMessage_AdminCreateUser",
        "{username}",
    )
    assert emulator.text_messages == [(PHONE, f"{EMAIL} {PASSWORD} from the function")]


def test_failed_custom_message_creates_no_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): a text without a placeholder is rejected."""
    emulator.configure_triggers("CustomMessage")
    emulator.handler = lambda event: {**event, "response": {"smsMessage": "{####}"}}

    code, message = error_of(invite(gateway, "SMS"))

    assert code == "InvalidLambdaResponseException"
    assert message == "CustomMessage returned a smsMessage without {username}"
    assert emulator.users == {}


@pytest.mark.parametrize(
    ("mediums", "senders"), [(["SMS"], ["SMS"]), (["EMAIL"], ["Email"]), (["EMAIL", "SMS"], ["Email", "SMS"])]
)
def test_custom_senders(
    gateway: GatewayClient, emulator: FakeEmulator, mediums: list[str], senders: list[str]
) -> None:
    """Line 48 (doc): the encrypted password, and no message by Cognito."""
    configure_senders(emulator)

    invite(gateway, *mediums)

    sources = [f"Custom{sender}Sender_AdminCreateUser" for sender in senders]
    assert [event["triggerSource"] for event in emulator.events] == sources
    assert {decrypt_secret(emulator, event) for event in emulator.events} == {PASSWORD}
    assert (emulator.text_messages, gateway.read_inbox()) == ([], [])


def test_password_is_escaped(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 48 (doc): reserved characters of HTML are escaped in passwords."""
    configure_senders(emulator)

    invite(gateway, "SMS", TemporaryPassword="a<B>1!xxxxxx")

    assert decrypt_secret(emulator, emulator.events[0]) == "a&lt;B&gt;1!xxxxxx"


def test_missing_permission_of_a_sender_creates_no_user(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Our own rule: the same error as for other triggers; AWS documents none."""
    configure_senders(emulator)
    emulator.policy = []

    assert error_of(invite(gateway, "SMS"))[0] == "UnexpectedLambdaException"
    assert emulator.users == {}
