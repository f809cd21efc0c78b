"""HTTP between the client and the emulator: what a reverse proxy has to do, with no rule about AWS in it."""

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, hdrs, web
from aiohttp.client_exceptions import ClientError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from pulumi_localaws.gateway.wire.http_messages import Request, Response

# Closed before the emulator does it: a request on a connection that is just being closed would be lost.
_UPSTREAM_KEEPALIVE_SECONDS: Final = 4.0
_CHUNK: Final = 1 << 16
SMALL_BODY: Final = 1 << 20
"""Bodies up to this many bytes are read and sent at once, larger ones as they come."""

# RFC 9110, 7.6.1: they are about one connection. Expect is answered by the gateway itself.
_HOP_BY_HOP: Final = frozenset(
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


class EmulatorConnectionError(Exception):
    """The emulator did not answer."""


def end_to_end(headers: CIMultiDictProxy[str] | CIMultiDict[str]) -> CIMultiDict[str]:
    """Return the headers that go on to the other side."""
    named = {
        name.strip().lower() for value in headers.getall(hdrs.CONNECTION, ()) for name in value.split(",")
    }
    dropped = _HOP_BY_HOP | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def to_emulator(headers: CIMultiDictProxy[str] | CIMultiDict[str]) -> CIMultiDict[str]:
    """Return the headers for the emulator.

    AWS is reached over TLS, and policies may demand it (``aws:SecureTransport``). The public port, plain HTTP
    on loopback, stands in its place: the emulator is told so in a header that no signature covers.
    """
    sent = end_to_end(headers)
    sent.setdefault("X-Forwarded-Proto", "https")
    return sent


class EmulatorConnection:
    """The emulator, as the gateway's HTTP client sees it.

    Args:
        url: Its URL, without a path.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=_UPSTREAM_KEEPALIVE_SECONDS),
            timeout=ClientTimeout(total=None, sock_connect=5),
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            # A header that the client did not send is not for us to send: it may be a signed one.
            skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _target(self, target: str) -> URL:
        return URL(self._url + target, encoded=True)

    async def send(self, request: Request) -> Response:
        """Send a whole request and read the whole answer; raises EmulatorConnectionError if there is none."""
        headers = to_emulator(CIMultiDict(request.headers))
        headers.popall(hdrs.CONTENT_LENGTH, None)  # the body may be another than the client's
        try:
            async with self._session.request(
                request.method,
                self._target(request.target),
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
                return Response(answer.status, tuple(end_to_end(answer.headers).items()), body)
        except (ClientError, OSError) as error:
            raise EmulatorConnectionError(str(error)) from error

    async def stream(self, request: web.Request, target: str) -> web.StreamResponse:
        """Send a client's request on as it comes and its answer back as it comes; raises EmulatorConnectionError."""
        try:
            async with self._session.request(
                request.method,
                self._target(target),
                headers=to_emulator(request.headers),
                data=await _body(request),
                allow_redirects=False,
            ) as answer:
                response = web.StreamResponse(
                    status=answer.status, reason=answer.reason, headers=end_to_end(answer.headers)
                )
                length = answer.headers.get(hdrs.CONTENT_LENGTH)
                if request.method == hdrs.METH_HEAD or length == "0":
                    await response.prepare(request)
                elif length is not None and int(length) <= SMALL_BODY:
                    response = web.Response(
                        status=answer.status,
                        reason=answer.reason,
                        headers=response.headers,
                        body=await answer.read(),
                    )
                else:
                    await self._copy(request, answer.content.iter_any(), response)
                return response
        except (ClientError, OSError) as error:
            raise EmulatorConnectionError(str(error)) from error

    @staticmethod
    async def _copy(request: web.Request, parts: AsyncIterator[bytes], response: web.StreamResponse) -> None:
        try:
            await response.prepare(request)
            async for part in parts:
                await response.write(part)
            await response.write_eof()
        except (ClientError, OSError):
            # Half an answer is out: all that can be said now is that it is not whole.
            if request.transport is not None:
                request.transport.abort()


async def _body(request: web.Request) -> bytes | AsyncIterator[bytes] | None:
    if not request.can_read_body:
        return None
    length = request.content_length
    if length is not None and length <= SMALL_BODY:
        return await request.content.readexactly(length)
    return request.content.iter_any()
