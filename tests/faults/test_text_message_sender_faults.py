"""The sender's handler in its own process, which is killed: no delivery sends the message twice."""

import json
import time

import pytest
import twilio_server as twilio

PHONE = "+14155550123"
CODE = "493817"


@pytest.fixture
def start_sender(scenario, server):
    """Return a function that starts the handler in a new process."""
    scenario.aws.secret = json.dumps(
        {"accountSid": twilio.ACCOUNT, "apiKeySid": twilio.API_KEY, "secret": twilio.SECRET}
    )
    environment = {
        "CODES_TABLE": "users",
        "SMS_PROVIDER": "twilio",
        "TWILIO_URL": server.url,
        "TWILIO_SECRET_ID": "twilio",
        "TWILIO_FROM": "+14155550199",
    }

    def start():
        function = scenario.start_function("text_message_sender", environment)
        server.kill_client = function.kill
        return function

    return start


@pytest.fixture
def event():
    message = {
        "version": 1,
        "id": "m-1",
        "purpose": "SIGN_IN",
        "phone": PHONE,
        "code": CODE,
        "expiresAt": int(time.time()) + 180,
        "decoy": False,
    }
    return {"Records": [{"messageId": "sqs-1", "body": json.dumps(message)}]}


@pytest.mark.long
def test_message_is_sent_once_by_two_processes(start_sender, server, event):
    first = start_sender().send(event)
    second = start_sender().send(event)

    assert len(server.messages) == 1
    assert (first.response, first.metrics) == ([], ["MessagesSent"])
    assert (second.response, second.metrics) == ([{"itemIdentifier": "sqs-1"}], ["MessagesRepeated"])
    for value in (PHONE, CODE, twilio.SECRET):
        assert value not in first.text + second.text


@pytest.mark.long
@pytest.mark.parametrize("call", [1, 2, 3], ids=["claim", "range", "country"])
def test_process_that_is_killed_before_it_calls_twilio(scenario, start_sender, server, event, call):
    """Nobody gets the message: a new sign-in creates a new code."""
    scenario.set_behaviours("dynamodb", *["work"] * (call - 1), "kill client", "work")

    assert start_sender().send(event) is None
    invocation = start_sender().send(event)

    assert server.messages == []
    assert invocation.metrics == ["MessagesRepeated"]


def test_process_that_is_killed_while_twilio_answers(start_sender, server, event):
    server.answers = [twilio.kill]

    assert start_sender().send(event) is None
    start_sender().send(event)

    assert len(server.messages) == 1


@pytest.mark.long
def test_claim_whose_response_is_lost_is_still_the_processs_own(scenario, start_sender, server, event):
    """Botocore repeats the call, and finds the claim of the first attempt."""
    scenario.set_behaviours("dynamodb", "lose response", "work")

    invocation = start_sender().send(event)

    assert len(server.messages) == 1
    assert invocation.metrics == ["MessagesSent"]
    for value in (PHONE, CODE, twilio.SECRET):
        assert value not in invocation.text
