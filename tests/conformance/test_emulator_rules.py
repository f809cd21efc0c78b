"""The rules on a running local AWS, with real clients."""

import base64
import hashlib
import hmac
import uuid
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, Aws, attributes, unique_email
from conformance_case import Case, error
from pycognito.aws_srp import AWSSRP


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str])
def test_srp_sign_in_in_any_case(aws: Aws, spelling: Any) -> None:
    """Lines 23 and 29 (doc): a client that nobody here wrote, with SRP."""
    case, email = Case(aws), unique_email()
    case.sign_up(email)
    case.confirm(email)
    client = aws.local_aws.client("cognito-idp", config=Config(signature_version=UNSIGNED))
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
    stranger = aws.local_aws.client(
        "dynamodb",
        aws_access_key_id=user._request_signer._credentials.access_key,
        aws_secret_access_key="wrong",
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


def secret_hash(client: dict[str, Any], name: str) -> str:
    message = (name + client["ClientId"]).encode()
    return base64.b64encode(
        hmac.new(client["ClientSecret"].encode(), message, hashlib.sha256).digest()
    ).decode()


def test_a_changed_address(aws: Aws) -> None:
    """Line 21 (doc): the old one stays until the code that went to the new one comes back."""
    update = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    case, email, new = Case(aws, UserAttributeUpdateSettings=update), unique_email(), unique_email()
    case.sign_up(email)
    case.confirm(email)
    token = case.sign_in(email)["AccessToken"]

    aws.cognito.update_user_attributes(AccessToken=token, UserAttributes=attributes(email=new))
    before = case.user(email)
    emails = [m for ms in aws.get("/_ministack/ses/messages")[1]["messages"].values() for m in ms]
    code = next(m["BodyText"][-6:] for m in emails if m["To"] == [new])
    aws.cognito.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)

    after = case.user(new)
    assert (email, new) == (before["email"], after["email"])
    assert ("true", "true") == (before["email_verified"], after["email_verified"])


def test_a_forged_token_is_refused(aws: Aws) -> None:
    """Line 29 (doc): RS256 signatures are really checked, by the emulator."""
    case, email = Case(aws), unique_email()
    case.sign_up(email)
    case.confirm(email)
    head, claims, _ = case.sign_in(email)["AccessToken"].split(".")

    for call in (aws.cognito.get_user, aws.cognito.get_user_attribute_verification_code):
        data = {} if call == aws.cognito.get_user else {"AttributeName": "email"}
        with pytest.raises(ClientError) as caught:
            call(AccessToken=f"{head}.{claims}.AAAA", **data)
        assert "NotAuthorizedException" == error(caught)[0]


def test_a_made_up_temporary_password_meets_the_policy(aws: Aws) -> None:
    """Our own rule: AdminCreateUser without a password works in a pool that wants long ones."""
    long = {"PasswordPolicy": {"MinimumLength": 20, "RequireSymbols": True}}
    case, email = Case(aws, Policies=long), unique_email()

    aws.cognito.admin_create_user(UserPoolId=case.id, Username=email)
    with pytest.raises(ClientError) as caught:
        aws.cognito.admin_create_user(UserPoolId=case.id, Username=unique_email(), TemporaryPassword="short")

    assert ("FORCE_CHANGE_PASSWORD", "InvalidPasswordException") == (
        case.user(email)["status"],
        error(caught)[0],
    )


def test_a_token_shows_what_its_client_may_read(aws: Aws) -> None:
    """Line 37 (doc): two clients of one pool, and a token that is not true stays refused."""
    case, email = Case(aws), unique_email()
    case.sign_up(email, attributes={"custom:role": "vendor", "name": "Ann"})
    case.confirm(email)
    shown = {}
    for names in (["email"], ["custom:role", "name"]):
        case.client = aws.client(case.id, ReadAttributes=names)
        token = case.sign_in(email)["AccessToken"]
        answer = aws.cognito.get_user(AccessToken=token)
        shown[names[0]] = {a["Name"] for a in answer["UserAttributes"]}

    with pytest.raises(ClientError) as forged:
        aws.cognito.get_user(AccessToken=token[:-4] + "AAAA")

    assert {"email": {"sub", "email"}, "custom:role": {"sub", "custom:role", "name"}} == shown
    assert "NotAuthorizedException" == error(forged)[0]
