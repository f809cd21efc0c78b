"""What the core wants to see, and which backends it leaves alone."""

import asyncio

import pytest
from conformance_fake import Fake, Gateway
from pulumi_localaws.gateway.router import RequestKind
from pulumi_localaws.gateway.wire.gateway_rules import detect_rules
from pulumi_localaws.gateway.wire.http_messages import Request, Response


@pytest.mark.parametrize(
    ("method", "target", "header", "kind"),
    [
        ("POST", "/", "AWSCognitoIdentityProviderService.SignUp", RequestKind.COGNITO),
        ("POST", "/", "AWSCognitoIdentityService.GetId", None),
        ("POST", "/", "DynamoDB_20120810.BatchExecuteStatement", RequestKind.PARTIQL),
        ("POST", "/", "DynamoDB_20120810.GetItem", None),
        ("PUT", "/bucket/key", "", None),
        ("POST", "/2015-03-31/functions/f/invocations", "", None),
        ("POST", "/2015-03-31/functions/f/policy", "", RequestKind.API_WRITE),
        ("GET", "/2015-03-31/functions/f/policy", "", None),
        ("GET", "/_aws/execute-api/a1/me", "", RequestKind.HTTP_API),
        ("GET", "/_ministack/ses/messages?account=000000000000", "", RequestKind.EMAIL_INBOX),
        ("GET", "/_ministack/sns/sms-messages", "", None),
        ("POST", "/_localaws/pre-sign-up/x", "", RequestKind.RELAY),
        ("POST", "/_ministack/reset", "", RequestKind.RESET),
        ("GET", "/_localstack/health", "", None),
    ],
)
def test_what_the_core_wants(
    gateway: Gateway, method: str, target: str, header: str, kind: RequestKind | None
) -> None:
    """Our own rule: everything else is streamed past it."""
    headers = (("x-amz-target", header),) if header else ()

    assert kind is gateway.router.kind_of(Request(method, target, headers))


@pytest.mark.parametrize(
    "health",
    [{"version": "4.9.2", "edition": "pro", "services": {}}, {}, []],
    ids=["localstack", "other", "odd"],
)
def test_another_backend_is_left_alone(gateway: Gateway, fake: Fake, health: dict[str, object]) -> None:
    """Our own rule: a backend with triggers of its own must not fire them twice."""
    fake.health = health
    fake.trigger("PreSignUp", "PostConfirmation")
    fake.pool["LambdaConfig"].pop("PreSignUp")

    gateway.sign_up(attributes={"email_verified": "true"})
    gateway.call("ConfirmSignUp", Username="ann@example.com", ConfirmationCode="123456")

    assert ["SignUp", "ConfirmSignUp"] == [c for c in fake.calls if c.endswith("SignUp")]
    assert [] == fake.events


def test_a_newer_emulator_is_not_trusted(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: an unknown version has every gap, until somebody has looked."""
    fake.health = {"version": "9.9.9", "iot_mtls": {}}

    assert "NotAuthorizedException" in gateway.sign_up(attributes={"email_verified": "true"}).body.decode()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"ClientId": 7}', b'{"UserAttributes": "x"}'])
@pytest.mark.parametrize("action", ["SignUp", "InitiateAuth", "AdminCreateUser", "UpdateUserAttributes"])
def test_odd_bodies_go_to_the_backend(gateway: Gateway, fake: Fake, action: str, body: bytes) -> None:
    """Our own rule: the backend's own refusal is the right one."""
    reached: list[bytes] = []

    async def upstream(request: Request) -> object:
        reached.append(request.body)
        return await fake(Request("GET", "/_localstack/health"))

    gateway.router._services.upstream = upstream  # type: ignore[assignment]
    header = (("X-Amz-Target", f"AWSCognitoIdentityProviderService.{action}"),)
    gateway.request(Request("POST", "/", header, body))

    assert [body] == reached


def test_a_reset_makes_the_gateway_forget(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: after a reset the relay is made again."""
    fake.trigger("PreSignUp")
    gateway.sign_up("a@example.com")
    first, fake.relay = fake.relay, ""
    gateway.request(Request("POST", "/_ministack/reset", (), b""))
    fake.trigger("PreSignUp")
    gateway.sign_up("b@example.com")

    assert first == fake.relay


def test_a_backend_that_answers_no_health() -> None:
    """Our own rule: what is not known is left alone."""

    async def upstream(_: Request) -> object:
        return Response(404)

    assert frozenset() == asyncio.run(detect_rules(upstream))  # type: ignore[arg-type]
