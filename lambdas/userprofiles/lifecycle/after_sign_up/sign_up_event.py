"""The event of a new user: read from a stream record of the users table, sent as a message.

A stream record contains the whole account, so it is never logged. A message contains IDs only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.table import record
from userprofiles.table.record import CREATED_BY, ENTITY_TYPES, SORT_KEYS, USER_PREFIX

# Accounts that an import wrote before accounts had `createdBy`.
_WITHOUT_CREATED_BY = "import"


class InvalidRecordError(ValueError):
    """A stream record is not valid, so no later attempt can succeed. The message has no value of it."""


@dataclass(frozen=True)
class SignUpEvent:
    """A new user.

    Attributes:
        event_id: ID of the stream record: "A globally unique identifier for the event that was recorded in
            this stream record" (Amazon DynamoDB API Reference, "Record"). A record that is delivered again
            has the same ID.
        sub: The user's sub.
        created_by: How the user came into the table, one of `record.CREATED_BY`.
    """

    event_id: str
    sub: str
    created_by: str

    def to_json(self, **further_fields: str) -> str:
        """Return the body of the message."""
        fields = {"eventId": self.event_id, "sub": self.sub, "createdBy": self.created_by}
        return json.dumps(fields | further_fields)


def read_event(stream_record: Any) -> SignUpEvent | None:
    """Return the event of a stream record; None if the record is not the insert of a user's account.

    Raises:
        InvalidRecordError: The record is the insert of an account, but a part of it is missing or wrong.
    """
    image = _new_image(stream_record)
    if image is None:
        return None
    partition_key = _text(image, "PK") or ""
    sub = partition_key.removeprefix(USER_PREFIX)
    if not partition_key.startswith(USER_PREFIX) or not record.is_sub(sub):
        raise InvalidRecordError("the partition key is not that of a user")
    created_by = _text(image, "createdBy") if "createdBy" in image else _WITHOUT_CREATED_BY
    if created_by not in CREATED_BY:
        raise InvalidRecordError("createdBy has an unknown value")
    event_id = stream_record.get("eventID")
    if not isinstance(event_id, str) or not event_id:
        raise InvalidRecordError("the record has no eventID")
    return SignUpEvent(event_id, sub, str(created_by))


def read_sequence_number(stream_record: Any) -> str | None:
    """Return the sequence number of a stream record; None if it has none."""
    change = stream_record.get("dynamodb") if isinstance(stream_record, Mapping) else None
    number = change.get("SequenceNumber") if isinstance(change, Mapping) else None
    return number if isinstance(number, str) else None


def _new_image(stream_record: Any) -> Mapping[str, Any] | None:
    """Return the new account in a record; None if the record is something else, such as a tombstone."""
    if not isinstance(stream_record, Mapping):
        raise InvalidRecordError("the record is not an object")
    if stream_record.get("eventName") != "INSERT":
        return None
    change = stream_record.get("dynamodb")
    image = change.get("NewImage") if isinstance(change, Mapping) else None
    if not isinstance(image, Mapping):
        raise InvalidRecordError("the record has no new image")
    is_account = (
        _text(image, "SK") == SORT_KEYS["account"] and _text(image, "entityType") == ENTITY_TYPES["account"]
    )
    return image if is_account else None


def _text(image: Mapping[str, Any], name: str) -> str | None:
    value = image.get(name)
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else None
