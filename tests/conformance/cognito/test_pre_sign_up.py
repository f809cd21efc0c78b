"""PreSignUp: fired once, through the relay, with Cognito's complete event."""

import json
from typing import Any

import pytest
from conformance_fake_cognito import CLIENT, FUNCTION, POOL, SIGN_UP_RELAY
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of, expected_event
from pulumi_localaws.gateway.wire.http_messages import Request


@pytest.fixture(autouse=True)
def pre_sign_up_trigger(emulator: FakeEmulator) -> None:
    emulator.configure_triggers("PreSignUp")


def fail_with(text: str) -> Any:
    def handler(_: dict[str, Any]) -> None:
        raise ValueError(text)

    return handler


def test_event_is_complete(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 9, 10 and 12 (doc): metadata and validation data; the future sub is only in userName."""
    gateway.sign_up(
        "ann@example.com",
        attributes={"custom:role": "vendor"},
        ClientMetadata={"a": "b"},
        ValidationData=[{"Name": "v", "Value": "w"}],
    )

    expected = expected_event(
        "PreSignUp_SignUp",
        request={
            "userAttributes": {"custom:role": "vendor", "email": "ann@example.com"},
            "validationData": {"v": "w"},
            "clientMetadata": {"a": "b"},
        },
        response={"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    )
    assert emulator.events == [expected]


def test_error_rejects_the_sign_up_with_its_text(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 12 and 30 (doc): PreSignUp failed with error <message>., and no user is created."""
    emulator.handler = fail_with("role admin is not offered")

    response = gateway.sign_up()

    expected = ("UserLambdaValidationException", "PreSignUp failed with error role admin is not offered.")
    assert (error_of(response), emulator.users) == (expected, {})


def test_sign_up_without_invoke_permission_is_rejected(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 8 (doc; text seen in service-workbench-on-aws#1136)."""
    emulator.policy = []

    response = gateway.sign_up()

    expected = (
        "UnexpectedLambdaException",
        "PreSignUp invocation failed due to error AccessDeniedException.",
    )
    assert (error_of(response), emulator.events, emulator.users) == (expected, [], {})


def test_function_can_only_confirm_and_verify(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 12 (doc): three response flags; it can't change an attribute."""

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        event["request"]["userAttributes"]["custom:role"] = "admin"
        event["response"] = {"autoConfirmUser": True, "autoVerifyEmail": True, "userAttributes": {"x": "y"}}
        return event

    emulator.handler = handler

    response = gateway.sign_up(attributes={"custom:role": "customer"})

    expected = {
        "custom:role": "customer",
        "sub": "sub-0",
        "email": "ann@example.com",
        "email_verified": "true",
    }
    assert (response.json()["UserConfirmed"], emulator.users["sub-0"]["attributes"]) == (True, expected)


def test_flag_must_be_a_boolean(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 7 (doc): an invalid response."""
    emulator.handler = lambda event: {**event, "response": {"autoConfirmUser": "yes"}}

    assert error_of(gateway.sign_up())[0] == "InvalidLambdaResponseException"


def test_simultaneous_sign_ups_keep_their_own_metadata(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 9 (doc): each event has the metadata of its own sign-up."""
    requests = [
        gateway.build_request(
            "SignUp",
            Username=f"u{i}@example.com",
            Password="secret",
            UserAttributes=[],
            ClientMetadata={"n": str(i)},
        )
        for i in range(8)
    ]

    emulator.sign_up_delays = {
        f"u{i}@example.com": 0.01 * (8 - i) for i in range(8)
    }  # the last one finishes first

    gateway.send_all(*requests)

    metadata_by_email = {
        e["request"]["userAttributes"]["email"]: e["request"]["clientMetadata"]["n"] for e in emulator.events
    }
    assert {f"u{i}@example.com": str(i) for i in range(8)} == metadata_by_email


def test_pool_shows_its_own_function(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: DescribeUserPool returns the owner's function, not the relay."""
    gateway.sign_up()

    function_arn = gateway.call("DescribeUserPool").json()["UserPool"]["LambdaConfig"]["PreSignUp"]

    assert function_arn == FUNCTION
    assert emulator.pool["LambdaConfig"]["PreSignUp"] != FUNCTION


def test_sign_up_reads_the_pool_once(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: once the relay is installed, a sign-up does not look up its pool again."""
    gateway.sign_up("ann@example.com")
    emulator.calls.clear()

    gateway.sign_up("bob@example.com")

    assert (emulator.calls.count("DescribeUserPool"), len(emulator.events)) == (1, 2)


def test_new_function_replaces_the_old_one(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: UpdateUserPool with other triggers, or with none, takes effect immediately."""
    gateway.sign_up("ann@example.com")
    other_arn = FUNCTION.replace(":trigger:", ":other:")
    gateway.call("UpdateUserPool", LambdaConfig={"PreSignUp": other_arn})
    function_arn = gateway.call("DescribeUserPool").json()["UserPool"]["LambdaConfig"]["PreSignUp"]
    gateway.call("UpdateUserPool", LambdaConfig={})
    gateway.sign_up("bob@example.com")

    assert (function_arn, len(emulator.events)) == (other_arn, 1)


def test_relay_path_needs_its_token(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: the relay's path contains a secret."""
    gateway.sign_up()
    event = {"userPoolId": POOL, "triggerSource": "PreSignUp_SignUp"}

    response = gateway.send(Request("POST", "/_localaws/pre-sign-up/guess", (), json.dumps(event).encode()))

    assert (response.status, len(emulator.events)) == (403, 1)


def test_external_provider_is_relayed(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 4 and 12 (doc): PreSignUp_ExternalProvider, for which there is no SignUp call."""
    gateway.sign_up()
    event = {
        "userPoolId": POOL,
        "triggerSource": "PreSignUp_ExternalProvider",
        "userName": "google_1",
        "callerContext": {"clientId": CLIENT},
        "request": {"userAttributes": {"email": "g@example.com"}},
    }
    path = emulator.relay_urls[SIGN_UP_RELAY].removeprefix("http://127.0.0.1:1")

    response = gateway.send(Request("POST", path, (), json.dumps(event).encode()))

    fired_event = emulator.events[-1]
    assert (
        response.status,
        fired_event["triggerSource"],
        fired_event["userName"],
    ) == (200, "PreSignUp_ExternalProvider", "google_1")


def test_fires_for_admin_create_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 12 (doc): PreSignUp_AdminCreateUser with metadata; autoConfirmUser has no effect."""
    emulator.handler = lambda event: {**event, "response": {"autoConfirmUser": True, "autoVerifyEmail": True}}

    response = gateway.call("AdminCreateUser", Username="ann@example.com", ClientMetadata={"a": "b"})

    user, event = emulator.users["sub-0"], emulator.events[0]
    assert (response.status, event["triggerSource"]) == (200, "PreSignUp_AdminCreateUser")
    assert event["request"]["clientMetadata"] == {"a": "b"}
    assert (user["UserStatus"], user["attributes"]["email_verified"]) == ("FORCE_CHANGE_PASSWORD", "true")


def test_error_rejects_admin_create_user(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 12 (doc): an error of the function; the user is deleted again."""
    emulator.handler = fail_with("not this one")

    response = gateway.call("AdminCreateUser", Username="ann@example.com")

    expected = ("UserLambdaValidationException", "PreSignUp failed with error not this one.")
    assert (error_of(response), emulator.users) == (expected, {})


def test_repeated_admin_create_user_waits_for_the_function(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Our own rule: a rejected user never exists on AWS, so a repeated call does not find this user."""
    answers = [ValueError("busy"), None]

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        if (error := answers.pop(0)) is not None:
            raise error
        return event

    emulator.handler = handler
    emulator.handler_delays = [0.05, 0.0]
    request = gateway.build_request("AdminCreateUser", Username="ann@example.com")

    responses = gateway.send_all(request, request)

    assert [error_of(responses[0])[0], responses[1].status] == ["UserLambdaValidationException", 200]
    assert len(emulator.users) == 1
