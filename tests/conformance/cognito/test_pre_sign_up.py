"""PreSignUp: once, through the relay, with what the emulator drops."""

import json
from typing import Any

import pytest
from conformance_fake import CLIENT, FUNCTION, POOL, Fake, Gateway, error_of
from pulumi_localaws.gateway.wire.http_messages import Request


@pytest.fixture(autouse=True)
def trigger(fake: Fake) -> None:
    fake.trigger("PreSignUp")


def refuse(text: str) -> Any:
    def handler(_: dict[str, Any]) -> None:
        raise ValueError(text)

    return handler


def test_fires_once_with_everything(gateway: Gateway, fake: Fake) -> None:
    """Lines 9, 10 and 12 (doc): metadata, validation data, the sub to be as userName and nowhere else."""
    gateway.sign_up(
        "ann@example.com",
        attributes={"custom:role": "vendor"},
        ClientMetadata={"a": "b"},
        ValidationData=[{"Name": "v", "Value": "w"}],
    )

    expected = {
        "version": "1",
        "region": "eu-west-1",
        "userPoolId": POOL,
        "userName": "sub-0",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": CLIENT},
        "triggerSource": "PreSignUp_SignUp",
        "request": {
            "userAttributes": {"custom:role": "vendor", "email": "ann@example.com"},
            "validationData": {"v": "w"},
            "clientMetadata": {"a": "b"},
        },
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }
    assert [expected] == fake.events


def test_an_error_refuses_the_sign_up_with_its_text(gateway: Gateway, fake: Fake) -> None:
    """Lines 12 and 30 (doc): PreSignUp failed with error <message>., and no user."""
    fake.handler = refuse("role admin is not offered")

    response = gateway.sign_up()

    expected = ("UserLambdaValidationException", "PreSignUp failed with error role admin is not offered.")
    assert (expected, {}) == (error_of(response), fake.users)


def test_without_permission_the_sign_up_is_refused(gateway: Gateway, fake: Fake) -> None:
    """Line 8 (doc; text seen in service-workbench-on-aws#1136)."""
    fake.policy = []

    response = gateway.sign_up()

    expected = (
        "UnexpectedLambdaException",
        "PreSignUp invocation failed due to error AccessDeniedException.",
    )
    assert (expected, [], {}) == (error_of(response), fake.events, fake.users)


def test_it_may_confirm_and_verify_and_nothing_else(gateway: Gateway, fake: Fake) -> None:
    """Line 12 (doc): three answers; it can't change an attribute."""

    def handler(event: dict[str, Any]) -> dict[str, Any]:
        event["request"]["userAttributes"]["custom:role"] = "admin"
        event["response"] = {"autoConfirmUser": True, "autoVerifyEmail": True, "userAttributes": {"x": "y"}}
        return event

    fake.handler = handler

    response = gateway.sign_up(attributes={"custom:role": "customer"})

    stored = {"custom:role": "customer", "sub": "sub-0", "email": "ann@example.com", "email_verified": "true"}
    assert (True, stored) == (response.json()["UserConfirmed"], fake.users["sub-0"]["attributes"])


def test_an_answer_that_is_no_boolean_is_refused(gateway: Gateway, fake: Fake) -> None:
    """Line 7 (doc): a response that Cognito can't read."""
    fake.handler = lambda event: {**event, "response": {"autoConfirmUser": "yes"}}

    assert "InvalidLambdaResponseException" == error_of(gateway.sign_up())[0]


def test_sign_ups_at_once_keep_their_own_metadata(gateway: Gateway, fake: Fake) -> None:
    """Line 9 (doc): what belongs to one sign-up is never handed to another."""
    requests = [
        gateway.make(
            "SignUp",
            Username=f"u{i}@example.com",
            Password="x",
            UserAttributes=[],
            ClientMetadata={"n": str(i)},
        )
        for i in range(8)
    ]

    fake.sign_up_delays = {f"u{i}@example.com": 0.01 * (8 - i) for i in range(8)}  # the last comes first

    gateway.gather(*requests)

    found = {
        e["request"]["userAttributes"]["email"]: e["request"]["clientMetadata"]["n"] for e in fake.events
    }
    assert {f"u{i}@example.com": str(i) for i in range(8)} == found


