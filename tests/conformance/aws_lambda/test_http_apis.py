"""An HTTP API: the invoke permission of its function, and the limits."""

from typing import Any

import pytest
from conformance_fake_emulator import FakeEmulator, permission
from conformance_gateway import GatewayClient, ManualClock
from pulumi_localaws.gateway.router import RequestKind
from pulumi_localaws.gateway.wire.http_messages import Request

ARN = "arn:aws:execute-api:eu-west-1:000000000000:api1"
INVOKE_PERMISSION = permission(
    "apigateway.amazonaws.com", ArnLike={"AWS:SourceArn": f"{ARN}/*/GET/me/profile"}
)


@pytest.fixture(autouse=True)
def api(emulator: FakeEmulator) -> None:
    emulator.api_routes = [
        {"routeKey": "GET /me/profile", "target": "integrations/i1", "authorizationType": "JWT"},
        {"routeKey": "ANY /open/{proxy+}", "target": "integrations/i1", "authorizationType": "NONE"},
    ]
    emulator.policy = [INVOKE_PERMISSION]


def get(gateway: GatewayClient, path: str = "/me/profile", *, token: str = "t", method: str = "GET") -> Any:
    headers = (("Authorization", f"Bearer {token}"),) if token else ()
    return gateway.send(Request(method, f"/_aws/execute-api/api1{path}", headers))


def test_request_with_permission_is_forwarded(gateway: GatewayClient) -> None:
    """Line 28 (doc): the source ARN names stage, method and route."""
    assert get(gateway).json() == {"reached": True}


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [permission()],
        [permission("apigateway.amazonaws.com", ArnLike={"AWS:SourceArn": f"{ARN}/*/POST/me/profile"})],
        [permission("apigateway.amazonaws.com", ArnLike={"AWS:SourceArn": f"{ARN[:-4]}api2/*"})],
    ],
    ids=["none", "principal", "method", "api"],
)
def test_request_without_permission_fails(
    gateway: GatewayClient, emulator: FakeEmulator, statements: list[dict[str, Any]]
) -> None:
    """Line 28 (doc): Internal Server Error, and the function does not run."""
    emulator.policy = statements

    response = get(gateway)

    assert (response.status, response.json()) == (500, {"message": "Internal Server Error"})
    assert "execute-api" not in emulator.calls


def test_authorizer_rejects_a_request_without_token(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 28 (doc): AWS checks the token before the permission."""
    emulator.policy = []

    assert get(gateway, token="").json() == {"reached": True}


def test_route_without_authorizer_is_checked(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 28 (doc): the source ARN contains ANY and a greedy path literally."""
    emulator.policy = [permission("apigateway.amazonaws.com", ArnLike={"AWS:SourceArn": f"{ARN}/*/*/open/*"})]

    assert (
        [get(gateway, "/open/a/b", token="", method="PUT").status, get(gateway).status],
        emulator.calls.count("execute-api"),
    ) == ([200, 500], 1)


def test_path_without_route_is_forwarded(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: a request that reaches no function needs no permission."""
    emulator.policy = []

    assert get(gateway, "/nope").status == 200


def test_permission_is_cached(gateway: GatewayClient, emulator: FakeEmulator, clock: ManualClock) -> None:
    """Our own rule: it is checked again after a few seconds."""
    get(gateway)
    emulator.policy = []
    cached_status = get(gateway).status
    clock.now += 10

    assert (cached_status, get(gateway).status) == (200, 500)


@pytest.mark.parametrize(
    "write",
    [
        Request("DELETE", "/2015-03-31/functions/trigger/policy/sid?Qualifier=live"),
        Request("PATCH", "/v2/apis/api1/routes"),
    ],
)
def test_change_clears_the_cache(gateway: GatewayClient, emulator: FakeEmulator, write: Request) -> None:
    """Our own rule: a change of a policy or an API takes effect immediately."""
    get(gateway)
    emulator.policy = []
    if write.method == "PATCH":
        assert gateway.router.classify(write) is RequestKind.API_WRITE
    gateway.send(write)

    assert get(gateway).status == 500


def test_api_id_in_the_host_is_checked(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 28 (doc): a URL with the API's ID in the host name."""
    emulator.policy = []
    headers = (("Host", "api1.execute-api.localhost:4566"), ("Authorization", "Bearer t"))

    assert gateway.send(Request("GET", "/me/profile", headers)).status == 500


def test_body_above_the_limit_is_rejected(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 41 (doc): 10 MB are allowed, one byte more is not."""
    statuses = [
        gateway.send(Request("PUT", "/_aws/execute-api/api1/open/a", (), b"x" * ((10 << 20) + size))).status
        for size in (0, 1)
    ]

    assert statuses == [500, 413]  # the first one lacks only the permission
    assert "execute-api" not in emulator.calls


def test_text_of_the_limit(gateway: GatewayClient) -> None:
    """Our own rule: API Gateway's text is not documented."""
    request = Request("PUT", "/_aws/execute-api/api1/open/a", (), b"x" * ((10 << 20) + 1))

    assert gateway.send(request).json() == {"message": "Request Entity Too Large"}


def test_slow_integration(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 41 (doc): 503 after the integration's time limit."""
    emulator.api_integration["timeoutInMillis"] = 50
    emulator.is_api_stuck = True

    response = get(gateway)

    assert (response.status, response.json()) == (503, {"message": "Service Unavailable"})


def test_time_limit_for_debugging_replaces_that_of_the_integration(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Our own rule: an hour, also for an integration with its own limit. Here it is shorter, for the test."""
    emulator.api_integration["timeoutInMillis"] = 30_000
    emulator.is_api_stuck = True
    gateway.router._http_apis._integration_timeout = 0.01

    assert get(gateway).status == 503


def test_throttled_stage(gateway: GatewayClient, emulator: FakeEmulator, clock: ManualClock) -> None:
    """Line 41 (doc): the burst, then as many requests per second as the rate allows."""
    limits = {"throttlingRateLimit": 2, "throttlingBurstLimit": 3}
    emulator.api_stage["defaultRouteSettings"] = limits

    first_statuses = [get(gateway).status for _ in range(4)]
    clock.now += 1
    second_statuses = [get(gateway).status for _ in range(3)]

    assert (first_statuses, second_statuses) == ([200, 200, 200, 429], [200, 200, 429])
    assert get(gateway).json() == {"message": "Too Many Requests"}


def test_throttled_route(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 41 (doc): the settings of a route replace those of the stage."""
    limits = {"throttlingRateLimit": 1, "throttlingBurstLimit": 1}
    emulator.api_stage["routeSettings"] = {"GET /me/profile": limits}

    statuses = [get(gateway).status for _ in range(2)]
    open_statuses = [get(gateway, "/open/a", token="").status for _ in range(2)]

    assert (statuses, open_statuses) == ([200, 429], [500, 500])


def test_one_limit_leaves_the_other_to_the_account(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: a stage with only a rate has the account's burst."""
    emulator.api_stage["defaultRouteSettings"] = {"throttlingRateLimit": 1}

    assert [get(gateway).status for _ in range(5)] == [200] * 5
