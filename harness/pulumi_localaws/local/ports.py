"""Sockets on the loopback interface, opened before the processes that serve them are started."""

import json
import socket
import time

from pulumi_localaws.errors import LocalAwsError

LOOPBACK = "127.0.0.1"
_BACKLOG = 512


class PortInUseError(LocalAwsError):
    """The requested port is in use, or may not be opened."""


def listen(port: int = 0) -> socket.socket:
    """Open a listening socket on the loopback interface.

    A client that connects before the server is ready waits in the backlog instead of being refused.

    Args:
        port: The port, 1 to 65535; 0 selects a free one.

    Raises:
        PortInUseError: The port is in use; the message names the program that responds there.
        LocalAwsError: The number is not a port.
    """
    if not 0 <= port < 1 << 16:
        raise LocalAwsError(f"port is {port}; allowed: a number from 1 to 65535, or 0 for a free port")
    # Some systems allow SO_REUSEADDR to bind 127.0.0.1 while another program has 0.0.0.0: check first.
    if port and _accepts_connections(port):
        raise PortInUseError(_port_in_use(port))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Without it, the port can't be opened for a minute after the last run (TIME_WAIT).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(_BACKLOG)
    except PermissionError as error:
        listener.close()
        raise PortInUseError(
            f"port {port} can't be opened by this user ({error.strerror}); choose one above 1023, or 0"
        ) from error
    except OSError as error:
        listener.close()
        raise PortInUseError(_port_in_use(port)) from error
    return listener


def http_get(port: int, path: str, timeout: float) -> tuple[int, bytes] | None:
    """Send a GET request to a port of this machine, without an HTTP library (they take long to import).

    Args:
        port: The port on the loopback interface.
        path: Path of the request.
        timeout: Seconds to wait for the whole response.

    Returns:
        Status and body, or None if the response is not HTTP.

    Raises:
        OSError: Nothing responds, or not in time.
    """
    deadline = time.monotonic() + timeout
    response = bytearray()
    with socket.create_connection((LOOPBACK, port), timeout=timeout) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"no complete response from port {port} within {timeout} s")
            connection.settimeout(remaining)
            part = connection.recv(1 << 16)
            if not part:
                break
            response += part
    head, _, body = bytes(response).partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    status = rest.partition(b" ")[0]
    if not version.startswith(b"HTTP/") or not status.isdigit():
        return None
    return int(status), body


def describe_server(port: int) -> str:
    """Return a description of the program that listens on a port of this machine."""
    try:
        localaws = http_get(port, "/_localaws/health", timeout=1.0)
        # 403 is the response of an emulator's own port.
        if localaws and localaws[0] in {200, 403, 503} and b"pulumi-localaws" in localaws[1]:
            return "another pulumi-localaws"
        localstack = http_get(port, "/_localstack/health", timeout=1.0)
    except OSError:
        return "a program that does not respond to HTTP"
    if localstack is None:
        return "a program that does not use HTTP"
    status, body = localstack
    try:
        health = json.loads(body)
    except ValueError:
        return f"an HTTP server that is not an AWS emulator (its status is {status})"
    if not isinstance(health, dict) or "services" not in health:
        return f"an HTTP server that is not an AWS emulator (its status is {status})"
    name = "a MiniStack" if "iot_mtls" in health else "a LocalStack or another AWS emulator"
    return f"{name} (edition {health.get('edition', '?')}, version {health.get('version') or '?'})"


def _accepts_connections(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def _port_in_use(port: int) -> str:
    return (
        f"port {port} is in use by {describe_server(port)}."
        " Stop that program, or choose another port (0 for a free one)."
    )
