"""The sender with Twilio, which fails on the network level: no number gets a second message.

The stand-in server gives the answers in Twilio's documentation, and others. In each case, nothing that is
logged or counted contains the phone number, the code or the secret.
"""

import contextlib
import datetime as dt
import io
import json
import ssl
import threading
import uuid
from email.utils import format_datetime

import pytest
import twilio_server as twilio
from aws_lambda_powertools import Logger
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from userprofiles.settings import SettingsError
from userprofiles.telemetry import Report
from userprofiles.text_messages import message_worker
from userprofiles.text_messages.code_message import CodeMessage, Purpose
from userprofiles.text_messages.code_text import CodeTexts
from userprofiles.text_messages.http_post import HttpServer
from userprofiles.text_messages.message_claims import MessageClaims
from userprofiles.text_messages.message_limits import HourlyLimits, MessageLimits
from userprofiles.text_messages.message_worker import Clock, MessageNotSentError, MessageWorker
from userprofiles.text_messages.secret_cache import SecretCache
from userprofiles.text_messages.twilio_credentials import parse_credentials
from userprofiles.text_messages.twilio_sender import TwilioSender

NOW = 1_770_000_000
PHONE = "+14155550123"
CODE = "493817"
SECONDS = 0.3


class Sending:
    """A worker with Twilio's stand-in. Each delivery has a new process: a new worker without memory."""

    def __init__(self, server, scenario, capsys):
        self.server = server
        self.client = SerializedClient(scenario._dynamodb)
        self.capsys = capsys
        self.log = io.StringIO()
        self.secret = twilio.SECRET
        self.secret_reads = 0
        self.delays = []
        self.time = NOW
        self.output = ""
        self.url = server.url

    def read_secret(self):
        self.secret_reads += 1
        content = {"accountSid": twilio.ACCOUNT, "apiKeySid": twilio.API_KEY, "secret": self.secret}
        return json.dumps(content)

    def sleep(self, seconds):
        self.delays.append(seconds)
        self.time += seconds

    def create_sender(self):
        server = HttpServer("TWILIO_URL", self.url, connect_seconds=SECONDS, read_seconds=SECONDS)
        credentials = SecretCache(self.read_secret, parse_credentials)
        return TwilioSender(server, credentials, ("From", "+14155550199"), clock=lambda: self.time)

    def create_worker(self, sender=None):
        return MessageWorker(
            sender=sender or self.create_sender(),
            claims=MessageClaims(self.client, "users"),
            limits=MessageLimits(self.client, "users", HourlyLimits(50, 1000)),
            texts=CodeTexts(),
            allowed_countries=("US",),
            report=Report(Logger(service=uuid.uuid4().hex, stream=self.log)),
            clock=Clock(now=lambda: self.time, sleep=self.sleep),
        )

    def deliver(self, message_id="m-1", sender=None):
        """Deliver the message once. Return the error code if SQS must deliver it again."""
        message = CodeMessage(message_id, Purpose.SIGN_IN, PHONE, CODE, NOW + 180)
        end = self.time + 10
        try:
            self.create_worker(sender).process(message.to_json(), lambda: end - self.time)
        except MessageNotSentError as error:
            self.output += str(error)
            return str(error)
        return None

    def deliver_again(self, times=3):
        """Deliver the message again, at later times."""
        for _ in range(times):
            self.time += 30
            self.deliver()

    def metrics(self):
        text = self.capsys.readouterr().out
        self.output += text
        return [
            metric["Name"]
            for line in text.splitlines()
            for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        ]

    def check_output(self):
        """Check that nothing personal and no secret was written."""
        captured = self.capsys.readouterr()
        text = self.log.getvalue() + self.output + captured.out + captured.err
        for value in (PHONE, PHONE[1:], PHONE[2:], CODE, self.secret, twilio.SECRET):
            assert value not in text


class SerializedClient:
    """A client of DynamoDB that carries out one call at a time: moto's tables are not safe for threads."""

    def __init__(self, client):
        self._client = client
        self._lock = threading.Lock()

    def update_item(self, **request):
        with self._lock:
            return self._client.update_item(**request)


@pytest.fixture
def server():
    server = twilio.TwilioServer()
    yield server
    server.close()


@pytest.fixture
def sending(server, scenario, capsys, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "UserProfiles")
    monkeypatch.setattr(message_worker, "SEND_SECONDS", 1.0)
    sending = Sending(server, scenario, capsys)
    yield sending
    sending.check_output()


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
def test_message_that_twilio_may_have_accepted_is_never_sent_again(sending, server, answer):
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


def test_certificate_is_verified(sending, tmp_path, monkeypatch):
    """A server with an unknown certificate gets neither the credentials nor the message."""
    certificate = create_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = twilio.TwilioServer(context)
    with contextlib.closing(server):
        sending.url = f"https://localhost:{server.port}"
        assert sending.deliver() == "SSLCertVerificationError"
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        sending.url = f"https://127.0.0.1:{server.port}"
        assert sending.deliver("m-2") == "SSLCertVerificationError", "the certificate is for another name"
        sending.url = f"https://localhost:{server.port}"
        assert sending.deliver("m-3") is None

    assert len(server.messages) == 1


def create_certificate(folder):
    """Write a certificate of `localhost` and its key to a file, and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.mark.parametrize(
    "url",
    [
        "http://api.twilio.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://",
        "https://user@api.twilio.com",
        "https://api.twilio.com/path",
        "https://api.twilio.com?query",
        "api.twilio.com",
        "",
    ],
)
def test_url_without_tls_is_refused(url):
    with pytest.raises(SettingsError, match="TWILIO_URL"):
        HttpServer("TWILIO_URL", url, connect_seconds=1, read_seconds=1)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com",
        "https://api.dublin.ie1.twilio.com/",
        "http://localhost:8000",
        "http://[::1]:80",
    ],
)
def test_url_with_tls_or_on_this_machine_is_accepted(url):
    HttpServer("TWILIO_URL", url, connect_seconds=1, read_seconds=1)
