"""A TCP proxy that drops each connection after some bytes from the server."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class DroppingProxy:
    """Forwards connections of the loopback address to a server.

    Args:
        host: The host of the server.
        port: The port of the server.
        limit: The bytes from the server after which a connection is dropped.

    Attributes:
        port: The port of the proxy.
        drops: The number of dropped connections.
    """

    def __init__(self, host: str, port: int, limit: int) -> None:
        self._server = (host, port)
        self._limit = limit
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.drops = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in (self._listener, *self._connections):
            _close(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._connections += [client, server]
                threading.Thread(target=self._forward, args=(client, server, None), daemon=True).start()
                threading.Thread(
                    target=self._forward, args=(server, client, self._limit), daemon=True
                ).start()

    def _forward(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        with contextlib.suppress(OSError):
            rest = limit
            while data := source.recv(65_536):
                if rest is not None:
                    rest -= len(data)
                    if rest < 0:
                        self.drops += 1
                        break
                target.sendall(data)
        _close(source)
        _close(target)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
