"""Downloads files from the web servers that the rules name, and from no others.

A URL of a document decides only about the path below the rule's prefix. A redirect is followed if a rule
leads it to the same server. The address of the host must be public, unless the rule allows others: a name
can lead to an internal service.
"""

import functools
import http.client
import ipaddress
import random
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote, urljoin

from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.stop import Stop
from userprofiles.legacy.content.media_errors import CopyFailedError, DeadLinkError
from userprofiles.legacy.content.timed_socket import TimedSocket
from userprofiles.legacy.content.url_rules import OldFile, UrlRules, WebPlace

NOT_PUBLIC = "the host has an address that is not public; private_addresses of the media rule can allow it"
REDIRECTED = "the server redirects to a place without a rule"
NO_ANSWER = "the old server did not answer"
TOO_LARGE = "the old file is larger than max_bytes of the media rules"

_CHUNK = 64 * 1024
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK = 200
_SAFE_IN_PATH = "/~:@!$&'()*+,;="
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?%"


@dataclass(frozen=True)
class WebLimits:
    """Times of a download.

    Attributes:
        tries: Attempts for one file.
        first_wait_s: Longest pause before the second attempt. It doubles each time.
        timeout_s: Seconds to wait for a connection, or for the next bytes.
    """

    tries: int = 4
    first_wait_s: float = 1.0
    timeout_s: float = 20.0


class WebFiles:
    """Downloads files. Its methods may be called by any thread.

    Args:
        rules: The rules.
        stop: Ends a download, and the wait between two attempts.
        limits: Times of a download.
    """

    def __init__(self, rules: UrlRules, stop: Stop, limits: WebLimits | None = None) -> None:
        self._rules = rules
        self._stop = stop
        self._limits = limits or WebLimits()

    def download(self, place: WebPlace, old_file: OldFile, file: IO[bytes]) -> str:
        """Write a file of a web server to `file`. Return its MIME type.

        Raises:
            DeadLinkError: The file does not exist, or must not be read.
            CopyFailedError: The server did not send the file in several attempts, or is too slow.
            StoppedError: A stop was requested.
        """
        reason = NO_ANSWER
        for number in range(self._limits.tries):
            if number:
                longest = self._limits.first_wait_s * 2 ** (number - 1)
                if self._stop.wait(random.uniform(0, longest)):  # noqa: S311 - jitter, not a secret
                    raise StoppedError("stopped during a download")
            file.seek(0)
            file.truncate()
            try:
                return self._follow(place, old_file, file)
            except _TryAgainError as error:
                reason = error.reason
            except (OSError, http.client.HTTPException):
                reason = NO_ANSWER
        raise CopyFailedError(reason)

    def _follow(self, place: WebPlace, old_file: OldFile, file: IO[bytes]) -> str:
        for _ in range(_MAX_REDIRECTS + 1):
            with self._request(place, old_file) as response:
                if response.status not in _REDIRECTS:
                    return self._read(response, file)
                location = _resolve(old_file.url, response.getheader("Location", ""))
            next_file = self._rules.locate(location)
            next_rule = next_file.rule
            next_place = next_rule.place if next_rule else None
            is_same = isinstance(next_place, WebPlace) and next_place.host == place.host
            # A proof of the owner is for one rule only.
            is_open = next_rule == old_file.rule or (next_rule and next_rule.is_readable_by_everybody)
            if next_file.problem or not isinstance(next_place, WebPlace) or not is_same or not is_open:
                raise DeadLinkError(REDIRECTED)
            place, old_file = next_place, next_file
        raise DeadLinkError(REDIRECTED)

    @contextmanager
    def _request(self, place: WebPlace, old_file: OldFile) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(place.host, place.port, timeout=self._limits.timeout_s)
        connection.sock = TimedSocket(self._connect(place), self._stop)
        target = quote(place.path + old_file.name, safe=_SAFE_IN_PATH)
        if old_file.query:
            target += "?" + quote(old_file.query, safe=_SAFE_IN_QUERY)
        is_default = place.port == {"http": 80, "https": 443}[place.scheme]
        host = place.host if is_default else f"{place.host}:{place.port}"
        try:
            connection.request("GET", target, headers={"Host": host, "Accept-Encoding": "identity"})
            yield connection.getresponse()
        finally:
            connection.close()

    def _connect(self, place: WebPlace) -> socket.socket:
        """Return a connection to an address that was checked: another look-up could give another one."""
        addresses = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        address = str(addresses[0][4][0])
        if not place.allows_private_addresses and not _is_public(address):
            raise DeadLinkError(NOT_PUBLIC)
        plain = socket.create_connection((address, place.port), self._limits.timeout_s)
        if place.scheme == "http":
            return plain
        try:
            return _tls_context().wrap_socket(plain, server_hostname=place.host)
        except BaseException:
            plain.close()
            raise

    def _read(self, response: http.client.HTTPResponse, file: IO[bytes]) -> str:
        if response.status in _RETRIED:
            raise _TryAgainError(f"the old server answered with the status {response.status}")
        if response.status != _OK:
            raise DeadLinkError(f"the old server answered with the status {response.status}")
        size = 0
        while chunk := response.read(_CHUNK):
            size += len(chunk)
            if size > self._rules.max_bytes:
                raise CopyFailedError(TOO_LARGE)
            file.write(chunk)
        if response.length:  # the rest of the Content-Length: `read` with a size does not raise an error
            raise _TryAgainError("the old server sent a part of the file only")
        return response.getheader("Content-Type", "")


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads all certificates, which takes a while


def _resolve(url: str, location: str) -> str:
    """Return the URL of a redirect.

    Raises:
        DeadLinkError: It is not a URL.
    """
    try:
        return urljoin(url, location)
    except ValueError:
        raise DeadLinkError(REDIRECTED) from None


class _TryAgainError(Exception):
    """An attempt failed, and another one may succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global
