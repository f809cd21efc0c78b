"""CustomSMSSender and CustomEmailSender: the events, their encrypted codes, and failures."""

import base64

import pytest
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.exceptions import ActionNotAllowedError
from conformance_codes import PHONE, SOURCES, send_code
from conformance_fake_cognito import CLIENT, FUNCTION, POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of
from conformance_secrets import KEY, decrypt_secret


@pytest.fixture(autouse=True)
def senders(emulator: FakeEmulator) -> None:
    function = {"LambdaArn": FUNCTION, "LambdaVersion": "V1_0"}
    emulator.pool["LambdaConfig"] = {
        "CustomSMSSender": function,
        "CustomEmailSender": function,
        "KMSKeyID": KEY,
    }


@pytest.mark.parametrize("source", SOURCES)
def test_sms_sender_gets_the_code(gateway: GatewayClient, emulator: FakeEmulator, source: str) -> None:
    """Line 48 (doc): a code for a phone number reaches only the function."""
    response = send_code(gateway, source, "phone_number")

    (event,) = emulator.events
    assert (response.status, event["triggerSource"]) == (200, f"CustomSMSSender_{source}")
    assert event["request"]["type"] == "customSMSSenderRequestV1"
    assert event["request"]["userAttributes"]["phone_number"] == PHONE
    assert len(decrypt_secret(emulator, event)) == 6
    assert (emulator.text_messages, gateway.read_inbox()) == ([], [])


@pytest.mark.parametrize("source", SOURCES)
def test_email_sender_gets_the_code(gateway: GatewayClient, emulator: FakeEmulator, source: str) -> None:
    """Line 48 (doc): a code for an e-mail address reaches only the function."""
    response = send_code(gateway, source, "email")

    (event,) = emulator.events
    assert (response.status, event["triggerSource"]) == (200, f"CustomEmailSender_{source}")
    assert event["request"]["type"] == "customEmailSenderRequestV1"
    assert len(decrypt_secret(emulator, event)) == 6
    assert (emulator.text_messages, gateway.read_inbox()) == ([], [])


@pytest.mark.parametrize(
    ("source", "code"),
    [("SignUp", "123456"), ("ForgotPassword", "654321"), ("AdminResetUserPassword", "654321")],
)
def test_decrypted_code_is_the_users_code(
    gateway: GatewayClient, emulator: FakeEmulator, source: str, code: str
) -> None:
    """Line 48 (doc): the code that confirms the sign-up or the new password."""
    send_code(gateway, source, "phone_number")

    assert decrypt_secret(emulator, emulator.events[0]) == code


def test_decrypted_code_verifies_a_new_phone(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 48 (doc): the code of a changed phone number."""
    send_code(gateway, "UpdateUserAttribute", "phone_number")
    token, code = gateway.get_token(PHONE), decrypt_secret(emulator, emulator.events[0])

    gateway.call("VerifyUserAttribute", AccessToken=token, AttributeName="phone_number", Code=code)

    assert emulator.users["sub-0"]["attributes"]["phone_number_verified"] == "true"


def test_event(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 48 (seen in the event at maxivanov.io): it has no response; metadata is null if there is none."""
    send_code(gateway, "SignUp", "phone_number")
    gateway.call("ResendConfirmationCode", Username=PHONE)

    first, second = emulator.events
    del first["request"]["code"]
    assert first == {
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "sub-0",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": "CustomSMSSender_SignUp",
        "request": {
            "type": "customSMSSenderRequestV1",
            "clientMetadata": {"language": "de"},
            "userAttributes": {
                "sub": "sub-0",
                "phone_number": PHONE,
                "phone_number_verified": "false",
                "cognito:user_status": "UNCONFIRMED",
            },
        },
    }
    assert second["request"]["clientMetadata"] is None


def test_code_for_both_addresses_reaches_only_the_sms_sender(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Lines 32 and 48 (doc): with the delivery details of the SMS."""
    response = gateway.sign_up(attributes={"phone_number": PHONE})

    assert [event["triggerSource"] for event in emulator.events] == ["CustomSMSSender_SignUp"]
    assert response.json()["CodeDeliveryDetails"]["DeliveryMedium"] == "SMS"
    assert gateway.read_inbox() == []


def test_message_is_encrypted_as_by_cognito(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 48 (seen in aws-sdk-rust#1250): version 1, no key commitment, and the pool as context."""
    send_code(gateway, "SignUp", "phone_number")

    (event,) = emulator.events
    assert base64.b64decode(event["request"]["code"])[:4].hex() == "01800378"
    assert "123456" not in str(event)
    with pytest.raises(ActionNotAllowedError, match="REQUIRE_ENCRYPT_REQUIRE_DECRYPT"):
        decrypt_secret(emulator, event, CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)


def test_function_runs_asynchronously(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 48 (doc): the caller does not wait for the function and sees none of its errors."""
    send_code(gateway, "SignUp", "phone_number")

    assert emulator.asynchronous_sources == ["CustomSMSSender_SignUp"]


def test_pool_with_one_sender_sends_the_other_messages_itself(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 48 (doc): each sender replaces one kind of message."""
    del emulator.pool["LambdaConfig"]["CustomSMSSender"]

    send_code(gateway, "SignUp", "phone_number")

    assert (len(emulator.text_messages), emulator.events) == (1, [])


def test_custom_message_does_not_fire(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: Cognito sends no message, so no text is needed; AWS documents nothing."""
    emulator.pool["LambdaConfig"]["CustomMessage"] = FUNCTION

    send_code(gateway, "SignUp", "phone_number")

    assert [event["triggerSource"] for event in emulator.events] == ["CustomSMSSender_SignUp"]


def test_missing_permission(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: the same error as for other triggers; AWS documents none."""
    emulator.policy = []

    response = send_code(gateway, "SignUp", "phone_number")

    expected = "CustomSMSSender invocation failed due to error AccessDeniedException."
    assert error_of(response) == ("UnexpectedLambdaException", expected)


def test_unusable_key(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: the error names the key and KMS's error; AWS documents none."""
    emulator.kms_error_code = "DisabledException"

    code, message = error_of(send_code(gateway, "SignUp", "phone_number"))

    expected = f"CustomSMSSender: the KMS key {KEY} can't encrypt the code: DisabledException"
    assert (code, message) == ("CodeDeliveryFailureException", expected)
    assert "CustomSMSSender: KMS returned DisabledException" in gateway.router.journal[-1].notes
