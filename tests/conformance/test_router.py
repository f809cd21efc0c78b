"""Which requests the router handles, and for which backends it enforces rules."""

import asyncio

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of
from pulumi_localaws.gateway.router import RequestKind, RequestRouter
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
        ("PUT", "/bucket/key?X-Amz-Signature=x&X-Amz-Expires=60", "", None),
        ("GET", "/b/k?AWSAccessKeyId=a&Signature=x&Expires=1", "", RequestKind.PRESIGNED_VERSION_2),
        ("GET", "/b/k?Signature=x&Expires=1", "", None),
        ("POST", "/2015-03-31/functions/f/invocations", "", None),
        ("POST", "/2015-03-31/functions/f/policy", "", RequestKind.API_WRITE),
        ("GET", "/2015-03-31/functions/f/policy", "", None),
        ("GET", "/_aws/execute-api/a1/me", "", RequestKind.HTTP_API),
        ("GET", "/_ministack/ses/messages?account=000000000000", "", RequestKind.EMAIL_INBOX),
        ("GET", "/_ministack/sns/sms-messages", "", None),
        ("POST", "/_localaws/pre-sign-up/x", "", RequestKind.PRE_SIGN_UP_RELAY),
        ("POST", "/_localaws/pre-token-generation/x", "", RequestKind.TOKEN_RELAY),
        ("POST", "/oauth2/token", "", RequestKind.OAUTH_TOKEN),
        ("POST", "/_ministack/reset", "", RequestKind.RESET),
        ("PUT", "/_localaws/data-baseline", "", RequestKind.DATA_BASELINE),
        ("POST", "/_localstack/state/reset", "", RequestKind.RESET),
        ("GET", "/_localstack/health", "", None),
        ("GET", "/_localstack/info", "", RequestKind.LOCALSTACK),
        ("GET", "/_aws/ses?id=1", "", RequestKind.LOCALSTACK),
        ("GET", "/_aws/sqs/messages/eu-west-1/000000000000/q", "", RequestKind.LOCALSTACK),
        ("GET", "/_aws/sqs/messages-of-others", "", None),
    ],
)
def test_kinds_of_requests(
    gateway: GatewayClient, method: str, target: str, header: str, kind: RequestKind | None
) -> None:
    """Our own rule: all other requests are streamed."""
    headers = (("x-amz-target", header),) if header else ()

    assert kind is gateway.router.classify(Request(method, target, headers))


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("/users/ann@example.com", "a1.execute-api.localhost.localstack.cloud:4566"),
        ("/_aws/execute-api/a1/users/ann@example.com", "127.0.0.1:4566"),
    ],
)
def test_journal_has_the_api_and_not_the_path(target: str, host: str) -> None:
    """Our own rule: the journal never contains a value from a call."""

    async def answer(_: Request) -> Response:
        return Response(200, (), b"")

    router = RequestRouter(
        send_to_emulator=answer, endpoint="", region="us-east-1", account_id="0", rules=frozenset()
    )

    asyncio.run(router.handle(Request("GET", target, (("host", host),)), RequestKind.HTTP_API))

    assert router.journal[-1].action == "GET /_aws/execute-api/a1"


@pytest.mark.parametrize(
    "health",
    [{"version": "4.9.2", "edition": "pro", "services": {}}, {}, []],
    ids=["localstack", "other", "invalid"],
)
def test_other_backend_gets_no_rules(
    gateway: GatewayClient, emulator: FakeEmulator, health: dict[str, object]
) -> None:
    """Our own rule: a backend with its own triggers must not fire them twice."""
    emulator.health = health
    emulator.configure_triggers("PreSignUp", "PostConfirmation")
    emulator.pool["LambdaConfig"].pop("PreSignUp")

    gateway.sign_up(attributes={"email_verified": "true"})
    gateway.call("ConfirmSignUp", Username="ann@example.com", ConfirmationCode="123456")

    assert [c for c in emulator.calls if c.endswith("SignUp")] == ["SignUp", "ConfirmSignUp"]
    assert emulator.events == []


