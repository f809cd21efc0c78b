"""The credentials of a Twilio account, as the secret describes them."""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from userprofiles.text_messages.secret_cache import SecretError

_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_KEY_SID = re.compile(r"SK[0-9a-fA-F]{32}")
_INVALID = "SecretIsInvalid"


@dataclass(frozen=True)
class TwilioCredentials:
    """Credentials for HTTP basic authentication.

    Twilio recommends an API key for production, because a single key can be revoked (Twilio, "Twilio API
    requests").

    Attributes:
        account_sid: The account that sends.
        user_name: SID of an API key, or the account SID.
        secret: Secret of the API key, or the account's auth token.
    """

    account_sid: str
    user_name: str
    secret: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The value of the header `Authorization`."""
        return "Basic " + base64.b64encode(f"{self.user_name}:{self.secret}".encode()).decode()


def parse_credentials(text: str) -> TwilioCredentials:
    """Parse a secret such as `{"accountSid": "AC…", "apiKeySid": "SK…", "secret": "…"}`.

    Raises:
        SecretError: The secret has another form.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise SecretError(_INVALID) from None
    if not isinstance(content, dict):
        raise SecretError(_INVALID)
    account_sid = _matching(_ACCOUNT_SID, content.get("accountSid"))
    key_sid = content.get("apiKeySid")
    user_name = account_sid if key_sid is None else _matching(_KEY_SID, key_sid)
    secret = content.get("secret")
    if not isinstance(secret, str) or not secret:
        raise SecretError(_INVALID)
    return TwilioCredentials(account_sid, user_name, secret)


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SecretError(_INVALID)
    return value
