"""The sender with a stand-in for Twilio, and the output of its deliveries."""

import io
import json
import threading
import uuid

import twilio_server as twilio
from aws_lambda_powertools import Logger
from userprofiles.telemetry import Report
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

    def __init__(self, server, dynamodb, capsys):
        self.server = server
        self.client = SerializedClient(dynamodb)
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
