"""PreTokenGeneration: once for each sign-in, and what its response changes in the tokens."""

from typing import Any

import pytest
from conformance_fake_cognito import CLIENT, FUNCTION, POOL, TOKEN_RELAY
from conformance_fake_emulator import FakeEmulator
from conformance_fake_tokens import decode_claims
from conformance_gateway import PASSWORD, GatewayClient, error_of
from pulumi_localaws.gateway.cognito.token_overrides import translate_response
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.http_messages import Request

V2 = {"PreTokenGenerationConfig": {"LambdaArn": FUNCTION, "LambdaVersion": "V2_0"}}
V1 = {"PreTokenGeneration": FUNCTION}
NAME = "ann@example.com"
NEW_PASSWORD_RESPONSES = {"USERNAME": NAME, "NEW_PASSWORD": PASSWORD}


@pytest.fixture(autouse=True)
def pool(emulator: FakeEmulator) -> None:
    emulator.add_user(NAME)["groups"] = ["admin"]
    emulator.pool["LambdaConfig"] = dict(V2)


def sign_in(gateway: GatewayClient, action: str = "InitiateAuth", **parameters: Any) -> Any:
    auth_parameters = {"USERNAME": NAME, "PASSWORD": PASSWORD}
    return gateway.call(action, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=auth_parameters, **parameters)


def claims_of(response: Any) -> dict[str, dict[str, Any]]:
    tokens = response.json()["AuthenticationResult"]
    return {name: decode_claims(tokens[name]) for name in ("AccessToken", "IdToken")}


@pytest.mark.parametrize("config", [V1, V2], ids=["V1", "V2"])
@pytest.mark.parametrize("action", ["InitiateAuth", "AdminInitiateAuth"])
def test_fires_once_for_each_sign_in(
    gateway: GatewayClient, emulator: FakeEmulator, config: dict[str, Any], action: str
) -> None:
    """Line 13 (doc): one event for both tokens; the next sign-in gets an event of its own."""
    emulator.pool["LambdaConfig"] = dict(config)

    sign_in(gateway, action)
    sign_in(gateway, action)

    assert [e["triggerSource"] for e in emulator.events] == ["TokenGeneration_Authentication"] * 2


