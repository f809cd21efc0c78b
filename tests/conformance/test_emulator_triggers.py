"""The triggers on a running local AWS: what the stand-in can't show."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, Aws, Recorder, attributes, unique_email
from conformance_case import Case, error

TRIGGERS = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration")


def test_the_whole_way_of_a_sign_up(aws: Aws, recorder: Recorder) -> None:
    """Lines 1, 9, 10, 11 and 12 (doc): each trigger once, through its alias, with its call's metadata."""
    case, email = Case(aws, recorder, "PreSignUp", "PostConfirmation"), unique_email()

    signed_up = case.sign_up(
        email,
        attributes={"custom:role": "vendor"},
        ClientMetadata={"a": "1"},
        ValidationData=attributes(v="w"),
    )
    case.confirm(email, ClientMetadata={"a": "2"})

    entries = recorder.events()
    pre, post = (e["event"] for e in entries)
    sub = signed_up["UserSub"]
    assert [recorder.arn] * 2 == [e["arn"] for e in entries]
    assert ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"] == [
        pre["triggerSource"],
        post["triggerSource"],
    ]
    assert [sub, sub] == [pre["userName"], post["userName"]]
    assert ({"a": "1"}, {"v": "w"}) == (pre["request"]["clientMetadata"], pre["request"]["validationData"])
    assert {"custom:role": "vendor", "email": email} == pre["request"]["userAttributes"]
    expected = {
        "sub": sub,
        "email": email,
        "email_verified": "true",
        "cognito:user_status": "CONFIRMED",
        "custom:role": "vendor",
    }
    assert ({"a": "2"}, expected) == (post["request"]["clientMetadata"], post["request"]["userAttributes"])


def test_pre_sign_up_may_confirm(aws: Aws, recorder: Recorder) -> None:
    """Lines 1 and 12 (doc): auto-confirmed and auto-verified, and PostConfirmation follows."""
    case, email = Case(aws, recorder, "PreSignUp", "PostConfirmation"), unique_email()

    answer = case.sign_up(email, ClientMetadata={"PreSignUp": "confirm"})

    assert answer["UserConfirmed"]
    assert ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"] == recorder.sources()
    assert "true" == case.user(email)["email_verified"]


def test_pre_sign_up_refuses_with_its_text(aws: Aws, recorder: Recorder) -> None:
    """Lines 12 and 30 (doc): and the same address may try again."""
    case, email = Case(aws, recorder, "PreSignUp"), unique_email()

    with pytest.raises(ClientError) as caught:
        case.sign_up(email, ClientMetadata={"PreSignUp": "boom"})

    expected = ("UserLambdaValidationException", "PreSignUp failed with error boom, said the function.")
    assert expected == error(caught)
    assert case.sign_up(email)["UserSub"]


def test_sign_ups_at_once(aws: Aws, recorder: Recorder) -> None:
    """Line 9 (doc): each sign-up's metadata reaches its own event."""
    case = Case(aws, recorder, "PreSignUp")
    emails = [unique_email() for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda email: case.sign_up(email, ClientMetadata={"who": email}), emails))

    events = [e["event"]["request"] for e in recorder.events()]
    assert sorted((e, e) for e in emails) == sorted(
        (r["userAttributes"]["email"], r["clientMetadata"]["who"]) for r in events
    )


def test_admin_create_user(aws: Aws, recorder: Recorder) -> None:
    """Lines 3 and 12 (doc; seen in amazon-cognito-identity-js#656): PreSignUp, and no PostConfirmation."""
    case, email = Case(aws, recorder, "PreSignUp", "PostConfirmation"), unique_email()

    aws.cognito.admin_create_user(UserPoolId=case.id, Username=email, ClientMetadata={"PreSignUp": "confirm"})
    aws.cognito.admin_set_user_password(UserPoolId=case.id, Username=email, Password=PASSWORD, Permanent=True)

    assert ["PreSignUp_AdminCreateUser"] == recorder.sources()
    assert "true" == case.user(email)["email_verified"]