def test_unknown_version_of_the_emulator_gets_all_rules(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Our own rule: until somebody has checked what the version enforces itself."""
    emulator.health = {"version": "9.9.9", "iot_mtls": {}}

    assert "NotAuthorizedException" in gateway.sign_up(attributes={"email_verified": "true"}).body.decode()


@pytest.mark.parametrize("body", [b"", b"{", b'{"ClientId": 7}', b'{"UserAttributes": "x"}'])
@pytest.mark.parametrize("action", ["SignUp", "InitiateAuth", "AdminCreateUser", "UpdateUserAttributes"])
def test_invalid_bodies_are_rejected(
    gateway: GatewayClient, emulator: FakeEmulator, action: str, body: bytes
) -> None:
    """Line 52 (doc): the emulator never sees them."""
    header = (("X-Amz-Target", f"AWSCognitoIdentityProviderService.{action}"),)
    response = gateway.send(Request("POST", "/", header, body))

    assert error_of(response)[0] in {"InvalidParameterException", "SerializationException"}
    assert action not in emulator.calls


def test_other_backend_gets_an_invalid_body(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: another backend rejects an invalid body itself."""
    emulator.health = {}
    forwarded_bodies: list[bytes] = []

    async def send_to_emulator(request: Request) -> object:
        forwarded_bodies.append(request.body)
        return await emulator(Request("GET", "/_localstack/health"))

    gateway.router._dependencies.send_to_emulator = send_to_emulator  # type: ignore[assignment]
    header = (("X-Amz-Target", "AWSCognitoIdentityProviderService.SignUp"),)
    gateway.send(Request("POST", "/", header, b"{"))

    assert forwarded_bodies == [b"{"]


@pytest.mark.parametrize("body", [b"[1]", b"null"])
def test_body_that_is_not_an_object_is_rejected(gateway: GatewayClient, body: bytes) -> None:
    """Our own rule: the emulator returns 500 for it, with a message of Python."""
    header = (("X-Amz-Target", "AWSCognitoIdentityProviderService.SignUp"),)
    response = gateway.send(Request("POST", "/", header, body))

    assert (response.status, response.json()["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_localstack/state/reset"])
def test_reset_clears_the_gateways_state(gateway: GatewayClient, emulator: FakeEmulator, path: str) -> None:
    """Our own rule: after a reset the relay is created again."""
    emulator.configure_triggers("PreSignUp")
    gateway.sign_up("a@example.com")
    first_relay_urls, emulator.relay_urls = emulator.relay_urls, {}
    gateway.send(Request("POST", path, (), b""))
    assert emulator.requests[-1].target == "/_ministack/reset"
    emulator.configure_triggers("PreSignUp")
    gateway.sign_up("b@example.com")

    assert emulator.relay_urls == first_relay_urls


def test_return_to_the_baseline_forgets_wrong_codes(gateway: GatewayClient) -> None:
    """Our own rule: a user who is created again has no wrong codes."""
    gateway.sign_up()
    for i in range(5):
        gateway.confirm(code=f"00000{i}")

    gateway.send(Request("POST", "/_localaws/data-baseline", (), b""))

    assert gateway.confirm().status == 200


def test_backend_without_a_health_document_gets_no_rules() -> None:
    """Our own rule: an unknown backend gets no rules."""

    async def send_to_emulator(_: Request) -> object:
        return Response(404)

    assert asyncio.run(detect_rules(send_to_emulator)) == frozenset()  # type: ignore[arg-type]


def test_presigned_url_of_version_2_is_rejected(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 42 (doc): the emulator does not check such a URL of the root user."""
    response = gateway.send(Request("GET", "/b/k?AWSAccessKeyId=test&Signature=x&Expires=1"))

    assert (response.status, b"<Code>InvalidRequest</Code>" in response.body) == (400, True)
    assert "/b/k" not in [request.target.partition("?")[0] for request in emulator.requests]
