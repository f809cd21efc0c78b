"""The triggers of a sign-in: PreAuthentication, PostAuthentication and UserMigration."""

from typing import Any

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import PASSWORD, GatewayClient, error_of


def sign_in(
    gateway: GatewayClient, name: str = "ann@example.com", flow: str = "USER_PASSWORD_AUTH", **parameters: Any
) -> Any:
    auth_parameters = {"USERNAME": name, "PASSWORD": PASSWORD}
    return gateway.call("InitiateAuth", AuthFlow=flow, AuthParameters=auth_parameters, **parameters)


def return_user(**response: Any) -> Any:
    def handler(event: dict[str, Any]) -> dict[str, Any]:
        event["response"].update(response)
        return event

    return handler


def test_pre_and_post_authentication_around_a_sign_in(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 13 and 27 (doc): one before the password is checked, one after."""
    emulator.configure_triggers("PreAuthentication", "PostAuthentication")
    emulator.add_user("ann@example.com")

    sign_in(gateway)

    sources = [e["triggerSource"] for e in emulator.events]
    assert sources == ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]


def test_metadata_of_a_sign_in(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 9 (doc): InitiateAuth's metadata reaches PreAuthentication, as validationData."""
    emulator.configure_triggers("PreAuthentication", "PostAuthentication")
    emulator.add_user("ann@example.com")

    sign_in(gateway, ClientMetadata={"a": "b"})

    before, after = (e["request"] for e in emulator.events)
    assert (before["validationData"], "clientMetadata" in after) == ({"a": "b"}, False)


def test_metadata_of_a_challenge(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 9 (doc): PostAuthentication gets RespondToAuthChallenge's metadata."""
    emulator.configure_triggers("PostAuthentication")
    emulator.add_user("ann@example.com")
    responses = {"USERNAME": "ann@example.com"}

    gateway.call(
        "RespondToAuthChallenge",
        Username="ann@example.com",
        ChallengeResponses=responses,
        ClientMetadata={"a": "b"},
    )

    assert emulator.events[0]["request"]["clientMetadata"] == {"a": "b"}


@pytest.mark.parametrize("trigger", ["PreAuthentication", "PostAuthentication"])
def test_error_of_the_function_rejects_the_sign_in(
    gateway: GatewayClient, emulator: FakeEmulator, trigger: str
) -> None:
    """Lines 13 and 27 (doc): both triggers, with the function's text."""

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("not today")

    emulator.configure_triggers(trigger)
    emulator.handler = fail
    emulator.add_user("ann@example.com")

    expected = ("UserLambdaValidationException", f"{trigger} failed with error not today.")
    assert error_of(sign_in(gateway)) == expected


def test_token_refresh_fires_neither_trigger(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 13 (doc): a refresh of tokens does not count as a sign-in."""
    emulator.configure_triggers("PreAuthentication", "PostAuthentication")
    emulator.add_user("ann@example.com")

    sign_in(gateway, flow="REFRESH_TOKEN_AUTH")

    assert emulator.events == []


@pytest.mark.parametrize(("existence_errors", "expected"), [("ENABLED", [True]), ("LEGACY", [])])
def test_pre_authentication_of_an_unknown_user(
    gateway: GatewayClient, emulator: FakeEmulator, existence_errors: str, expected: list[bool]
) -> None:
    """Lines 13 and 25 (doc): if the client hides the existence of users, it fires with userNotFound."""
    emulator.configure_triggers("PreAuthentication")
    emulator.client["PreventUserExistenceErrors"] = existence_errors

    sign_in(gateway)

    assert [e["request"]["userNotFound"] for e in emulator.events] == expected


def test_an_unknown_user_is_return_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 13, 27 and 34 (doc): the event has the password; the pool creates the user with its own sub."""
    emulator.configure_triggers("UserMigration")
    attributes = {"email": "ann@example.com", "email_verified": "true", "sub": "old"}
    emulator.handler = return_user(
        userAttributes=attributes, finalUserStatus="CONFIRMED", messageAction="SUPPRESS"
    )

    response = sign_in(gateway, ClientMetadata={"a": "b"})

    event = emulator.events[0]
    assert (event["triggerSource"], event["userName"]) == ("UserMigration_Authentication", "ann@example.com")
    assert event["request"] == {"password": PASSWORD, "validationData": {"a": "b"}}
    user = emulator.users["sub-0"]
    assert (user["UserStatus"], user["attributes"]["sub"]) == ("CONFIRMED", "sub-0")
    assert "AuthenticationResult" in response.json()


def test_a_known_user_is_not_return_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 34 (doc): nor a user whose name is in another case."""
    emulator.configure_triggers("UserMigration")
    emulator.add_user("Ann@Example.com")

    sign_in(gateway)

    assert emulator.events == []


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "CUSTOM_AUTH"])
def test_other_flows_do_not_migrate(gateway: GatewayClient, emulator: FakeEmulator, flow: str) -> None:
    """Line 34 (doc): only flows with a password do."""
    emulator.configure_triggers("UserMigration")

    sign_in(gateway, flow=flow)

    assert emulator.events == []


def test_forgotten_password_migrates(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 34 (doc): UserMigration_ForgotPassword, with the call's metadata; then the code is sent."""
    emulator.configure_triggers("UserMigration")
    emulator.handler = return_user(userAttributes={"email": "ann@example.com", "email_verified": "true"})

    response = gateway.call("ForgotPassword", Username="ann@example.com", ClientMetadata={"a": "b"})

    event = emulator.events[0]
    assert (
        event["triggerSource"],
        event["request"],
    ) == ("UserMigration_ForgotPassword", {"clientMetadata": {"a": "b"}})
    assert (response.status, len(emulator.emails)) == (200, 1)


def test_user_that_the_function_does_not_know(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 34 (doc): without attributes, no user is created."""
    emulator.configure_triggers("UserMigration")

    assert (error_of(sign_in(gateway))[0], emulator.users) == ("UserNotFoundException", {})


def test_unknown_status_is_rejected(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 7 and 34 (doc): no user is created for an invalid response."""
    emulator.configure_triggers("UserMigration")
    emulator.handler = return_user(userAttributes={"email": "ann@example.com"}, finalUserStatus="MAYBE")

    assert (error_of(sign_in(gateway))[0], emulator.users) == ("InvalidLambdaResponseException", {})


def test_message_is_sent_unless_suppressed(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 34 (doc): SUPPRESS is passed to AdminCreateUser, which otherwise sends a message."""
    emulator.configure_triggers("UserMigration")
    emulator.handler = return_user(userAttributes={"email": "a@example.com"}, messageAction="SUPPRESS")
    sign_in(gateway, "a@example.com")
    emulator.handler = return_user(userAttributes={"email": "b@example.com"})
    sign_in(gateway, "b@example.com")

    message_actions = [p.get("MessageAction") for p in emulator.parameters_of("AdminCreateUser")]
    assert message_actions == ["SUPPRESS", None]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("InitiateAuth", {"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ann@example.com"}}),
        ("AdminInitiateAuth", {"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ann@example.com"}}),
        (
            "RespondToAuthChallenge",
            {"ChallengeName": "EMAIL_OTP", "ChallengeResponses": {"USERNAME": "ann@example.com"}},
        ),
        (
            "AdminRespondToAuthChallenge",
            {"ChallengeName": "SMS_OTP", "ChallengeResponses": {"USERNAME": "ann@example.com"}},
        ),
    ],
)
def test_choice_based_sign_in_is_not_supported(
    gateway: GatewayClient, emulator: FakeEmulator, action: str, parameters: dict[str, Any]
) -> None:
    """Our own rule: the error names the flow, and what to do; no trigger fires."""
    emulator.configure_triggers("PreAuthentication")
    emulator.error_codes[action] = "InvalidParameterException"

    code, message = error_of(gateway.call(action, **parameters))

    assert (code, emulator.events) == ("InvalidParameterException", [])
    assert "pulumi-localaws: the local AWS does not support choice-based sign-in" in message


def test_rejected_caller_of_a_choice_based_sign_in(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: the emulator's other errors are returned as they are."""
    emulator.error_codes["AdminInitiateAuth"] = "AccessDeniedException"

    assert error_of(gateway.call("AdminInitiateAuth", AuthFlow="USER_AUTH"))[0] == "AccessDeniedException"
