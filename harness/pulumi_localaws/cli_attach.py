"""The command ``attach``: a terminal for functions that have stopped at a breakpoint."""

import os
import selectors
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local.debug_sockets import list_sockets, open_debug_folder

_EXIT_SUCCESS, _EXIT_FAILURE = 0, 1
_POLL_SECONDS = 0.2
_READ_BYTES = 1 << 16


def attach(*, once: bool = False) -> int:
    """Connect this terminal to each function that stops, one after the other, until Ctrl-C.

    Args:
        once: End after the first function.

    Returns:
        The exit code.
    """
    try:
        folder = open_debug_folder()
        while True:
            _print_status("Waiting for a function to stop at breakpoint() (Ctrl-C ends)")
            with _connect(folder) as connection:
                is_open = _exchange(connection)
            if once or not is_open:
                return _EXIT_SUCCESS
    except KeyboardInterrupt:
        return _EXIT_SUCCESS
    except LocalAwsError as error:
        _print_status(f"pulumi-localaws: {error}")
        return _EXIT_FAILURE


def _connect(folder: Path) -> socket.socket:
    """Wait for a socket, and connect to it. A file whose process has ended is deleted."""
    while True:
        for path in list_sockets(folder):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
            except ConnectionRefusedError:
                connection.close()
                path.unlink(missing_ok=True)
            except FileNotFoundError:  # another terminal was faster
                connection.close()
            else:
                return connection
        time.sleep(_POLL_SECONDS)


def _exchange(connection: socket.socket) -> bool:
    """Copy between terminal and function until one ends; return whether the terminal is still open."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is connection:
                    try:
                        data = connection.recv(_READ_BYTES)
                    except ConnectionResetError:
                        data = b""
                    if not data:
                        return True
                    sys.stdout.write(data.decode(errors="replace"))
                    sys.stdout.flush()
                    continue
                # Not by readline, whose buffer the selector does not see.
                text = os.read(sys.stdin.fileno(), _READ_BYTES)
                if not text:
                    return False
                with suppress(BrokenPipeError):  # the function has ended; the next read says so
                    connection.sendall(text)


def _print_status(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 the command's own status
