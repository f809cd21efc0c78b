"""Decrypt the secrets in the events of custom senders, with the official AWS Encryption SDK."""

import base64
import functools
from typing import Any

import botocore.session
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.key_providers.kms import KMSMasterKey
from conformance_fake_cognito import ACCOUNT
from conformance_fake_emulator import FakeEmulator

KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0b6a1f1e-0000-4000-8000-000000000000"


@functools.cache
def _kms() -> Any:
    """Create the client once: it reads the service description, which takes longer than the decryption."""
    return botocore.session.Session().create_client(
        "kms", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def decrypt_secret(
    emulator: FakeEmulator,
    event: dict[str, Any],
    policy: CommitmentPolicy = CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT,
) -> str:
    """Return the code or the password in an event."""

    def decrypt(**parameters: Any) -> dict[str, Any]:
        plaintext, context = emulator.data_keys[parameters["CiphertextBlob"]]
        assert parameters["EncryptionContext"] == context
        assert context["userpool-id"] == event["userPoolId"]
        return {"Plaintext": plaintext, "KeyId": KEY}

    kms = _kms()
    kms.decrypt = decrypt
    plaintext, _ = EncryptionSDKClient(commitment_policy=policy).decrypt(
        source=base64.b64decode(event["request"]["code"]), key_provider=KMSMasterKey(key_id=KEY, client=kms)
    )
    return bytes(plaintext).decode()
