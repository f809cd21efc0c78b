"""Delivery of new users to queues: at least once, and no target affects another."""

import contextvars
import importlib
import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from stream_records import SUB, stream_record
from userprofiles import telemetry
from userprofiles.lifecycle.after_sign_up.sign_up_delivery import (
    MessageSender,
    SignUpDelivery,
    Target,
    parse_targets,
)
from userprofiles.settings import SettingsError
from userprofiles.telemetry import Report

DEAD_LETTERS = "https://sqs/dead-letters"
SELF_REGISTERED = frozenset({"sign_up", "first_access"})
MAIL = Target("mail", "https://sqs/mail", SELF_REGISTERED)
CRM = Target("crm", "https://sqs/crm", SELF_REGISTERED)


class FakeSqs:
    """A client of SQS that can reject calls, or single messages."""

    def __init__(self) -> None:
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.batch_sizes: list[int] = []
        self.broken_queues: dict[str, Exception] = {}
        self.rejections: dict[str, int] = {}
        """Text in a message -> how often the message is rejected."""

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.batch_sizes.append(len(Entries))
        if QueueUrl in self.broken_queues:
            raise self.broken_queues[QueueUrl]
        accepted = [entry for entry in Entries if not self._is_rejected(entry["MessageBody"])]
        self.messages.setdefault(QueueUrl, []).extend(json.loads(entry["MessageBody"]) for entry in accepted)
        return {
            "Successful": [{"Id": entry["Id"]} for entry in accepted],
            "Failed": [
                {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}
                for entry in Entries
                if entry not in accepted
            ],
        }

    def _is_rejected(self, body: str) -> bool:
        for text, count in self.rejections.items():
            if text in body and count:
                self.rejections[text] = count - 1
                return True
        return False

    def event_ids(self, queue_url: str) -> list[str]:
        return [message["eventId"] for message in self.messages.get(queue_url, [])]


@pytest.fixture
def sqs() -> FakeSqs:
    return FakeSqs()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def create_delivery(sqs: FakeSqs, report: Report, pauses: list[float]) -> Callable[..., SignUpDelivery]:
    """Return a function that creates the delivery to some targets."""
    sender = MessageSender(sqs, pauses.append)
    return lambda *targets: SignUpDelivery(sender, targets, DEAD_LETTERS, report)


