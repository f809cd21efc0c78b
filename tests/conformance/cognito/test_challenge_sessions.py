"""The sessions of custom challenges: used once, by one user and app client, for a limited time."""

import pytest
from conformance_challenge import CODE, ChallengeClient, CodeChallenge
from conformance_fake_cognito import POOL
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, ManualClock, error_of
from pulumi_localaws.gateway.cognito.challenge_sessions import ChallengeAttempt, ChallengeSessions
from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.http_messages import Request

INVALID_SESSION = ("NotAuthorizedException", "Invalid session for the user.")
EXPIRED_SESSION = ("NotAuthorizedException", "Invalid session for the user, session is expired.")
CLIENT = AppClient("client1", UserPool("eu-west-1_A", "", {}), {})
USER = PoolUser("sub-0", "CONFIRMED")
ATTEMPT = ChallengeAttempt(CLIENT, USER.name, is_user_known=True, typed_name="ann@example.com")


def test_session_can_be_used_once(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 46 (doc; text seen in amplify-js#5834): a replay fails before any trigger fires."""
    started = client.start()
    client.answer(started)
    emulator.events.clear()

    assert (error_of(client.answer(started)), emulator.events) == (INVALID_SESSION, [])


def test_session_after_a_failed_trigger(client: ChallengeClient, challenge: CodeChallenge) -> None:
    """Line 46 (seen in amazon-cognito-passwordless-email-auth#17): it is used up."""
    started = client.start()
    challenge.errors["CreateAuthChallenge"] = "boom"
    client.answer(started, "wrong")

    assert error_of(client.answer(started)) == INVALID_SESSION


def test_simultaneous_answers_with_one_session(
    client: ChallengeClient, gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 46 (doc): one of them gets tokens, whatever their order."""
    started = client.start()
    request = gateway.build_request(
        "RespondToAuthChallenge",
        ChallengeName="CUSTOM_CHALLENGE",
        ChallengeResponses={"USERNAME": "ann@example.com", "ANSWER": CODE},
        Session=started.json()["Session"],
    )

    responses = gateway.send_all(*[request] * 32)

    errors = [error_of(response) for response in responses if response.is_error]
    assert errors == [INVALID_SESSION] * 31


def test_simultaneous_sign_ins(client: ChallengeClient, gateway: GatewayClient) -> None:
    """Line 46 (doc): each has its own session."""
    request = gateway.build_request(
        "InitiateAuth", AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ann@example.com"}
    )

    started = gateway.send_all(*[request] * 32)
    answers = [client.answer(response) for response in started]

    assert all("AuthenticationResult" in response.json() for response in answers)


def test_session_of_another_user(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 46 (doc): a foreign session is rejected, and its owner can still use it."""
    emulator.add_user("bob@example.com")
    started = client.start()

    foreign = client.answer(started, name="bob@example.com")

    assert error_of(foreign) == INVALID_SESSION
    assert "AuthenticationResult" in client.answer(started).json()


def test_session_of_a_user_who_signed_up_meanwhile(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 46 (doc): the challenge of an unknown user does not become that of a new user."""
    started = client.start("bob@example.com")
    emulator.add_user("bob@example.com")

    assert error_of(client.answer(started, name="bob@example.com")) == INVALID_SESSION


def test_session_of_a_user_who_was_deleted(client: ChallengeClient, emulator: FakeEmulator) -> None:
    """Line 46 (doc): the challenge of a known user does not become that of an unknown one."""
    started = client.start()
    emulator.users.clear()

    assert error_of(client.answer(started)) == INVALID_SESSION


@pytest.mark.parametrize(("minutes", "setting"), [(3, {}), (15, {"AuthSessionValidity": 15})])
def test_session_expires(
    client: ChallengeClient,
    emulator: FakeEmulator,
    clock: ManualClock,
    minutes: int,
    setting: dict[str, int],
) -> None:
    """Line 46 (doc): after AuthSessionValidity, by default 3 minutes; a new session has the whole time."""
    emulator.client.update(setting)
    first = client.start()
    clock.now += minutes * 60 - 1
    second = client.answer(first, "wrong")
    clock.now += minutes * 60 - 1
    third = client.answer(second, "wrong again")
    clock.now += minutes * 60 + 1

    assert error_of(client.answer(third)) == EXPIRED_SESSION


def test_sessions_end_with_a_reset(client: ChallengeClient, gateway: GatewayClient) -> None:
    """Our own rule: a reset of the emulator clears the gateway's state too."""
    started = client.start()

    gateway.send(Request("POST", "/_ministack/reset"))

    assert (error_of(client.answer(started)), POOL in str(started.json())) == (INVALID_SESSION, False)


def test_session_of_another_app_client(clock: ManualClock) -> None:
    """Line 46 (doc): it is rejected, and the client that got it can still use it."""
    sessions = ChallengeSessions(clock)
    session = sessions.issue(ATTEMPT)

    with pytest.raises(AwsError, match="Invalid session for the user\\."):
        sessions.take(session, AppClient("client2", CLIENT.pool, {}), USER, USER.name)

    assert sessions.take(session, CLIENT, USER, USER.name) == ATTEMPT


def test_unused_sessions_are_removed(clock: ManualClock) -> None:
    """Our own rule: the gateway keeps no session longer than the longest validity."""
    sessions = ChallengeSessions(clock)
    old_session = sessions.issue(ATTEMPT)
    clock.now += 15 * 60 + 1
    sessions.issue(ATTEMPT)

    with pytest.raises(AwsError, match="Invalid session for the user\\."):
        sessions.take(old_session, CLIENT, USER, USER.name)
