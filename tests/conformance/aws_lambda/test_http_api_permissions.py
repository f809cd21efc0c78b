"""An HTTP API invokes a function only with its permission."""

from typing import Any

import pytest
from conformance_fake import Clock, Fake, Gateway, permission
from pulumi_localaws.gateway.router import RequestKind
from pulumi_localaws.gateway.wire.http_messages import Request

ARN = "arn:aws:execute-api:eu-west-1:000000000000:api1"
ALLOWED = permission("apigateway.amazonaws.com", ArnLike={"AWS:SourceArn": f"{ARN}/*/GET/me/profile"})


@pytest.fixture(autouse=True)
def api(fake: Fake) -> None:
    fake.routes = [
        {"routeKey": "GET /me/profile", "target": "integrations/i1", "authorizationType": "JWT"},
        {"routeKey": "ANY /open/{proxy+}", "target": "integrations/i1", "authorizationType": "NONE"},
    ]
    fake.policy = [ALLOWED]


def get(gateway: Gateway, path: str = "/me/profile", *, token: str = "t", method: str = "GET") -> Any:
    headers = (("Authorization", f"Bearer {token}"),) if token else ()
    return gateway.request(Request(method, f"/_aws/execute-api/api1{path}", headers))


def test_with_the_permission_it_passes(gateway: Gateway) -> None:
    """Line 28 (doc): source ARN of stage, method and route."""
    assert {"reached": True} == get(gateway).json()


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
def test_without_it_aws_answers_500(gateway: Gateway, fake: Fake, statements: list[dict[str, Any]]) -> None:
    """Line 28 (doc): Internal Server Error, and the function never runs."""
    fake.policy = statements

    response = get(gateway)

    assert (500, {"message": "Internal Server Error"}) == (response.status, response.json())
    assert "execute-api" not in fake.calls


def test_without_a_token_the_authorizer_answers(gateway: Gateway, fake: Fake) -> None:
    """Line 28 (doc): AWS looks at the token first."""
    fake.policy = []

    assert {"reached": True} == get(gateway, token="").json()


def test_an_open_route_is_checked_too(gateway: Gateway, fake: Fake) -> None:
    """Line 28 (doc): ANY and a greedy path stand for themselves in the source ARN."""
    fake.policy = [permission("apigateway.amazonaws.com", ArnLike={"AWS:SourceArn": f"{ARN}/*/*/open/*"})]

    assert ([200, 500], 1) == (
        [get(gateway, "/open/a/b", token="", method="PUT").status, get(gateway).status],
        fake.calls.count("execute-api"),
    )


def test_a_path_without_route_is_the_backends(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: what reaches no function needs no permission."""
    fake.policy = []

    assert 200 == get(gateway, "/nope").status


def test_the_answer_is_remembered_for_a_moment(gateway: Gateway, fake: Fake, clock: Clock) -> None:
    """Our own rule: requests stay fast; a few seconds later it is asked again."""
    get(gateway)
    fake.policy = []
    remembered = get(gateway).status
    clock.now += 10

    assert (200, 500) == (remembered, get(gateway).status)


@pytest.mark.parametrize(
    "write",
    [
        Request("DELETE", "/2015-03-31/functions/trigger/policy/sid?Qualifier=live"),
        Request("PATCH", "/v2/apis/api1/routes"),
    ],
)
def test_a_change_counts_at_once(gateway: Gateway, fake: Fake, write: Request) -> None:
    """Our own rule: a change of policy or API that passes by ends what was remembered."""
    get(gateway)
    fake.policy = []
    if write.method == "PATCH":
        assert gateway.router.kind_of(write) is RequestKind.API_WRITE
    gateway.request(write)

    assert 500 == get(gateway).status


def test_the_host_form_is_checked_too(gateway: Gateway, fake: Fake) -> None:
    """Line 28 (doc): the address with the API's id in its host."""
    fake.policy = []
    headers = (("Host", "api1.execute-api.localhost:4566"), ("Authorization", "Bearer t"))

    assert 500 == gateway.request(Request("GET", "/me/profile", headers)).status
