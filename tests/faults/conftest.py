"""A trigger's handler in its own process, with DynamoDB and SQS that fail on the network level."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from moto import mock_aws
from userprofiles.table.attribute_value import deserialize_item

sys.path.insert(0, str(Path(__file__).parent))  # the modules of this folder; test folders are not packages

from faulty_aws import BEHAVIOURS, FaultyAws
from function_process import FunctionProcess
from twilio_sending import Sending
from twilio_server import TwilioServer
from userprofiles.text_messages import message_worker

EVENTS = Path(__file__).parents[1] / "events"
SESSION = botocore.session.Session()  # one for all tests: it reads the service description only once


class Scenario:
    """The handler, the services that it calls, and the tables."""

    def __init__(self, aws: FaultyAws, dynamodb: Any) -> None:
        self.aws = aws
        self.dynamodb = dynamodb
        self.functions: list[FunctionProcess] = []

    def set_behaviours(self, service: str, *names: str) -> None:
        self.aws.behaviours[service] = [BEHAVIOURS[name] for name in names]

    def start_function(
        self, handler: str = "post_confirmation", environment: Mapping[str, str] | None = None
    ) -> FunctionProcess:
        function = FunctionProcess(self.aws.port, handler, environment)
        self.aws.kill_client = function.kill
        self.functions.append(function)
        return function

    def items(self, table: str = "users") -> list[dict[str, Any]]:
        typed_items = self.dynamodb.scan(TableName=table)["Items"]
        return sorted(map(deserialize_item, typed_items), key=lambda item: (item["PK"], item["SK"]))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.aws.messages


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        dynamodb = SESSION.create_client(
            "dynamodb", region_name="us-east-1", endpoint_url="https://dynamodb.us-east-1.amazonaws.com"
        )
        for table in ("users", "audit"):
            dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": "PK", "KeyType": "HASH"},
                    {"AttributeName": "SK", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": "PK", "AttributeType": "S"},
                    {"AttributeName": "SK", "AttributeType": "S"},
                ],
            )
        scenario = Scenario(FaultyAws(dynamodb), dynamodb)
        try:
            yield scenario
        finally:
            for function in scenario.functions:
                function.end(5)
            scenario.aws.close()


@pytest.fixture
def confirmation_event() -> dict[str, Any]:
    """Return the event of a confirmed sign-up, with a canary in everything that a user can type."""
    event: dict[str, Any] = json.loads((EVENTS / "PostConfirmation_ConfirmSignUp.json").read_text())
    event["request"]["userAttributes"] |= {
        "name": "CANARY",
        "email": "CANARY@example.com",
        "given_name": "CANARY",
    }
    return event


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    """Start a stand-in for Twilio."""
    server = TwilioServer()
    yield server
    server.close()


@pytest.fixture
def sending(
    server: TwilioServer,
    scenario: Scenario,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Sending]:
    """Return the sender, and check in the end that it wrote nothing personal and no secret."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "UserProfiles")
    monkeypatch.setattr(message_worker, "SEND_SECONDS", 1.0)
    sending = Sending(server, scenario.dynamodb, capsys)
    yield sending
    sending.check_output()
