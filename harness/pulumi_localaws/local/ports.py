"""Sockets on the loopback interface: bound before the process that serves them exists, and never shared."""

import json
import socket
import time

from pulumi_localaws.local.processes import LocalAwsError

LOOPBACK = "127.0.0.1"
_BACKLOG = 512


class PortInUseError(LocalAwsError):
    """Something else answers on the port that was asked for."""


def listen(port: int = 0) -> socket.socket:
    """Open a listening socket on the loopback interface.

    A client that connects before the server is up waits in the backlog instead of being refused.

    Args:
        port: The port, 1 to 65535; 0 lets the system choose a free one.

    Raises:
        PortInUseError: if the port is taken; it names who answers there.
        LocalAwsError: if the number is no port.
    """
    if not 0 <= port < 1 << 16:
        raise LocalAwsError(f"port is {port}: a port is a number from 1 to 65535, or 0 for any free one")
    # With SO_REUSEADDR some systems let 127.0.0.1 be bound beside somebody's 0.0.0.0: ask first.
    if port and _connects(port):
        raise PortInUseError(_in_use(port))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Without it a port is refused for a minute after the last run (TIME_WAIT).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(_BACKLOG)
    except PermissionError as error:
        listener.close()
        raise PortInUseError(
            f"port {port} may not be opened by this user ({error.strerror}): take one above 1023, or 0"
        ) from error
    except OSError as error:
        listener.close()
        raise PortInUseError(_in_use(port)) from error
    return listener


def get(port: int, path: str, timeout: float) -> tuple[int, bytes] | None:
    """Send one GET to a port of this machine, without any HTTP library (they take long to import).

    Args:
        port: The port on the loopback interface.
        path: Path of the request.
        timeout: Seconds to wait for the whole answer.

    Returns:
        Status and body, or None if what answered is not HTTP.

    Raises:
        OSError: if nothing answers, or not in time.
    """
    deadline = time.monotonic() + timeout
    answer = bytearray()
    with socket.create_connection((LOOPBACK, port), timeout=timeout) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no whole answer from port {port} within {timeout} s")
            connection.settimeout(left)
            part = connection.recv(1 << 16)
            if not part:
                break
            answer += part
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if not head.startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004  version, status
        return None
    return int(words[1]), body


def who_answers(port: int) -> str:
    """Say in words what answers on a port of this machine."""
    try:
        ours = get(port, "/_localaws/health", timeout=1.0)
        if ours and ours[0] in {200, 503} and b"pulumi-localaws" in ours[1]:
            return "another pulumi-localaws"
        other = get(port, "/_localstack/health", timeout=1.0)
    except OSError:
        return "a program that does not answer HTTP"
    if other is None:
        return "a program that does not speak HTTP"
    status, body = other
    try:
        health = json.loads(body)
    except ValueError:
        return f"an HTTP server that is no AWS emulator (it answered {status})"
    if not isinstance(health, dict) or "services" not in health:
        return f"an HTTP server that is no AWS emulator (it answered {status})"
    name = "a MiniStack" if "iot_mtls" in health else "a LocalStack or another AWS emulator"
    return f"{name} (edition {health.get('edition', '?')}, version {health.get('version') or '?'})"


def _connects(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def _in_use(port: int) -> str:
    return (
        f"port {port} is in use: {who_answers(port)} answers there. "
        "It was left alone; stop it, or choose another port (0 for any free one)"
    )
