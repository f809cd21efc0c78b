"""PostConfirmation: when it fires, with which event, and what its failure does."""

from typing import Any

import pytest
from conformance_fake import CLIENT, FUNCTION, POOL, POOL_ARN, Fake, Gateway, error_of, permission


@pytest.fixture(autouse=True)
def trigger(fake: Fake) -> None:
    fake.trigger("PostConfirmation")


def confirm(gateway: Gateway, name: str = "ann@example.com", **data: Any) -> Any:
    return gateway.call("ConfirmSignUp", Username=name, ConfirmationCode="123456", **data)


def sources(fake: Fake) -> list[str]:
    return [event["triggerSource"] for event in fake.events]


def test_fires_after_confirm_sign_up(gateway: Gateway, fake: Fake) -> None:
    """Line 1 (doc): after ConfirmSignUp."""
    gateway.sign_up()

    response = confirm(gateway)

    assert (200, ["PostConfirmation_ConfirmSignUp"]) == (response.status, sources(fake))


def test_fires_after_admin_confirm_sign_up(gateway: Gateway, fake: Fake) -> None:
    """Line 1 (doc): after AdminConfirmSignUp, where no client has a part."""
    gateway.sign_up()

    response = gateway.call("AdminConfirmSignUp", Username="ann@example.com")

    assert (200, ["PostConfirmation_ConfirmSignUp"]) == (response.status, sources(fake))
    assert "CLIENT_ID_NOT_APPLICABLE" == fake.events[0]["callerContext"]["clientId"]


def test_fires_after_a_sign_up_that_pre_sign_up_confirms(gateway: Gateway, fake: Fake) -> None:
    """Line 1 (doc): after a SignUp that PreSignUp auto-confirms."""
    fake.trigger("PreSignUp", "PostConfirmation")
    fake.handler = lambda event: {**event, "response": {"autoConfirmUser": True}}

    response = gateway.sign_up(ClientMetadata={"from": "web"})

    assert response.json()["UserConfirmed"]
    assert ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"] == sources(fake)
    assert {"from": "web"} == fake.events[1]["request"]["clientMetadata"]


def test_fires_after_confirm_forgot_password(gateway: Gateway, fake: Fake) -> None:
    """Line 2 (doc; seen in amplify-js#3498): after ConfirmForgotPassword, with a source of its own."""
    fake.user("ann@example.com")

    gateway.call("ConfirmForgotPassword", Username="ann@example.com", ConfirmationCode="654321", Password="x")

    assert ["PostConfirmation_ConfirmForgotPassword"] == sources(fake)


def test_does_not_fire_for_admin_create_user_nor_its_first_password(gateway: Gateway, fake: Fake) -> None:
    """Line 3 (seen in amazon-cognito-identity-js#656): neither then nor at the first password."""
    gateway.call("AdminCreateUser", Username="ann@example.com")
    responses = {"USERNAME": "ann@example.com", "NEW_PASSWORD": "x"}
    gateway.call(
        "RespondToAuthChallenge", ChallengeName="NEW_PASSWORD_REQUIRED", ChallengeResponses=responses
    )
    gateway.call("AdminSetUserPassword", Username="ann@example.com", Password="x", Permanent=True)

    assert [] == sources(fake)


def test_does_not_fire_when_the_code_is_wrong(gateway: Gateway, fake: Fake) -> None:
    """Line 5 (doc): only a user who was confirmed."""
    gateway.sign_up()

    gateway.call("ConfirmSignUp", Username="ann@example.com", ConfirmationCode="000000")

    assert [] == sources(fake)


def test_the_user_is_confirmed_before_the_function_runs(gateway: Gateway, fake: Fake) -> None:
    """Line 5 (seen): confirmed first, then the function."""
    seen: list[str] = []
    fake.handler = lambda event: (seen.append(fake.users[event["userName"]]["UserStatus"]), event)[1]
    gateway.sign_up()

    confirm(gateway)

    assert ["CONFIRMED"] == seen


def test_a_failing_function_leaves_the_user_confirmed(gateway: Gateway, fake: Fake) -> None:
    """Line 5 (seen): the caller gets the function's text, the user stays confirmed."""

    def fail(_: dict[str, Any]) -> None:
        raise ValueError("table is on fire")

    fake.handler = fail
    gateway.sign_up()

    response = confirm(gateway)

    expected = ("UserLambdaValidationException", "PostConfirmation failed with error table is on fire.")
    assert expected == error_of(response)
    assert "CONFIRMED" == gateway.fake.users["sub-0"]["UserStatus"]


def test_a_slow_function_is_called_again(gateway: Gateway, fake: Fake) -> None:
    """Line 6 (doc; seen in amplify-js#4805 and #13334): the same event twice, and the sign-up goes on."""
    fake.delays = [0.5]
    gateway.sign_up()

    response = confirm(gateway)

    assert (200, 2) == (response.status, len(fake.events))
    assert fake.events[0] == fake.events[1]


