"""The triggers on a running local AWS, with real functions."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, AwsResources, Recorder, name_value_pairs, unique_email
from conformance_pool import PoolUnderTest, error_of

TRIGGERS = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration")


def test_triggers_of_a_sign_up(aws: AwsResources, recorder: Recorder) -> None:
    """Lines 1, 9, 10, 11 and 12 (doc): each trigger fires once, by its alias, with its call's metadata."""
    pool, email = PoolUnderTest(aws, recorder, "PreSignUp", "PostConfirmation"), unique_email()

    signed_up = pool.sign_up(
        email,
        attributes={"custom:role": "vendor"},
        ClientMetadata={"a": "1"},
        ValidationData=name_value_pairs(v="w"),
    )
    pool.confirm(email, ClientMetadata={"a": "2"})

    entries = recorder.take_events()
    pre, post = (e["event"] for e in entries)
    sub = signed_up["UserSub"]
    assert [e["arn"] for e in entries] == [recorder.arn] * 2
    assert [
        pre["triggerSource"],
        post["triggerSource"],
    ] == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    assert [pre["userName"], post["userName"]] == [sub, sub]
    assert (pre["request"]["clientMetadata"], pre["request"]["validationData"]) == ({"a": "1"}, {"v": "w"})
    assert pre["request"]["userAttributes"] == {"custom:role": "vendor", "email": email}
    expected = {
        "sub": sub,
        "email": email,
        "email_verified": "true",
        "cognito:user_status": "CONFIRMED",
        "custom:role": "vendor",
    }
    assert (post["request"]["clientMetadata"], post["request"]["userAttributes"]) == ({"a": "2"}, expected)


def test_pre_sign_up_can_confirm(aws: AwsResources, recorder: Recorder) -> None:
    """Lines 1 and 12 (doc): an auto-confirmed, auto-verified user; PostConfirmation fires."""
    pool, email = PoolUnderTest(aws, recorder, "PreSignUp", "PostConfirmation"), unique_email()

    response = pool.sign_up(email, ClientMetadata={"PreSignUp": "confirm"})

    assert response["UserConfirmed"]
    assert recorder.take_sources() == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    assert pool.describe_user(email)["email_verified"] == "true"


def test_pre_sign_up_rejects_with_its_text(aws: AwsResources, recorder: Recorder) -> None:
    """Lines 12 and 30 (doc): the same address can then sign up again."""
    pool, email = PoolUnderTest(aws, recorder, "PreSignUp"), unique_email()

    with pytest.raises(ClientError) as exc_info:
        pool.sign_up(email, ClientMetadata={"PreSignUp": "boom"})

    expected = ("UserLambdaValidationException", "PreSignUp failed with error boom, said the function.")
    assert error_of(exc_info) == expected
    assert pool.sign_up(email)["UserSub"]


def test_simultaneous_sign_ups(aws: AwsResources, recorder: Recorder) -> None:
    """Line 9 (doc): each sign-up's metadata reaches its own event."""
    pool = PoolUnderTest(aws, recorder, "PreSignUp")
    emails = [unique_email() for _ in range(4)]

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(lambda email: pool.sign_up(email, ClientMetadata={"email": email}), emails))

    events = [e["event"]["request"] for e in recorder.take_events()]
    assert sorted((r["userAttributes"]["email"], r["clientMetadata"]["email"]) for r in events) == sorted(
        (e, e) for e in emails
    )


def test_admin_create_user_fires_pre_sign_up(aws: AwsResources, recorder: Recorder) -> None:
    """Lines 3 and 12 (doc; seen in amazon-cognito-identity-js#656): PreSignUp, and no PostConfirmation."""
    pool, email = PoolUnderTest(aws, recorder, "PreSignUp", "PostConfirmation"), unique_email()

    aws.cognito.admin_create_user(UserPoolId=pool.id, Username=email, ClientMetadata={"PreSignUp": "confirm"})
    aws.cognito.admin_set_user_password(UserPoolId=pool.id, Username=email, Password=PASSWORD, Permanent=True)

    assert recorder.take_sources() == ["PreSignUp_AdminCreateUser"]
    assert pool.describe_user(email)["email_verified"] == "true"


def test_pre_sign_up_rejects_admin_create_user(aws: AwsResources, recorder: Recorder) -> None:
    """Line 12 (doc): the user is deleted again."""
    pool, email = PoolUnderTest(aws, recorder, "PreSignUp"), unique_email()

    with pytest.raises(ClientError) as exc_info:
        aws.cognito.admin_create_user(
            UserPoolId=pool.id, Username=email, ClientMetadata={"PreSignUp": "boom"}
        )

    users = aws.cognito.list_users(UserPoolId=pool.id)["Users"]
    assert (error_of(exc_info)[0], users) == ("UserLambdaValidationException", [])


def test_failing_post_confirmation_leaves_the_user_confirmed(aws: AwsResources, recorder: Recorder) -> None:
    """Line 5 (seen): the caller gets the function's text, and the user can sign in."""
    pool, email = PoolUnderTest(aws, recorder, "PostConfirmation"), unique_email()
    pool.sign_up(email)

    with pytest.raises(ClientError) as exc_info:
        pool.confirm(email, ClientMetadata={"PostConfirmation": "boom"})

    text = "PostConfirmation failed with error boom, said the function."
    assert error_of(exc_info) == ("UserLambdaValidationException", text)
    assert "AccessToken" in pool.sign_in(email)


