"""Sends the messages of the code queue, each at most once.

The order of the steps, and what a failure in between means:

1. Expired messages, decoys and numbers without an allowed country are dropped.
2. The message is claimed, then counted. If DynamoDB fails, SQS delivers the message again.
3. The service is called. Only a result that rules out a sent message permits another call: after a short wait
   in this invocation, or after the next delivery. After any other result, or if the process is killed, the
   message stays claimed and no delivery sends it.
"""

import math
import random
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from userprofiles.deadline import DeadlineExceededError, DeadlineRunner, TooManyAbandonedCallsError
from userprofiles.telemetry import Report, error_code
from userprofiles.text_messages.code_message import CodeMessage, InvalidCodeMessageError, parse_message
from userprofiles.text_messages.code_text import CodeTexts
from userprofiles.text_messages.destination import find_country
from userprofiles.text_messages.message_claims import AlreadyClaimedError, Claim, MessageClaims
from userprofiles.text_messages.message_limits import MessageLimits
from userprofiles.text_messages.sms_sender import SendResult, SendStatus, SmsSender, TextMessage

SEND_SECONDS = 5.0
"""Seconds for one call of the service. The function's time-out is longer than twice this."""

_RESERVE_SECONDS = 1.0  # for the calls of DynamoDB after the service has answered
_FIRST_DELAY = 0.5
_MAX_CALLS = 4
_NO_TIME = "NoTimeLeft"


class MessageNotSentError(Exception):
    """SQS must deliver the message again. The text is an error code."""


