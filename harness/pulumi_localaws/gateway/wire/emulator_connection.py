"""The HTTP connection to the emulator: the tasks of a reverse proxy, without any rule about AWS."""

from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, hdrs, web
from aiohttp.client_exceptions import ClientError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.request_bodies import read_parts, wait_for_part

# Shorter than the emulator's timeout: a request on a connection that is being closed would be lost.
_KEEPALIVE_SECONDS: Final = 4.0
_SMALL_BODY_BYTES: Final = 1 << 20
"""Bodies up to this size are read and sent as a whole; larger ones are streamed."""

# RFC 9110, 7.6.1: they describe one connection. The gateway itself answers Expect.
_HOP_BY_HOP_HEADERS: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


_OIDC_DOCUMENT = "/.well-known/openid-configuration"


class EmulatorConnectionError(Exception):
    """The emulator did not respond."""


def remove_hop_by_hop_headers(headers: CIMultiDictProxy[str] | CIMultiDict[str]) -> CIMultiDict[str]:
    """Return the headers that are forwarded to the other side."""
    connection_headers = {
        name.strip().lower() for value in headers.getall(hdrs.CONNECTION, ()) for name in value.split(",")
    }
    removed_headers = _HOP_BY_HOP_HEADERS | connection_headers
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in removed_headers
    )


class EmulatorConnection:
    """The gateway's HTTP client for the emulator.

    Args:
        url: The emulator's URL, without a path.
        header: The header that the emulator requires, ``Name: value``. Never log it.
    """

    def __init__(self, url: str, header: str) -> None:
        self._url = url
        self._required_header = header.split(": ", 1)
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
            timeout=ClientTimeout(total=None, sock_connect=5),
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            # Add no header that the client did not send: a signature may cover it.
            skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _prepare_headers(
        self, headers: CIMultiDictProxy[str] | CIMultiDict[str], target: str
    ) -> CIMultiDict[str]:
        """Return the headers of a request to the emulator; no signature covers the added ones.

        AWS is called over TLS, and policies may require it (``aws:SecureTransport``). The public port is
        plain HTTP on loopback. An added header makes the emulator treat it as TLS. A pool's OIDC document is
        the exception: its URLs must work on the public port.
        """
        emulator_headers = remove_hop_by_hop_headers(headers)
        if not target.partition("?")[0].endswith(_OIDC_DOCUMENT):
            emulator_headers.setdefault("X-Forwarded-Proto", "https")
        name, value = self._required_header
        emulator_headers[name] = value
        return emulator_headers

    def _url_of(self, target: str) -> URL:
        return URL(self._url + target, encoded=True)

    async def send(self, request: Request) -> Response:
        """Send a complete request and read the complete response.

        Raises:
            EmulatorConnectionError: The emulator did not respond.
        """
        headers = self._prepare_headers(CIMultiDict(request.headers), request.target)
        headers.popall(hdrs.CONTENT_LENGTH, None)  # a rule may have changed the body
        try:
            async with self._session.request(
                request.method,
                self._url_of(request.target),
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
            ) as emulator_response:
                body = await emulator_response.read()
                return Response(
                    emulator_response.status,
                    tuple(remove_hop_by_hop_headers(emulator_response.headers).items()),
                    body,
                )
        except (ClientError, OSError) as error:
            raise EmulatorConnectionError(str(error)) from error

    async def stream(self, request: web.Request, target: str) -> web.StreamResponse:
        """Stream a client's request to the emulator and the response back.

        Raises:
            EmulatorConnectionError: The emulator did not respond.
        """
        try:
            async with self._session.request(
                request.method,
                self._url_of(target),
                headers=self._prepare_headers(request.headers, target),
                data=await _read_body(request),
                allow_redirects=False,
            ) as emulator_response:
                head: dict[str, Any] = {
                    "status": emulator_response.status,
                    "reason": emulator_response.reason,
                    "headers": remove_hop_by_hop_headers(emulator_response.headers),
                }
                length = emulator_response.headers.get(hdrs.CONTENT_LENGTH)
                if request.method == hdrs.METH_HEAD or length == "0":
                    response = web.StreamResponse(**head)
                    await response.prepare(request)
                elif length is not None and int(length) <= _SMALL_BODY_BYTES:
                    response = web.Response(**head, body=await emulator_response.read())
                else:
                    response = web.StreamResponse(**head)
                    await self._stream_body(request, emulator_response.content.iter_any(), response)
                return response
        except (ClientError, OSError) as error:
            raise EmulatorConnectionError(str(error)) from error

    @staticmethod
    async def _stream_body(
        request: web.Request, chunks: AsyncIterator[bytes], response: web.StreamResponse
    ) -> None:
        try:
            await response.prepare(request)
            async for chunk in chunks:
                await response.write(chunk)
            await response.write_eof()
        except (ClientError, OSError):
            # A part of the response is sent. Aborting shows the client that it is incomplete.
            if request.transport is not None:
                request.transport.abort()


async def _read_body(request: web.Request) -> bytes | AsyncIterator[bytes] | None:
    if not request.can_read_body:
        return None
    length = request.content_length
    if length is not None and length <= _SMALL_BODY_BYTES:
        if request.content.is_eof():  # the whole body has arrived, as it mostly has
            return request.content.read_nowait()
        return await wait_for_part(request, request.content.readexactly(length))
    return read_parts(request)
