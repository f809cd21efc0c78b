"""Rules of the custom challenge: permissions, errors, unknown users and who may start."""

import uuid
from typing import Any

import pytest
from conformance_challenge import CODE, TRIGGERS, ChallengeClient, CodeChallenge
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of
from pulumi_localaws.gateway.wire.http_messages import Response

WRONG_CREDENTIALS = ("NotAuthorizedException", "Incorrect username or password.")


def sign_in(client: ChallengeClient) -> Response:
    """Sign in as far as the pool's functions allow it."""
    response = client.start()
    return response if response.is_error else client.answer(response)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_permission(client: ChallengeClient, emulator: FakeEmulator, trigger: str) -> None:
    """Line 8 (doc): checked for each of the three functions."""
    own_function = emulator.pool["LambdaConfig"][trigger].replace("trigger", "forbidden")
    emulator.pool["LambdaConfig"][trigger] = own_function

    text = f"{trigger} invocation failed due to error AccessDeniedException."
    assert error_of(sign_in(client)) == ("UnexpectedLambdaException", text)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_error_of_a_function(client: ChallengeClient, challenge: CodeChallenge, trigger: str) -> None:
    """Line 20 (doc; text seen in amplify-js#9127): the caller gets the function's text."""
    challenge.errors[trigger] = "not today"

    expected = ("UserLambdaValidationException", f"{trigger} failed with error not today.")
    assert error_of(sign_in(client)) == expected


@pytest.mark.sample(3)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_slow_function_runs_three_times(
    client: ChallengeClient, emulator: FakeEmulator, trigger: str
) -> None:
    """Line 6 (doc; seen in amplify-cli#4467): the last of three calls is answered in time."""
    position = TRIGGERS.index(trigger)
    emulator.handler_delays = [*[0.0] * position, 1, 1]

    response = sign_in(client)

    sources = [event["triggerSource"].partition("_")[0] for event in emulator.events]
    assert sources[position : position + 3] == [trigger] * 3
    assert "AuthenticationResult" in response.json()


@pytest.mark.sample(3)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_function_without_an_answer_in_time(
    client: ChallengeClient, emulator: FakeEmulator, trigger: str
) -> None:
    """Line 6 (doc): after three calls the sign-in fails."""
    emulator.handler_delays = [*[0.0] * TRIGGERS.index(trigger), 1, 1, 1]

    assert error_of(sign_in(client))[0] == "UnexpectedLambdaException"


@pytest.mark.parametrize(
    ("trigger", "changes"),
    [
        ("DefineAuthChallenge", {"challengeName": None}),
        ("DefineAuthChallenge", {"challengeName": 7}),
        ("DefineAuthChallenge", {"issueTokens": "yes"}),
        ("DefineAuthChallenge", {"failAuthentication": 1}),
        ("CreateAuthChallenge", {"publicChallengeParameters": "hint"}),
        ("CreateAuthChallenge", {"privateChallengeParameters": {"code": 246810}}),
        ("CreateAuthChallenge", {"challengeMetadata": {}}),
        ("VerifyAuthChallengeResponse", {"answerCorrect": "true"}),
    ],
)
def test_response_that_is_not_valid(
    client: ChallengeClient, challenge: CodeChallenge, trigger: str, changes: dict[str, Any]
) -> None:
    """Line 7 (doc): values of another type than the documented one."""
    challenge.changes[trigger] = changes

    expected = ("InvalidLambdaResponseException", "Unrecognizable lambda output")
    assert error_of(sign_in(client)) == expected


def test_challenge_that_is_not_supported(client: ChallengeClient, challenge: CodeChallenge) -> None:
    """Our own rule: the error names what the local AWS does not have."""
    challenge.changes["DefineAuthChallenge"] = {"challengeName": "PASSWORD_VERIFIER"}

    code, message = error_of(client.start())

    assert (code, "pulumi-localaws:" in message, "'PASSWORD_VERIFIER'" in message) == (
        "InvalidLambdaResponseException",
        True,
        True,
    )


def test_challenge_without_private_parameters(client: ChallengeClient, challenge: CodeChallenge) -> None:
    """Line 45 (seen in amazon-cognito-passwordless-auth#214): there must be at least one."""
    challenge.changes["CreateAuthChallenge"] = {"privateChallengeParameters": {}}

    assert error_of(client.start()) == WRONG_CREDENTIALS


@pytest.mark.parametrize("prefix", ["", "Admin"])
def test_unknown_user_is_led_through_the_challenge(
    gateway: GatewayClient, emulator: FakeEmulator, prefix: str
) -> None:
    """Line 31 (doc; seen in aws-sdk-go#3134): userNotFound in each event; no answer leads to tokens."""
    CodeChallenge(emulator)
    client = ChallengeClient(gateway, prefix)

    started = client.start("+4915112345678")
    response = client.answer(started, CODE, "+4915112345678")

    assert (started.json()["ChallengeName"], error_of(response)) == ("CUSTOM_CHALLENGE", WRONG_CREDENTIALS)
    requests = [event["request"] for event in emulator.events]
    assert [r["userNotFound"] for r in requests] == [True] * 4
    assert [r["userAttributes"] for r in requests] == [{}] * 4


