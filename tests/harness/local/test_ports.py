"""Ports: a port in use is reported with the program that listens there."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local.ports import PortInUseError
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

LOCALSTACK = json.dumps({"services": {"s3": "available"}, "edition": "pro", "version": "4.9.2"}).encode()
MINISTACK = json.dumps({"services": {"s3": "available"}, "iot_mtls": "disabled", "version": "1.0"}).encode()


@pytest.fixture
def start_server() -> Iterator[Callable[[int, bytes], int]]:
    """Return a function that starts a server with one response to every GET, and returns its port."""
    servers: list[tuple[HTTPServer, threading.Thread]] = []

    def start(status: int, body: bytes) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, MINISTACK, r"a MiniStack \(edition \?, version 1.0\)"),
        (200, LOCALSTACK, r"a LocalStack or another AWS emulator \(edition pro, version 4.9.2\)"),
        (404, b"<html>", r"an HTTP server that is not an AWS emulator \(its status is 404\)"),
        (200, b"[]", r"an HTTP server that is not an AWS emulator \(its status is 200\)"),
    ],
)
def test_port_in_use_names_the_program(
    start_server: Callable[[int, bytes], int], status: int, body: bytes, expected: str
) -> None:
    port = start_server(status, body)

    with pytest.raises(PortInUseError, match=f"port {port} is in use by {expected}"):
        LocalAws(port).start()


def test_another_local_aws_is_named_and_not_touched(localaws: LocalAws) -> None:
    emulator_port = int(localaws.emulator_url.rpartition(":")[2])

    with pytest.raises(PortInUseError, match=f"port {localaws.port} is in use by another pulumi-localaws"):
        LocalAws(localaws.port).start()
    with pytest.raises(PortInUseError, match=f"port {emulator_port} is in use by another pulumi-localaws"):
        LocalAws(emulator_port).start()
    localaws.check()
    assert localaws.client("sts").get_caller_identity()["Account"] == localaws.account_id


def test_port_of_a_silent_program_is_in_use() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(PortInUseError, match="in use by a program that does not respond to HTTP"),
    ):
        LocalAws(silent.getsockname()[1]).start()


@pytest.mark.parametrize("port", [-1, 65536])
def test_number_outside_the_range_of_ports_is_rejected(port: int) -> None:
    with pytest.raises(LocalAwsError, match=f"port is {port}; allowed: .* from 1 to 65535"):
        LocalAws(port).start()


@pytest.mark.long
def test_port_can_be_used_again_at_once() -> None:
    with LocalAws() as first:
        port = first.port
        first.client("sts").get_caller_identity()

    with LocalAws(port) as second:
        assert second.client("sts").get_caller_identity()["Account"] == second.account_id