def test_admin_create_user_refused(aws: Aws, recorder: Recorder) -> None:
    """Line 12 (doc): no user is left."""
    case, email = Case(aws, recorder, "PreSignUp"), unique_email()

    with pytest.raises(ClientError) as caught:
        aws.cognito.admin_create_user(
            UserPoolId=case.id, Username=email, ClientMetadata={"PreSignUp": "boom"}
        )

    users = aws.cognito.list_users(UserPoolId=case.id)["Users"]
    assert ("UserLambdaValidationException", []) == (error(caught)[0], users)


def test_a_failing_post_confirmation_leaves_the_user_confirmed(aws: Aws, recorder: Recorder) -> None:
    """Line 5 (seen): the text, and a user who can sign in."""
    case, email = Case(aws, recorder, "PostConfirmation"), unique_email()
    case.sign_up(email)

    with pytest.raises(ClientError) as caught:
        case.confirm(email, ClientMetadata={"PostConfirmation": "boom"})

    text = "PostConfirmation failed with error boom, said the function."
    assert ("UserLambdaValidationException", text) == error(caught)
    assert "AccessToken" in case.sign_in(email)


def test_an_unreadable_response(aws: Aws, recorder: Recorder) -> None:
    """Line 7 (doc): a handler that returns nothing."""
    case, email = Case(aws, recorder, "PostConfirmation"), unique_email()
    case.sign_up(email)

    with pytest.raises(ClientError) as caught:
        case.confirm(email, ClientMetadata={"PostConfirmation": "nothing"})

    assert "InvalidLambdaResponseException" == error(caught)[0]


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
def test_without_permission(aws: Aws, recorder: Recorder, change: dict[str, Any] | None) -> None:
    """Line 8 (doc): every part of the permission counts, at sign-up time."""
    case = Case(aws)
    if change is not None:
        aws.permit(recorder.arn, case.pool, **change)
    aws.cognito.update_user_pool(UserPoolId=case.id, LambdaConfig={"PreSignUp": recorder.arn})

    with pytest.raises(ClientError) as caught:
        case.sign_up(unique_email())

    text = "PreSignUp invocation failed due to error AccessDeniedException."
    assert ("UnexpectedLambdaException", text, []) == (*error(caught), recorder.sources())


def test_a_forgotten_password(aws: Aws, recorder: Recorder) -> None:
    """Lines 2, 23 and 26 (doc): in another case of the address; the code counts; the source is its own."""
    case, email = Case(aws, recorder, "PostConfirmation"), unique_email()
    case.sign_up(email)
    case.confirm(email)
    new = {"ClientId": case.client, "Username": email.upper(), "Password": "Another-horse-2!"}
    aws.cognito.forgot_password(ClientId=case.client, Username=email.lower())

    with pytest.raises(ClientError) as caught:
        aws.cognito.confirm_forgot_password(**new, ConfirmationCode="000000")
    aws.cognito.confirm_forgot_password(**new, ConfirmationCode="654321")

    assert "CodeMismatchException" == error(caught)[0]
    expected = ["PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"]
    assert expected == recorder.sources()
    assert "AccessToken" in case.sign_in(email, "Another-horse-2!")


