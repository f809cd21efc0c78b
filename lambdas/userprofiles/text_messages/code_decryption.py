"""Decrypts the codes that Cognito passes to a custom sender.

Cognito encrypts them in the message format of the AWS Encryption SDK, without key commitment. The example in
the Developer Guide has the same policy ("Custom sender Lambda triggers"). Only the function
`custom_sms_sender` imports this module, because only its zip contains the SDK (decision 40).
"""

import base64
from collections.abc import Callable
from typing import Any

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.key_providers.kms import KMSMasterKey
from botocore import exceptions as boto

Decrypt = Callable[[str], str]


class DecryptionError(Exception):
    """A code cannot be decrypted.

    Attributes:
        code: The class of the error.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def create_decrypt(client: Any, key_arn: str) -> Decrypt:
    """Return a function that decrypts a code in base64.

    Args:
        client: A botocore client of KMS.
        key_arn: The KMS key of the user pool. No other key is used, whatever a message names.
    """
    sdk = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
    key = KMSMasterKey(key_id=key_arn, client=client)

    def decrypt(encrypted_code: str) -> str:
        try:
            code, _ = sdk.decrypt(source=base64.b64decode(encrypted_code, validate=True), key_provider=key)
            return bytes(code).decode()
        # A ValueError is an invalid base64 or UTF-8 text.
        except (AWSEncryptionSDKClientError, boto.BotoCoreError, boto.ClientError, ValueError) as error:
            raise DecryptionError(type(error).__name__) from None

    return decrypt
