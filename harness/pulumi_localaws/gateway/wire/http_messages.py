"""HTTP messages as the gateway's core sees them: no HTTP library, so that its rules run without sockets."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request, as it came from the wire.

    Attributes:
        method: The HTTP method.
        target: Path and query exactly as the client sent them (a signature covers them).
        headers: Name and value pairs in the order of the wire; names keep their case.
        body: The whole body.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """Return the first header of that name, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)


@dataclass(frozen=True)
class Response:
    """One answer.

    Attributes:
        status: The HTTP status code.
        headers: Name and value pairs.
        body: The whole body.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def is_error(self) -> bool:
        """Whether the status is one of HTTP's errors."""
        return self.status >= HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        """Return the body as JSON; raises ``json.JSONDecodeError`` if it is none."""
        return json.loads(self.body)


SendToEmulator = Callable[[Request], Awaitable[Response]]
"""Sends a request to the emulator as it stands."""


@dataclass(frozen=True)
class JournalEntry:
    """What the gateway did with one request, for the journal.

    Attributes:
        at: Seconds since the epoch.
        service: The AWS service as the emulator names it (``cognito-idp``), or ``http``.
        action: The API action, or method and path.
        status: The HTTP status answered.
        notes: What was done on the way (triggers fired, rules applied), never a value of the request.
    """

    at: float
    service: str
    action: str
    status: int
    notes: tuple[str, ...] = field(default_factory=tuple)
