"""An HTTP API may invoke a function only by the function's resource policy; the emulator never asks."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.aws_lambda.lambda_client import FunctionRef, LambdaClient
from pulumi_localaws.gateway.wire.errors import json_response
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import RootClient, signed_region

PRINCIPAL = "apigateway.amazonaws.com"
PATH_PREFIX = "/_aws/execute-api/"
_HOST = re.compile(r"([a-z0-9-]+)\.execute-api\.")
_KEEP_SECONDS = 5.0


@dataclass
class _Api:
    """What the emulator knows of one API, for a few seconds."""

    region: str
    account: str
    stages: frozenset[str]
    routes: list[dict[str, Any]]
    integrations: dict[str, dict[str, Any]]
    until: float
    permitted: dict[tuple[str, str], bool] = field(default_factory=dict)


class HttpApiPermissions:
    """Checks the invoke permission of an HTTP API's integration before a request passes.

    What it learns is kept for a few seconds, and thrown away when a change of an API or of a policy
    passes through the gateway: a request then costs nothing more than it did.

    Args:
        root: The signer.
        functions: Asks for permissions.
        account: The emulator's account.
        clock: Seconds that only move forward.
    """

    def __init__(
        self,
        root: RootClient,
        functions: LambdaClient,
        account: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._functions = functions
        self._account = account
        self._clock = clock
        self._apis: dict[str, _Api] = {}
        self.regions = {root.region}

    def forget(self) -> None:
        """Forget what was learned."""
        self._apis.clear()

    def saw_write(self, request: Request) -> None:
        """Note that an API or a function's policy was changed, and in which region."""
        self._apis.clear()
        self.regions.add(signed_region(request) or self._root.region)

    async def handle(self, request: Request, upstream: SendToEmulator, notes: list[str]) -> Response:
        """Pass a request to an API on, or answer as AWS does where the API may not invoke its function.

        A request without the token that its route asks for passes all the same: AWS looks at the token first,
        and the emulator refuses it without invoking anything.
        """
        api_id, path = addressed(request)
        api = await self._api(api_id)
        found = None if api is None else _route(api, request.method, path)
        if api is None or found is None:
            return await upstream(request)
        stage, route = found
        function = _function(api, route)
        anonymous = not request.header("authorization") and route.get("authorizationType") == "JWT"
        if function is None or anonymous or await self._permitted(api_id, api, stage, route, function):
            return await upstream(request)
        notes.append("API: no permission to invoke its function")
        return json_response(
            {"message": "Internal Server Error"}, status=500, content_type="application/json"
        )

    async def _permitted(
        self, api_id: str, api: _Api, stage: str, route: dict[str, Any], function: FunctionRef
    ) -> bool:
        key = str(route.get("routeKey"))
        known = api.permitted.get((stage, key))
        if known is None:
            method, _, path = key.partition(" ")
            # A source ARN names stage, method and the route's own path (developer guide, "Create AWS Lambda
            # proxy integrations for HTTP APIs"); "ANY" and "$default" stand for themselves.
            resource = f"{stage}/{method}{path}" if path else f"{stage}/{method}"
            source = f"arn:aws:execute-api:{api.region}:{api.account}:{api_id}/{resource}"
            known = await self._functions.permitted(
                function, principal=PRINCIPAL, source_arn=source, account=api.account
            )
            api.permitted[stage, key] = known
        return known

    async def _api(self, api_id: str) -> _Api | None:
        api = self._apis.get(api_id)
        if api is not None and api.until > self._clock():
            return api
        for region in sorted(self.regions):
            routes = await self._items(api_id, "routes", region)
            if routes is None:
                continue
            stages = await self._items(api_id, "stages", region) or []
            integrations = await self._items(api_id, "integrations", region) or []
            api = _Api(
                region=region,
                account=self._account,
                stages=frozenset(str(s.get("stageName")) for s in stages),
                routes=routes,
                integrations={str(i.get("integrationId")): i for i in integrations},
                until=self._clock() + _KEEP_SECONDS,
            )
            self._apis[api_id] = api
            return api
        return None

    async def _items(self, api_id: str, what: str, region: str) -> list[dict[str, Any]] | None:
        answer = await self._root.rest("apigateway", "GET", f"/v2/apis/{api_id}/{what}", region=region)
        if answer.status != HTTPStatus.OK:
            return None
        items = answer.json().get("items")
        return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def addressed(request: Request) -> tuple[str, str]:
    """Return the id of the API that a request is for and the path behind it; an empty id for none."""
    path = request.target.partition("?")[0]
    if path.startswith(PATH_PREFIX):
        api_id, _, rest = path.removeprefix(PATH_PREFIX).partition("/")
        return (api_id, "/" + rest) if re.fullmatch(r"[A-Za-z0-9-]+", api_id) else ("", path)
    host = _HOST.match(request.header("host"))
    return (host[1], path) if host else ("", path)


def _route(api: _Api, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return the stage and the route that a request reaches, chosen as AWS chooses."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in api.stages:
        stage, path = first, "/" + rest
    elif "$default" in api.stages:
        stage, path = "$default", "/" + path.lstrip("/")
    else:
        return None
    best: tuple[tuple[bool, int, bool], dict[str, Any]] | None = None
    for route in api.routes:
        route_method, _, route_path = str(route.get("routeKey")).partition(" ")
        if not route_path or route_method not in {"ANY", method} or not _matches(route_path, path):
            continue
        segments = route_path.strip("/").split("/")
        # A full match beats a greedy one, more fixed segments beat fewer, a named method beats ANY.
        literal = sum(not s.startswith("{") for s in segments)
        rank = ("+}" not in route_path, literal, route_method != "ANY")
        if best is None or rank > best[0]:
            best = (rank, route)
    if best is not None:
        return stage, best[1]
    fallback = next((r for r in api.routes if r.get("routeKey") == "$default"), None)
    return None if fallback is None else (stage, fallback)


def _matches(route_path: str, path: str) -> bool:
    pattern = "".join(
        (".+" if part.endswith("+}") else "[^/]+") if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]+\})", route_path)
    )
    return re.fullmatch(pattern, path) is not None


def _function(api: _Api, route: dict[str, Any]) -> FunctionRef | None:
    target = str(route.get("target") or "").rsplit("/", 1)[-1]
    integration = api.integrations.get(target) or {}
    if integration.get("integrationType") != "AWS_PROXY":
        return None
    uri = str(integration.get("integrationUri") or "")
    inner = uri.partition("/functions/")[2].removesuffix("/invocations") if "/functions/" in uri else uri
    return FunctionRef.parse(inner)
