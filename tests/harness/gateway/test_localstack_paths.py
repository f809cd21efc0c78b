"""LocalStack's own paths: e-mails, queued messages, information, and messages for wrong requests."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest
from pulumi_localaws.gateway.localstack_paths import LocalStackPaths
from pulumi_localaws.gateway.wire.http_messages import Request, Response

Send = Callable[..., Response]

ACCOUNT = "000000000000"
EMAIL = {
    "MessageId": "m1",
    "Source": "shop@example.com",
    "To": ["ann@example.com"],
    "CC": [],
    "BCC": [],
    "Subject": "Welcome",
    "BodyText": "Hello",
    "BodyHtml": None,
    "Timestamp": 1_795_350_514.4,
    "Template": None,
}
MESSAGE = {
    "MessageId": "q1",
    "Body": "a <b>",
    "MD5OfBody": "md5",
    "SentTimestamp": 1_795_350_514,
    "IsVisible": True,
    "ReceiveCount": 0,
    "Attributes": {"SenderId": ACCOUNT, "SentTimestamp": "1795350514123"},
    "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "order"}},
    "MessageGroupId": None,
    "MessageDeduplicationId": None,
    "SequenceNumber": None,
}
RECEIVED_MESSAGE = MESSAGE | {"MessageId": "q2", "IsVisible": False, "ReceiveCount": 1}
DELAYED_MESSAGE = MESSAGE | {"MessageId": "q3", "IsVisible": False}


class Emulator:
    """The emulator's own inboxes: one queue in one region."""

    def __init__(self) -> None:
        self.region = "eu-west-1"
        self.emails = [
            EMAIL,
            EMAIL | {"MessageId": "m2", "Source": "other@example.com", "Region": "eu-west-2"},
        ]
        self.queue_messages = [MESSAGE, RECEIVED_MESSAGE, DELAYED_MESSAGE]
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        path, _, query = request.target.partition("?")
        parameters = {name: values[0] for name, values in parse_qs(query).items()}
        document: dict[str, Any] = {"version": "1.5.33"}
        if path == "/_ministack/sqs/messages":
            url = parameters["QueueUrl"]
            is_match = url.endswith("/orders") and parameters.get("region", self.region) == self.region
            queues = {self.region: {url: self.queue_messages}} if is_match else {}
            document = {"messages": {parameters["account"]: queues}}
        return Response(200, (), json.dumps(document).encode())

    async def list_emails(self) -> list[dict[str, Any]]:
        return list(self.emails)

    def delete_email(self, message_id: str) -> None:
        self.emails = [email for email in self.emails if email["MessageId"] != message_id]


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def send(emulator: Emulator) -> Send:
    paths = LocalStackPaths(
        emulator.send,
        region="us-east-1",
        read_emails=emulator.list_emails,
        delete_email=emulator.delete_email,
    )

    def send(target: str, method: str = "GET", body: bytes = b"", **headers: str) -> Response:
        named_headers = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return asyncio.run(paths.handle(Request(method, target, named_headers, body)))

    return send


def list_ids(response: Response) -> list[str]:
    root = ET.fromstring(response.body)
    return [element.text or "" for element in root.iter() if element.tag.endswith("}MessageId")]


def test_emails_have_localstacks_form(send: Send) -> None:
    [first, second] = send("/_aws/ses").json()["messages"]

    assert first == {
        "Id": "m1",
        "Region": "us-east-1",
        "Timestamp": "2026-11-22T12:28:34",
        "Destination": {"ToAddresses": ["ann@example.com"], "CcAddresses": [], "BccAddresses": []},
        "Source": "shop@example.com",
        "Subject": "Welcome",
        "Body": {"text_part": "Hello", "html_part": None},
    }
    assert (second["Id"], second["Region"]) == ("m2", "eu-west-2")


@pytest.mark.parametrize(
    ("query", "ids"),
    [("id=m2", ["m2"]), ("email=shop@example.com", ["m1"]), ("id=m2&email=shop@example.com", [])],
)
def test_emails_are_filtered(send: Send, query: str, ids: list[str]) -> None:
    assert [email["Id"] for email in send(f"/_aws/ses?{query}").json()["messages"]] == ids


