"""Messages of the code queue: a code that must be sent to a phone number.

Only the queue holds codes in plain text: it is encrypted with KMS and keeps a message for 180 seconds.
The phone number and the code are not in the text of an object or of an error, so they cannot get into a log
line.
"""

import json
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION = 1
VALID_SECONDS = 180
"""Seconds that a sign-in code is valid, and that the queue keeps a message."""

_MAX_BODY = 2_000
_MAX_ID = 128
_MAX_CODE = 256  # Cognito's temporary passwords are sent too
_MAX_LOCALE = 64


class Purpose(StrEnum):
    """What a code is for."""

    SIGN_IN = "SIGN_IN"
    SIGN_UP = "SIGN_UP"
    RESET = "RESET"
    VERIFY = "VERIFY"
    INVITATION = "INVITATION"
    """The code is a temporary password."""


class InvalidCodeMessageError(ValueError):
    """The body is not a message of the code queue. The text repeats nothing of the body."""


@dataclass(frozen=True)
class CodeMessage:
    """A code that must be sent.

    Attributes:
        id: The sender sends one message for each ID. A code that is queued twice has the same ID.
        purpose: What the code is for.
        phone: The phone number, in E.164 form. For a decoy it can be any text.
        code: The code.
        expires_at: The time from which the message must not be sent any more, in epoch seconds.
        is_decoy: Whether the sender must drop the message. Decoys let an unknown user take the same calls of
            AWS as a known one.
        locale: The user's language, such as `de-CH`; None for the default text.
    """

    id: str
    purpose: Purpose
    phone: str = field(repr=False)
    code: str = field(repr=False)
    expires_at: int
    is_decoy: bool = False
    locale: str | None = None

    def to_json(self) -> str:
        """Return the body of the message."""
        content = {
            "version": VERSION,
            "id": self.id,
            "purpose": str(self.purpose),
            "phone": self.phone,
            "code": self.code,
            "expiresAt": self.expires_at,
            "decoy": self.is_decoy,
        }
        # Users write their locale. A long one would make the message invalid, and its code would be lost.
        has_locale = self.locale is not None and len(self.locale) <= _MAX_LOCALE
        return json.dumps(content | {"locale": self.locale} if has_locale else content)


def create_message_id() -> str:
    """Return a new random ID with 128 bits."""
    return secrets.token_urlsafe(16)


def parse_message(body: Any) -> CodeMessage:
    """Parse the body of a message.

    Raises:
        InvalidCodeMessageError: The body is not a valid message of the code queue.
    """
    try:
        content = json.loads(body) if isinstance(body, str) and len(body) <= _MAX_BODY else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise InvalidCodeMessageError(
            f"the body must be a JSON object of at most {_MAX_BODY:,} characters with version {VERSION}"
        )
    locale = content.get("locale")
    return CodeMessage(
        id=_text(content, "id", _MAX_ID),
        purpose=_purpose(content.get("purpose")),
        phone=_text(content, "phone", _MAX_BODY),
        code=_text(content, "code", _MAX_CODE),
        expires_at=_seconds(content.get("expiresAt")),
        is_decoy=content.get("decoy") is not False,
        locale=locale if isinstance(locale, str) and len(locale) <= _MAX_LOCALE else None,
    )


def _text(content: dict[str, Any], name: str, maximum: int) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= maximum:
        raise InvalidCodeMessageError(f"{name} must be a text of 1 to {maximum:,} characters")
    return value


def _purpose(value: Any) -> Purpose:
    try:
        return Purpose(value)
    except ValueError:
        raise InvalidCodeMessageError(f"purpose must be one of {', '.join(Purpose)}") from None


def _seconds(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidCodeMessageError("expiresAt must be a whole number of epoch seconds")
    return value


class CodeQueue:
    """Sends messages to the code queue.

    Args:
        client: A botocore client of SQS.
        queue_url: The code queue.
    """

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, message: CodeMessage) -> None:
        """Send a message.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: The message was not sent, or
            the result is unknown.
        """
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=message.to_json())
