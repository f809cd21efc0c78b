"""The gateway's HTTP side: one route for everything, the core behind it, the emulator behind the core."""

import json
import logging
import time
from typing import Any, Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from pulumi_localaws.gateway.core import Core
from pulumi_localaws.gateway.messages import Request
from pulumi_localaws.gateway.proxy import Upstream, UpstreamError, response_headers

log = logging.getLogger(__name__)

_MOST_FOR_CORE: Final = 16 << 20
_OWN: Final = "/_localaws/"
# The emulator sends the same with its answers; a browser hides an error without them from its page.
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, HEAD, OPTIONS, PATCH",
    "Access-Control-Expose-Headers": "*",
}


class Gateway:
    """Answers every request: its own paths, what the core wants, and the rest straight through.

    Args:
        upstream_url: The emulator's URL.
        endpoint: The gateway's own public URL.
        region: The region of the core's own calls.
        account_id: The emulator's account.
    """

    def __init__(self, *, upstream_url: str, endpoint: str, region: str, account_id: str) -> None:
        self._upstream = Upstream(upstream_url)
        self._core = Core(
            upstream=self._upstream.send, endpoint=endpoint, region=region, account_id=account_id
        )
        self._endpoint = endpoint

    async def close(self) -> None:
        """Close the connections to the emulator."""
        await self._upstream.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        target = request.raw_path
        if target.startswith("http://"):  # a client that takes the gateway for a proxy
            target = "/" + target[7:].partition("/")[2]
        if not target.startswith("/"):
            return refusal(400, "BadRequest", f"the request's target has to be a path, not {target[:100]!r}")
        if hdrs.UPGRADE in request.headers and "websocket" in request.headers[hdrs.UPGRADE].lower():
            return refusal(501, "NotImplemented", "the gateway does not carry websockets: use the AWS APIs")
        try:
            if target.startswith(_OWN):
                own = await self._own(request, target)
                if own is not None:
                    return own
            if self._core.wants(request.method, target, request.headers):
                return await self._through_core(request, target)
            return await self._upstream.stream(request, target)
        except UpstreamError as error:
            return refusal(
                503, "ServiceUnavailable", f"the emulator behind the gateway does not answer: {error}"
            )

    async def _through_core(self, request: web.Request, target: str) -> web.StreamResponse:
        length = request.content_length
        if length is not None and length > _MOST_FOR_CORE:
            return refusal(
                413, "RequestEntityTooLarge", f"a body of {length} bytes: {_MOST_FOR_CORE} are allowed"
            )
        body = await request.content.read() if request.can_read_body else b""
        answer = await self._core.handle(
            Request(request.method, target, tuple(request.headers.items()), body)
        )
        return web.Response(status=answer.status, headers=response_headers(answer.headers), body=answer.body)

    async def _own(self, request: web.Request, target: str) -> web.StreamResponse | None:
        path = target.partition("?")[0]
        if path == "/_localaws/health":
            return await self._health()
        if path == "/_localaws/journal":
            return self._journal(request.method)
        return None

    async def _health(self) -> web.Response:
        emulator = "ok"
        try:
            answer = await self._upstream.send(Request("GET", "/_ministack/health"))
        except UpstreamError as error:
            emulator = str(error)
        else:
            if answer.status != 200:  # noqa: PLR2004  OK
                emulator = f"answers {answer.status}"
        return _json(
            200 if emulator == "ok" else 503,
            {"server": "pulumi-localaws", "endpoint": self._endpoint, "gateway": "ok", "emulator": emulator},
        )

    def _journal(self, method: str) -> web.Response:
        journal = self._core.journal
        if method == hdrs.METH_DELETE:
            journal.clear()
        elif method != hdrs.METH_GET:
            return refusal(405, "MethodNotAllowed", f"{method} on the journal: GET and DELETE are allowed")
        entries = [
            {
                "at": entry.at,
                "service": entry.service,
                "action": entry.action,
                "status": entry.status,
                "notes": list(entry.notes),
            }
            for entry in journal
        ]
        return _json(200, {"entries": entries})


def refusal(status: int, code: str, message: str) -> web.Response:
    """Answer with an error of the gateway's own, in the form that AWS's JSON APIs have."""
    return _json(status, {"__type": code, "message": f"pulumi-localaws: {message}"})


def _json(status: int, document: Any) -> web.Response:
    return web.Response(
        status=status,
        headers=CIMultiDict(_CORS),
        content_type="application/json",
        body=json.dumps(document).encode(),
    )


@web.middleware
async def errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer a fault of the gateway itself so that any client understands it; its log has the traceback."""
    started = time.monotonic()
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        return refusal(error.status, "BadRequest", error.reason)
    except ConnectionError:
        raise  # the client has gone: nobody to tell
    except Exception as error:
        log.exception("%s failed after %.0f ms", request.method, (time.monotonic() - started) * 1000)
        return refusal(500, "InternalFailure", f"a fault in the gateway, {type(error).__name__}: see its log")
    return response


def application(gateway: Gateway) -> web.Application:
    """Make the aiohttp application around a gateway."""
    app = web.Application(middlewares=[errors], client_max_size=_MOST_FOR_CORE)
    app.router.add_route("*", r"/{tail:[\s\S]*}", gateway.handle)

    async def close(_: web.Application) -> None:
        await gateway.close()

    app.on_cleanup.append(close)
    return app
