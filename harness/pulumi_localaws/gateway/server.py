"""The gateway's HTTP server: one route that handles every request by the router or streams it."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from pulumi_localaws.gateway.aws_lambda.http_api_limits import reject_large_body
from pulumi_localaws.gateway.cognito.triggers import TRIGGER_TIMEOUT_SECONDS
from pulumi_localaws.gateway.router import RequestKind, RequestRouter
from pulumi_localaws.gateway.wire.emulator_connection import (
    EmulatorConnection,
    EmulatorConnectionError,
    remove_hop_by_hop_headers,
)
from pulumi_localaws.gateway.wire.http_messages import Request
from pulumi_localaws.gateway.wire.journal import create_streamed_entry
from pulumi_localaws.gateway.wire.request_bodies import wait_for_part
from pulumi_localaws.origins import OriginPolicy

log = logging.getLogger(__name__)

_MAX_ROUTED_BODY_BYTES: Final = 16 << 20
_OWN_PATHS: Final = "/_localaws/"
# The emulator sends the same headers. Without them, a browser hides an error from the page.
_CORS_HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, HEAD, OPTIONS, PATCH",
    "Access-Control-Expose-Headers": "*",
}


class Gateway:
    """Handles every request: its own paths itself, some kinds by the router; the others are streamed.

    Args:
        emulator_url: The emulator's URL.
        emulator_header: The header that the emulator requires, ``Name: value``.
        endpoint: The gateway's public URL.
        region: The region of the gateway's own calls.
        account_id: The emulator's account.
        allow_origins: Allowed web origins, in addition to those on this machine.
        function_seconds: Seconds that Cognito and an HTTP API wait for a function. Default: as on AWS.

    Raises:
        ValueError: An item of ``allow_origins`` is not an origin.
    """

    def __init__(
        self,
        *,
        emulator_url: str,
        emulator_header: str,
        endpoint: str,
        region: str,
        account_id: str,
        allow_origins: Sequence[str] = (),
        function_seconds: float | None = None,
    ) -> None:
        self._origin_policy = OriginPolicy(allow_origins)
        self._emulator = EmulatorConnection(emulator_url, emulator_header)
        self._router = RequestRouter(
            send_to_emulator=self._emulator.send,
            endpoint=endpoint,
            region=region,
            account_id=account_id,
            trigger_timeout=function_seconds or TRIGGER_TIMEOUT_SECONDS,
            integration_timeout=function_seconds,
        )
        self._endpoint = endpoint

    async def close(self) -> None:
        """Close the connections to the emulator."""
        await self._emulator.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Handle one request, unless a foreign web page sent it."""
        if violation := self._origin_policy.find_violation(
            {name: request.headers.getall(name, []) for name in ("host", "origin", "sec-fetch-site")}
        ):
            response = error_response(403, "AccessDenied", violation)
            for name in _CORS_HEADERS:
                del response.headers[name]
            response.force_close()  # the request's body was not read
            return response
        target = request.raw_path
        if target.startswith("http://"):  # a client that uses the gateway as a proxy
            target = "/" + target[len("http://") :].partition("/")[2]
        if not target.startswith("/"):
            return error_response(
                400, "BadRequest", f"the request's target must be a path, but it is {target[:100]!r}"
            )
        if "websocket" in request.headers.get(hdrs.UPGRADE, "").lower():
            response = error_response(501, "NotImplemented", "the gateway does not support websockets")
            response.force_close()
            return response
        try:
            return await self._handle_allowed(request, target)
        except EmulatorConnectionError as error:
            return error_response(
                503, "ServiceUnavailable", f"the emulator behind the gateway does not respond: {error}"
            )

    async def restrict_cors(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let only the calling page read the response; the emulator lets every page (``*``).

        If the emulator names origins, or none, they come from the CORS configuration of an HTTP API or a
        bucket and stay unchanged.
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

    async def _handle_allowed(self, request: web.Request, target: str) -> web.StreamResponse:
        path = target.partition("?")[0]
        if path == "/_localaws/health":
            return await self._report_health()
        if path == "/_localaws/journal":
            return self._serve_journal(request.method)
        if path == "/_localaws/trigger-runs":
            body = await wait_for_part(request, request.read())
            return self._serve_trigger_runs(request.method, body)
        head = Request(request.method, target, tuple(request.headers.items()))
        kind = self._router.classify(head)
        if kind is not None:
            return await self._handle_by_router(request, head, kind)
        if path.startswith(_OWN_PATHS):
            return error_response(
                404,
                "NotFound",
                f"unknown path {path}. Available: {_OWN_PATHS}data-baseline, {_OWN_PATHS}health,"
                f" {_OWN_PATHS}journal, {_OWN_PATHS}trigger-runs",
            )
        response = await self._emulator.stream(request, target)
        self._router.journal.append(
            create_streamed_entry(request.method, target, request.headers, response.status)
        )
        return response

    async def _handle_by_router(
        self, request: web.Request, head: Request, kind: RequestKind
    ) -> web.StreamResponse:
        try:
            body = await wait_for_part(request, request.read())
        except web.HTTPRequestEntityTooLarge:  # above _MAX_ROUTED_BODY_BYTES
            if kind is not RequestKind.HTTP_API:
                raise
            response = reject_large_body()
        else:
            response = await self._router.handle(replace(head, body=body), kind)
        headers = remove_hop_by_hop_headers(CIMultiDict(response.headers))
        if request.method != hdrs.METH_HEAD:  # for HEAD it is the length of GET's body
            headers.popall(hdrs.CONTENT_LENGTH, None)
        return web.Response(status=response.status, headers=headers, body=response.body or None)

    async def _report_health(self) -> web.Response:
        emulator = "ok"
        try:
            response = await self._emulator.send(Request("GET", "/_ministack/health"))
        except EmulatorConnectionError as error:
            emulator = str(error)
        else:
            if response.status != HTTPStatus.OK:
                emulator = f"returns {response.status}"
        return _json(
            200 if emulator == "ok" else 503,
            {"server": "pulumi-localaws", "endpoint": self._endpoint, "gateway": "ok", "emulator": emulator},
        )

    def _serve_journal(self, method: str) -> web.Response:
        journal = self._router.journal
        if method == hdrs.METH_DELETE:
            journal.clear()
        elif method != hdrs.METH_GET:
            return error_response(
                405, "MethodNotAllowed", f"{method} is not allowed for the journal. Allowed: GET, DELETE"
            )
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

    def _serve_trigger_runs(self, method: str, body: bytes) -> web.Response:
        trigger_runs = self._router.trigger_runs
        if method == hdrs.METH_PUT:
            try:
                trigger_runs.set(body)
            except ValueError as error:
                return error_response(400, "BadRequest", str(error))
        elif method != hdrs.METH_GET:
            return error_response(
                405, "MethodNotAllowed", f"{method} is not allowed for trigger-runs. Allowed: GET, PUT"
            )
        return _json(200, {"triggerRuns": trigger_runs.describe()})


def error_response(status: int, code: str, message: str) -> web.Response:
    """Return an error of the gateway itself, in the form of AWS's JSON APIs."""
    return _json(status, {"__type": code, "message": f"pulumi-localaws: {message}"})


def _json(status: int, document: Any) -> web.Response:
    return web.Response(
        status=status,
        headers=CIMultiDict(_CORS_HEADERS),
        content_type="application/json",
        body=json.dumps(document).encode(),
    )


@web.middleware
async def handle_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Return a fault of the gateway as an AWS error, which every client can read; log the traceback."""
    started = time.monotonic()
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        return error_response(
            error.status, type(error).__name__.removeprefix("HTTP"), error.text or error.reason
        )
    except (ConnectionError, EOFError):
        raise  # the client has disconnected
    except RecursionError:
        return error_response(400, "SerializationException", "the JSON of the request is nested too deeply")
    except Exception as error:
        log.exception("%s failed after %.0f ms", request.method, (time.monotonic() - started) * 1000)
        return error_response(
            500, "InternalFailure", f"fault in the gateway ({type(error).__name__}). Its log has the details"
        )
    return response


def create_application(gateway: Gateway) -> web.Application:
    """Create the aiohttp application that serves a gateway."""
    application = web.Application(middlewares=[handle_errors], client_max_size=_MAX_ROUTED_BODY_BYTES)
    application.router.add_route("*", r"/{tail:[\s\S]*}", gateway.handle)

    async def close_gateway(_: web.Application) -> None:
        await gateway.close()

    application.on_response_prepare.append(gateway.restrict_cors)
    application.on_cleanup.append(close_gateway)
    return application
