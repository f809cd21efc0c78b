"""Messages that the worker drops before it claims them."""

import pytest
from userprofiles.text_messages.code_message import Purpose
from userprofiles.text_messages.message_worker import MessageNotSentError
from userprofiles.text_messages.sms_sender import SendResult, SendStatus

NOW = 1_770_000_000


def test_expired_message_is_dropped(scenario):
    scenario.process(scenario.create_body(expires_at=NOW))

    assert (scenario.sender.messages, scenario.tables.items("codes")) == ([], [])
    assert scenario.read_metrics() == ["MessagesExpired"]


def test_message_that_expires_while_the_service_throttles_is_not_sent_late(scenario):
    scenario.sender.results = [SendResult(SendStatus.RETRY, "20429", retry_after=1.0)]
    body = scenario.create_body(expires_at=NOW + 1)

    with pytest.raises(MessageNotSentError):
        scenario.process(body)
    scenario.clock.time += 30
    scenario.clock.end += 60
    scenario.process(body)

    assert len(scenario.sender.messages) == 1
    assert scenario.read_metrics() == ["MessagesRetried", "MessagesExpired"]


def test_decoy_is_dropped_without_a_trace(scenario):
    scenario.process(scenario.create_body(is_decoy=True, phone="user:CANARY"))

    assert (
        scenario.sender.messages,
        scenario.tables.items("codes"),
        scenario.read_metrics(),
        scenario.log.getvalue(),
    ) == ([], [], [], "")


@pytest.mark.parametrize(
    ("phone", "kind"),
    [
        ("+442071838750", "fixed line of another country"),
        ("+447400123456", "country outside the allow-list"),
        ("+18765550123", "Jamaica shares the country code 1"),
        ("+19002345678", "premium rate"),
        ("+18002345678", "toll-free"),
        ("+1415555012", "too short"),
        ("user:CANARY", "no number"),
        ("+1 415 555 0123", "not in E.164 form"),
        ("+114155550123", "a second form, in another number range"),
    ],
)
def test_number_that_is_not_allowed_gets_no_message(scenario, phone, kind):
    """The same for our codes and for Cognito's own, which anyone can cause by a sign-up."""
    scenario.process(scenario.create_body(phone=phone))
    scenario.process(scenario.create_body(phone=phone, purpose=Purpose.SIGN_UP, id="m-2"))

    assert (scenario.sender.messages, scenario.tables.items("codes")) == ([], [])
    assert scenario.read_metrics() == ["MessagesRefused", "MessagesRefused"]
    assert phone not in scenario.log.getvalue()


def test_without_an_allow_list_all_countries_get_messages_except_premium_numbers(scenario):
    scenario.process(scenario.create_body(phone="+447400123456"), allowed_countries=())
    scenario.process(scenario.create_body(phone="+19002345678", id="m-2"), allowed_countries=())

    assert [message.phone for message in scenario.sender.messages] == ["+447400123456"]


@pytest.mark.parametrize("body", [None, "", "{", "[]", '{"version": 1, "phone": "CANARY"}'])
def test_invalid_message_is_dropped_without_a_word_of_it(scenario, body):
    scenario.process(body)

    assert scenario.sender.messages == []
    assert scenario.read_metrics() == ["MessagesInvalid"]
    assert "CANARY" not in scenario.log.getvalue()
