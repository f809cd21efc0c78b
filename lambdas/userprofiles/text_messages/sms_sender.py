"""The interface of the services that send text messages."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class SendStatus(StrEnum):
    """What is certain after a call of a service."""

    ACCEPTED = "ACCEPTED"
    """The service accepted the message."""

    RETRY = "RETRY"
    """The service did not get the message, or refused it for now. Only this result permits another call."""

    UNKNOWN = "UNKNOWN"
    """The service may have accepted the message, so another call could send it twice."""

    REJECTED = "REJECTED"
    """The service did not accept the message, and would not accept it later."""


@dataclass(frozen=True)
class SendResult:
    """Result of a call.

    Attributes:
        status: What is certain.
        code: The service's error code, or the class of the error; it never repeats a value of the message.
        retry_after: Seconds that the service asks to wait; None if it names no time.
        provider_id: The service's ID of the accepted message.
    """

    status: SendStatus
    code: str = ""
    retry_after: float | None = None
    provider_id: str = ""


@dataclass(frozen=True)
class TextMessage:
    """A text message.

    Attributes:
        phone: The phone number, in E.164 form.
        text: The text, with the code.
        valid_seconds: Seconds after which the message is useless; at least 1.
    """

    phone: str = field(repr=False)
    text: str = field(repr=False)
    valid_seconds: int


class SmsSender(Protocol):
    """A service that sends text messages."""

    def send(self, message: TextMessage) -> SendResult:
        """Call the service once and return what is certain. Its errors are results, not exceptions."""
