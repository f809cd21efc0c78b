"""HTTP messages without an HTTP library, so that the rules run without sockets."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes:
        method: The HTTP method.
        target: Path and query exactly as the client sent them (a signature covers them).
        headers: Name and value pairs in the order of arrival; names keep their case.
        body: The complete body.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """Return the value of the first header with this name, in any case."""
        lower_name = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower_name), default)


@dataclass(frozen=True)
class Response:
    """An HTTP response.

    Attributes:
        status: The HTTP status code.
        headers: Name and value pairs.
        body: The complete body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def is_error(self) -> bool:
        """Whether the status is an HTTP error."""
        return self.status >= HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        """Parse the body as JSON; raises ``json.JSONDecodeError`` if it is not JSON."""
        return json.loads(self.body)


SendToEmulator = Callable[[Request], Awaitable[Response]]
"""Sends a request to the emulator unchanged."""
