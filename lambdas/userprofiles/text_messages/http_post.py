"""One HTTP POST over a new connection, with certainty about whether the request was sent.

A connection that was used before can be closed by the server at any time. A request over it would then fail
with an unknown result. So each request has a connection of its own, and nothing is repeated or redirected.
"""

import http.client
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from userprofiles.settings import SettingsError

_MAX_BODY = 65_536


class NotSentError(Exception):
    """The server did not get the request. The text is the class of the error."""


class UnknownResultError(Exception):
    """The server may have processed the request. The text is the class of the error."""


@dataclass(frozen=True)
class HttpResponse:
    """A response.

    Attributes:
        status: The status code.
        retry_after: The header `Retry-After`; None if it is missing.
        body: The body, or its beginning; empty if it did not arrive.
    """

    status: int
    retry_after: str | None
    body: bytes = field(repr=False)


class HttpServer:
    """A server that gets POST requests.

    Args:
        setting: The setting that contains the URL, for error messages.
        url: The URL, without path. Only a loopback address may use `http`.
        connect_seconds: Seconds to wait for each step of the connection.
        read_seconds: Seconds to wait for each part of the response.

    Raises:
        SettingsError: The URL is not allowed.
    """

    def __init__(self, setting: str, url: str, *, connect_seconds: float, read_seconds: float) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_plain = parts.scheme == "http" and _is_loopback(host)
        is_only_a_host = parts.netloc == parts.netloc.rpartition("@")[2] and url.rstrip("/") == (
            f"{parts.scheme}://{parts.netloc}"
        )
        if not host or not is_only_a_host or not (parts.scheme == "https" or is_plain):
            raise SettingsError(
                f"{setting} must be the URL of a server without a path, got {url!r}. Allowed: "
                "https://<host>, and http://<host> for a loopback address such as 127.0.0.1."
            )
        self._is_plain = is_plain
        self._address = (host, parts.port)
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Send a request and return the response.

        Raises:
            NotSentError: The connection failed: the server did not get the request.
            UnknownResultError: The request or the response broke off.
        """
        connection = self._create_connection()
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NotSentError(type(error).__name__) from None
            connection.sock.settimeout(self._read_seconds)
            try:
                connection.request("POST", path, body, dict(headers))
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise UnknownResultError(type(error).__name__) from None
            return HttpResponse(response.status, response.getheader("Retry-After"), _read_body(response))
        finally:
            connection.close()

    def _create_connection(self) -> http.client.HTTPConnection:
        host, port = self._address
        if self._is_plain:
            return http.client.HTTPConnection(host, port, timeout=self._connect_seconds)
        # This context verifies the certificate and the host name.
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._connect_seconds, context=context)


def _read_body(response: http.client.HTTPResponse) -> bytes:
    """Return the body. The status says whether the server accepted the request, even if the body breaks."""
    try:
        return response.read(_MAX_BODY)
    except (OSError, http.client.HTTPException):
        return b""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
