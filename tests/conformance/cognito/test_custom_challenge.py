"""Sign-in with a custom challenge: order and events of the triggers, and the responses to the client."""

from typing import Any

import pytest
from conformance_challenge import CODE, ChallengeClient, CodeChallenge
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of, expected_event

WRONG_CREDENTIALS = ("NotAuthorizedException", "Incorrect username or password.")


def sources_of(emulator: FakeEmulator) -> list[str]:
    return [event["triggerSource"].partition("_")[0] for event in emulator.events]


def result(*, is_correct: bool, number: int = 0) -> dict[str, Any]:
    return {
        "challengeName": "CUSTOM_CHALLENGE",
        "challengeResult": is_correct,
        "challengeMetadata": f"TRY-{number}",
    }


@pytest.mark.parametrize("prefix", ["", "Admin"])
def test_order_of_the_triggers(
    gateway: GatewayClient, emulator: FakeEmulator, challenge: CodeChallenge, prefix: str
) -> None:
    """Line 45 (doc): Define, Create; then, with the answer, Verify and Define; the user gets tokens."""
    client = ChallengeClient(gateway, prefix)

    response = client.answer(client.start())

    assert "AccessToken" in response.json()["AuthenticationResult"]
    expected = [
        "DefineAuthChallenge",
        "CreateAuthChallenge",
        "VerifyAuthChallengeResponse",
        "DefineAuthChallenge",
    ]
    assert sources_of(emulator) == expected