def test_three_slow_calls_are_all(gateway: Gateway, fake: Fake) -> None:
    """Line 6 (doc; text seen in amazon-cognito-identity-dart-2#204): then the caller is told."""
    fake.delays = [0.5, 0.5, 0.5]
    gateway.sign_up()

    response = confirm(gateway)

    expected = (
        "UnexpectedLambdaException",
        "PostConfirmation invocation failed due to error Socket timeout while invoking Lambda function.",
    )
    assert (expected, 3) == (error_of(response), len(fake.events))


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (None, "Invalid lambda function output : Invalid JSON"),
        ("done", "Invalid lambda function output : Invalid JSON"),
        ({"statusCode": 200}, "Unrecognizable lambda output"),
        ({"response": "yes"}, "Unrecognizable lambda output"),
    ],
)
def test_the_response_must_be_an_event(gateway: Gateway, fake: Fake, returned: Any, text: str) -> None:
    """Line 7 (doc; texts seen in aws-sdk-js#2692 and aws-sdk-android-samples#165)."""
    fake.handler = lambda _: returned
    gateway.sign_up()

    response = confirm(gateway)

    assert ("InvalidLambdaResponseException", text) == error_of(response)


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
def test_without_permission_the_call_fails(
    gateway: Gateway, fake: Fake, statements: list[dict[str, Any]]
) -> None:
    """Line 8 (doc; text seen in service-workbench-on-aws#1136): told at sign-up time, nothing invoked."""
    fake.policy = statements
    gateway.sign_up()

    response = confirm(gateway)

    expected = (
        "UnexpectedLambdaException",
        "PostConfirmation invocation failed due to error AccessDeniedException.",
    )
    assert (expected, []) == (error_of(response), fake.events)


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
def test_with_permission_it_is_invoked(gateway: Gateway, fake: Fake, statement: dict[str, Any]) -> None:
    """Line 8 (doc): principal, source ARN by ArnLike, account."""
    fake.policy = [statement]
    gateway.sign_up()

    assert 200 == confirm(gateway).status


def test_client_metadata_of_the_confirming_call_arrives(gateway: Gateway, fake: Fake) -> None:
    """Line 9 (doc): ConfirmSignUp's own metadata, not SignUp's."""
    gateway.sign_up(ClientMetadata={"from": "sign-up"})

    confirm(gateway, ClientMetadata={"from": "confirm"})

    assert {"from": "confirm"} == fake.events[0]["request"]["clientMetadata"]


@pytest.mark.parametrize("action", ["AdminConfirmSignUp", "ConfirmForgotPassword"])
def test_client_metadata_of_other_calls_arrives(gateway: Gateway, fake: Fake, action: str) -> None:
    """Line 9 (doc): AdminConfirmSignUp's and ConfirmForgotPassword's metadata."""
    fake.user("ann@example.com", status="UNCONFIRMED")

    gateway.call(action, Username="ann@example.com", ClientMetadata={"a": "b"}, ConfirmationCode="654321")

    assert {"a": "b"} == fake.events[0]["request"]["clientMetadata"]


def test_the_event_has_cognitos_shape(gateway: Gateway, fake: Fake) -> None:
    """Lines 10 and 11 (doc): field by field; with an address as user name, userName is the sub."""
    gateway.sign_up("Ann@Example.com", attributes={"custom:role": "vendor"})

    confirm(gateway)

    expected = {
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "sub-0",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {
            "userAttributes": {
                "sub": "sub-0",
                "cognito:user_status": "CONFIRMED",
                "email": "Ann@Example.com",
                "email_verified": "true",
                "custom:role": "vendor",
            }
        },
        "response": {},
    }
    assert [expected] == fake.events


def test_the_address_of_a_user_confirmed_by_an_admin_is_not_verified(gateway: Gateway, fake: Fake) -> None:
    """Line 10 (doc): AdminConfirmSignUp verifies no address; the event says so in a string."""
    gateway.sign_up()

    gateway.call("AdminConfirmSignUp", Username="ann@example.com")

    assert "false" == fake.events[0]["request"]["userAttributes"]["email_verified"]


def test_a_chosen_user_name_is_not_the_sub(gateway: Gateway, fake: Fake) -> None:
    """Line 11 (doc): where a user name is chosen, userName is that name."""
    fake.pool.update(UsernameAttributes=[], AliasAttributes=[])
    fake.users["ann"] = {
        "Username": "ann",
        "UserStatus": "UNCONFIRMED",
        "attributes": {"sub": "sub-9", "email": "a@b.co"},
    }

    confirm(gateway, "ann")

    event = fake.events[0]
    assert ("ann", "sub-9") == (event["userName"], event["request"]["userAttributes"]["sub"])


def test_the_journal_tells_what_fired_and_no_value(gateway: Gateway) -> None:
    """Our own rule: the journal has names of things, never what a user typed."""
    gateway.sign_up("ann@example.com", ClientMetadata={"secret": "hunter2"})
    confirm(gateway)

    text = repr(list(gateway.router.journal))
    assert "PostConfirmation: fired" in text
    assert not [word for word in ("ann", "hunter2", "123456") if word in text]
