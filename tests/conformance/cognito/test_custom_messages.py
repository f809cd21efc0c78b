"""CustomMessage and the pool's own texts in the messages with a code."""

import re
from typing import Any

import conformance_codes
import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of, name_value_pairs

NAME = "ann@example.com"
PHONE = "+491701234567"


def write_texts(event: dict[str, Any]) -> dict[str, Any]:
    code, source = event["request"]["codeParameter"], event["triggerSource"]
    event["response"] = {
        "smsMessage": f"{source}: {code}",
        "emailSubject": source,
        "emailMessage": f"<b>{source}</b>: {code}",
    }
    return event


@pytest.fixture
def custom_texts(emulator: FakeEmulator) -> None:
    emulator.configure_triggers("CustomMessage")
    emulator.handler = write_texts


def send_code(gateway: GatewayClient, source: str, name: str) -> Any:
    """Call the action that sends the code of a trigger source."""
    match source:
        case "SignUp":
            return gateway.sign_up(name)
        case "ResendCode":
            gateway.emulator.add_user(NAME, status="UNCONFIRMED", phone_number=PHONE)
            gateway.emulator.pool["AutoVerifiedAttributes"] = ["email"]
            return gateway.call("ResendConfirmationCode", Username=name)
        case "ForgotPassword":
            gateway.emulator.add_user(NAME, email_verified="true")
            return gateway.call("ForgotPassword", Username=NAME)
    gateway.emulator.add_user("old@example.com")
    token = gateway.get_token("old@example.com")
    if source == "UpdateUserAttribute":
        changes = name_value_pairs(email=NAME)
        return gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=changes)
    gateway.emulator.users["sub-0"]["attributes"]["email"] = NAME
    return gateway.call("GetUserAttributeVerificationCode", AccessToken=token, AttributeName="email")


@pytest.mark.usefixtures("custom_texts")
@pytest.mark.parametrize(
    "source", ["SignUp", "ResendCode", "ForgotPassword", "UpdateUserAttribute", "VerifyUserAttribute"]
)
def test_text_of_an_email(gateway: GatewayClient, emulator: FakeEmulator, source: str) -> None:
    """Line 43 (doc): each source has its own text, with the code; no other e-mail is sent."""
    send_code(gateway, source, NAME)

    trigger_source = f"CustomMessage_{source}"
    emails = [e for e in gateway.read_inbox() if e["To"] == [NAME]]
    assert [e["triggerSource"] for e in emulator.events] == [trigger_source]
    assert [(e["Subject"], e["BodyText"]) for e in emails] == [(trigger_source, "")]
    assert emails[0]["BodyHtml"].startswith(f"<b>{trigger_source}</b>: ")
    assert "{####}" not in emails[0]["BodyHtml"]


@pytest.mark.usefixtures("custom_texts")
@pytest.mark.parametrize("source", conformance_codes.SOURCES)
def test_text_of_an_sms(gateway: GatewayClient, emulator: FakeEmulator, source: str) -> None:
    """Line 43 (doc): the same for a text message."""
    conformance_codes.send_code(gateway, source, "phone_number")

    ((number, text),) = emulator.text_messages
    assert number == conformance_codes.PHONE
    assert re.fullmatch(rf"CustomMessage_{source}: \d{{6}}", text)


@pytest.mark.usefixtures("custom_texts")
def test_event(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 9, 10 and 43 (doc): the placeholders, and the call's metadata."""
    gateway.sign_up(ClientMetadata={"language": "de"})

    (event,) = emulator.events
    assert event["userName"] == "sub-0"
    assert event["response"] == dict.fromkeys(("smsMessage", "emailMessage", "emailSubject"))
    assert event["request"] == {
        "userAttributes": {
            "sub": "sub-0",
            "email": NAME,
            "email_verified": "false",
            "cognito:user_status": "UNCONFIRMED",
        },
        "codeParameter": "{####}",
        "linkParameter": "{##Click Here##}",
        "usernameParameter": None,
        "clientMetadata": {"language": "de"},
    }


def test_unchanged_response_sends_the_pools_text(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): each text that the function leaves out is the pool's own."""
    emulator.configure_triggers("CustomMessage")
    emulator.pool["VerificationMessageTemplate"] = {"EmailSubject": "Shop", "EmailMessage": "Code {####}!"}

    gateway.sign_up()

    assert [(e["Subject"], e["BodyText"]) for e in gateway.read_inbox()] == [("Shop", "Code 123456!")]


@pytest.mark.usefixtures("custom_texts")
def test_no_message_fires_no_trigger(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 43 (doc): a pool that verifies no address sends no code."""
    emulator.pool["AutoVerifiedAttributes"] = []

    gateway.sign_up()

    assert emulator.events == []


@pytest.mark.parametrize("text", ["Hello!", "{###}"])
def test_text_without_the_code_is_rejected(gateway: GatewayClient, emulator: FakeEmulator, text: str) -> None:
    """Our own rule: the placeholder is required (doc); how Cognito rejects the text is not documented."""
    emulator.configure_triggers("CustomMessage")
    emulator.handler = lambda event: {**event, "response": {"emailMessage": text}}

    assert error_of(gateway.sign_up())[0] == "InvalidLambdaResponseException"


def test_error_of_the_function(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 5 and 43 (doc): the caller gets the function's text."""

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("no text")

    emulator.configure_triggers("CustomMessage")
    emulator.handler = fail

    expected = ("UserLambdaValidationException", "CustomMessage failed with error no text.")
    assert error_of(gateway.sign_up()) == expected


def test_time_limit(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 6 and 43 (doc): three calls of the function, each with the limit of every trigger."""
    emulator.configure_triggers("CustomMessage")
    emulator.handler_delays = [1.0, 1.0, 1.0]

    code, message = error_of(gateway.sign_up())

    assert (code, len(emulator.events)) == ("UnexpectedLambdaException", 3)
    assert message.startswith("CustomMessage invocation failed due to error Socket timeout")


@pytest.mark.parametrize("action", ["SignUp", "AdminCreateUser"])
def test_missing_permission(gateway: GatewayClient, emulator: FakeEmulator, action: str) -> None:
    """Line 8 (doc): also for an invitation, for which the emulator fires the trigger."""
    emulator.configure_triggers("CustomMessage")
    emulator.policy = []

    assert error_of(gateway.call(action, Username=NAME, Password="secret"))[0] == "UnexpectedLambdaException"
