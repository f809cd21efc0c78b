"""A worker with the table of codes in moto, and a service that answers as a test says."""

import json

import pytest
from userprofiles.text_messages.code_message import CodeMessage, Purpose
from userprofiles.text_messages.code_text import CodeTexts
from userprofiles.text_messages.message_claims import MessageClaims
from userprofiles.text_messages.message_limits import HourlyLimits, MessageLimits
from userprofiles.text_messages.message_worker import Clock, MessageWorker
from userprofiles.text_messages.sms_sender import SendResult, SendStatus

NOW = 1_770_000_000
PHONE = "+14155550123"
CODE = "493817"
ACCEPTED = SendResult(SendStatus.ACCEPTED, provider_id="SM1")


class FakeSender:
    """A service that answers with the given results, then accepts; an exception is raised."""

    def __init__(self):
        self.results = []
        self.messages = []
        self.before_each = lambda: None

    def send(self, message):
        self.before_each()
        self.messages.append(message)
        result = self.results.pop(0) if self.results else ACCEPTED
        if isinstance(result, BaseException):
            raise result
        return result


class FakeClock:
    """A clock that moves only when somebody waits."""

    def __init__(self):
        self.time = NOW
        self.end = NOW + 10
        self.delays = []

    def sleep(self, seconds):
        self.delays.append(seconds)
        self.time += seconds

    def remaining(self):
        return self.end - self.time


@pytest.fixture
def codes_table(tables):
    tables._create("codes", ("PK", "SK"), {})
    return "codes"


LIMITS = HourlyLimits(range_messages=50, country_messages=1000)


class Scenario:
    """A queue, a worker for each delivery, the service and the table."""

    def __init__(self, tables, report, log, read_metrics):
        self.tables = tables
        self.log = log
        self.read_metrics = read_metrics
        self.sender = FakeSender()
        self.clock = FakeClock()
        self._report = report

    def create_worker(self, *, limits=LIMITS, client=None, **arguments):
        """Create a worker. The arguments replace single arguments of the class."""
        client = client or self.tables.client
        defaults = {
            "sender": self.sender,
            "claims": MessageClaims(client, "codes"),
            "limits": MessageLimits(client, "codes", limits),
            "texts": CodeTexts(),
            "allowed_countries": ("US", "CA"),
            "report": self._report,
            "clock": Clock(now=lambda: self.clock.time, sleep=self.clock.sleep),
        }
        return MessageWorker(**(defaults | arguments))

    def process(self, body, **arguments):
        """Let a new worker process the body of a message."""
        self.create_worker(**arguments).process(body, self.clock.remaining)

    @staticmethod
    def create_body(**attributes):
        """Create the body of a message. The arguments replace single attributes."""
        defaults = {
            "id": "m-1",
            "purpose": Purpose.SIGN_IN,
            "phone": PHONE,
            "code": CODE,
            "expires_at": NOW + 180,
        }
        return CodeMessage(**(defaults | attributes)).to_json()


@pytest.fixture
def scenario(tables, codes_table, report, log, read_metrics):
    return Scenario(tables, report, log, read_metrics)


@pytest.fixture
def read_metrics(capsys):
    """Return a function that returns the names of the metrics on standard output."""
    return lambda: [
        metric["Name"]
        for line in capsys.readouterr().out.splitlines()
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    ]