def test_name_of_an_unknown_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 31 (seen in aws-sdk-go#3134 and amazon-cognito-passwordless-auth#131): a UUID for each name."""
    CodeChallenge(emulator)
    client = ChallengeClient(gateway)

    names = [
        client.start(name).json()["ChallengeParameters"]["USERNAME"]
        for name in ("bob@example.com", "Bob@Example.com", "eve@example.com")
    ]

    assert [str(uuid.UUID(name)) for name in names] == names
    assert (names[0] == names[1], names[0] == names[2]) == (True, False)
    assert [event["userName"] for event in emulator.events[::2]] == names
    assert "bob@example.com" not in str(emulator.events).lower()


def test_unknown_user_is_reported_if_the_client_allows_it(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 31 (doc): with LEGACY, no trigger fires."""
    CodeChallenge(emulator)
    emulator.client["PreventUserExistenceErrors"] = "LEGACY"

    response = ChallengeClient(gateway).start()

    assert error_of(response) == ("UserNotFoundException", "User does not exist.")
    assert emulator.events == []


def test_same_calls_for_known_and_unknown_users(
    client: ChallengeClient, gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 31 (doc): the journal does not show a difference before the answer is checked."""
    for name in ("ann@example.com", "bob@example.com"):
        client.answer(client.start(name), "wrong", name)

    journal = [(entry.action, entry.status, entry.notes) for entry in gateway.router.journal]
    assert journal[:2] == journal[2:]


@pytest.mark.parametrize("missing", ["USERNAME", "ANSWER", "Session"])
def test_missing_parameters(client: ChallengeClient, gateway: GatewayClient, missing: str) -> None:
    """Line 45 (doc; text seen in amazon-cognito-identity-dart-2#241)."""
    responses = {"USERNAME": "ann@example.com", "ANSWER": CODE}
    parameters: dict[str, Any] = {
        "ChallengeResponses": responses,
        "Session": client.start().json()["Session"],
    }
    for container in (responses, parameters):
        container.pop(missing, None)

    response = gateway.call("RespondToAuthChallenge", ChallengeName="CUSTOM_CHALLENGE", **parameters)

    assert error_of(response) == ("InvalidParameterException", f"Missing required parameter {missing}")


@pytest.mark.parametrize(
    ("flows", "is_allowed"),
    [(["ALLOW_CUSTOM_AUTH"], True), ([], True), (["ALLOW_USER_SRP_AUTH"], False)],
)
def test_flow_of_the_app_client(
    client: ChallengeClient, emulator: FakeEmulator, *, flows: list[str], is_allowed: bool
) -> None:
    """Line 47 (doc): ExplicitAuthFlows must contain it, or be empty."""
    emulator.client["ExplicitAuthFlows"] = flows

    response = client.start()

    expected = "" if is_allowed else "CUSTOM_AUTH is not enabled for the client."
    assert response.json().get("message", "") == expected


def test_pool_without_the_triggers(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 47 (seen in amplify-js#6327)."""
    emulator.add_user("ann@example.com")

    text = "Custom auth lambda trigger is not configured for the user pool."
    assert error_of(ChallengeClient(gateway).start()) == ("InvalidParameterException", text)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Enabled": False}, ("NotAuthorizedException", "User is disabled.")),
        ({"UserStatus": "UNCONFIRMED"}, ("UserNotConfirmedException", "User is not confirmed.")),
    ],
)
def test_users_who_may_not_sign_in(
    client: ChallengeClient, emulator: FakeEmulator, state: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Line 47 (doc; text seen in cognito-local#337): no trigger fires, also between challenge and answer."""
    started = client.start()
    emulator.users["sub-0"].update(state)
    emulator.events.clear()

    errors = [error_of(client.start()), error_of(client.answer(started))]

    assert (errors, emulator.events) == ([expected, expected], [])


def test_user_with_a_temporary_password(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 47 (seen in amplify-js#5834): the challenge needs no password, so its state does not matter."""
    emulator.users["sub-0"]["UserStatus"] = "FORCE_CHANGE_PASSWORD"

    assert "AuthenticationResult" in sign_in(client).json()


@pytest.mark.parametrize("extra", [{"SRP_A": "ab"}, {"CHALLENGE_NAME": "SRP_A"}])
def test_password_before_the_challenge(client: ChallengeClient, extra: dict[str, str]) -> None:
    """Our own rule: not supported here, and the error says so."""
    response = client.start(AuthParameters={"USERNAME": "ann@example.com", **extra})

    assert "pulumi-localaws: CUSTOM_AUTH with SRP_A" in error_of(response)[1]