def test_the_pool_shows_its_own_function(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: the relay is the gateway's secret; DescribeUserPool has what the owner set."""
    gateway.sign_up()

    shown = gateway.call("DescribeUserPool").json()["UserPool"]["LambdaConfig"]["PreSignUp"]

    assert FUNCTION == shown
    assert FUNCTION != fake.pool["LambdaConfig"]["PreSignUp"]


def test_a_new_function_takes_the_place_of_the_old(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: UpdateUserPool with other triggers counts at once, and none means none."""
    gateway.sign_up("ann@example.com")
    other = FUNCTION.replace(":trigger:", ":other:")
    gateway.call("UpdateUserPool", LambdaConfig={"PreSignUp": other})
    shown = gateway.call("DescribeUserPool").json()["UserPool"]["LambdaConfig"]["PreSignUp"]
    gateway.call("UpdateUserPool", LambdaConfig={})
    gateway.sign_up("bob@example.com")

    assert (other, 1) == (shown, len(fake.events))


def test_nobody_else_can_play_the_relay(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: the relay's address has a secret in it."""
    gateway.sign_up()
    event = {"userPoolId": POOL, "triggerSource": "PreSignUp_SignUp"}

    response = gateway.request(
        Request("POST", "/_localaws/pre-sign-up/guess", (), json.dumps(event).encode())
    )

    assert (403, 1) == (response.status, len(fake.events))


def test_an_external_provider_is_relayed_as_it_comes(gateway: Gateway, fake: Fake) -> None:
    """Lines 4 and 12 (doc): PreSignUp_ExternalProvider, whose user has no sub yet and no SignUp in flight."""
    gateway.sign_up()
    event = {
        "userPoolId": POOL,
        "triggerSource": "PreSignUp_ExternalProvider",
        "userName": "google_1",
        "callerContext": {"clientId": CLIENT},
        "request": {"userAttributes": {"email": "g@example.com"}},
    }
    path = fake.relay.removeprefix("http://127.0.0.1:1")

    response = gateway.request(Request("POST", path, (), json.dumps(event).encode()))

    sent = fake.events[-1]
    assert (200, "PreSignUp_ExternalProvider", "google_1") == (
        response.status,
        sent["triggerSource"],
        sent["userName"],
    )


def test_fires_for_admin_create_user(gateway: Gateway, fake: Fake) -> None:
    """Line 12 (doc): PreSignUp_AdminCreateUser, with metadata; autoVerifyEmail counts, no autoConfirm."""
    fake.handler = lambda event: {**event, "response": {"autoConfirmUser": True, "autoVerifyEmail": True}}

    response = gateway.call("AdminCreateUser", Username="ann@example.com", ClientMetadata={"a": "b"})

    user, event = fake.users["sub-0"], fake.events[0]
    assert (200, "PreSignUp_AdminCreateUser") == (response.status, event["triggerSource"])
    assert {"a": "b"} == event["request"]["clientMetadata"]
    assert ("FORCE_CHANGE_PASSWORD", "true") == (user["UserStatus"], user["attributes"]["email_verified"])


def test_refuses_an_admins_user_and_leaves_none(gateway: Gateway, fake: Fake) -> None:
    """Line 12 (doc): its error refuses AdminCreateUser as well."""
    fake.handler = refuse("not this one")

    response = gateway.call("AdminCreateUser", Username="ann@example.com")

    expected = ("UserLambdaValidationException", "PreSignUp failed with error not this one.")
    assert (expected, {}) == (error_of(response), fake.users)