def test_response_must_be_an_event(aws: AwsResources, recorder: Recorder) -> None:
    """Line 7 (doc): a handler that returns None."""
    pool, email = PoolUnderTest(aws, recorder, "PostConfirmation"), unique_email()
    pool.sign_up(email)

    with pytest.raises(ClientError) as exc_info:
        pool.confirm(email, ClientMetadata={"PostConfirmation": "nothing"})

    assert error_of(exc_info)[0] == "InvalidLambdaResponseException"


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"Principal": "apigateway.amazonaws.com"},
        {"SourceArn": "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Other"},
        {"SourceAccount": "111111111111"},
        {"Qualifier": None},
    ],
    ids=["none", "principal", "pool", "account", "no qualifier"],
)
def test_call_fails_without_invoke_permission(
    aws: AwsResources, recorder: Recorder, change: dict[str, Any] | None
) -> None:
    """Line 8 (doc): every part of the permission is checked, at sign-up time."""
    pool = PoolUnderTest(aws)
    if change is not None:
        aws.allow_invocation(recorder.arn, pool.document, **change)
    aws.cognito.update_user_pool(UserPoolId=pool.id, LambdaConfig={"PreSignUp": recorder.arn})

    with pytest.raises(ClientError) as exc_info:
        pool.sign_up(unique_email())

    text = "PreSignUp invocation failed due to error AccessDeniedException."
    assert (*error_of(exc_info), recorder.take_sources()) == ("UnexpectedLambdaException", text, [])


def test_forgotten_password_fires_post_confirmation(aws: AwsResources, recorder: Recorder) -> None:
    """Lines 2, 23 and 26 (doc): address in another case; the code is checked; its own trigger source."""
    pool, email = PoolUnderTest(aws, recorder, "PostConfirmation"), unique_email()
    pool.sign_up_and_confirm(email)
    parameters = {"ClientId": pool.client_id, "Username": email.upper(), "Password": "Another-horse-2!"}
    aws.cognito.forgot_password(ClientId=pool.client_id, Username=email.lower())

    with pytest.raises(ClientError) as exc_info:
        aws.cognito.confirm_forgot_password(**parameters, ConfirmationCode="000000")
    aws.cognito.confirm_forgot_password(**parameters, ConfirmationCode="654321")

    assert error_of(exc_info)[0] == "CodeMismatchException"
    expected = ["PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"]
    assert recorder.take_sources() == expected
    assert "AccessToken" in pool.sign_in(email, "Another-horse-2!")


def test_user_cannot_be_confirmed_twice(aws: AwsResources, recorder: Recorder) -> None:
    """Line 14 (doc): neither by the user nor by an administrator; no trigger fires again."""
    pool, email = PoolUnderTest(aws, recorder, "PostConfirmation"), unique_email()
    pool.sign_up(email)
    aws.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=email.lower())

    with pytest.raises(ClientError) as user_error:
        pool.confirm(email)
    with pytest.raises(ClientError) as admin_error:
        aws.cognito.admin_confirm_sign_up(UserPoolId=pool.id, Username=email)

    expected = ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
    assert (
        [error_of(user_error), error_of(admin_error)],
        len(recorder.take_sources()),
    ) == ([expected, expected], 1)


def test_triggers_of_a_sign_in(aws: AwsResources, recorder: Recorder) -> None:
    """Lines 13, 27 and 34 (doc): an unknown user is migrated, then each sign-in fires both triggers."""
    policies = {"PasswordPolicy": {"MinimumLength": 16, "RequireSymbols": True, "RequireNumbers": True}}
    triggers = ("PreAuthentication", "PostAuthentication", "UserMigration")
    pool = PoolUnderTest(aws, recorder, *triggers, Policies=policies)
    email = unique_email()

    pool.sign_in(email, ClientMetadata={"UserMigration": "migrate"})
    pool.sign_in(email.lower())

    both = ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]
    assert recorder.take_sources() == ["UserMigration_Authentication", *both, *both]
    assert (
        pool.describe_user(email)["status"],
        pool.describe_user(email)["email_verified"],
    ) == ("CONFIRMED", "true")


@pytest.mark.long
def test_slow_function_is_called_again(aws: AwsResources, recorder: Recorder) -> None:
    """Line 6 (doc; seen in amplify-js#4805): after five seconds it is called again; the user is confirmed."""
    pool, email = PoolUnderTest(aws, recorder, "PostConfirmation"), unique_email()
    pool.sign_up(email)
    started = time.monotonic()

    pool.confirm(email, ClientMetadata={"PostConfirmation": "slow once"})

    assert 5 <= time.monotonic() - started < 9
    assert recorder.take_sources() == ["PostConfirmation_ConfirmSignUp"] * 2


def test_relay_is_hidden(aws: AwsResources, recorder: Recorder) -> None:
    """Our own rule: DescribeUserPool returns the owner's triggers."""
    pool = PoolUnderTest(aws, recorder, *TRIGGERS)
    pool.sign_up(unique_email())

    config = aws.cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"]["LambdaConfig"]

    assert dict.fromkeys(TRIGGERS, recorder.arn) == config
