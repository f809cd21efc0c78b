"""Encrypt a code or a password for a custom sender, in the format of the AWS Encryption SDK.

Messages that Cognito encrypted have this form (seen in the event in awslabs/aws-sdk-rust#1250): version 1 of
the format, the algorithm suite 0x0378, which has no key commitment, one data key of the provider ``aws-kms``,
and the encryption context ``userpool-id``. A function that decrypts with the SDK's default policy,
``REQUIRE_ENCRYPT_REQUIRE_DECRYPT``, therefore fails. The example in the Developer Guide uses
``REQUIRE_ENCRYPT_ALLOW_DECRYPT``.
"""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import Algorithm
from aws_encryption_sdk.key_providers.base import MasterKey, MasterKeyConfig
from aws_encryption_sdk.structures import DataKey, MasterKeyInfo

from pulumi_localaws.gateway.wire.root_client import RootClient

_ALGORITHM = Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384
_CONTEXT_KEY = "userpool-id"
_PROVIDER_ID = "aws-kms"

_GenerateDataKey = Callable[[int, dict[str, str]], dict[str, Any]]


class _PoolKeyConfig(MasterKeyConfig):  # type: ignore[misc] # the SDK has no types
    provider_id = _PROVIDER_ID


class _PoolKey(MasterKey):  # type: ignore[misc] # the SDK has no types
    """The pool's KMS key. Unlike the SDK's own class, it does not need a boto3 client.

    Attributes:
        call_kms: Calls GenerateDataKey with a number of bytes and an encryption context.
    """

    provider_id = _PROVIDER_ID
    _config_class = _PoolKeyConfig
    call_kms: _GenerateDataKey

    def _generate_data_key(self, algorithm: Algorithm, encryption_context: dict[str, str]) -> DataKey:
        response = self.call_kms(algorithm.kdf_input_len, encryption_context)
        return DataKey(
            key_provider=MasterKeyInfo(provider_id=self.provider_id, key_info=str(response["KeyId"])),
            data_key=base64.b64decode(response["Plaintext"]),
            encrypted_data_key=base64.b64decode(response["CiphertextBlob"]),
        )

    def _encrypt_data_key(self, *_: object) -> DataKey:
        raise NotImplementedError("the message has one key, which is generated")

    def _decrypt_data_key(self, *_: object) -> DataKey:
        raise NotImplementedError("only the function decrypts")


async def encrypt_secret(root_client: RootClient, *, key_arn: str, pool_id: str, secret: str) -> str:
    """Encrypt a secret with a pool's KMS key and return the message in base64.

    Args:
        root_client: Calls KMS.
        key_arn: The KMS key.
        pool_id: The pool, which is the encryption context.
        secret: The code or the temporary password.

    Raises:
        AwsError: KMS returned an error.
    """
    loop = asyncio.get_running_loop()

    def generate_data_key(number_of_bytes: int, encryption_context: dict[str, str]) -> dict[str, Any]:
        parameters = {
            "KeyId": key_arn,
            "NumberOfBytes": number_of_bytes,
            "EncryptionContext": encryption_context,
        }
        call = root_client.call_kms("GenerateDataKey", parameters, key_arn.split(":")[3])
        return asyncio.run_coroutine_threadsafe(call, loop).result()

    # The SDK is synchronous, so it runs in a thread and waits there for KMS.
    return await asyncio.to_thread(_encrypt, key_arn, pool_id, secret, generate_data_key)


def _encrypt(key_arn: str, pool_id: str, secret: str, generate_data_key: _GenerateDataKey) -> str:
    key = _PoolKey(key_id=key_arn)
    key.call_kms = generate_data_key
    client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
    message, _ = client.encrypt(
        source=secret.encode(),
        key_provider=key,
        encryption_context={_CONTEXT_KEY: pool_id},
        algorithm=_ALGORITHM,
    )
    return base64.b64encode(message).decode()
