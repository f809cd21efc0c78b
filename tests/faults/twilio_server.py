"""A stand-in for Twilio's API on a loopback port, with its documented answers and with broken ones."""

import base64
import http.server
import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

ACCOUNT = "AC" + "0" * 32
API_KEY = "SK" + "1" * 32
SECRET = "the current secret"
MESSAGE_SID = "SM" + "a" * 32

Answer = Callable[["TwilioServer", "MessageRequest"], None]


class TwilioServer:
    """A server that answers each request with the next of `answers`, and accepts all further ones.

    Attributes:
        messages: The messages that the server got with valid credentials and did not refuse: Twilio may have
            sent each of them.
        requests: The forms of all requests.
        paths: The paths of all requests.
        secret: The secret that the server accepts.
    """

    def __init__(self, ssl_context: Any = None) -> None:
        self.answers: list[Answer] = []
        self.messages: list[dict[str, str]] = []
        self.requests: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.secret = SECRET
        self.test_ended = threading.Event()
        self.kill_client: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        server = self

        class Handler(MessageRequest):
            def do_POST(self) -> None:
                server._serve(self)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        if ssl_context is not None:
            self._server.socket = ssl_context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.test_ended.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, request: "MessageRequest") -> None:
        with self._lock:
            self.requests.append(request.form)
            self.paths.append(request.path)
            answer = self.answers.pop(0) if self.answers else accept
        expected = base64.b64encode(f"{API_KEY}:{self.secret}".encode()).decode()
        if request.headers["Authorization"] != f"Basic {expected}":
            reject(401, 20003)(self, request)
        else:
            answer(self, request)

    def keep(self, request: "MessageRequest") -> None:
        """Keep a message, as Twilio does when it accepts it."""
        with self._lock:
            self.messages.append(request.form)


class MessageRequest(http.server.BaseHTTPRequestHandler):
    """A request that creates a message."""

    protocol_version = "HTTP/1.1"

    @property
    def form(self) -> dict[str, str]:
        if not hasattr(self, "_form"):
            self._form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        return self._form

    def respond(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Write nothing to standard error."""


def accept(server: TwilioServer, request: MessageRequest) -> None:
    """Create the message, and repeat its number and text, as Twilio does."""
    server.keep(request)
    content = {
        "sid": MESSAGE_SID,
        "status": "queued",
        "to": request.form["To"],
        "body": request.form["Body"],
        "error_code": None,
    }
    request.respond(201, json.dumps(content).encode(), {"Content-Type": "application/json"})


def reject(status: int, code: int, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer with an error, whose message repeats the phone number."""

    def respond(_: TwilioServer, request: MessageRequest) -> None:
        content = {
            "code": code,
            "message": f"The number {request.form['To']} is wrong",
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
        request.respond(status, json.dumps(content).encode(), headers)

    return respond


def accept_and(answer: Answer) -> Answer:
    """Return an answer that accepts the message first."""

    def respond(server: TwilioServer, request: MessageRequest) -> None:
        server.keep(request)
        answer(server, request)

    return respond


def send(content: bytes) -> Answer:
    """Return an answer that sends bytes and closes the connection."""

    def respond(_: TwilioServer, request: MessageRequest) -> None:
        request.wfile.write(content)
        close(_, request)

    return respond


def hang(server: TwilioServer, request: MessageRequest) -> None:
    """Send nothing until the end of the test."""
    server.test_ended.wait()
    request.close_connection = True


def trickle(server: TwilioServer, request: MessageRequest) -> None:
    """Send the head byte by byte: each byte starts the client's time-out again."""
    request.close_connection = True
    for byte in b"HTTP/1.1 201 Created\r\nX-Padding: " + b"x" * 1000:
        try:
            request.wfile.write(bytes([byte]))
        except OSError:
            return  # the client has closed the connection
        if server.test_ended.wait(0.05):
            return


def close(_: TwilioServer, request: MessageRequest) -> None:
    """Close the connection."""
    request.close_connection = True
    request.connection.shutdown(socket.SHUT_RDWR)


def reset(_: TwilioServer, request: MessageRequest) -> None:
    """Reset the connection."""
    request.close_connection = True
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()


def kill(server: TwilioServer, request: MessageRequest) -> None:
    """Accept the message and kill the process that sent it."""
    server.keep(request)
    server.kill_client()
    close(server, request)
