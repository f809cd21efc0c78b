"""The same on a running local AWS: what the stand-in can't show."""

import base64
import hashlib
import hmac
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, Aws, Recorder, attributes, unique_email
from pycognito.aws_srp import AWSSRP

TRIGGERS = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration")


class Case:
    """A pool with a client and, if wished, triggers."""

    def __init__(self, aws: Aws, recorder: Recorder | None = None, *triggers: str, **settings: Any) -> None:
        self.aws = aws
        config = dict.fromkeys(triggers, recorder.arn if recorder else "")
        self.pool = aws.pool(LambdaConfig=config, **settings)
        self.id = self.pool["Id"]
        self.client = aws.client(self.id)
        if recorder is not None:
            aws.permit(recorder.arn, self.pool)

    def sign_up(self, name: str, **data: Any) -> dict[str, Any]:
        given = attributes(**data.pop("attributes", {}))
        return dict(
            self.aws.cognito.sign_up(
                ClientId=self.client, Username=name, Password=PASSWORD, UserAttributes=given, **data
            )
        )

    def confirm(self, name: str, **data: Any) -> None:
        self.aws.cognito.confirm_sign_up(
            ClientId=self.client, Username=name, ConfirmationCode="123456", **data
        )

    def sign_in(self, name: str, password: str = PASSWORD, **data: Any) -> dict[str, Any]:
        parameters = {"USERNAME": name, "PASSWORD": password}
        answer = self.aws.cognito.initiate_auth(
            ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters, **data
        )
        return dict(answer["AuthenticationResult"])

    def user(self, name: str) -> dict[str, Any]:
        answer = self.aws.cognito.admin_get_user(UserPoolId=self.id, Username=name)
        stored = {a["Name"]: a["Value"] for a in answer["UserAttributes"]}
        return {"status": answer["UserStatus"], "name": answer["Username"], **stored}


def error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    response = caught.value.response["Error"]
    return response["Code"], response["Message"]


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


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str])
def test_srp_sign_in_in_any_case(aws: Aws, spelling: Any) -> None:
    """Lines 23 and 29 (doc): a client that nobody here wrote, with SRP."""
    case, email = Case(aws), unique_email()
    case.sign_up(email)
    case.confirm(email)
    client = boto3.client(
        "cognito-idp",
        region_name=aws.region,
        endpoint_url=aws.local_aws.endpoint,
        config=Config(signature_version=UNSIGNED),
    )
    srp = AWSSRP(
        username=spelling(email),
        password=PASSWORD,
        pool_id=case.id,
        client_id=case.client,
        client=client,
    )

    tokens = srp.authenticate_user()

    assert "AccessToken" in tokens["AuthenticationResult"]


def test_names_in_another_case(aws: Aws) -> None:
    """Line 23 (doc): twins of a sign-up and of an administrator; calls of an administrator."""
    case, email = Case(aws), unique_email()
    case.sign_up(email)

    with pytest.raises(ClientError) as twin:
        case.sign_up(email.lower())
    with pytest.raises(ClientError) as admin_twin:
        aws.cognito.admin_create_user(UserPoolId=case.id, Username=email.upper())

    assert ["UsernameExistsException"] * 2 == [error(twin)[0], error(admin_twin)[0]]
    assert email == case.user(email.swapcase())["email"]


