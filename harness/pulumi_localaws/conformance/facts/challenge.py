"""The custom challenge, its sessions and its triggers."""

from typing import Any

from pulumi_localaws.conformance.fact import fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import Pool
from pulumi_localaws.conformance.trigger_function import CODE

_GUIDE = 'Developer Guide, "Custom authentication challenge Lambda triggers"'
_TRIGGERS = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
_START = ["DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication"]
_ANSWER = ["VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication"]


@fact(
    31,
    "An unknown user is led through the challenge if the client hides the existence of users",
    f"{_GUIDE}; aws-sdk-go#3134",
)
def unknown_user(kit: Kit) -> str:
    """Answer the challenge as an unknown user."""
    pool, name = kit.create_pool(*_TRIGGERS), create_address()
    response = _start(pool, name)
    call, text = pool.device.respond_to_auth_challenge, "Incorrect username or password."
    error = expect_error("NotAuthorizedException", call, text, **_answer(pool, name, response))
    events = kit.take_events(pool, 4)
    expect("userNotFound", [event["request"].get("userNotFound") for event in events], [True] * 4)
    return error


@fact(
    36,
    "CreateAuthChallenge gets no session ID and not InitiateAuth's ClientMetadata",
    'API reference, "InitiateAuth" (ClientMetadata)',
)
def create_auth_challenge(kit: Kit) -> str:
    """Compare the fields of the event with the documented ones."""
    pool, name = kit.create_pool(*_TRIGGERS), create_address()
    pool.add_user(name)
    _start(pool, name, ClientMetadata={"a": "b"})
    create = kit.take_events(pool, 2)[-1]["request"]
    expect("clientMetadata", create.get("clientMetadata") or {}, {})
    documented_fields = {"userAttributes", "challengeName", "session", "clientMetadata", "userNotFound"}
    return expect("undocumented fields", sorted(set(create) - documented_fields), [])


@fact(45, "A custom challenge runs Define and Create, then Verify and Define, and ends with tokens", _GUIDE)
def custom_challenge(kit: Kit) -> str:
    """Sign in with a wrong answer, then with the right one."""
    pool, name = kit.create_pool(*_TRIGGERS), create_address()
    pool.add_user(name)
    response = _start(pool, name)
    expect("hint", response["ChallengeParameters"].get("hint"), "six digits")
    second_response = _respond(pool, name, response, "000000")
    expect("challenge after a wrong answer", second_response.get("ChallengeName"), "CUSTOM_CHALLENGE")
    last_response = _respond(pool, name, second_response)
    expect("tokens", "AuthenticationResult" in last_response, expected=True)
    sources = kit.take_sources(pool, 7)
    return expect("events", sources, [*_START, *_ANSWER, _START[1], *_ANSWER])


@fact(46, "The session of a challenge can be used once, and only by its user", f"{_GUIDE}; amplify-js#5834")
def sessions(kit: Kit) -> str:
    """Use a session for another user, and a used one again."""
    pool, name, other_name = kit.create_pool(*_TRIGGERS), create_address(), create_address()
    pool.add_user(name)
    pool.add_user(other_name)
    response = _start(pool, name)
    call, code = pool.device.respond_to_auth_challenge, "NotAuthorizedException"
    expect_error(code, call, **_answer(pool, other_name, response))
    second_response = _respond(pool, name, response, "000000")
    error = expect_error(code, call, **_answer(pool, name, response))
    _respond(pool, name, second_response)
    return error


@fact(
    47,
    "The custom challenge needs ALLOW_CUSTOM_AUTH, and a user who is not disabled",
    'API reference, "CreateUserPoolClient" (ExplicitAuthFlows)',
)
def allowed_flows(kit: Kit) -> str:
    """Use a client without the flow, then disable the user: AWS does not say in which call it is rejected."""
    pool, name = kit.create_pool(*_TRIGGERS), create_address()
    pool.add_user(name)
    client_id = pool.create_client(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    call = pool.device.initiate_auth
    parameters: dict[str, Any] = {"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": name}}
    error = expect_error("InvalidParameterException", call, ClientId=client_id, **parameters)
    pool.admin.admin_disable_user(UserPoolId=pool.id, Username=name)
    expect_error("NotAuthorizedException", _sign_in, pool=pool, name=name)
    return error


def _start(pool: Pool, name: str, **parameters: Any) -> dict[str, Any]:
    return dict(
        pool.device.initiate_auth(
            ClientId=pool.client_id,
            AuthFlow="CUSTOM_AUTH",
            AuthParameters={"USERNAME": name},
            **parameters,
        )
    )


def _sign_in(pool: Pool, name: str) -> None:
    _respond(pool, name, _start(pool, name))


def _answer(pool: Pool, name: str, response: dict[str, Any], code: str = CODE) -> dict[str, Any]:
    return {
        "ClientId": pool.client_id,
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": response["Session"],
        "ChallengeResponses": {"USERNAME": name, "ANSWER": code},
    }


def _respond(pool: Pool, name: str, response: dict[str, Any], code: str = CODE) -> dict[str, Any]:
    return dict(pool.device.respond_to_auth_challenge(**_answer(pool, name, response, code)))
