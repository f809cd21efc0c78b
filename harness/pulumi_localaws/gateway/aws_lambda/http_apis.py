"""Handle requests to HTTP APIs: the limits and the function's resource policy, which the emulator ignores."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.aws_lambda.http_api_limits import (
    MAX_BODY_BYTES,
    Throttle,
    error_response,
    get_integration_timeout,
    reject_large_body,
)
from pulumi_localaws.gateway.aws_lambda.lambda_client import FunctionRef, LambdaClient
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.late_calls import LateCalls
from pulumi_localaws.gateway.wire.root_client import RootClient, parse_signed_region

PRINCIPAL = "apigateway.amazonaws.com"
PATH_PREFIX = "/_aws/execute-api/"
_API_HOST = re.compile(r"([a-z0-9-]+)\.execute-api\.")
_CACHE_SECONDS = 5.0


@dataclass
class _HttpApi:
    """The cached description of an HTTP API."""

    region: str
    account_id: str
    stages: dict[str, dict[str, Any]]
    routes: list[dict[str, Any]]
    integrations: dict[str, dict[str, Any]]
    expires_at: float
    permissions: dict[tuple[str, str], bool] = field(default_factory=dict)


class HttpApis:
    """Checks the limits and the invoke permission of an HTTP API, and forwards the request.

    APIs and permissions are cached for a few seconds, so that most requests need no extra call. The cache is
    cleared when a change of an API or of a policy passes through the gateway.

    Args:
        root_client: Reads the APIs.
        lambda_client: Checks the permissions.
        account_id: The emulator's account.
        clock: Monotonic seconds.
        integration_timeout: Seconds to wait for an integration. Default: as on AWS.
    """

    def __init__(
        self,
        root_client: RootClient,
        lambda_client: LambdaClient,
        account_id: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        integration_timeout: float | None = None,
    ) -> None:
        self._integration_timeout = integration_timeout
        self._root_client = root_client
        self._lambda_client = lambda_client
        self._account_id = account_id
        self._clock = clock
        self._apis: dict[str, _HttpApi] = {}
        self._throttle = Throttle(clock)
        self._late_calls = LateCalls()
        self.regions = {root_client.region}

    def clear(self) -> None:
        """Clear the cache and the counted requests."""
        self._apis.clear()
        self._throttle.clear()

    def invalidate(self, request: Request) -> None:
        """Clear the cache after a change of an API or a function's policy; remember the region."""
        self._apis.clear()
        self.regions.add(parse_signed_region(request) or self._root_client.region)

    async def handle(self, request: Request, send_to_emulator: SendToEmulator, notes: list[str]) -> Response:
        """Forward a request to an API, or return AWS's error if a limit or the permission forbids it.

        A request without the token that its route requires is always forwarded: AWS checks the token first,
        and the emulator rejects the request without invoking the function.
        """
        if len(request.body) > MAX_BODY_BYTES:
            notes.append("API: body too large")
            return reject_large_body()
        api_id, path = parse_api_request(request)
        api = await self._find_api(api_id)
        stage_and_route = None if api is None else _find_route(api, request.method, path)
        if api is None or stage_and_route is None:
            return await send_to_emulator(request)
        stage, route = stage_and_route
        if not self._throttle.admits(api_id, api.stages[stage], str(route.get("routeKey"))):
            notes.append("API: throttled")
            return error_response(429, "Too Many Requests")
        integration = _find_integration(api, route)
        function = _find_function(integration)
        lacks_token = not request.header("authorization") and route.get("authorizationType") == "JWT"
        is_permitted = (
            function is None or lacks_token or await self._may_invoke(api_id, api, stage, route, function)
        )
        if not is_permitted:
            notes.append("API: no invoke permission for its function")
            return error_response(500, "Internal Server Error")
        response = await self._late_calls.wait(
            send_to_emulator(request), self._integration_timeout or get_integration_timeout(integration)
        )
        if response is None:
            notes.append("API: integration timeout")
            return error_response(503, "Service Unavailable")
        return response

    async def _may_invoke(
        self, api_id: str, api: _HttpApi, stage: str, route: dict[str, Any], function: FunctionRef
    ) -> bool:
        route_key = str(route.get("routeKey"))
        is_permitted = api.permissions.get((stage, route_key))
        if is_permitted is None:
            method, _, path = route_key.partition(" ")
            # A source ARN names stage, method and the route's own path (developer guide, "Create AWS Lambda
            # proxy integrations for HTTP APIs"); "ANY" and "$default" are used literally.
            resource = f"{stage}/{method}{path}" if path else f"{stage}/{method}"
            source = f"arn:aws:execute-api:{api.region}:{api.account_id}:{api_id}/{resource}"
            is_permitted = await self._lambda_client.may_invoke(
                function, principal=PRINCIPAL, source_arn=source, account=api.account_id
            )
            api.permissions[stage, route_key] = is_permitted
        return is_permitted

    async def _find_api(self, api_id: str) -> _HttpApi | None:
        api = self._apis.get(api_id)
        if api is not None and api.expires_at > self._clock():
            return api
        for region in sorted(self.regions):
            routes = await self._list_items(api_id, "routes", region)
            if routes is None:
                continue
            stages = await self._list_items(api_id, "stages", region) or []
            integrations = await self._list_items(api_id, "integrations", region) or []
            api = _HttpApi(
                region=region,
                account_id=self._account_id,
                stages={str(s.get("stageName")): s for s in stages},
                routes=routes,
                integrations={str(i.get("integrationId")): i for i in integrations},
                expires_at=self._clock() + _CACHE_SECONDS,
            )
            self._apis[api_id] = api
            return api
        return None

    async def _list_items(self, api_id: str, collection: str, region: str) -> list[dict[str, Any]] | None:
        response = await self._root_client.call_rest(
            "apigateway", "GET", f"/v2/apis/{api_id}/{collection}", region=region
        )
        if response.status != HTTPStatus.OK:
            return None
        items = response.json().get("items")
        return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def parse_api_request(request: Request) -> tuple[str, str]:
    """Return API ID and path of a request to an HTTP API; the ID is empty for other requests."""
    path = request.target.partition("?")[0]
    if path.startswith(PATH_PREFIX):
        api_id, _, rest = path.removeprefix(PATH_PREFIX).partition("/")
        return (api_id, "/" + rest) if re.fullmatch(r"[A-Za-z0-9-]+", api_id) else ("", path)
    host = _API_HOST.match(request.header("host"))
    return (host[1], path) if host else ("", path)


def _find_route(api: _HttpApi, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return the stage and the route of a request, by AWS's order of precedence."""
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
        # Precedence: full match before greedy match, more fixed segments before fewer, a method before ANY.
        fixed_segments = sum(not s.startswith("{") for s in segments)
        rank = ("+}" not in route_path, fixed_segments, route_method != "ANY")
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
    return re.fullmatch(pattern, path, re.DOTALL) is not None


def _find_integration(api: _HttpApi, route: dict[str, Any]) -> dict[str, Any]:
    target = str(route.get("target") or "").rsplit("/", 1)[-1]
    return api.integrations.get(target) or {}


def _find_function(integration: dict[str, Any]) -> FunctionRef | None:
    if integration.get("integrationType") != "AWS_PROXY":
        return None
    uri = str(integration.get("integrationUri") or "")
    function_arn = (
        uri.partition("/functions/")[2].removesuffix("/invocations") if "/functions/" in uri else uri
    )
    return FunctionRef.parse(function_arn)