@dataclass(frozen=True)
class Clock:
    """The time, and how to wait.

    Attributes:
        now: Returns epoch seconds.
        sleep: Waits for a number of seconds.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class MessageWorker:
    """Sends messages.

    Args:
        sender: The service.
        claims: The claims of messages.
        limits: The limits of messages per number range and country.
        texts: The texts.
        allowed_countries: ISO codes of the countries that get messages; empty to allow all.
        report: Log lines and metrics.
        clock: The time.
    """

    def __init__(
        self,
        *,
        sender: SmsSender,
        claims: MessageClaims,
        limits: MessageLimits,
        texts: CodeTexts,
        allowed_countries: Collection[str],
        report: Report,
        clock: Clock | None = None,
    ) -> None:
        self._sender = sender
        self._claims = claims
        self._limits = limits
        self._texts = texts
        self._allowed_countries = allowed_countries
        self._report = report
        self._clock = clock or Clock()
        self._runner = DeadlineRunner()

    def process(self, body: object, remaining: Callable[[], float]) -> None:
        """Send one message of the queue, or drop it.

        Args:
            body: The body of the message.
            remaining: Returns the seconds until the function's time-out.

        Raises:
            MessageNotSentError: SQS must deliver the message again.
        """
        try:
            message = parse_message(body)
        except InvalidCodeMessageError as error:
            self._report.error("invalid message dropped", metric="MessagesInvalid", problem=str(error))
            return
        country = self._find_destination(message)
        if country is None:
            return
        if not _is_in_time(remaining):
            raise MessageNotSentError(_NO_TIME)
        try:
            claim = self._claims.claim(message.id, round(self._clock.now()))
        except AlreadyClaimedError:
            # The owner of the claim deletes the message, or lets the next delivery send it.
            self._report.info("message is claimed by another delivery", messageId=message.id)
            self._report.count("MessagesRepeated")
            raise MessageNotSentError("AlreadyClaimed") from None
        except Exception as error:  # noqa: BLE001  (reported by its code)
            raise self._not_sent(message, error_code(error)) from None
        if self._is_within_limits(message, claim, country):
            self._send(message, claim, remaining)

    def _find_destination(self, message: CodeMessage) -> str | None:
        """Return the country of a message that must be sent, or None for one that must be dropped."""
        if message.is_decoy:
            return None
        if message.expires_at <= self._clock.now():
            self._report.warning("expired message dropped", metric="MessagesExpired", messageId=message.id)
            return None
        country = find_country(message.phone)
        if country is None or (self._allowed_countries and country not in self._allowed_countries):
            self._report.warning(
                "message to a number that is not allowed dropped",
                metric="MessagesRefused",
                messageId=message.id,
                country=country,
            )
            return None
        return country

    def _is_within_limits(self, message: CodeMessage, claim: Claim, country: str) -> bool:
        if claim.is_counted:
            return True
        try:
            limit = self._limits.count(message.phone, country, round(self._clock.now()))
        except Exception as error:  # noqa: BLE001  (reported by its code)
            self._release(claim, not_before=0, is_counted=False)
            raise self._not_sent(message, error_code(error)) from None
        if limit is not None:
            self._report.warning(
                "limit of messages reached, message dropped",
                metric="MessagesLimited",
                messageId=message.id,
                limit=limit,
                country=country,
            )
        return limit is None

    def _send(self, message: CodeMessage, claim: Claim, remaining: Callable[[], float]) -> None:
        if not _is_in_time(remaining):
            # DynamoDB was slow. A call that the function's time-out ends would have an unknown result.
            self._release(claim, not_before=0, is_counted=True)
            raise self._not_sent(message, _NO_TIME)
        result = self._call(message)
        for number in range(1, _MAX_CALLS):
            delay = _choose_delay(result, number)
            is_valid = self._clock.now() + delay < message.expires_at
            if result.status is not SendStatus.RETRY or not (is_valid and _is_in_time(remaining, delay)):
                break
            self._clock.sleep(delay)
            result = self._call(message)
        if result.status is SendStatus.RETRY:
            not_before = math.ceil(self._clock.now() + result.retry_after) if result.retry_after else 0
            self._release(claim, not_before=not_before, is_counted=True)
            raise self._not_sent(message, result.code)
        self._report_result(message, result)

    def _call(self, message: CodeMessage) -> SendResult:
        valid_seconds = max(1, int(message.expires_at - self._clock.now()))
        text_message = TextMessage(message.phone, self._texts.write(message), valid_seconds)
        try:
            return self._runner.run(lambda: self._sender.send(text_message), SEND_SECONDS)
        except TooManyAbandonedCallsError as error:
            return SendResult(SendStatus.RETRY, type(error).__name__)
        except DeadlineExceededError as error:
            return SendResult(SendStatus.UNKNOWN, type(error).__name__)
        except Exception as error:  # noqa: BLE001  (the service may have accepted the message)
            return SendResult(SendStatus.UNKNOWN, error_code(error))

    def _report_result(self, message: CodeMessage, result: SendResult) -> None:
        if result.status is SendStatus.ACCEPTED:
            self._report.info("message sent", messageId=message.id, providerId=result.provider_id)
            self._report.count("MessagesSent")
        elif result.status is SendStatus.REJECTED:
            self._report.error(
                "message rejected", metric="MessagesRejected", messageId=message.id, error=result.code
            )
        else:
            self._report.error(
                "message may have been sent; not repeated",
                metric="MessagesUncertain",
                messageId=message.id,
                error=result.code,
            )

    def _release(self, claim: Claim, *, not_before: int, is_counted: bool) -> None:
        try:
            self._claims.release(claim, not_before=not_before, is_counted=is_counted)
        except Exception as error:  # noqa: BLE001  (the message stays claimed: no delivery sends it)
            self._report.error(
                "claim not released; the message is not sent",
                metric="MessagesUncertain",
                messageId=claim.message_id,
                error=error_code(error),
            )

    def _not_sent(self, message: CodeMessage, code: str) -> MessageNotSentError:
        self._report.warning(
            "message not sent yet", metric="MessagesRetried", messageId=message.id, error=code
        )
        return MessageNotSentError(code)


def _is_in_time(remaining: Callable[[], float], delay: float = 0) -> bool:
    """Return whether a call of the service after a delay ends before the function's time-out."""
    return remaining() >= delay + SEND_SECONDS + _RESERVE_SECONDS


def report_unexpected_errors(errors: Iterable[BaseException | None], report: Report) -> None:
    """Log the errors that the worker hasn't logged: the batch processor doesn't log them."""
    for error in errors:
        if error is not None and not isinstance(error, MessageNotSentError):
            report.error("unexpected error", metric="MessagesRetried", error=error_code(error))


def _choose_delay(result: SendResult, number: int) -> float:
    """Return the seconds to wait: what the service asks for and a little more, else with full jitter."""
    if result.retry_after is not None:
        return result.retry_after + random.uniform(0, _FIRST_DELAY)  # noqa: S311  (not for cryptography)
    return random.uniform(0, _FIRST_DELAY * 2**number)  # noqa: S311  (not for cryptography)
