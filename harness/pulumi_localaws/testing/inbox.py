"""The e-mails and text messages that were sent during one test."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.testing.polling import wait_for

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True)
class Message:
    """A message.

    Attributes:
        kind: ``email`` or ``sms``.
        to: The addresses, or the phone number.
        subject: The subject; empty for a text message.
        text: The text. For an e-mail without a plain text, its HTML.
        time: The time at which it was sent, in seconds since 1970.
    """

    kind: str
    to: tuple[str, ...]
    subject: str
    text: str
    time: float

    @property
    def code(self) -> str:
        """The first number with six digits in the text."""
        match = _CODE.search(self.text)
        if match is None:
            raise LocalAwsError(
                f"The message to {', '.join(self.to)} has no code of six digits: {self.text!r}"
            )
        return match[0]


class Inbox:
    """The messages since a time.

    Args:
        read_emails: Returns the e-mails as the local AWS stores them.
        read_text_messages: Returns the text messages, with ``number``, ``text`` and ``time``.
        since: The time. Default: now.
    """

    def __init__(
        self,
        read_emails: Callable[[], list[dict[str, Any]]],
        read_text_messages: Callable[[], list[Any]],
        since: float | None = None,
    ) -> None:
        self._read_emails = read_emails
        self._read_text_messages = read_text_messages
        self._since = time.time() if since is None else since

    def messages(self, to: str | None = None) -> list[Message]:
        """Return the messages, the oldest first.

        Args:
            to: The address or phone number of the messages. Default: all.
        """
        emails = [
            Message(
                kind="email",
                to=(*record["To"], *record.get("CC", ()), *record.get("BCC", ())),
                subject=record["Subject"],
                text=record["BodyText"] or record["BodyHtml"],
                time=record["Timestamp"],
            )
            for record in self._read_emails()
        ]
        texts = [
            Message(kind="sms", to=(record.number,), subject="", text=record.text, time=record.time)
            for record in self._read_text_messages()
        ]
        messages = [message for message in (*emails, *texts) if message.time >= self._since]
        if to is not None:
            address = to.lower()
            messages = [message for message in messages if address in (entry.lower() for entry in message.to)]
        return sorted(messages, key=lambda message: message.time)

    def wait_for(self, to: str, *, count: int = 1, timeout: float = 10.0) -> Message:
        """Return a message to an address as soon as it exists.

        Args:
            to: The address or phone number.
            count: Wait for this number of messages to the address, and return the last of them.
            timeout: Seconds after which the wait fails.

        Raises:
            LocalAwsError: There are fewer messages.
        """

        def describe() -> str:
            receivers = sorted({entry for message in self.messages() for entry in message.to})
            return (
                f"The inbox has {len(self.messages(to))} messages to {to} instead of {count}."
                f" Receivers in this test: {', '.join(receivers) or 'none'}"
            )

        return wait_for(lambda: self.messages(to)[count - 1 :], timeout=timeout, describe=describe)[0]
