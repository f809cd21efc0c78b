"""DynamoDB, SQS and Secrets Manager on a loopback port, with faults on the network level."""

import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Behaviour = Callable[["FaultyAws", "RequestHandler"], None]
SERVICES = {"AmazonSQS": "sqs", "DynamoDB_20120810": "dynamodb", "secretsmanager": "secretsmanager"}
"""The services, by the first part of their operations' names."""


class FaultyAws:
    """DynamoDB, backed by moto, SQS and Secrets Manager on one loopback port.

    `behaviours` maps a service (`dynamodb`, `sqs`, `secretsmanager`) to its behaviours. Each call uses the
    next one, and the last one is used for all further calls. A service without behaviours works.
    """

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._moto_lock = threading.Lock()
        self.behaviours: dict[str, list[Behaviour]] = {}
        self.calls: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self.secret = ""
        self.test_ended = threading.Event()
        self.kill_client: Callable[[], None] = lambda: None
        aws = self

        class Handler(RequestHandler):
            def do_POST(self) -> None:
                aws._serve(self)

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
        self.test_ended.set()
        self.stop_listening()

    def _serve(self, request: "RequestHandler") -> None:
        service = SERVICES[request.target.partition(".")[0]]
        self.calls.append(service)
        behaviours = self.behaviours.get(service, [])
        if not behaviours:
            request.respond(*self.execute(request))
            return
        behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        behaviour(self, request)

    def execute(self, request: "RequestHandler") -> tuple[int, dict[str, Any]]:
        """Carry out a request as AWS does; return the status and the body of the response."""
        if request.target == "AmazonSQS.SendMessage":
            text = request.body["MessageBody"]
            self.messages.append(json.loads(text))
            digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            return 200, {"MessageId": "m-1", "MD5OfMessageBody": digest}
        if request.target == "secretsmanager.GetSecretValue":
            return 200, {"SecretString": self.secret}
        operations = {
            "DynamoDB_20120810.BatchGetItem": self._dynamodb.batch_get_item,
            "DynamoDB_20120810.TransactWriteItems": self._dynamodb.transact_write_items,
            "DynamoDB_20120810.UpdateItem": self._dynamodb.update_item,
        }
        with self._moto_lock:
            try:
                response = operations[request.target](**request.body)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                reasons = error.response.get("CancellationReasons", [])
                return 400, {
                    "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
                    "CancellationReasons": reasons,
                    "Item": error.response.get("Item"),
                }
        return 200, {name: value for name, value in response.items() if name != "ResponseMetadata"}


class RequestHandler(http.server.BaseHTTPRequestHandler):
    """One request, and the ways to respond to it."""

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

    def respond(self, status: int, document: dict[str, Any]) -> None:
        assert self.body is not None  # read it, or the next request on this connection would begin with it
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def drop_connection(self) -> None:
        """Close the connection without a response."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Write nothing to standard error."""


def hang(aws: FaultyAws, request: RequestHandler) -> None:
    """Send nothing until the end of the test."""
    aws.test_ended.wait()
    request.close_connection = True


def _trickle(aws: FaultyAws, request: RequestHandler, text: bytes) -> None:
    request.close_connection = True
    try:
        for byte in text:
            request.wfile.write(bytes([byte]))
            if aws.test_ended.wait(0.1):
                return
    except OSError:
        return  # the client has closed the connection


def trickle_body(aws: FaultyAws, request: RequestHandler) -> None:
    """Send the body byte by byte: every byte starts the client's read timeout again."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    _trickle(aws, request, b"{" + b" " * 998 + b"}")


def trickle_head(aws: FaultyAws, request: RequestHandler) -> None:
    """Send status line and headers byte by byte."""
    _trickle(aws, request, b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 1000)


def create_error(status: int, code: str) -> Behaviour:
    """Return a behaviour that responds with an error of AWS."""

    def respond_with_error(_: FaultyAws, request: RequestHandler) -> None:
        request.respond(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "CANARY"})

    return respond_with_error


def work(aws: FaultyAws, request: RequestHandler) -> None:
    """Carry out the request and respond."""
    request.respond(*aws.execute(request))


def lose_response(aws: FaultyAws, request: RequestHandler) -> None:
    """Carry out the request and close the connection without a response."""
    aws.execute(request)
    request.drop_connection()


def kill_client(aws: FaultyAws, request: RequestHandler) -> None:
    """Carry out the request and kill the process that sent it."""
    aws.execute(request)
    aws.kill_client()
    request.drop_connection()


def send_invalid_json(_: FaultyAws, request: RequestHandler) -> None:
    """Respond with a body that isn't JSON."""
    request.close_connection = True
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe{]")


BEHAVIOURS = {
    "hang": hang,
    "trickle body": trickle_body,
    "trickle head": trickle_head,
    "throttle": create_error(400, "ThrottlingException"),
    "fail": create_error(500, "InternalServerError"),
    "expired": create_error(400, "ExpiredTokenException"),
    "skewed": create_error(400, "InvalidSignatureException"),
    "denied": create_error(400, "AccessDeniedException"),
    "invalid JSON": send_invalid_json,
    "lose response": lose_response,
    "kill client": kill_client,
    "work": work,
}