@pytest.mark.parametrize(
    ("query", "remaining_ids"), [("", []), ("?id=m1", ["m2"]), ("?id=none", ["m1", "m2"])]
)
def test_emails_are_deleted(emulator: Emulator, send: Send, query: str, remaining_ids: list[str]) -> None:
    response = send(f"/_aws/ses{query}", "DELETE")

    assert (response.status, response.body) == (204, b"")
    assert [email["MessageId"] for email in emulator.emails] == remaining_ids


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:4566/{ACCOUNT}/orders",
        f"http://sqs.eu-west-1.localhost.localstack.cloud:4566/{ACCOUNT}/orders",
        f"https://eu-west-1.queue.amazonaws.com/{ACCOUNT}/orders",
        f"http://localhost:4566/queue/eu-west-1/{ACCOUNT}/orders",
    ],
)
def test_queue_is_found_by_each_form_of_its_url(send: Send, url: str) -> None:
    assert list_ids(send(f"/_aws/sqs/messages?QueueUrl={url}")) == ["q1"]


def test_queue_is_found_by_its_path(send: Send) -> None:
    assert list_ids(send(f"/_aws/sqs/messages/eu-west-1/{ACCOUNT}/orders")) == ["q1"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("ShowInvisible=true", ["q1", "q2"]),
        ("ShowDelayed=1", ["q1", "q3"]),
        ("ShowInvisible=1&ShowDelayed=true", ["q1", "q2", "q3"]),
    ],
)
def test_invisible_and_delayed_messages_are_listed_on_request(send: Send, query: str, ids: list[str]) -> None:
    assert list_ids(send(f"/_aws/sqs/messages/eu-west-1/{ACCOUNT}/orders?{query}")) == ids


def test_queued_message_is_complete_in_json_and_xml(send: Send) -> None:
    target = f"/_aws/sqs/messages/eu-west-1/{ACCOUNT}/orders"
    [message] = send(target, Accept="application/json").json()["ReceiveMessageResponse"][
        "ReceiveMessageResult"
    ]["Message"]

    assert message == {
        "MessageId": "q1",
        "ReceiptHandle": "SQS/BACKDOOR/ACCESS",
        "MD5OfBody": "md5",
        "Body": "a <b>",
        "Attribute": [
            {"Name": "SenderId", "Value": ACCOUNT},
            {"Name": "SentTimestamp", "Value": "1795350514123"},
            {"Name": "ApproximateReceiveCount", "Value": "0"},
        ],
        "MessageAttribute": [{"Name": "kind", "Value": {"DataType": "String", "StringValue": "order"}}],
    }
    assert b"<Body>a &lt;b&gt;</Body>" in send(target).body


def test_client_of_sqs_can_call_receive_message_on_the_path(send: Send) -> None:
    body = json.dumps({"QueueUrl": f"http://127.0.0.1:4566/{ACCOUNT}/orders"}).encode()

    response = send("/_aws/sqs/messages", "POST", body, Content_Type="application/x-amz-json-1.0")

    [message] = response.json()["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "0"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/_aws/sqs/messages?QueueUrl=orders", b"is not the URL of a queue"),
        ("/_aws/sqs/messages", b"QueueUrl is ''"),
        (f"/_aws/sqs/messages/us-east-1/{ACCOUNT}/orders", b"does not exist: orders in the region us-east-1"),
    ],
)
def test_missing_queue_is_named(send: Send, target: str, text: bytes) -> None:
    response = send(target)

    assert response.status == 400
    assert b"<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in response.body
    assert text in response.body


def test_text_messages_are_those_of_the_emulator(emulator: Emulator, send: Send) -> None:
    send(f"/_aws/sns/sms-messages?accountId={ACCOUNT}&phoneNumber=%2B4915112345678&unknown=1")

    target = emulator.requests[-1].target
    assert target == f"/_ministack/sns/sms-messages?account={ACCOUNT}&phoneNumber=%2B4915112345678"


def test_info_describes_the_session(send: Send) -> None:
    info = send("/_localstack/info").json()

    assert (info["version"], info["is_docker"], info["uptime"]) == ("1.5.33", False, 0)
    assert info.keys() >= {"edition", "session_id", "machine_id", "server_time_utc", "is_license_activated"}


def test_start_is_complete_without_init_scripts(send: Send) -> None:
    assert send("/_localstack/init").json()["completed"]["READY"] is True
    assert send("/_localstack/init/ready").json() == {"stage": "READY", "completed": True, "scripts": []}


@pytest.mark.parametrize(
    ("method", "target", "status", "text"),
    [
        ("GET", "/_localstack/diagnose", 404, "these exist: /_localstack/health"),
        ("GET", "/_localstack/state/save", 404, "/_localstack/state/reset"),
        ("POST", "/_localstack/info", 405, "Allowed: GET."),
        ("PUT", "/_aws/ses", 405, "Allowed: GET, DELETE."),
    ],
)
def test_wrong_path_or_method_is_explained(
    send: Send, method: str, target: str, status: int, text: str
) -> None:
    response = send(target, method)

    assert response.status == status
    assert text in response.json()["message"]
