"""The worker sends a message at most once, whatever the service, DynamoDB and SQS do."""

import contextlib
import threading

import pytest
from botocore.exceptions import ReadTimeoutError
from kill_switch import KilledError, KillSwitch
from userprofiles.text_messages import message_worker
from userprofiles.text_messages.message_worker import MessageNotSentError, report_unexpected_errors
from userprofiles.text_messages.sms_sender import SendResult, SendStatus

NOW = 1_770_000_000
PHONE = "+14155550123"
CODE = "493817"
RETRY = SendResult(SendStatus.RETRY, "20429")
UNKNOWN = SendResult(SendStatus.UNKNOWN, "ReadTimeout")
REJECTED = SendResult(SendStatus.REJECTED, "21211")


def assert_nothing_personal(log, *more):
    for text in (log.getvalue(), *more):
        assert PHONE not in text
        assert PHONE[1:] not in text
        assert PHONE[-8:] not in text
        assert CODE not in text


def test_message_is_sent_once(scenario):
    scenario.process(scenario.create_body())

    [message] = scenario.sender.messages
    assert (message.phone, message.valid_seconds) == (PHONE, 180)
    assert message.text == f"{CODE} is your code. It is valid for 3 minutes."
    assert scenario.read_metrics() == ["MessagesSent"]
    assert '"providerId":"SM1"' in scenario.log.getvalue()
    assert_nothing_personal(scenario.log)


def test_repeated_delivery_sends_nothing(scenario):
    scenario.process(scenario.create_body())

    for _ in range(3):
        with pytest.raises(MessageNotSentError, match="AlreadyClaimed"):
            scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 1
    assert scenario.read_metrics() == ["MessagesSent"] + ["MessagesRepeated"] * 3
    assert_nothing_personal(scenario.log)


