"""PreTokenGeneration on a running local AWS, with real functions and signed tokens."""

import base64
import json
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, AwsResources, unique_email
from conformance_pool import PoolUnderTest, error_of
from pycognito.aws_srp import AWSSRP

TOKEN_FUNCTION = """
import botocore.session

SQS = botocore.session.get_session().create_client("sqs")

def handler(event, context):
    import json
    SQS.send_message(QueueUrl="@queue@", MessageBody=json.dumps({"event": event}))
    if (event["request"].get("clientMetadata") or {}).get("behaviour") == "boom":
        raise ValueError("boom, said the function")
    claims = {"claimsToAddOrOverride": {"role": "vendor " + event["version"]}}
    groups = {"groupOverrideDetails": {"groupsToOverride": ["admin", "other"]}}
    if event["version"] == "1":
        event["response"] = {"claimsOverrideDetails": {**claims, **groups}}
    else:
        both = {"idTokenGeneration": claims, "accessTokenGeneration": claims, **groups}
        event["response"] = {"claimsAndScopeOverrideDetails": both}
    return event
"""


def decode_claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.fixture(scope="session")
def token_function(session_aws: AwsResources) -> Any:
    return session_aws.create_recorder(TOKEN_FUNCTION)


def create_pool(aws: AwsResources, recorder: Any, version: str, *, older_key: bool = False) -> PoolUnderTest:
    recorder.take_events()
    v2_config = {"PreTokenGenerationConfig": {"LambdaArn": recorder.arn, "LambdaVersion": version}}
    config = {"PreTokenGeneration": recorder.arn} if older_key else v2_config
    pool = PoolUnderTest(aws, LambdaConfig=config)
    aws.allow_invocation(recorder.arn, pool.document)
    return pool


@pytest.mark.parametrize(
    ("version", "older_key", "expected"),
    [
        ("V1_0", True, {"IdToken": "vendor 1"}),
        ("V1_0", False, {"IdToken": "vendor 1"}),
        ("V2_0", False, {"IdToken": "vendor 2", "AccessToken": "vendor 2"}),
    ],
)
@pytest.mark.sample(3)
def test_token_generation(
    aws: AwsResources, token_function: Any, version: str, *, older_key: bool, expected: dict[str, str]
) -> None:
    """Line 13 (doc): V1 changes the ID token, V2 also the access token; it fires once for each sign-in."""
    pool, email = create_pool(aws, token_function, version, older_key=older_key), unique_email()
    pool.sign_up_and_confirm(email)

    tokens = pool.sign_in(email)
    aws.cognito.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=tokens["RefreshToken"])

    claims = {name: decode_claims(tokens[name]) for name in ("IdToken", "AccessToken")}
    assert {name: c["role"] for name, c in claims.items() if c.get("role")} == expected
    assert [c["cognito:groups"] for c in claims.values()] == [["admin", "other"]] * 2
    sources = ["TokenGeneration_Authentication", "TokenGeneration_RefreshTokens"]
    assert token_function.take_sources() == sources


def test_srp_and_admin_sign_in(aws: AwsResources, token_function: Any) -> None:
    """Line 13 (doc): each flow fires it once, also after a challenge and for a name in another case."""
    pool, email = create_pool(aws, token_function, "V2_0"), unique_email()
    pool.sign_up_and_confirm(email)
    client = aws.local_aws.client("cognito-idp", config=Config(signature_version=UNSIGNED))
    names = {"pool_id": pool.id, "client_id": pool.client_id}

    AWSSRP(username=email.lower(), password=PASSWORD, client=client, **names).authenticate_user()
    aws.cognito.admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=pool.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email.upper(), "PASSWORD": PASSWORD},
    )

    assert token_function.take_sources() == ["TokenGeneration_Authentication"] * 2


def test_new_password_challenge(aws: AwsResources, token_function: Any) -> None:
    """Lines 9 and 13 (doc): the source of a first password, with the metadata of the challenge."""
    pool, email = create_pool(aws, token_function, "V2_0"), unique_email()
    aws.cognito.admin_create_user(
        UserPoolId=pool.id, Username=email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    challenge = aws.cognito.admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=pool.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )

    aws.cognito.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": PASSWORD + "2"},
        ClientMetadata={"a": "b"},
    )

    (entry,) = token_function.take_events()
    assert entry["event"]["triggerSource"] == "TokenGeneration_NewPasswordChallenge"
    assert entry["event"]["request"]["clientMetadata"] == {"a": "b"}


def test_failing_token_generation_fails_the_sign_in(aws: AwsResources, token_function: Any) -> None:
    """Line 13 (doc): the caller gets the function's text and no tokens."""
    pool, email = create_pool(aws, token_function, "V2_0"), unique_email()
    pool.sign_up_and_confirm(email)
    refresh_token = pool.sign_in(email)["RefreshToken"]

    with pytest.raises(ClientError) as exc_info:
        aws.cognito.get_tokens_from_refresh_token(
            ClientId=pool.client_id, RefreshToken=refresh_token, ClientMetadata={"behaviour": "boom"}
        )

    text = "PreTokenGeneration failed with error boom, said the function."
    assert error_of(exc_info) == ("UserLambdaValidationException", text)


def test_token_generation_needs_a_permission(aws: AwsResources, token_function: Any) -> None:
    """Line 8 (doc): UnexpectedLambdaException, and the owner's trigger is still shown."""
    config = {"PreTokenGenerationConfig": {"LambdaArn": token_function.arn, "LambdaVersion": "V2_0"}}
    pool, email = PoolUnderTest(aws, LambdaConfig=config), unique_email()
    pool.sign_up_and_confirm(email)

    with pytest.raises(ClientError) as exc_info:
        pool.sign_in(email)

    shown_config = aws.cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"]["LambdaConfig"]
    assert (error_of(exc_info)[0], shown_config) == ("UnexpectedLambdaException", config)


CLAIMS_FUNCTION = """
def handler(event, context):
    return event["requestContext"]["authorizer"]["jwt"]["claims"]
"""


def test_claims_in_the_event_of_an_http_api(aws: AwsResources, token_function: Any) -> None:
    """Line 39 (seen in aws-solutions-library-samples/guidance-for-claude-code-with-amazon-bedrock#802)."""
    pool, email = create_pool(aws, token_function, "V2_0"), unique_email()
    pool.sign_up_and_confirm(email)
    issuer = f"https://cognito-idp.{aws.region}.amazonaws.com/{pool.id}"
    api_id = aws.create_http_api(CLAIMS_FUNCTION, issuer=issuer, audience=pool.client_id)

    token = pool.sign_in(email)["AccessToken"]
    status, claims = aws.get(f"/_aws/execute-api/{api_id}/", {"Authorization": f"Bearer {token}"})

    assert (status, claims["cognito:groups"], claims["role"]) == (200, "[admin other]", "vendor 2")
    assert claims["exp"] == str(decode_claims(token)["exp"])
