"""Which stream records are new users, and what a message contains."""

import json
from typing import Any

import pytest
from stream_records import EVENT, SUB, stream_record
from userprofiles.lifecycle.after_sign_up.sign_up_event import (
    InvalidRecordError,
    SignUpEvent,
    read_event,
    read_sequence_number,
)


def test_insert_of_an_account_is_an_event() -> None:
    event = read_event(EVENT["Records"][0])

    assert event == SignUpEvent("c4ca4238a0b923820dcc509a6f75849b", SUB, "sign_up")


def test_message_has_ids_only() -> None:
    event = read_event(stream_record())

    assert event is not None
    assert json.loads(event.to_json()) == {
        "eventId": "c4ca4238a0b923820dcc509a6f75849b",
        "sub": SUB,
        "createdBy": "sign_up",
    }


def test_record_that_is_delivered_again_has_the_same_event_id() -> None:
    first, second = read_event(stream_record(7)), read_event(stream_record(7))

    assert first == second
    assert first != read_event(stream_record(8))


@pytest.mark.parametrize("created_by", ["sign_up", "first_access", "reconciler", "admin", "import"])
def test_event_says_how_the_user_came_into_the_table(created_by: str) -> None:
    event = read_event(stream_record(created_by=created_by))

    assert event is not None
    assert event.created_by == created_by


def test_account_without_created_by_counts_as_imported() -> None:
    event = read_event(stream_record(created_by=None))

    assert event is not None
    assert event.created_by == "import"


@pytest.mark.parametrize(
    "other_record",
    [
        stream_record(event_name="MODIFY"),
        stream_record(event_name="REMOVE"),
        stream_record(SK="PROFILE#MAIN", entityType="USER_PROFILE"),
        stream_record(entityType="TOMBSTONE"),
        stream_record(PK="LEGACY#old#1", SK="LEGACY#MAIN", entityType="LEGACY"),
    ],
    ids=["change", "deletion", "profile", "tombstone", "other item"],
)
def test_other_records_are_no_events(other_record: Any) -> None:
    assert read_event(other_record) is None


def without(*path: str) -> Any:
    """Return a record without one of its parts."""
    changed_record: Any = stream_record()
    part = changed_record
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return changed_record


@pytest.mark.parametrize(
    ("invalid_record", "problem"),
    [
        ("text", "the record is not an object"),
        (without("dynamodb"), "the record has no new image"),
        (without("dynamodb", "NewImage"), "the record has no new image"),
        (without("eventID"), "the record has no eventID"),
        (without("dynamodb", "NewImage", "PK"), "the partition key is not that of a user"),
        (stream_record(PK="USER#"), "the partition key is not that of a user"),
        (stream_record(PK="USER#a#b"), "the partition key is not that of a user"),
        (stream_record(PK="canary@example.com"), "the partition key is not that of a user"),
        (stream_record(created_by="canary@example.com"), "createdBy has an unknown value"),
    ],
)
def test_invalid_record_is_reported_without_its_values(invalid_record: Any, problem: str) -> None:
    with pytest.raises(InvalidRecordError) as raised:
        read_event(invalid_record)

    assert str(raised.value) == problem


@pytest.mark.parametrize("invalid_record", [None, "text", {}, {"dynamodb": None}, {"dynamodb": {}}])
def test_record_without_sequence_number(invalid_record: Any) -> None:
    assert read_sequence_number(invalid_record) is None