@pytest.mark.parametrize(
    ("config", "version", "scopes"),
    [(V1, "1", {}), (V2, "2", {"scopes": ["aws.cognito.signin.user.admin"]})],
    ids=["V1", "V2"],
)
def test_event(
    gateway: GatewayClient,
    emulator: FakeEmulator,
    config: dict[str, Any],
    version: str,
    scopes: dict[str, list[str]],
) -> None:
    """Lines 10 and 13 (doc): each version has its own event; only version 2 has the scopes."""
    emulator.pool["LambdaConfig"] = dict(config)

    sign_in(gateway)

    attributes = {"sub": "sub-0", "email": NAME, "email_verified": "false"}
    groups = {"groupsToOverride": ["admin"], "iamRolesToOverride": [], "preferredRole": None}
    key = "claimsOverrideDetails" if version == "1" else "claimsAndScopeOverrideDetails"
    assert emulator.events == [
        {
            "version": version,
            "region": "eu-west-1",
            "userPoolId": POOL,
            "userName": "sub-0",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
            "triggerSource": "TokenGeneration_Authentication",
            "request": {
                "userAttributes": {**attributes, "cognito:user_status": "CONFIRMED"},
                "groupConfiguration": groups,
                **scopes,
            },
            "response": {key: None},
        }
    ]


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        ("InitiateAuth", {"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": NAME}}, None),
        ("AdminInitiateAuth", {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": NAME}}, None),
        ("RespondToAuthChallenge", {"ChallengeResponses": NEW_PASSWORD_RESPONSES}, {"a": "b"}),
        ("AdminRespondToAuthChallenge", {"ChallengeResponses": NEW_PASSWORD_RESPONSES}, {"a": "b"}),
        ("InitiateAuth", {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": "refresh"}, None),
        ("GetTokensFromRefreshToken", {"RefreshToken": "refresh"}, {"a": "b"}),
    ],
    ids=["password", "admin", "challenge", "admin challenge", "refresh flow", "refresh"],
)
def test_metadata(
    gateway: GatewayClient,
    emulator: FakeEmulator,
    action: str,
    parameters: dict[str, Any],
    expected: dict[str, str] | None,
) -> None:
    """Line 9 (doc): the metadata of a challenge or GetTokensFromRefreshToken, not that of InitiateAuth."""
    refresh_token = sign_in(gateway).json()["AuthenticationResult"]["RefreshToken"]
    emulator.events.clear()
    if parameters.get("AuthParameters") == "refresh":
        parameters = {**parameters, "AuthParameters": {"REFRESH_TOKEN": refresh_token}}
    elif "RefreshToken" in parameters:
        parameters = {"RefreshToken": refresh_token}

    gateway.call(action, Username=NAME, ClientMetadata={"a": "b"}, **parameters)

    assert [e["request"].get("clientMetadata") for e in emulator.events] == [expected]


def test_version_1_changes_the_id_token(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 13 (doc): claims of the ID token only; its groups replace those of both tokens."""
    emulator.pool["LambdaConfig"] = dict(V1)
    details = {
        "claimsToAddOrOverride": {"role": "vendor"},
        "claimsToSuppress": ["username"],
        "groupOverrideDetails": {"groupsToOverride": ["vendors"]},
    }
    emulator.handler = lambda event: {**event, "response": {"claimsOverrideDetails": details}}

    claims = claims_of(sign_in(gateway))

    assert {name: c.get("role") for name, c in claims.items()} == {"AccessToken": None, "IdToken": "vendor"}
    assert [c["cognito:groups"] for c in claims.values()] == [["vendors"]] * 2


def test_version_2_changes_both_tokens(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 13 (doc): claims of each token; an empty group override removes the groups."""
    details = {
        "idTokenGeneration": {"claimsToAddOrOverride": {"role": {"name": "vendor"}}},
        "accessTokenGeneration": {"claimsToAddOrOverride": {"role": "v"}, "claimsToSuppress": ["x"]},
        "groupOverrideDetails": {},
    }
    emulator.handler = lambda event: {**event, "response": {"claimsAndScopeOverrideDetails": details}}

    claims = claims_of(sign_in(gateway))

    assert [c["role"] for c in claims.values()] == ["v", {"name": "vendor"}]
    assert ["cognito:groups" in c for c in claims.values()] == [False, False]


def test_unchanged_response_changes_no_token(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 13 (doc): a function may return the event as it is."""
    claims = claims_of(sign_in(gateway))

    assert [c["cognito:groups"] for c in claims.values()] == [["admin"]] * 2


def test_scopes_of_version_2() -> None:
    """Line 13 (doc): only the access token has scopes."""
    scopes = {"scopesToAdd": ["shop/read"], "scopesToSuppress": ["aws.cognito.signin.user.admin"]}
    details = {"idTokenGeneration": scopes, "accessTokenGeneration": scopes}

    sections = translate_response("2", {"claimsAndScopeOverrideDetails": details})[0]

    assert sections["claimsAndScopeOverrideDetails"] == {
        "idTokenGeneration": {"claimsToAddOrOverride": {}, "claimsToSuppress": []},
        "accessTokenGeneration": {"claimsToAddOrOverride": {}, "claimsToSuppress": [], **scopes},
    }


@pytest.mark.parametrize("claim", ["sub", "iss", "exp", "token_use", "cognito:username"])
def test_reserved_claims_stay(gateway: GatewayClient, emulator: FakeEmulator, claim: str) -> None:
    """Line 13 (seen in KensioSoftware/yulin#461): Cognito ignores a change of a reserved claim."""
    changes = {"claimsToAddOrOverride": {claim: "other"}, "claimsToSuppress": ["sub"]}
    details = {"idTokenGeneration": changes, "accessTokenGeneration": changes}
    emulator.handler = lambda event: {**event, "response": {"claimsAndScopeOverrideDetails": details}}

    claims = claims_of(sign_in(gateway))

    assert [(c["sub"], c.get(claim)) for c in claims.values()].count(("sub-0", "other")) == 0
    assert "PreTokenGeneration: reserved claims left out" in gateway.router.journal[-1].notes


@pytest.mark.parametrize(
    ("version", "response"),
    [
        ("1", {"claimsOverrideDetails": []}),
        ("1", {"claimsOverrideDetails": {"claimsToAddOrOverride": {"roles": ["a"]}}}),
        ("2", {"claimsAndScopeOverrideDetails": {"idTokenGeneration": "x"}}),
        ("2", {"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToSuppress": "x"}}}),
        ("2", {"claimsAndScopeOverrideDetails": {"groupOverrideDetails": {"groupsToOverride": [1]}}}),
    ],
)
def test_unreadable_response_is_rejected(version: str, response: dict[str, Any]) -> None:
    """Our own rule: a response of the wrong shape fails, also a claim of version 1 that is not a string."""
    with pytest.raises(AwsError, match=r"InvalidLambdaResponseException: Unrecognizable lambda output"):
        translate_response(version, response)


def test_error_of_the_function_fails_the_sign_in(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 5, 7 and 13 (doc): the caller gets the function's text and no tokens; the function ran once."""

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("not today")

    emulator.handler = fail

    expected = ("UserLambdaValidationException", "PreTokenGeneration failed with error not today.")
    assert (error_of(sign_in(gateway)), len(emulator.events)) == (expected, 1)


def test_missing_permission_fails_the_sign_in(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 8 (doc): as for each other trigger."""
    emulator.policy = []

    error = error_of(sign_in(gateway))

    text = "PreTokenGeneration invocation failed due to error AccessDeniedException."
    assert (error, emulator.events) == (("UnexpectedLambdaException", text), [])


def test_rejected_password_fires_no_trigger(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 13 (doc): only a sign-in that issues tokens fires it."""
    emulator.error_codes["InitiateAuth"] = "NotAuthorizedException"

    assert (error_of(sign_in(gateway))[0], emulator.events) == ("NotAuthorizedException", [])


def test_simultaneous_sign_ins_of_a_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 9 (doc): each sign-in has an event of its own, with its own metadata."""
    requests = [
        gateway.build_request(
            "RespondToAuthChallenge",
            Username=NAME,
            ChallengeResponses=NEW_PASSWORD_RESPONSES,
            ClientMetadata={"number": str(number)},
        )
        for number in range(3)
    ]

    gateway.send_all(*requests)

    numbers = sorted(e["request"]["clientMetadata"]["number"] for e in emulator.events)
    assert numbers == ["0", "1", "2"]


def test_hosted_sign_in_fires_once(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 13 (doc): the token endpoint of the hosted UI fires TokenGeneration_HostedAuth."""
    sign_in(gateway)  # installs the relay
    emulator.events.clear()

    gateway.send(Request("POST", "/oauth2/token", (), b"grant_type=authorization_code"))

    assert [e["triggerSource"] for e in emulator.events] == ["TokenGeneration_HostedAuth"]


def test_sign_in_reads_the_pool_once(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: once the relay is installed, a sign-in does not look up its pool again."""
    sign_in(gateway)
    emulator.calls.clear()

    sign_in(gateway)

    assert (emulator.calls.count("DescribeUserPool"), len(emulator.events)) == (1, 2)


def test_own_triggers_are_shown(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: DescribeUserPool returns the owner's triggers, under the owner's keys."""
    emulator.pool["LambdaConfig"] = {**V1, "PostConfirmation": FUNCTION}
    sign_in(gateway)

    stored_arn = emulator.pool["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaArn"]
    shown_config = gateway.call("DescribeUserPool").json()["UserPool"]["LambdaConfig"]

    assert stored_arn.endswith(TOKEN_RELAY)
    assert shown_config == {**V1, "PostConfirmation": FUNCTION}


def test_only_the_emulator_can_call_the_relay(gateway: GatewayClient) -> None:
    """Our own rule: the relay's address contains a secret."""
    request = Request("POST", "/_localaws/pre-token-generation/guess", (), b"{}")

    assert gateway.send(request).status == 403