def test_two_workers_at_once_send_one_message(scenario):
    barrier = threading.Barrier(2)
    errors = []

    def work(worker):
        barrier.wait(5)
        try:
            worker.process(scenario.create_body(), scenario.clock.remaining)
        except MessageNotSentError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=work, args=(scenario.create_worker(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(scenario.sender.messages) == 1
    assert errors == ["AlreadyClaimed"]


@pytest.mark.parametrize(
    "result", [UNKNOWN, ConnectionResetError(PHONE), ReadTimeoutError(endpoint_url=PHONE)]
)
def test_message_that_may_have_been_sent_is_never_sent_again(scenario, result):
    scenario.sender.results = [result]

    scenario.process(scenario.create_body())
    with pytest.raises(MessageNotSentError):
        scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 1
    assert scenario.read_metrics() == ["MessagesUncertain", "MessagesRepeated"]
    assert_nothing_personal(scenario.log)


def test_rejected_message_is_dropped_with_the_services_code(scenario):
    scenario.sender.results = [REJECTED]

    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 1
    assert scenario.read_metrics() == ["MessagesRejected"]
    assert '"error":"21211"' in scenario.log.getvalue()
    assert_nothing_personal(scenario.log)


def test_throttled_call_is_repeated_after_the_time_that_the_service_names(scenario):
    scenario.sender.results = [SendResult(SendStatus.RETRY, "20429", retry_after=2.0)]

    scenario.process(scenario.create_body())

    [delay] = scenario.clock.delays
    assert 2 <= delay <= 2.5
    assert [message.valid_seconds for message in scenario.sender.messages] == [180, 177]


def test_delays_without_a_time_are_short_and_random(scenario):
    scenario.clock.end = NOW + 20
    scenario.sender.results = [RETRY] * 3

    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 4
    assert all(0 <= delay <= limit for delay, limit in zip(scenario.clock.delays, (1, 2, 4), strict=True))


def test_throttled_message_is_sent_by_a_later_delivery_and_counted_once(scenario):
    scenario.sender.results = [RETRY] * 4

    with pytest.raises(MessageNotSentError, match="20429"):
        scenario.process(scenario.create_body())
    calls = len(scenario.sender.messages)
    scenario.sender.results = []
    scenario.clock.end += 60
    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == calls + 1
    assert scenario.read_metrics() == ["MessagesRetried", "MessagesSent"]
    counters = [item["messages"] for item in scenario.tables.items("codes") if item["SK"] == "COUNT"]
    assert counters == [1, 1]


def test_long_time_that_the_service_names_holds_for_later_deliveries(scenario):
    scenario.sender.results = [SendResult(SendStatus.RETRY, "20429", retry_after=60.0)]

    for time in (NOW, NOW + 30):
        scenario.clock.time, scenario.clock.end = time, time + 10
        with pytest.raises(MessageNotSentError):
            scenario.process(scenario.create_body())
    assert (len(scenario.sender.messages), scenario.clock.delays) == (1, [])
    scenario.clock.time, scenario.clock.end = NOW + 61, NOW + 71
    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 2


def test_call_that_would_end_after_the_functions_time_out_does_not_begin(scenario):
    scenario.clock.end = NOW + 5

    with pytest.raises(MessageNotSentError, match="NoTimeLeft"):
        scenario.process(scenario.create_body())
    scenario.clock.end = NOW + 10
    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 1


def test_call_does_not_begin_after_dynamodb_was_slow(scenario):
    class SlowClient:
        def update_item(self, **request):
            scenario.clock.time += 2
            return scenario.tables.client.update_item(**request)

    with pytest.raises(MessageNotSentError, match="NoTimeLeft"):
        scenario.process(scenario.create_body(), client=SlowClient())
    assert scenario.sender.messages == []
    scenario.clock.end += 60
    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 1
    counters = [item["messages"] for item in scenario.tables.items("codes") if item["SK"] == "COUNT"]
    assert counters == [1, 1]


def test_hanging_service_is_abandoned(scenario, monkeypatch):
    monkeypatch.setattr(message_worker, "SEND_SECONDS", 0.05)
    end = threading.Event()
    scenario.sender.before_each = lambda: end.wait(10)

    scenario.process(scenario.create_body())
    end.set()

    assert scenario.read_metrics() == ["MessagesUncertain"]


@pytest.mark.parametrize("is_sent", [False, True])
def test_worker_that_is_killed_between_claim_and_answer_leaves_the_message_unsent(scenario, is_sent):
    """The scenario.process ends before or after the service gets the message."""
    if is_sent:
        scenario.sender.results = [KilledError()]
    else:
        scenario.sender.before_each = _kill

    with pytest.raises(KilledError):
        scenario.process(scenario.create_body())
    scenario.sender.before_each = lambda: None
    for _ in range(3):
        with pytest.raises(MessageNotSentError, match="AlreadyClaimed"):
            scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == is_sent


def _kill():
    raise KilledError


@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_worker_that_is_killed_at_a_call_of_dynamodb_never_leads_to_two_messages(scenario, moment, number):
    switch = KillSwitch()
    setattr(switch, moment, number)

    with pytest.raises(KilledError):
        scenario.process(scenario.create_body(), client=switch.wrap(scenario.tables.client))
    for _ in range(2):
        with contextlib.suppress(MessageNotSentError):
            scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == (moment == "kill_before" and number == 1)


class FailingClient:
    """A client of DynamoDB whose calls fail before or after they are carried out."""

    def __init__(self, client, errors, *, after=False):
        self._client = client
        self._errors = errors
        self._after = after

    def update_item(self, **request):
        error = self._errors.pop(0) if self._errors else None
        if error is None or self._after:
            response = self._client.update_item(**request)
        if error is not None:
            raise error
        return response


@pytest.mark.parametrize("number", [0, 1, 2])
def test_message_is_delivered_again_while_dynamodb_fails(scenario, aws_error, number):
    """The claim, the counter of the range or that of the country fails."""
    errors = [None] * number + [aws_error("ThrottlingException")]

    with pytest.raises(MessageNotSentError, match="ThrottlingException"):
        scenario.process(scenario.create_body(), client=FailingClient(scenario.tables.client, errors))
    assert scenario.sender.messages == []
    scenario.process(scenario.create_body())

    assert len(scenario.sender.messages) == 1
    assert scenario.read_metrics() == ["MessagesRetried", "MessagesSent"]
    assert "CANARY" not in scenario.log.getvalue()


def test_message_whose_claim_cannot_be_released_is_not_sent(scenario, aws_error):
    errors = [None, aws_error("InternalServerError"), aws_error("InternalServerError")]

    with pytest.raises(MessageNotSentError):
        scenario.process(scenario.create_body(), client=FailingClient(scenario.tables.client, errors))
    with pytest.raises(MessageNotSentError, match="AlreadyClaimed"):
        scenario.process(scenario.create_body())

    assert scenario.sender.messages == []
    assert scenario.read_metrics()[:2] == ["MessagesUncertain", "MessagesRetried"]


def test_claim_that_botocore_repeats_belongs_to_the_same_worker(scenario):
    """The response of the first attempt is lost, and the condition of the second one fails."""

    class RepeatingClient:
        def __init__(self):
            self.is_first = True

        def update_item(self, **request):
            response = scenario.tables.client.update_item(**request)
            if self.is_first:
                self.is_first = False
                return scenario.tables.client.update_item(**request)
            return response

    scenario.process(scenario.create_body(), client=RepeatingClient())

    assert len(scenario.sender.messages) == 1


def test_unexpected_error_is_logged_by_its_class(scenario, report):
    report_unexpected_errors([ValueError(PHONE), MessageNotSentError("20429"), None], report)

    assert scenario.read_metrics() == ["MessagesRetried"]
    assert "ValueError" in scenario.log.getvalue()
    assert_nothing_personal(scenario.log)
