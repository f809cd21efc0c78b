"""MACs of phone numbers and codes, computed by KMS.

The key never leaves KMS, so a copy of the table reveals neither phone numbers nor codes: without the key,
nobody can compute the MACs of all codes. KMS gets the SHA-256 of a text, so only the queue's message contains
a code. CloudTrail records neither ("Logging AWS KMS API calls", GenerateMac, in the developer guide).

KMS counts GenerateMac to the quota of symmetric cryptographic operations ("Request quotas", same guide).
"""

import base64
import hashlib
from typing import Any

from userprofiles.phone_sign_in.code_errors import unavailable_codes

_KEY_PREFIX = "PHONE#"


class MacKey:
    """A KMS key of the type HMAC_256.

    Args:
        client: A botocore client of KMS.
        key_id: ID or ARN of the key.
    """

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def item_key(self, identity: str) -> str:
        """Return the partition key of the item of a phone number, or of another identity.

        Raises:
            CodesUnavailableError: KMS did not answer.
        """
        return _KEY_PREFIX + self.compute("phone", identity)

    def code_mac(self, claim_id: str, item_key: str, code: str) -> str:
        """Return the MAC of a code. It fits one claim of one phone number.

        Raises:
            CodesUnavailableError: KMS did not answer.
        """
        return self.compute("code", claim_id, item_key, code)

    def compute(self, purpose: str, *parts: str) -> str:
        """Return a MAC in base64url without padding.

        Args:
            purpose: What the MAC is for. MACs with another purpose differ.
            parts: The texts. Only the last one may contain a vertical bar.

        Raises:
            CodesUnavailableError: KMS did not answer.
        """
        digest = hashlib.sha256("|".join((purpose, *parts)).encode()).digest()
        with unavailable_codes():
            response = self._client.generate_mac(
                KeyId=self._key_id, MacAlgorithm="HMAC_SHA_256", Message=digest
            )
        return base64.urlsafe_b64encode(response["Mac"]).rstrip(b"=").decode()
