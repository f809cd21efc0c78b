"""The sender with Twilio, which fails on the network level: no number gets a second message.

The stand-in server gives the answers in Twilio's documentation, and others. In each case, nothing that is
logged or counted contains the phone number, the code or the secret: the fixture checks it.
"""

import datetime as dt
import threading
from email.utils import format_datetime

import pytest
import twilio_server as twilio
from twilio_sending import CODE, NOW, PHONE


def test_message_is_created_as_twilio_documents(sending, server):
    sending.deliver()

    assert server.paths == [f"/2010-04-01/Accounts/{twilio.ACCOUNT}/Messages.json"]
    assert server.messages == [
        {
            "To": PHONE,
            "From": "+14155550199",
            "Body": f"{CODE} is your code. It is valid for 3 minutes.",
            "ValidityPeriod": "180",
        }
    ]
    assert sending.metrics() == ["MessagesSent"]
    assert twilio.MESSAGE_SID in sending.log.getvalue()


BROKEN_ANSWERS = {
    "time-out after accept": twilio.accept_and(twilio.hang),
    "head byte by byte": twilio.accept_and(twilio.trickle),
    "connection closed": twilio.accept_and(twilio.close),
    "connection reset": twilio.accept_and(twilio.reset),
    "half a status line": twilio.accept_and(twilio.send(b"HTTP/1.1 2")),
    "no HTTP": twilio.accept_and(twilio.send(b"\x00\xff CANARY\r\n\r\n")),
    "500": twilio.accept_and(twilio.reject(500, 20500)),
    "502": twilio.accept_and(twilio.send(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>")),
    "503 with Retry-After": twilio.accept_and(twilio.reject(503, 20503, {"Retry-After": "1"})),
    "504": twilio.accept_and(twilio.reject(504, 20504)),
    "408": twilio.accept_and(twilio.reject(408, 20408)),
}


@pytest.mark.parametrize("answer", BROKEN_ANSWERS)
@pytest.mark.sample(3)
def test_message_that_twilio_may_have_accepted_is_never_sent_again(sending, server, answer):
    """F20: a timeout or an error 5xx after Twilio has accepted the message: no second charge."""
    server.answers = [BROKEN_ANSWERS[answer]]

    assert sending.deliver() is None
    sending.deliver_again()

    assert len(server.messages) == len(server.requests) == 1
    assert sending.metrics() == ["MessagesUncertain"] + ["MessagesRepeated"] * 3


ACCEPTING_ANSWERS = {
    "wrong JSON": b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\n{]\xff",
    "no body": b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    "half a body": b'HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{"sid": ',
    "a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "a strange SID": b'HTTP/1.1 201 Created\r\nContent-Length: 22\r\n\r\n{"sid":"+14155550123"}',
}


def test_status_201_is_an_accepted_message_even_if_the_body_never_arrives(sending, server):
    def answer(server, request):
        request.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{")
        twilio.hang(server, request)

    server.answers = [twilio.accept_and(answer)]

    assert sending.deliver() is None
    sending.deliver_again(1)

    assert len(server.messages) == len(server.requests) == 1
    assert sending.metrics() == ["MessagesSent", "MessagesRepeated"]


@pytest.mark.parametrize("answer", ACCEPTING_ANSWERS)
def test_status_201_is_an_accepted_message_whatever_the_body_is(sending, server, answer):
    server.answers = [twilio.accept_and(twilio.send(ACCEPTING_ANSWERS[answer]))]

    assert sending.deliver() is None
    sending.deliver_again()

    assert len(server.messages) == len(server.requests) == 1
    assert sending.metrics()[0] == "MessagesSent"


@pytest.mark.parametrize(
    ("header", "minimum", "maximum"),
    [
        ({}, 0, 1),
        ({"Retry-After": "2"}, 2, 2.5),
        ({"Retry-After": format_datetime(dt.datetime.fromtimestamp(NOW + 2, dt.UTC))}, 2, 2.5),
        ({"Retry-After": "soon"}, 0, 1),
        ({"Retry-After": "-5"}, 0, 0.5),
        ({"Retry-After": "nan"}, 0, 1),
    ],
)
def test_429_is_repeated_after_the_time_that_twilio_names(sending, server, header, minimum, maximum):
    """F20: Twilio has refused the message, so it is sent again, but only so often."""
    server.answers = [twilio.reject(429, 20429, header)]

    assert sending.deliver() is None

    [delay] = sending.delays
    assert minimum <= delay <= maximum
    assert (len(server.requests), len(server.messages)) == (2, 1)
    assert sending.metrics() == ["MessagesSent"]


def test_long_retry_after_is_respected_by_later_deliveries(sending, server):
    server.answers = [twilio.reject(429, 20429, {"Retry-After": "50"})]

    assert sending.deliver() == "20429"
    sending.deliver_again(1)
    assert len(server.requests) == 1
    sending.deliver_again(1)

    assert len(server.messages) == 1
    assert sending.metrics() == ["MessagesRetried", "MessagesRepeated", "MessagesSent"]


def test_uncertain_answer_after_a_429_is_final(sending, server):
    server.answers = [twilio.reject(429, 20429), twilio.accept_and(twilio.close)]

    assert sending.deliver() is None
    sending.deliver_again()

    assert (len(server.requests), len(server.messages)) == (2, 1)


def test_refused_connection_is_repeated(sending, server):
    sending.url = "http://127.0.0.1:1"
    assert sending.deliver() == "ConnectionRefusedError"
    sending.url = server.url
    sending.deliver_again(2)

    assert len(server.messages) == 1
    assert sending.metrics() == ["MessagesRetried", "MessagesSent", "MessagesRepeated"]


def test_unknown_host_is_repeated(sending, server):
    sending.url = "https://twilio.invalid"

    assert sending.deliver() == "gaierror"


@pytest.mark.sample(3)
@pytest.mark.parametrize("code", [20404, 21211, 21408, 21606, 21610, 21611, 21612, 21614, 63038])
def test_error_of_the_request_is_final_and_only_its_code_is_logged(sending, server, code):
    server.answers = [twilio.reject(400, code)]

    assert sending.deliver() is None
    sending.deliver_again(1)

    assert (len(server.requests), server.messages) == (1, [])
    assert sending.metrics() == ["MessagesRejected", "MessagesRepeated"]
    assert f'"error":"{code}"' in sending.log.getvalue()


@pytest.mark.parametrize(
    "content", [b"<html>+14155550123", b'{"code": "+14155550123"}', b'{"code": true}', b"[]"]
)
def test_error_without_a_code_is_logged_by_its_status(sending, server, content):
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(content)
    server.answers = [twilio.send(head + content)]

    sending.deliver()

    assert '"error":"HTTP400"' in sending.log.getvalue()


def test_redirect_is_not_followed(sending, server):
    server.answers = [
        twilio.send(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
    ]

    sending.deliver()

    assert len(server.requests) == 1
    assert sending.metrics() == ["MessagesRejected"]


def test_expired_secret_is_read_again_once(sending, server):
    """Another process has cached the secret before it was changed."""
    sender = sending.create_sender()
    sending.secret = "the former secret"
    sender._credentials.read()
    sending.secret = twilio.SECRET

    assert sending.deliver(sender=sender) is None

    assert (len(server.messages), len(server.requests), sending.secret_reads) == (1, 2, 2)


def test_secret_that_stays_wrong_is_reported_without_a_second_try(sending, server):
    sending.secret = "the former secret"

    assert sending.deliver() is None
    sending.deliver_again(1)

    assert (len(server.requests), server.messages, sending.secret_reads) == (1, [], 2)
    assert sending.metrics() == ["MessagesRejected", "MessagesRepeated"]
    assert '"error":"20003"' in sending.log.getvalue()


@pytest.mark.long
def test_two_workers_at_once_send_one_message(sending, server):
    server.answers = [twilio.accept_and(twilio.trickle)]
    barrier = threading.Barrier(2)

    def deliver():
        barrier.wait(5)
        sending.deliver()

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(server.messages) == 1