def test_a_secret_hash_in_another_case(aws: Aws) -> None:
    """Line 23 (doc): a client with a secret hashes the name as typed."""
    case, email = Case(aws), unique_email()
    made = aws.cognito.create_user_pool_client(
        UserPoolId=case.id,
        ClientName="s",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]
    case.sign_up(email)
    case.confirm(email)
    typed = email.lower()
    parameters = {"USERNAME": typed, "PASSWORD": PASSWORD, "SECRET_HASH": secret_hash(made, typed)}

    answer = aws.cognito.initiate_auth(
        ClientId=made["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
    )

    assert "AccessToken" in answer["AuthenticationResult"]


def test_attributes_that_a_client_may_not_write(aws: Aws) -> None:
    """Lines 15, 21, 22 and 33 (doc): at sign-up and later; immutable for the administrator too."""
    case, email = Case(aws), unique_email()
    case.sign_up(email, attributes={"custom:role": "customer"})
    case.confirm(email)
    token = case.sign_in(email)["AccessToken"]
    cognito, of_user = aws.cognito, {"UserPoolId": case.id, "Username": email}
    calls = [
        lambda: case.sign_up(unique_email(), attributes={"email_verified": "true"}),
        lambda: case.sign_up(unique_email(), attributes={"address": "x"}),
        lambda: case.sign_up(unique_email(), attributes={"phone_number": "0170"}),
        lambda: cognito.update_user_attributes(AccessToken=token, UserAttributes=attributes(locale="de")),
        lambda: cognito.update_user_attributes(
            AccessToken=token, UserAttributes=attributes(**{"custom:role": "admin"})
        ),
        lambda: cognito.admin_update_user_attributes(
            **of_user, UserAttributes=attributes(**{"custom:role": "admin"})
        ),
    ]

    codes = []
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        codes.append(error(caught)[0])

    unauthorized, invalid = "NotAuthorizedException", "InvalidParameterException"
    assert [unauthorized, unauthorized, invalid, unauthorized, invalid, invalid] == codes
    assert "customer" == case.user(email)["custom:role"]


def test_deletion_protection(aws: Aws) -> None:
    """Line 24 (doc): until UpdateUserPool turns it off."""
    case = Case(aws, DeletionProtection="ACTIVE")

    with pytest.raises(ClientError) as caught:
        aws.cognito.delete_user_pool(UserPoolId=case.id)

    assert "InvalidParameterException" == error(caught)[0]
    assert case.id == aws.cognito.describe_user_pool(UserPoolId=case.id)["UserPool"]["Id"]


def test_existence_is_hidden(aws: Aws) -> None:
    """Line 25 (doc): a stranger can't tell who is there, the emulator's own doing, kept in any case."""
    case, email = Case(aws), unique_email()
    case.sign_up(email)
    case.confirm(email)

    errors = []
    for name in (email.lower(), "nobody@example.com"):
        with pytest.raises(ClientError) as caught:
            case.sign_in(name, "Wrong-horse-1!")
        errors.append(error(caught))
    forgotten = aws.cognito.forgot_password(ClientId=case.client, Username="nobody@example.com")

    assert errors[0] == errors[1]
    assert "EMAIL" == forgotten["CodeDeliveryDetails"]["DeliveryMedium"]


def test_a_temporary_password_is_not_reset(aws: Aws) -> None:
    """Line 35 (seen in amplify-js#1340): by its user."""
    case, email = Case(aws), unique_email()
    aws.cognito.admin_create_user(UserPoolId=case.id, Username=email, MessageAction="SUPPRESS")

    with pytest.raises(ClientError) as caught:
        aws.cognito.forgot_password(ClientId=case.client, Username=email)

    assert ("NotAuthorizedException", "User password cannot be reset in the current state.") == error(caught)


def test_codes_by_sms(aws: Aws) -> None:
    """Line 32 (doc): a phone to be verified gets the code in the SMS inbox, and the e-mail inbox none."""
    case, email = Case(aws), unique_email()
    number = f"+4917{uuid.uuid4().int % 10**8:08d}"

    answer = case.sign_up(email, attributes={"phone_number": number})
    case.confirm(email)

    sms = aws.get("/_ministack/sns/sms-messages")[1]["sms_messages"]
    emails = [m for ms in aws.get("/_ministack/ses/messages")[1]["messages"].values() for m in ms]
    assert "SMS" == answer["CodeDeliveryDetails"]["DeliveryMedium"]
    assert ["Your verification code is 123456"] == [m["Message"] for m in sms[number]]
    assert [] == [m for m in emails if m["To"] == [email]]
    assert ("true", None) == (
        case.user(email)["phone_number_verified"],
        case.user(email).get("email_verified"),
    )


def test_triggers_around_a_sign_in(aws: Aws, recorder: Recorder) -> None:
    """Lines 13, 27 and 34 (doc): a stranger is migrated, then each sign-in fires both."""
    case = Case(aws, recorder, "PreAuthentication", "PostAuthentication", "UserMigration")
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


def test_partiql_by_awss_own_actions(aws: Aws) -> None:
    """Line 28 (doc): an IAM user with PartiQLInsert on one table; a wrong secret is nobody."""
    dynamodb, names = aws.local_aws.client("dynamodb"), [f"t-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    arn = f"arn:aws:dynamodb:{aws.region}:{aws.local_aws.account_id}:table/{names[0]}"
    statement = {"Effect": "Allow", "Action": "dynamodb:PartiQLInsert", "Resource": arn}
    user = aws.user_client("dynamodb", {"Version": "2012-10-17", "Statement": [statement]})

    def insert(client: Any, table: str) -> Any:
        text = f"INSERT INTO \"{table}\" VALUE {{'PK': ?}}"
        return client.batch_execute_statement(Statements=[{"Statement": text, "Parameters": [{"S": "a"}]}])

    first, again = insert(user, names[0]), insert(user, names[0])
    with pytest.raises(ClientError) as denied:
        insert(user, names[1])
    stranger = boto3.client(
        "dynamodb",
        region_name=aws.region,
        endpoint_url=aws.local_aws.endpoint,
        aws_access_key_id=user._request_signer._credentials.access_key,
        aws_secret_access_key="wrong",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as forged:
        insert(stranger, names[0])

    assert "Error" not in first["Responses"][0]
    assert "DuplicateItem" == again["Responses"][0]["Error"]["Code"]
    assert "AccessDeniedException" == error(denied)[0]
    assert "dynamodb:PartiQLInsert on resource" in error(denied)[1]
    assert "InvalidSignatureException" == error(forged)[0]


API = """
def handler(event, context):
    return {"statusCode": 200, "body": '{"ok": true}'}
"""


def test_an_api_needs_its_permission(aws: Aws) -> None:
    """Line 28 (doc): given, taken away, each counts at once."""
    gateway, function = aws.local_aws.client("apigatewayv2"), aws.function(API)
    api = gateway.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /me", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    path, name = f"/_aws/execute-api/{api}/me", function.split(":")[-2]
    source = f"arn:aws:execute-api:{aws.region}:{aws.local_aws.account_id}:{api}/*/GET/me"

    before = aws.get(path)
    aws.lambda_.add_permission(
        FunctionName=name,
        Qualifier="live",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=source,
    )
    allowed = aws.get(path)
    aws.lambda_.remove_permission(FunctionName=name, Qualifier="live", StatementId="api")
    after = aws.get(path)

    assert [(500, {"message": "Internal Server Error"}), (200, {"ok": True})] == [before, allowed]
    assert before == after


def test_the_relay_is_not_shown(aws: Aws, recorder: Recorder) -> None:
    """Our own rule: the pool shows its owner's triggers."""
    case = Case(aws, recorder, *TRIGGERS)
    case.sign_up(unique_email())

    shown = aws.cognito.describe_user_pool(UserPoolId=case.id)["UserPool"]["LambdaConfig"]

    assert dict.fromkeys(TRIGGERS, recorder.arn) == shown


def secret_hash(client: dict[str, Any], name: str) -> str:
    message = (name + client["ClientId"]).encode()
    return base64.b64encode(
        hmac.new(client["ClientSecret"].encode(), message, hashlib.sha256).digest()
    ).decode()