def test_events_of_the_triggers(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 45 (doc; fields seen in amplify-js#5834): the complete events of one sign-in."""
    client.answer(client.start())

    user = {
        "userAttributes": {
            "sub": "sub-0",
            "email": "ann@example.com",
            "email_verified": "false",
            "cognito:user_status": "CONFIRMED",
        },
        "userNotFound": False,
    }
    decision = {"challengeName": None, "issueTokens": None, "failAuthentication": None}
    parameters = {
        "publicChallengeParameters": None,
        "privateChallengeParameters": None,
        "challengeMetadata": None,
    }
    answer = {"privateChallengeParameters": {"code": CODE}, "challengeAnswer": CODE}
    assert emulator.events == [
        expected_event(
            "DefineAuthChallenge_Authentication", request={**user, "session": []}, response=decision
        ),
        expected_event(
            "CreateAuthChallenge_Authentication",
            request={**user, "session": [], "challengeName": "CUSTOM_CHALLENGE"},
            response=parameters,
        ),
        expected_event(
            "VerifyAuthChallengeResponse_Authentication",
            request={**user, **answer},
            response={"answerCorrect": None},
        ),
        expected_event(
            "DefineAuthChallenge_Authentication",
            request={**user, "session": [result(is_correct=True)]},
            response=decision,
        ),
    ]


def test_response_with_a_challenge(client: ChallengeClient) -> None:
    """Line 45 (doc): the client gets the public parameters and the user name, and no private parameter."""
    document = client.start().json()

    session = document.pop("Session")
    expected = {
        "ChallengeName": "CUSTOM_CHALLENGE",
        "ChallengeParameters": {"hint": "six digits", "USERNAME": "sub-0"},
    }
    assert document == expected
    assert 20 <= len(session) <= 2048


def test_wrong_answers(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 45 (doc): DefineAuthChallenge decides how many are allowed, and gets the result of each."""
    response = client.start()
    for number in range(3):
        response = client.answer(response, f"wrong {number}")

    assert error_of(response) == WRONG_CREDENTIALS
    results = [result(is_correct=False, number=number) for number in range(3)]
    assert emulator.events[-1]["request"]["session"] == results
    assert sources_of(emulator).count("CreateAuthChallenge") == 3


def test_right_answer_after_a_wrong_one(client: ChallengeClient) -> None:
    """Line 45 (doc): the challenge is repeated with a new session."""
    response = client.answer(client.answer(client.start(), "wrong"))

    assert "AuthenticationResult" in response.json()


def test_define_can_issue_tokens_at_once(
    client: ChallengeClient, challenge: CodeChallenge, emulator: FakeEmulator
) -> None:
    """Lines 9 and 45 (doc): InitiateAuth then returns them; no later trigger gets its metadata either."""
    emulator.configure_triggers(*emulator.pool["LambdaConfig"], "PreTokenGeneration")
    challenge.changes["DefineAuthChallenge"] = {"issueTokens": True}

    response = client.start(ClientMetadata={"a": "b"})

    assert "AuthenticationResult" in response.json()
    assert [event for event in emulator.events if "clientMetadata" in event["request"]] == []


def test_public_parameter_with_the_key_of_the_user_name(
    client: ChallengeClient, challenge: CodeChallenge
) -> None:
    """Our own rule: the client always gets the stored user name; AWS documents no case with two values."""
    challenge.changes["CreateAuthChallenge"] = {"publicChallengeParameters": {"USERNAME": "another"}}

    assert client.start().json()["ChallengeParameters"] == {"USERNAME": "sub-0"}


def test_metadata_of_a_sign_in(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Lines 9 and 36 (doc): InitiateAuth's metadata reaches PreAuthentication only."""
    emulator.configure_triggers(*emulator.pool["LambdaConfig"], "PreAuthentication")

    client.start(ClientMetadata={"a": "b"})

    before, *events = (event["request"] for event in emulator.events)
    assert (before["validationData"], [e for e in events if "clientMetadata" in e]) == ({"a": "b"}, [])


def test_metadata_of_an_answer(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 9 (doc): RespondToAuthChallenge's metadata reaches Verify, Define and Create."""
    started = client.start()
    emulator.events.clear()

    client.answer(started, "wrong", ClientMetadata={"a": "b"})

    metadata = [event["request"].get("clientMetadata") for event in emulator.events]
    assert (len(metadata), all(m == {"a": "b"} for m in metadata)) == (3, True)


def test_create_receives_neither_session_nor_address(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 36 (doc): nothing in its event identifies the device or the sign-in."""
    client.start(UserContextData={"IpAddress": "192.0.2.1"})
    client.start(UserContextData={"IpAddress": "192.0.2.2"})

    assert emulator.events[1] == emulator.events[3]


def test_triggers_around_the_challenge(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Lines 13 and 45 (doc): PreAuthentication first; PreTokenGeneration and PostAuthentication last."""
    emulator.configure_triggers(
        *emulator.pool["LambdaConfig"], "PreAuthentication", "PostAuthentication", "PreTokenGeneration"
    )

    client.answer(client.start(), ClientMetadata={"a": "b"})

    sources = sources_of(emulator)
    assert (sources[0], sources[-2:]) == ("PreAuthentication", ["TokenGeneration", "PostAuthentication"])
    metadata = [event["request"].get("clientMetadata") for event in emulator.events[-2:]]
    assert metadata == [{"a": "b"}, {"a": "b"}]


@pytest.mark.parametrize(
    "name",
    ["ann@example.com", "ANN@Example.com", "+4915112345678", "sub-0"],
    ids=["e-mail", "case", "phone", "sub"],
)
def test_names_of_a_user(client: ChallengeClient, emulator: FakeEmulator, name: str) -> None:
    """Lines 11 and 23 (doc): every name leads to the same user, and the events have the stored name."""
    emulator.users["sub-0"]["attributes"]["phone_number"] = "+4915112345678"

    response = client.answer(client.start(name), name=name)

    assert "AuthenticationResult" in response.json()
    assert {event["userName"] for event in emulator.events} == {"sub-0"}


def test_answer_with_the_stored_name(client: ChallengeClient) -> None:
    """Line 45 (doc): the client may use the USERNAME of the challenge's parameters."""
    response = client.answer(client.start(), name="sub-0")

    assert "AuthenticationResult" in response.json()


def test_tokens_of_a_client_with_a_secret(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Our own rule: the gateway's own call has a secret hash."""
    emulator.client["ClientSecret"] = "secret"

    client.answer(client.start())

    responses = emulator.parameters_of("AdminRespondToAuthChallenge")[0]["ChallengeResponses"]
    assert set(responses) == {"USERNAME", "SECRET_HASH"}


def test_rejected_callers_fire_no_trigger(
    gateway: GatewayClient, challenge: CodeChallenge, emulator: FakeEmulator
) -> None:
    """Line 28 (doc): a caller without the permission, or with a wrong secret hash."""
    client = ChallengeClient(gateway, "Admin")
    started = client.start()
    emulator.events.clear()
    emulator.error_codes = dict.fromkeys(
        ("AdminInitiateAuth", "AdminRespondToAuthChallenge"), "AccessDeniedException"
    )

    codes = [error_of(client.start())[0], error_of(client.answer(started))[0]]

    assert (codes, emulator.events) == (["AccessDeniedException"] * 2, [])


def test_the_owner_sees_the_own_functions(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: the emulator's pool has other functions, which nobody sees."""
    challenge = CodeChallenge(emulator)
    config = dict(emulator.pool["LambdaConfig"])

    gateway.call("UpdateUserPool", LambdaConfig=config)

    description = gateway.call("DescribeUserPool").json()["UserPool"]["LambdaConfig"]
    assert (description, challenge.errors) == (config, {})
    assert not set(config.values()) & set(emulator.pool["LambdaConfig"].values())
