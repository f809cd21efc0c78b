"""Delivery of new users to the queues of targets, at least once.

A failing target never affects the others: after a few attempts, its events go to the dead-letter queue of
the reader, with the name of the target. Only if that queue fails too, the records are reported to Lambda,
which delivers them again.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from userprofiles import aws, settings
from userprofiles.lifecycle.after_sign_up.sign_up_event import (
    InvalidRecordError,
    SignUpEvent,
    read_event,
    read_sequence_number,
)
from userprofiles.settings import SettingsError
from userprofiles.telemetry import Report, error_code

# Most messages that SQS accepts in one call (Amazon SQS API Reference, "SendMessageBatch").
_BATCH_SIZE = 10

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1


@dataclass(frozen=True)
class Target:
    """A queue that new users are sent to.

    Attributes:
        name: Name of the target.
        queue_url: Its queue.
        created_by: Which users it gets: values of `createdBy`.
    """

    name: str
    queue_url: str
    created_by: frozenset[str]


@dataclass(frozen=True)
class UnsentMessages:
    """Messages that SQS did not accept.

    Attributes:
        indexes: Their positions in the list of messages.
        error: The last error code; empty if there are none.
    """

    indexes: list[int]
    error: str


class MessageSender:
    """Sends messages to queues in batches.

    Args:
        client: A botocore client of SQS.
        sleep: Waits between attempts.
    """

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def send(self, queue_url: str, bodies: Sequence[str]) -> UnsentMessages:
        """Send messages. After a call that failed as a whole, no further call is made.

        Returns:
            The messages that SQS did not accept, or for which the result is unknown.
        """
        unsent: list[int] = []
        error = ""
        for start in range(0, len(bodies), _BATCH_SIZE):
            batch = {str(index): bodies[index] for index in range(len(bodies))[start : start + _BATCH_SIZE]}
            try:
                code = self._send_batch(queue_url, batch)
            except Exception as failure:  # noqa: BLE001  (the caller reports the code)
                return UnsentMessages([*unsent, *range(start, len(bodies))], error_code(failure))
            unsent += [int(key) for key in batch]
            error = code or error
        return UnsentMessages(unsent, error)

    def _send_batch(self, queue_url: str, batch: dict[str, str]) -> str:
        """Send one batch, and remove the accepted messages from it; return the error code of the others.

        A call can succeed although SQS rejects some of its messages.
        """
        code = ""
        for attempt in range(_ATTEMPTS):
            response = self._client.send_message_batch(
                QueueUrl=queue_url,
                Entries=[{"Id": key, "MessageBody": body} for key, body in batch.items()],
            )
            for entry in response.get("Successful", []):
                batch.pop(entry["Id"], None)
            if not batch:
                return ""
            code = next((str(entry.get("Code")) for entry in response.get("Failed", [])), "NoResult")
            if attempt + 1 < _ATTEMPTS:
                self._sleep(_FIRST_PAUSE_S * 2**attempt)
        return code


class SignUpDelivery:
    """Delivers new users to targets.

    Args:
        sender: Sends messages.
        targets: The targets.
        dead_letter_queue_url: The queue for events that a target's queue does not accept.
        report: Log lines and metrics.
    """

    def __init__(
        self, sender: MessageSender, targets: Sequence[Target], dead_letter_queue_url: str, report: Report
    ) -> None:
        self._sender = sender
        self._targets = targets
        self._dead_letter_queue_url = dead_letter_queue_url
        self._report = report

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], report: Report) -> Self:
        """Create the delivery from a function's environment.

        Args:
            environment: AFTER_SIGN_UP_TARGETS and DEAD_LETTER_QUEUE_URL.
            report: Log lines and metrics.

        Raises:
            userprofiles.settings.SettingsError: The environment is wrong. The records stay in the stream.
        """
        targets = parse_targets(settings.required(environment, "AFTER_SIGN_UP_TARGETS"))
        dead_letter_queue_url = settings.required(environment, "DEAD_LETTER_QUEUE_URL")
        sender = MessageSender(aws.client("sqs", read_s=2, attempts=2))
        return cls(sender, targets, dead_letter_queue_url, report)

    def deliver(self, stream_records: Iterable[Any]) -> list[str]:
        """Send the events of a batch of stream records. An invalid record is logged and skipped.

        Returns:
            Sequence numbers of the records that Lambda must deliver again.
        """
        events = self._read_events(stream_records)
        undelivered: set[str] = set()
        for target in self._targets:
            undelivered |= self._deliver_to(target, [e for e in events if e.created_by in target.created_by])
        return [number for event, number in events.items() if event.event_id in undelivered]

    def _read_events(self, stream_records: Iterable[Any]) -> dict[SignUpEvent, str]:
        """Return the event of each valid record, with the record's sequence number."""
        events: dict[SignUpEvent, str] = {}
        for stream_record in stream_records:
            sequence_number = read_sequence_number(stream_record)
            try:
                event = read_event(stream_record)
            except InvalidRecordError as error:
                self._report.error(
                    "invalid stream record skipped",
                    metric="AfterSignUpPoison",
                    sequenceNumber=sequence_number,
                    problem=str(error),
                )
                continue
            if event is not None:
                events[event] = sequence_number or ""
        return events

    def _deliver_to(self, target: Target, events: Sequence[SignUpEvent]) -> set[str]:
        """Send events to one target, else to the dead-letter queue; return the IDs of the others."""
        unsent = self._sender.send(target.queue_url, [event.to_json() for event in events])
        if events:
            self._report.info(
                "new users sent to a target", target=target.name, count=len(events) - len(unsent.indexes)
            )
        if not unsent.indexes:
            return set()
        unsent_events = [events[index] for index in unsent.indexes]
        self._report.warning(
            "a target's queue did not accept events; they go to the dead-letter queue",
            metric="AfterSignUpUndelivered",
            target=target.name,
            count=len(unsent_events),
            error=unsent.error,
        )
        bodies = [event.to_json(target=target.name) for event in unsent_events]
        lost = self._sender.send(self._dead_letter_queue_url, bodies)
        if lost.indexes:
            self._report.error(
                "the dead-letter queue did not accept events; Lambda must deliver the records again",
                target=target.name,
                count=len(lost.indexes),
                error=lost.error,
            )
        return {unsent_events[index].event_id for index in lost.indexes}


def parse_targets(text: str) -> tuple[Target, ...]:
    """Parse AFTER_SIGN_UP_TARGETS, a JSON list of objects with `name`, `queueUrl` and `createdBy`.

    Raises:
        userprofiles.settings.SettingsError: The text is not such a list.
    """
    try:
        return tuple(
            Target(str(item["name"]), str(item["queueUrl"]), frozenset(map(str, item["createdBy"])))
            for item in json.loads(text)
        )
    except (ValueError, TypeError, KeyError):
        raise SettingsError(
            "AFTER_SIGN_UP_TARGETS must be a JSON list of objects with name, queueUrl and createdBy."
        ) from None