def read_log(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_each_target_gets_the_event(create_delivery: Any, sqs: FakeSqs) -> None:
    failures = create_delivery(MAIL, CRM).deliver([stream_record()])

    message = {"eventId": "c4ca4238a0b923820dcc509a6f75849b", "sub": SUB, "createdBy": "sign_up"}
    assert failures == []
    assert sqs.messages == {MAIL.queue_url: [message], CRM.queue_url: [message]}


def test_record_that_is_delivered_again_sends_the_same_event_id(create_delivery: Any, sqs: FakeSqs) -> None:
    delivery = create_delivery(MAIL)

    delivery.deliver([stream_record(1)])
    delivery.deliver([stream_record(1), stream_record(2)])

    assert sqs.event_ids(MAIL.queue_url) == ["event-1", "event-1", "event-2"]


def test_target_gets_only_the_users_of_its_list(create_delivery: Any, sqs: FakeSqs) -> None:
    everyone = Target("all", "https://sqs/all", frozenset({"sign_up", "admin", "import"}))
    records = [
        stream_record(1),
        stream_record(2, created_by="admin"),
        stream_record(3, created_by="import"),
        stream_record(4, created_by=None),
        stream_record(5, created_by="first_access"),
        stream_record(6, created_by="reconciler"),
    ]

    create_delivery(MAIL, everyone).deliver(records)

    assert sqs.event_ids(MAIL.queue_url) == ["event-1", "event-5"]
    assert sqs.event_ids(everyone.queue_url) == ["event-1", "event-2", "event-3", "event-4"]


def test_erasure_of_a_user_delivers_nothing(create_delivery: Any, sqs: FakeSqs) -> None:
    tombstone = stream_record(1, entityType="TOMBSTONE")
    replaced = stream_record(2, entityType="TOMBSTONE", event_name="MODIFY")

    assert create_delivery(MAIL).deliver([tombstone, replaced]) == []
    assert sqs.messages == {}


def test_batch_of_100_records_is_sent_in_calls_of_10(create_delivery: Any, sqs: FakeSqs) -> None:
    create_delivery(MAIL).deliver([stream_record(number) for number in range(1, 101)])

    assert sqs.batch_sizes == [10] * 10
    assert sqs.event_ids(MAIL.queue_url) == [f"event-{number}" for number in range(1, 101)]


def test_rejected_message_of_a_batch_is_sent_again_alone(
    create_delivery: Any, sqs: FakeSqs, pauses: list[float]
) -> None:
    sqs.rejections = {"event-3": 2}

    failures = create_delivery(MAIL).deliver([stream_record(number) for number in range(1, 6)])

    assert failures == []
    assert sqs.batch_sizes == [5, 1, 1]
    assert sorted(sqs.event_ids(MAIL.queue_url)) == [f"event-{number}" for number in range(1, 6)]
    assert pauses == [0.1, 0.2]


def test_message_that_is_always_rejected_goes_to_the_dead_letter_queue(
    create_delivery: Any, sqs: FakeSqs
) -> None:
    sqs.rejections = {"event-3": 3}

    failures = create_delivery(MAIL).deliver([stream_record(number) for number in range(1, 25)])

    assert failures == []
    assert len(sqs.messages[MAIL.queue_url]) == 23
    assert sqs.messages[DEAD_LETTERS] == [
        {"eventId": "event-3", "sub": "user-3", "createdBy": "sign_up", "target": "mail"}
    ]


def test_message_without_a_result_is_not_lost(create_delivery: Any, sqs: FakeSqs) -> None:
    """A message that the response names neither as successful nor as failed was not sent."""
    answers = iter([{}, {}, {}])
    original = sqs.send_message_batch

    def answer(**call: Any) -> dict[str, Any]:
        return next(answers) if call["QueueUrl"] == MAIL.queue_url else original(**call)

    sqs.send_message_batch = answer  # type: ignore[method-assign]

    create_delivery(MAIL).deliver([stream_record(1)])

    assert sqs.event_ids(DEAD_LETTERS) == ["event-1"]


def test_failing_target_does_not_affect_the_other(
    create_delivery: Any, sqs: FakeSqs, aws_error: Any, log: io.StringIO
) -> None:
    sqs.broken_queues = {MAIL.queue_url: aws_error("AWS.SimpleQueueService.NonExistentQueue")}
    records = [stream_record(number) for number in range(1, 31)]

    failures = create_delivery(MAIL, CRM).deliver(records)

    expected = [f"event-{number}" for number in range(1, 31)]
    assert failures == []
    assert sqs.event_ids(CRM.queue_url) == expected
    assert sqs.event_ids(DEAD_LETTERS) == expected
    assert {message["target"] for message in sqs.messages[DEAD_LETTERS]} == {"mail"}
    assert sqs.batch_sizes == [10] * 7, "one call to the failing target"
    [warning] = [line for line in read_log(log) if line["level"] == "WARNING"]
    assert (warning["target"], warning["count"]) == ("mail", 30)
    assert warning["error"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_time_out_of_a_target_is_handed_over(create_delivery: Any, sqs: FakeSqs) -> None:
    sqs.broken_queues = {MAIL.queue_url: TimeoutError("a message with CANARY values")}

    assert create_delivery(MAIL).deliver([stream_record(1)]) == []
    assert sqs.event_ids(DEAD_LETTERS) == ["event-1"]


def test_records_are_delivered_again_only_if_the_dead_letter_queue_fails_too(
    create_delivery: Any, sqs: FakeSqs
) -> None:
    sqs.broken_queues = {MAIL.queue_url: OSError(), DEAD_LETTERS: OSError()}

    failures = create_delivery(MAIL, CRM).deliver([stream_record(1), stream_record(2, created_by="admin")])

    assert failures == ["1001"]
    assert sqs.event_ids(CRM.queue_url) == ["event-1"]


def test_invalid_record_is_logged_by_its_sequence_number_and_skipped(
    create_delivery: Any, sqs: FakeSqs, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    invalid = stream_record(1, PK="canary@example.com")

    failures = create_delivery(MAIL).deliver([invalid, "text", stream_record(2)])

    problems = [
        (line.get("sequenceNumber"), line["problem"]) for line in read_log(log) if line["level"] == "ERROR"
    ]
    assert failures == []
    assert problems == [
        ("1001", "the partition key is not that of a user"),
        (None, "the record is not an object"),
    ]
    assert sqs.event_ids(MAIL.queue_url) == ["event-2"]
    assert capsys.readouterr().out.count('"AfterSignUpPoison":[1.0]') == 2


def test_nothing_about_the_user_but_the_sub_leaves_the_function(
    create_delivery: Any, sqs: FakeSqs, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs.broken_queues = {MAIL.queue_url: OSError("canary@example.com")}
    records = [stream_record(1), stream_record(2, created_by="canary@example.com")]

    create_delivery(MAIL, CRM).deliver(records)

    everything = log.getvalue() + capsys.readouterr().out + json.dumps(sqs.messages)
    assert [text for text in ("canary", "+4915112345678", "customer") if text in everything] == []


def test_targets_are_read_from_the_environment() -> None:
    text = json.dumps(
        [{"name": "mail", "queueUrl": MAIL.queue_url, "createdBy": ["first_access", "sign_up"]}]
    )

    assert parse_targets(text) == (MAIL,)


@pytest.mark.parametrize("text", ["", "{", "1", '["mail"]', '[{"name": "mail"}]'])
def test_invalid_targets_are_an_error(text: str) -> None:
    with pytest.raises(SettingsError, match="AFTER_SIGN_UP_TARGETS must be a JSON list"):
        parse_targets(text)


@pytest.fixture
def handler_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    targets = [{"name": "mail", "queueUrl": MAIL.queue_url, "createdBy": ["sign_up"]}]
    monkeypatch.setenv("AFTER_SIGN_UP_TARGETS", json.dumps(targets))
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", DEAD_LETTERS)
    return importlib.reload(importlib.import_module("userprofiles.handlers.sign_up_events"))


def test_handler_reports_the_records_that_lambda_must_deliver_again(
    handler_module: Any, create_delivery: Any, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs.broken_queues = {MAIL.queue_url: OSError(), DEAD_LETTERS: OSError()}
    monkeypatch.setattr(handler_module, "DELIVERY", create_delivery(MAIL))

    invocation = contextvars.copy_context()  # the request ID of this invocation stays in it
    response = invocation.run(
        handler_module.handler,
        {"Records": [stream_record(1), stream_record(2)]},
        SimpleNamespace(aws_request_id="request"),
    )

    assert response == {"batchItemFailures": [{"itemIdentifier": "1001"}, {"itemIdentifier": "1002"}]}
    assert invocation[telemetry.request_id] == "request"


@pytest.mark.parametrize("variable", ["AFTER_SIGN_UP_TARGETS", "DEAD_LETTER_QUEUE_URL"])
def test_missing_setting_stops_the_function(
    variable: str, handler_module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)

    with pytest.raises(SettingsError, match=variable):
        importlib.reload(handler_module)
