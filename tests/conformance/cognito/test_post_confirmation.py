"""PostConfirmation: when it fires, its event, and the effect of its errors."""

from typing import Any

import pytest
from conformance_fake_cognito import FUNCTION, POOL, POOL_ARN
from conformance_fake_emulator import FakeEmulator, permission
from conformance_gateway import GatewayClient, error_of, expected_event


@pytest.fixture(autouse=True)
def post_confirmation_trigger(emulator: FakeEmulator) -> None:
    emulator.configure_triggers("PostConfirmation")


def sources(emulator: FakeEmulator) -> list[str]:
    return [event["triggerSource"] for event in emulator.events]


def test_fires_after_confirm_sign_up(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 1 (doc): after ConfirmSignUp."""
    gateway.sign_up()

    response = gateway.confirm()

    assert (response.status, sources(emulator)) == (200, ["PostConfirmation_ConfirmSignUp"])


def test_fires_after_admin_confirm_sign_up(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 1 (doc): after AdminConfirmSignUp, without an app client."""
    gateway.sign_up()

    response = gateway.call("AdminConfirmSignUp", Username="ann@example.com")

    assert (response.status, sources(emulator)) == (200, ["PostConfirmation_ConfirmSignUp"])
    assert emulator.events[0]["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"


def test_fires_after_a_sign_up_that_pre_sign_up_confirms(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 1 (doc): after a SignUp that PreSignUp auto-confirms."""
    emulator.configure_triggers("PreSignUp", "PostConfirmation")
    emulator.handler = lambda event: {**event, "response": {"autoConfirmUser": True}}

    response = gateway.sign_up(ClientMetadata={"from": "web"})

    assert response.json()["UserConfirmed"]
    assert sources(emulator) == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    assert emulator.events[1]["request"]["clientMetadata"] == {"from": "web"}


def test_fires_after_confirm_forgot_password(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 2 (doc; seen in amplify-js#3498): after ConfirmForgotPassword, with its own trigger source."""
    emulator.add_user("ann@example.com")

    gateway.call(
        "ConfirmForgotPassword", Username="ann@example.com", ConfirmationCode="654321", Password="secret"
    )

    assert sources(emulator) == ["PostConfirmation_ConfirmForgotPassword"]


def test_does_not_fire_for_admin_create_user_nor_its_first_password(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Line 3 (seen in amazon-cognito-identity-js#656): neither for the call nor for the first password."""
    gateway.call("AdminCreateUser", Username="ann@example.com")
    responses = {"USERNAME": "ann@example.com", "NEW_PASSWORD": "x"}
    gateway.call(
        "RespondToAuthChallenge", ChallengeName="NEW_PASSWORD_REQUIRED", ChallengeResponses=responses
    )
    gateway.call("AdminSetUserPassword", Username="ann@example.com", Password="secret", Permanent=True)

    assert sources(emulator) == []


def test_does_not_fire_when_the_code_is_wrong(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 5 (doc): it fires only for a confirmed user."""
    gateway.sign_up()

    gateway.call("ConfirmSignUp", Username="ann@example.com", ConfirmationCode="000000")

    assert sources(emulator) == []


def test_user_is_confirmed_before_the_function_runs(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 5 (seen): confirmed first, then the function."""
    statuses: list[str] = []

    def record_status(event: dict[str, Any]) -> dict[str, Any]:
        statuses.append(emulator.users[event["userName"]]["UserStatus"])
        return event

    emulator.handler = record_status
    gateway.sign_up()

    gateway.confirm()

    assert statuses == ["CONFIRMED"]


def test_failing_function_leaves_the_user_confirmed(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 5 (seen): the caller gets the function's text, the user stays confirmed."""

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("table is on fire")

    emulator.handler = fail
    gateway.sign_up()

    response = gateway.confirm()

    expected = ("UserLambdaValidationException", "PostConfirmation failed with error table is on fire.")
    assert error_of(response) == expected
    assert gateway.emulator.users["sub-0"]["UserStatus"] == "CONFIRMED"


@pytest.mark.parametrize("action", ["AdminGetUser", "DescribeUserPool", "DescribeUserPoolClient"])
def test_failing_look_up_is_an_error_and_not_a_skipped_trigger(
    gateway: GatewayClient, emulator: FakeEmulator, action: str
) -> None:
    """Our own rule: only the errors that say so mean that a user, a pool or a client does not exist."""
    gateway.sign_up()
    emulator.error_codes[action] = "InternalErrorException"

    response = gateway.confirm()

    assert error_of(response) == ("InternalErrorException", "rejected")
    assert emulator.parameters_of("ConfirmSignUp") == []


def test_look_up_that_fails_after_the_confirmation_is_an_error(
    gateway: GatewayClient, emulator: FakeEmulator
) -> None:
    """Our own rule: the user is confirmed, but the caller learns that PostConfirmation did not run."""
    gateway.sign_up()
    emulator.pool["AutoVerifiedAttributes"] = []
    fail_after(emulator, "ConfirmSignUp", "AdminGetUser")

    response = gateway.confirm()

    assert error_of(response) == ("InternalErrorException", "rejected")
    assert emulator.parameters_of("ConfirmSignUp") != []


def fail_after(emulator: FakeEmulator, first_action: str, failing_action: str) -> None:
    """Let an action fail from the first call of another action on."""
    call = emulator.call

    async def call_and_fail(action: str, parameters: dict[str, Any]) -> tuple[int, Any]:
        result = await call(action, parameters)
        if action == first_action:
            emulator.error_codes[failing_action] = "InternalErrorException"
        return result

    emulator.call = call_and_fail  # type: ignore[method-assign]


def test_slow_function_is_called_again(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 6 (doc; seen in amplify-js#4805 and #13334): the same event twice, and the sign-up succeeds."""
    emulator.handler_delays = [0.5]
    gateway.sign_up()

    response = gateway.confirm()

    assert (response.status, len(emulator.events)) == (200, 2)
    assert emulator.events[0] == emulator.events[1]


def test_time_without_a_worker_does_not_count(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: Lambda has a worker for each invocation; the local AWS lets invocations wait for one."""
    emulator.handler_delays = [0.5]
    emulator.seconds_without_worker = 60
    gateway.sign_up()

    response = gateway.confirm()

    assert (response.status, len(emulator.events)) == (200, 1)


def test_slow_function_is_called_three_times_at_most(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 6 (doc; text seen in amazon-cognito-identity-dart-2#204): then the caller gets an error."""
    emulator.handler_delays = [0.5, 0.5, 0.5]
    gateway.sign_up()

    response = gateway.confirm()

    expected = (
        "UnexpectedLambdaException",
        "PostConfirmation invocation failed due to error Socket timeout while invoking Lambda function.",
    )
    assert (error_of(response), len(emulator.events)) == (expected, 3)


@pytest.mark.parametrize(
    ("return_value", "text"),
    [
        (None, "Invalid lambda function output : Invalid JSON"),
        ("done", "Invalid lambda function output : Invalid JSON"),
        ({"statusCode": 200}, "Unrecognizable lambda output"),
        ({"response": "yes"}, "Unrecognizable lambda output"),
    ],
)
def test_response_must_be_an_event(
    gateway: GatewayClient, emulator: FakeEmulator, return_value: Any, text: str
) -> None:
    """Line 7 (doc; texts seen in aws-sdk-js#2692 and aws-sdk-android-samples#165)."""
    emulator.handler = lambda _: return_value
    gateway.sign_up()

    response = gateway.confirm()

    assert error_of(response) == ("InvalidLambdaResponseException", text)


_OTHER_POOL = POOL_ARN.replace("Pool12345", "Other6789")


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [permission("apigateway.amazonaws.com")],
        [permission(ArnLike={"AWS:SourceArn": _OTHER_POOL})],
        [permission(StringEquals={"AWS:SourceAccount": "111111111111"})],
        [{**permission(), "Resource": FUNCTION.removesuffix(":live")}],
        [{**permission(), "Action": "lambda:GetFunction"}],
        [permission(), {**permission(), "Effect": "Deny"}],
        [permission(DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"})],
    ],
    ids=["none", "principal", "pool", "account", "no qualifier", "action", "deny", "unknown condition"],
)
def test_call_fails_without_invoke_permission(
    gateway: GatewayClient, emulator: FakeEmulator, statements: list[dict[str, Any]]
) -> None:
    """Line 8 (doc; text seen in service-workbench-on-aws#1136): rejected, and the function is not invoked."""
    emulator.policy = statements
    gateway.sign_up()

    response = gateway.confirm()

    expected = (
        "UnexpectedLambdaException",
        "PostConfirmation invocation failed due to error AccessDeniedException.",
    )
    assert (error_of(response), emulator.events) == (expected, [])


@pytest.mark.parametrize(
    "statement",
    [
        permission(),
        permission(ArnLike={"AWS:SourceArn": f"arn:aws:cognito-idp:eu-west-1:*:userpool/{POOL[:10]}*"}),
        {**permission(), "Principal": {"Service": ["x.amazonaws.com", "cognito-idp.amazonaws.com"]}},
        {**permission(), "Action": ["lambda:Invoke*"], "Condition": {}},
    ],
    ids=["exact", "wildcard", "list", "no condition"],
)
def test_function_is_invoked_with_permission(
    gateway: GatewayClient, emulator: FakeEmulator, statement: dict[str, Any]
) -> None:
    """Line 8 (doc): principal, source ARN with ArnLike, source account."""
    emulator.policy = [statement]
    gateway.sign_up()

    assert gateway.confirm().status == 200


def test_event_has_the_metadata_of_confirm_sign_up(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 9 (doc): ConfirmSignUp's own metadata, not SignUp's."""
    gateway.sign_up(ClientMetadata={"from": "sign-up"})

    gateway.confirm(ClientMetadata={"from": "confirm"})

    assert emulator.events[0]["request"]["clientMetadata"] == {"from": "confirm"}


@pytest.mark.parametrize("action", ["AdminConfirmSignUp", "ConfirmForgotPassword"])
def test_event_has_the_metadata_of_other_calls(
    gateway: GatewayClient, emulator: FakeEmulator, action: str
) -> None:
    """Line 9 (doc): AdminConfirmSignUp's and ConfirmForgotPassword's metadata."""
    emulator.add_user("ann@example.com", status="UNCONFIRMED")

    gateway.call(action, Username="ann@example.com", ClientMetadata={"a": "b"}, ConfirmationCode="654321")

    assert emulator.events[0]["request"]["clientMetadata"] == {"a": "b"}


def test_event_has_cognitos_fields(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Lines 10 and 11 (doc): all fields; if an address is the user name, userName is the sub."""
    gateway.sign_up("Ann@Example.com", attributes={"custom:role": "vendor"})

    gateway.confirm()

    expected = expected_event(
        "PostConfirmation_ConfirmSignUp",
        request={
            "userAttributes": {
                "sub": "sub-0",
                "cognito:user_status": "CONFIRMED",
                "email": "Ann@Example.com",
                "email_verified": "true",
                "custom:role": "vendor",
            }
        },
        response={},
    )
    assert emulator.events == [expected]


def test_admin_confirm_sign_up_verifies_no_address(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 10 (doc): ``email_verified`` is then the string ``false``."""
    gateway.sign_up()

    gateway.call("AdminConfirmSignUp", Username="ann@example.com")

    assert emulator.events[0]["request"]["userAttributes"]["email_verified"] == "false"


def test_chosen_user_name_is_not_the_sub(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 11 (doc): if users choose a user name, userName is that name."""
    emulator.pool.update(UsernameAttributes=[], AliasAttributes=[])
    emulator.users["ann"] = {
        "Username": "ann",
        "UserStatus": "UNCONFIRMED",
        "attributes": {"sub": "sub-9", "email": "a@b.co"},
    }

    gateway.confirm("ann")

    event = emulator.events[0]
    assert (event["userName"], event["request"]["userAttributes"]["sub"]) == ("ann", "sub-9")


def test_journal_has_the_trigger_and_no_value(gateway: GatewayClient) -> None:
    """Our own rule: the journal never contains a value from a call."""
    gateway.sign_up("ann@example.com", ClientMetadata={"secret": "hunter2"})
    gateway.confirm()

    text = repr(list(gateway.router.journal))
    assert "PostConfirmation: fired" in text
    assert not [word for word in ("ann", "hunter2", "123456") if word in text]