def test_confirming_twice(aws: Aws, recorder: Recorder) -> None:
    """Line 14 (doc): by the user as by an administrator, and nothing fires again."""
    case, email = Case(aws, recorder, "PostConfirmation"), unique_email()
    case.sign_up(email)
    aws.cognito.admin_confirm_sign_up(UserPoolId=case.id, Username=email.lower())

    with pytest.raises(ClientError) as by_user:
        case.confirm(email)
    with pytest.raises(ClientError) as by_admin:
        aws.cognito.admin_confirm_sign_up(UserPoolId=case.id, Username=email)

    expected = ("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
    assert ([expected, expected], 1) == ([error(by_user), error(by_admin)], len(recorder.sources()))


def test_triggers_around_a_sign_in(aws: Aws, recorder: Recorder) -> None:
    """Lines 13, 27 and 34 (doc): a stranger is migrated, then each sign-in fires both."""
    long = {"PasswordPolicy": {"MinimumLength": 16, "RequireSymbols": True, "RequireNumbers": True}}
    triggers = ("PreAuthentication", "PostAuthentication", "UserMigration")
    case = Case(aws, recorder, *triggers, Policies=long)
    email = unique_email()

    case.sign_in(email, ClientMetadata={"UserMigration": "migrate"})
    case.sign_in(email.lower())

    both = ["PreAuthentication_Authentication", "PostAuthentication_Authentication"]
    assert ["UserMigration_Authentication", *both, *both] == recorder.sources()
    assert ("CONFIRMED", "true") == (case.user(email)["status"], case.user(email)["email_verified"])


@pytest.mark.long
def test_a_slow_function_is_called_again(aws: Aws, recorder: Recorder) -> None:
    """Line 6 (doc; seen in amplify-js#4805): five seconds, then once more; the user is confirmed."""
    case, email = Case(aws, recorder, "PostConfirmation"), unique_email()
    case.sign_up(email)
    started = time.monotonic()

    case.confirm(email, ClientMetadata={"PostConfirmation": "slow once"})

    assert 5 <= time.monotonic() - started < 9
    assert ["PostConfirmation_ConfirmSignUp"] * 2 == recorder.sources()


def test_the_relay_is_not_shown(aws: Aws, recorder: Recorder) -> None:
    """Our own rule: the pool shows its owner's triggers."""
    case = Case(aws, recorder, *TRIGGERS)
    case.sign_up(unique_email())

    shown = aws.cognito.describe_user_pool(UserPoolId=case.id)["UserPool"]["LambdaConfig"]

    assert dict.fromkeys(TRIGGERS, recorder.arn) == shown


TOKEN_FUNCTION = """
def handler(event, context):
    claims = {"claimsToAddOrOverride": {"role": "vendor " + event["version"]}}
    if event["version"] == "1":
        event["response"] = {"claimsOverrideDetails": claims}
    else:
        both = {"idTokenGeneration": claims, "accessTokenGeneration": claims}
        event["response"] = {"claimsAndScopeOverrideDetails": both}
    return event
"""


@pytest.mark.parametrize(
    ("version", "expected"),
    [("V1_0", {"IdToken": "vendor 1"}), ("V2_0", {"IdToken": "vendor 2", "AccessToken": "vendor 2"})],
)
def test_token_generation(aws: Aws, version: str, expected: dict[str, str]) -> None:
    """Line 13 (doc): V1 writes the ID token, V2 the access token too; the emulator fires it by itself."""
    arn = aws.function(TOKEN_FUNCTION)
    # The emulator reads V1's answer only from a function under the older key.
    two = {"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": version}}
    config = {"PreTokenGeneration": arn} if version == "V1_0" else two
    case, email = Case(aws, LambdaConfig=config), unique_email()
    aws.permit(arn, case.pool)
    case.sign_up(email)
    case.confirm(email)

    tokens = case.sign_in(email)

    found = {name: claims_of(tokens[name]).get("role") for name in ("IdToken", "AccessToken")}
    assert expected == {name: role for name, role in found.items() if role}


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_token_generation_that_fails_fails_the_sign_in(aws: Aws) -> None:
    """Line 13 (doc): no tokens without the claims that the function would have set."""
    arn = aws.function("def handler(event, context):\n    raise ValueError('boom')\n")
    case, email = Case(aws, LambdaConfig={"PreTokenGeneration": arn}), unique_email()
    aws.permit(arn, case.pool)
    case.sign_up(email)
    case.confirm(email)

    with pytest.raises(ClientError):
        case.sign_in(email)
