"""Cognito's codes, encrypted as Cognito encrypts them, go to the code queue."""

import base64
import copy
import importlib
import os

import botocore.session
import pytest
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import Algorithm
from aws_encryption_sdk.key_providers.kms import KMSMasterKey
from botocore.exceptions import EndpointConnectionError
from userprofiles.text_messages.code_decryption import create_decrypt
from userprofiles.text_messages.code_message import CodeQueue
from userprofiles.text_messages.cognito_codes import CodeNotQueuedError, CognitoCodes

NOW = 1_770_000_000
KEY = "arn:aws:kms:us-east-1:111122223333:key/0b6a1f1e-0000-4000-8000-000000000000"
OTHER_KEY = KEY.replace("0b6a", "1c7b")
POOL = "us-east-1_aB3dE5fG7"
PHONE = "+14155550123"
CODE = "493817"


class FakeKms:
    """KMS with data keys in memory."""

    def __init__(self):
        self.client = botocore.session.Session().create_client(
            "kms", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        self.client.generate_data_key = self.generate_data_key
        self.client.decrypt = self.decrypt
        self.data_keys = {}
        self.error = None

    def generate_data_key(self, *, KeyId, NumberOfBytes, EncryptionContext, **_):  # noqa: N803
        plaintext, encrypted_key = os.urandom(NumberOfBytes), os.urandom(40)
        self.data_keys[encrypted_key] = KeyId, plaintext, EncryptionContext
        return {"KeyId": KeyId, "Plaintext": plaintext, "CiphertextBlob": encrypted_key}

    def decrypt(self, *, CiphertextBlob, EncryptionContext, KeyId, **_):  # noqa: N803
        if self.error is not None:
            raise self.error
        key, plaintext, context = self.data_keys[CiphertextBlob]
        assert (key, context) == (KeyId, EncryptionContext)
        return {"KeyId": KeyId, "Plaintext": plaintext}


@pytest.fixture(scope="module")
def kms_client():
    return FakeKms()


@pytest.fixture
def kms(kms_client):
    kms_client.error = None
    return kms_client


@pytest.fixture
def encrypt(kms):
    """Return a function that encrypts a code as Cognito does."""

    def encrypt_code(code=CODE, key=KEY):
        sdk = EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
        message, _ = sdk.encrypt(
            source=code.encode(),
            key_provider=KMSMasterKey(key_id=key, client=kms.client),
            encryption_context={"userpool-id": POOL},
            algorithm=Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384,
        )
        return base64.b64encode(message).decode()

    return encrypt_code


@pytest.fixture
def codes(kms, queue, report):
    decrypt = create_decrypt(kms.client, KEY)
    return CognitoCodes(decrypt, CodeQueue(queue, "https://queue"), report, clock=lambda: NOW)


def create_event(encrypted_code, source="CustomSMSSender_SignUp", **attributes):
    return {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": POOL,
        "userName": "CANARY",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client"},
        "request": {
            "type": "customSMSSenderRequestV1",
            "code": encrypted_code,
            "clientMetadata": None,
            "userAttributes": {"phone_number": PHONE, "email": "CANARY@example.com", **attributes},
        },
    }


def test_code_is_queued(codes, queue, encrypt, log):
    codes.process(create_event(encrypt()))

    [(_, message)] = queue.messages
    assert message == {
        "version": 1,
        "id": message["id"],
        "purpose": "SIGN_UP",
        "phone": PHONE,
        "code": CODE,
        "expiresAt": NOW + 180,
        "decoy": False,
    }
    for text in (PHONE, CODE, "CANARY"):
        assert text not in log.getvalue()


@pytest.mark.parametrize(
    ("source", "purpose"),
    [
        ("SignUp", "SIGN_UP"),
        ("ResendCode", "SIGN_UP"),
        ("ForgotPassword", "RESET"),
        ("UpdateUserAttribute", "VERIFY"),
        ("VerifyUserAttribute", "VERIFY"),
        ("Authentication", "SIGN_IN"),
        ("AdminCreateUser", "INVITATION"),
    ],
)
def test_purpose_follows_the_trigger_source(codes, queue, encrypt, source, purpose):
    codes.process(create_event(encrypt("Pass-word 1 äöü"), f"CustomSMSSender_{source}", locale="de-CH"))

    [(_, message)] = queue.messages
    assert (message["purpose"], message["code"], message["locale"]) == (purpose, "Pass-word 1 äöü", "de-CH")


def test_repeated_event_has_the_same_id_and_another_code_has_another(codes, queue, encrypt):
    event = create_event(encrypt())

    for repeated_event in (event, copy.deepcopy(event), create_event(encrypt())):
        codes.process(repeated_event)

    first, second, other = (message["id"] for _, message in queue.messages)
    assert first == second != other


@pytest.mark.parametrize("encrypted_code", ["CANARY", "no base64!", base64.b64encode(b"CANARY").decode()])
def test_message_that_cannot_be_decrypted_fails_without_a_word_of_it(codes, queue, log, encrypted_code):
    with pytest.raises(CodeNotQueuedError) as error:
        codes.process(create_event(encrypted_code))

    assert queue.messages == []
    assert "CANARY" not in log.getvalue() + str(error.value)
    assert error.value.__suppress_context__


def test_other_key_is_not_used(codes, queue, encrypt):
    with pytest.raises(CodeNotQueuedError):
        codes.process(create_event(encrypt(key=OTHER_KEY)))

    assert queue.messages == []


def test_changed_message_is_not_accepted(codes, queue, encrypt):
    message = bytearray(base64.b64decode(encrypt()))
    message[-150] ^= 1

    with pytest.raises(CodeNotQueuedError):
        codes.process(create_event(base64.b64encode(message).decode()))

    assert queue.messages == []


def test_failure_of_kms_or_the_queue_is_raised_so_that_lambda_tries_again(
    codes, kms, queue, encrypt, aws_error
):
    event = create_event(encrypt())
    kms.error = aws_error("ThrottlingException")
    with pytest.raises(CodeNotQueuedError, match=r"^DecryptKeyError$"):
        codes.process(event)
    kms.error, queue.error = None, EndpointConnectionError(endpoint_url="CANARY")
    with pytest.raises(CodeNotQueuedError, match=r"^EndpointConnectionError$"):
        codes.process(event)
    queue.error = None
    codes.process(event)

    assert len(queue.messages) == 1


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"triggerSource": "CustomSMSSender_SignUp"},
        create_event("x", "CustomSMSSender_Later"),
        create_event("x", "SignUp"),
        create_event("x", phone_number=""),
        create_event(None),
    ],
    ids=range(6),
)
def test_event_without_a_code_is_dropped(codes, queue, log, read_metrics, event):
    codes.process(event)

    assert queue.messages == []
    assert read_metrics() == ["CognitoCodesDropped"]
    assert "CANARY" not in log.getvalue()


def test_handler_returns_nothing(codes, queue, encrypt, monkeypatch):
    monkeypatch.setenv("SENDER_KEY_ARN", KEY)
    monkeypatch.setenv("CODE_QUEUE_URL", "https://queue")
    module = importlib.import_module("userprofiles.handlers.custom_sms_sender")
    monkeypatch.setattr(module, "CODES", codes)

    assert module.handler(create_event(encrypt()), None) is None
    assert len(queue.messages) == 1
