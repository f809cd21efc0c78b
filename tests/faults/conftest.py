"""DynamoDB and SQS that misbehave on the wire, and the handler in a process of its own before them."""

import hashlib
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from userprofiles.table.attribute_value import deserialize_item

HERE = Path(__file__).parent
EVENTS = HERE.parent / "events"

Behaviour = Callable[["Wire", "Exchange"], None]


class Wire:
    """Two services on one loopback port, backed by moto, each with faults to inject.

    `faults` maps a service (`dynamodb`, `sqs`) to behaviours: each call takes the next, the last one stays.
    """

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._moto = threading.Lock()
        self.faults: dict[str, list[Behaviour]] = {}
        self.calls: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self.over = threading.Event()
        self.kill: Callable[[], None] = lambda: None
        wire = self

        class Handler(Exchange):
            def do_POST(self) -> None:
                wire._serve(self)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop_listening(self) -> None:
        """Refuse every connection from now on."""
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        self.over.set()
        self.stop_listening()

    def _serve(self, exchange: "Exchange") -> None:
        service = "sqs" if exchange.target.startswith("AmazonSQS") else "dynamodb"
        self.calls.append(service)
        behaviours = self.faults.get(service, [])
        if not behaviours:
            exchange.reply(*self.perform(exchange))
            return
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        behaviour(self, exchange)

    def perform(self, exchange: "Exchange") -> tuple[int, dict[str, Any]]:
        """Do what was asked, as AWS would."""
        if exchange.target == "AmazonSQS.SendMessage":
            text = exchange.body["MessageBody"]
            self.messages.append(json.loads(text))
            digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            return 200, {"MessageId": "m-1", "MD5OfMessageBody": digest}
        assert exchange.target == "DynamoDB_20120810.TransactWriteItems", exchange.target
        with self._moto:
            try:
                self._dynamodb.transact_write_items(**exchange.body)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                reasons = error.response.get("CancellationReasons", [])
                return 400, {
                    "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
                    "CancellationReasons": reasons,
                }
        return 200, {}


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request, and ways to answer it."""

    protocol_version = "HTTP/1.1"

    @property
    def target(self) -> str:
        return self.headers["X-Amz-Target"]

    @property
    def body(self) -> dict[str, Any]:
        if not hasattr(self, "_body") or self._body[0] is not self.headers:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self._body = (self.headers, json.loads(content))
        return self._body[1]  # type: ignore[no-any-return]

    def reply(self, status: int, document: dict[str, Any]) -> None:
        assert self.body is not None  # read, or the next request on this connection would begin with it
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def drop(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Keep standard error for what matters."""


def hang(wire: Wire, exchange: Exchange) -> None:
    """Say nothing until the test is over."""
    wire.over.wait()
    exchange.close_connection = True


def _trickle(wire: Wire, exchange: Exchange, text: bytes) -> None:
    exchange.close_connection = True
    try:
        for byte in text:
            exchange.wfile.write(bytes([byte]))
            if wire.over.wait(0.1):
                return
    except OSError:
        return  # the client has gone


def trickle_body(wire: Wire, exchange: Exchange) -> None:
    """Promise an answer and send it byte by byte: every byte starts a read time-out again."""
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    _trickle(wire, exchange, b"{" + b" " * 998 + b"}")


def trickle_head(wire: Wire, exchange: Exchange) -> None:
    """Send even the status line byte by byte."""
    _trickle(wire, exchange, b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 1000)


def error(status: int, code: str) -> Behaviour:
    """Answer with an error of AWS."""

    def answer(_: Wire, exchange: Exchange) -> None:
        exchange.reply(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "CANARY"})

    return answer


def well(wire: Wire, exchange: Exchange) -> None:
    """Do what was asked."""
    exchange.reply(*wire.perform(exchange))


def lose_reply(wire: Wire, exchange: Exchange) -> None:
    """Do what was asked and close the connection instead of answering."""
    wire.perform(exchange)
    exchange.drop()


def kill_caller(wire: Wire, exchange: Exchange) -> None:
    """Do what was asked, and kill who asked."""
    wire.perform(exchange)
    wire.kill()
    exchange.drop()


def nonsense(_: Wire, exchange: Exchange) -> None:
    """Answer with what is no JSON."""
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe{]")


BEHAVIOURS = {
    "hang": hang,
    "trickle body": trickle_body,
    "trickle head": trickle_head,
    "throttle": error(400, "ThrottlingException"),
    "fail": error(500, "InternalServerError"),
    "expired": error(400, "ExpiredTokenException"),
    "skewed": error(400, "InvalidSignatureException"),
    "denied": error(400, "AccessDeniedException"),
    "nonsense": nonsense,
    "lose reply": lose_reply,
    "kill caller": kill_caller,
    "well": well,
}


@dataclass
class Call:
    """What came of one event."""

    seconds: float
    unchanged: bool
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def metrics(self) -> list[str]:
        return [
            metric["Name"]
            for line in self.lines
            if "_aws" in line
            for directive in line["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]
        ]

    @property
    def text(self) -> str:
        return json.dumps(self.lines)


class Function:
    """The handler's process."""

    def __init__(self, port: int) -> None:
        endpoint = f"http://127.0.0.1:{port}"
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "USERS_TABLE": "users",
            "AUDIT_TABLE": "audit",
            "OUTBOX_QUEUE_URL": f"{endpoint}/000000000000/outbox",
            "POWERTOOLS_SERVICE_NAME": "post-confirmation",
        }
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "handler_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._read()

    def _read(self) -> tuple[Any, list[dict[str, Any]]]:
        assert self.process.stdout
        lines: list[dict[str, Any]] = []
        for text in self.process.stdout:
            line = json.loads(text)
            if "result" in line:
                return line["result"], lines
            lines.append(line)
        return None, lines

    def send(self, event: Any) -> Call | None:
        """Hand over an event; None if the process died over it."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        result, lines = self._read()
        return None if result is None else Call(**result, lines=lines)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    def end(self, seconds: float) -> int:
        """Let the process end by itself; fail if it doesn't."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


class World:
    """The handler, what it calls, and what stands in the tables."""

    def __init__(self, wire: Wire, dynamodb: Any) -> None:
        self.wire = wire
        self._dynamodb = dynamodb
        self.functions: list[Function] = []

    def misbehave(self, service: str, *behaviours: str) -> None:
        self.wire.faults[service] = [BEHAVIOURS[name] for name in behaviours]

    def start(self) -> Function:
        function = Function(self.wire.port)
        self.wire.kill = function.kill
        self.functions.append(function)
        return function

    def items(self, table: str = "users") -> list[dict[str, Any]]:
        found = self._dynamodb.scan(TableName=table)["Items"]
        return sorted(map(deserialize_item, found), key=lambda item: (item["PK"], item["SK"]))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.wire.messages


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        dynamodb = botocore.session.Session().create_client(
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
        wire = Wire(dynamodb)
        made = World(wire, dynamodb)
        try:
            yield made
        finally:
            for function in made.functions:
                function.end(5)
            wire.close()


@pytest.fixture
def confirmed() -> dict[str, Any]:
    """A user's confirmation, with a canary in everything that a user can type."""
    event: dict[str, Any] = json.loads((EVENTS / "PostConfirmation_ConfirmSignUp.json").read_text())
    event["request"]["userAttributes"] |= {
        "name": "CANARY",
        "email": "CANARY@example.com",
        "given_name": "CANARY",
    }
    return event
