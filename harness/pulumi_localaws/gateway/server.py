"""The gateway's HTTP side: one route for everything, the core behind it, the emulator behind the core."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from pulumi_localaws.gateway.core import Core, RequestKind
from pulumi_localaws.gateway.wire.http_messages import Request
from pulumi_localaws.gateway.wire.journal import passed
from pulumi_localaws.gateway.wire.proxy import Upstream, UpstreamError, end_to_end
from pulumi_localaws.origins import OriginPolicy

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
        allow_origins: Origins of web pages that may call, beside this machine's own.

    Raises:
        ValueError: One of ``allow_origins`` is no origin.
    """

    def __init__(
        self,
        *,
        upstream_url: str,
        endpoint: str,
        region: str,
        account_id: str,
        allow_origins: Sequence[str] = (),
    ) -> None:
        self._origin_policy = OriginPolicy(allow_origins)
        self._upstream = Upstream(upstream_url)
        self._core = Core(
            upstream=self._upstream.send, endpoint=endpoint, region=region, account_id=account_id
        )
        self._endpoint = endpoint

    async def close(self) -> None:
        """Close the connections to the emulator."""
        await self._upstream.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, unless a foreign web page has sent it."""
        if violation := self._origin_policy.find_violation(
            {name: request.headers.getall(name, []) for name in ("host", "origin", "sec-fetch-site")}
        ):
            answer = refusal(403, "AccessDenied", violation)
            for name in _CORS:
                del answer.headers[name]
            answer.force_close()  # a body that was not read is left behind
            return answer
        target = request.raw_path
        if target.startswith("http://"):  # a client that takes the gateway for a proxy
            target = "/" + target[len("http://") :].partition("/")[2]
        if not target.startswith("/"):
            return refusal(400, "BadRequest", f"the request's target has to be a path, not {target[:100]!r}")
        if "websocket" in request.headers.get(hdrs.UPGRADE, "").lower():
            answer = refusal(501, "NotImplemented", "the gateway does not carry websockets")
            answer.force_close()
            return answer
        try:
            return await self._answer(request, target)
        except UpstreamError as error:
            return refusal(
                503, "ServiceUnavailable", f"the emulator behind the gateway does not answer: {error}"
            )

    async def share(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that has asked read the answer, and no other: the emulator shares with all (``*``).

        Where the emulator names origins, or none, an HTTP API or a bucket has its own CORS configuration.
        """
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return
        if not self._origin_policy.allows(origin):
            for name in [name for name in response.headers if name.lower().startswith("access-control-")]:
                response.headers.popall(name, None)
        elif response.headers.get(hdrs.ACCESS_CONTROL_ALLOW_ORIGIN) == "*":
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers.add(hdrs.VARY, hdrs.ORIGIN)

    async def _answer(self, request: web.Request, target: str) -> web.StreamResponse:
        path = target.partition("?")[0]
        if path == "/_localaws/health":
            return await self._health()
        if path == "/_localaws/journal":
            return self._journal(request.method)
        head = Request(request.method, target, tuple(request.headers.items()))
        kind = self._core.kind_of(head)
        if kind is not None:
            return await self._through_core(request, head, kind)
        if path.startswith(_OWN):
            return refusal(404, "NotFound", f"no {path}: there are {_OWN}health and {_OWN}journal")
        response = await self._upstream.stream(request, target)
        self._core.journal.append(passed(request.method, target, request.headers, response.status))
        return response

    async def _through_core(
        self, request: web.Request, head: Request, kind: RequestKind
    ) -> web.StreamResponse:
        body = await request.read()  # up to _MOST_FOR_CORE, then 413
        answer = await self._core.handle(replace(head, body=body), kind)
        headers = end_to_end(CIMultiDict(answer.headers))
        if request.method != hdrs.METH_HEAD:  # there it is the length of what GET would send
            headers.popall(hdrs.CONTENT_LENGTH, None)
        return web.Response(status=answer.status, headers=headers, body=answer.body or None)

    async def _health(self) -> web.Response:
        emulator = "ok"
        try:
            answer = await self._upstream.send(Request("GET", "/_ministack/health"))
        except UpstreamError as error:
            emulator = str(error)
        else:
            if answer.status != HTTPStatus.OK:
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
        return refusal(error.status, type(error).__name__.removeprefix("HTTP"), error.text or error.reason)
    except (ConnectionError, EOFError):
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

    app.on_response_prepare.append(gateway.share)
    app.on_cleanup.append(close)
    return app
