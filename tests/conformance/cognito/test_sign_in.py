"""The triggers around signing in: PreAuthentication, PostAuthentication, UserMigration."""

from typing import Any

import pytest
from conformance_fake import PASSWORD, Fake, Gateway, error_of


def sign_in(
    gateway: Gateway, name: str = "ann@example.com", flow: str = "USER_PASSWORD_AUTH", **data: Any
) -> Any:
    parameters = {"USERNAME": name, "PASSWORD": PASSWORD}
    return gateway.call("InitiateAuth", AuthFlow=flow, AuthParameters=parameters, **data)


def migrated(**response: Any) -> Any:
    def handler(event: dict[str, Any]) -> dict[str, Any]:
        event["response"].update(response)
        return event

    return handler


def test_pre_and_post_authentication_around_a_sign_in(gateway: Gateway, fake: Fake) -> None:
    """Lines 13 and 27 (doc): one before the password, one with the tokens."""
    fake.trigger("PreAuthentication", "PostAuthentication")
    fake.user("ann@example.com")

    sign_in(gateway)

    sources = [e["triggerSource"] for e in fake.events]
    assert ["PreAuthentication_Authentication", "PostAuthentication_Authentication"] == sources


def test_metadata_of_a_sign_in(gateway: Gateway, fake: Fake) -> None:
    """Line 9 (doc): InitiateAuth's is PreAuthentication's validationData and not PostAuthentication's."""
    fake.trigger("PreAuthentication", "PostAuthentication")
    fake.user("ann@example.com")

    sign_in(gateway, ClientMetadata={"a": "b"})

    before, after = (e["request"] for e in fake.events)
    assert ({"a": "b"}, False) == (before["validationData"], "clientMetadata" in after)


def test_metadata_of_a_challenge(gateway: Gateway, fake: Fake) -> None:
    """Line 9 (doc): RespondToAuthChallenge's reaches PostAuthentication."""
    fake.trigger("PostAuthentication")
    fake.user("ann@example.com")
    responses = {"USERNAME": "ann@example.com"}

    gateway.call(
        "RespondToAuthChallenge",
        Username="ann@example.com",
        ChallengeResponses=responses,
        ClientMetadata={"a": "b"},
    )

    assert {"a": "b"} == fake.events[0]["request"]["clientMetadata"]


@pytest.mark.parametrize("trigger", ["PreAuthentication", "PostAuthentication"])
def test_their_error_keeps_the_tokens_back(gateway: Gateway, fake: Fake, trigger: str) -> None:
    """Lines 13 and 27 (doc): either refuses the sign-in with its text."""

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("not today")

    fake.trigger(trigger)
    fake.handler = fail
    fake.user("ann@example.com")

    expected = ("UserLambdaValidationException", f"{trigger} failed with error not today.")
    assert expected == error_of(sign_in(gateway))


def test_a_refresh_fires_neither(gateway: Gateway, fake: Fake) -> None:
    """Line 13 (doc): a refreshed token is no sign-in."""
    fake.trigger("PreAuthentication", "PostAuthentication")
    fake.user("ann@example.com")

    sign_in(gateway, flow="REFRESH_TOKEN_AUTH")

    assert [] == fake.events


@pytest.mark.parametrize(("hidden", "fired"), [("ENABLED", [True]), ("LEGACY", [])])
def test_an_unknown_user_before_authentication(
    gateway: Gateway, fake: Fake, hidden: str, fired: list[bool]
) -> None:
    """Lines 13 and 25 (doc): where existence is hidden it fires with userNotFound."""
    fake.trigger("PreAuthentication")
    fake.client["PreventUserExistenceErrors"] = hidden

    sign_in(gateway)

    assert fired == [e["request"]["userNotFound"] for e in fake.events]


def test_an_unknown_user_is_migrated(gateway: Gateway, fake: Fake) -> None:
    """Lines 13, 27 and 34 (doc): the password is in the event, the user is made, the sub is the pool's."""
    fake.trigger("UserMigration")
    attributes = {"email": "ann@example.com", "email_verified": "true", "sub": "old"}
    fake.handler = migrated(userAttributes=attributes, finalUserStatus="CONFIRMED", messageAction="SUPPRESS")

    response = sign_in(gateway, ClientMetadata={"a": "b"})

    event = fake.events[0]
    assert ("UserMigration_Authentication", "ann@example.com") == (event["triggerSource"], event["userName"])
    assert {"password": PASSWORD, "validationData": {"a": "b"}} == event["request"]
    user = fake.users["sub-0"]
    assert ("CONFIRMED", "sub-0") == (user["UserStatus"], user["attributes"]["sub"])
    assert "AuthenticationResult" in response.json()


def test_a_known_user_is_not_migrated(gateway: Gateway, fake: Fake) -> None:
    """Line 34 (doc): not even in another case of the name."""
    fake.trigger("UserMigration")
    fake.user("Ann@Example.com")

    sign_in(gateway)

    assert [] == fake.events


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "CUSTOM_AUTH"])
def test_other_flows_do_not_migrate(gateway: Gateway, fake: Fake, flow: str) -> None:
    """Line 34 (doc): only a flow that has the password in it."""
    fake.trigger("UserMigration")

    sign_in(gateway, flow=flow)

    assert [] == fake.events


def test_a_forgotten_password_migrates(gateway: Gateway, fake: Fake) -> None:
    """Line 34 (doc): UserMigration_ForgotPassword, with the call's metadata, and then the code goes out."""
    fake.trigger("UserMigration")
    fake.handler = migrated(userAttributes={"email": "ann@example.com", "email_verified": "true"})

    response = gateway.call("ForgotPassword", Username="ann@example.com", ClientMetadata={"a": "b"})

    event = fake.events[0]
    assert ("UserMigration_ForgotPassword", {"clientMetadata": {"a": "b"}}) == (
        event["triggerSource"],
        event["request"],
    )
    assert (200, 1) == (response.status, len(fake.emails))


def test_a_user_whom_the_function_does_not_know(gateway: Gateway, fake: Fake) -> None:
    """Line 34 (doc): no attributes, no user."""
    fake.trigger("UserMigration")

    assert ("UserNotFoundException", {}) == (error_of(sign_in(gateway))[0], fake.users)


def test_a_status_that_does_not_exist(gateway: Gateway, fake: Fake) -> None:
    """Lines 7 and 34 (doc): a response that Cognito can't read makes no user."""
    fake.trigger("UserMigration")
    fake.handler = migrated(userAttributes={"email": "ann@example.com"}, finalUserStatus="MAYBE")

    assert ("InvalidLambdaResponseException", {}) == (error_of(sign_in(gateway))[0], fake.users)


def test_sign_in_with_message_suppressed_or_not(gateway: Gateway, fake: Fake) -> None:
    """Line 34 (doc): without SUPPRESS a message goes out, so the flag is passed on as it is."""
    sent: list[Any] = []
    answer = fake._cognito

    async def listening(action: str, data: dict[str, Any]) -> Any:
        sent.extend([data.get("MessageAction")] if action == "AdminCreateUser" else [])
        return await answer(action, data)

    fake._cognito = listening  # type: ignore[method-assign]
    fake.trigger("UserMigration")
    fake.handler = migrated(userAttributes={"email": "a@example.com"}, messageAction="SUPPRESS")
    sign_in(gateway, "a@example.com")
    fake.handler = migrated(userAttributes={"email": "b@example.com"})
    sign_in(gateway, "b@example.com")

    assert ["SUPPRESS", None] == sent
