"""The triggers on a running local AWS, with real functions."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import AwsResources, Recorder, name_value_pairs, unique_email
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


def test_relay_is_hidden(aws: AwsResources, recorder: Recorder) -> None:
    """Our own rule: DescribeUserPool returns the owner's triggers."""
    pool = PoolUnderTest(aws, recorder, *TRIGGERS)
    pool.sign_up(unique_email())

    config = aws.cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"]["LambdaConfig"]

    assert dict.fromkeys(TRIGGERS, recorder.arn) == config
