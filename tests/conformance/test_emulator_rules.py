"""Rules for pools, users and passwords on a running local AWS."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance_aws import PASSWORD, AwsResources, unique_email
from conformance_pool import PoolUnderTest, error_of


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as exc_info:
        call(**parameters)
    return error_of(exc_info)[0]


def test_schema_of_a_new_pool(aws: AwsResources) -> None:
    """Lines 53 and 54 (doc): it is possible, and a sign-up conforms to it."""
    limits = {"MinLength": "2", "MaxLength": "4"}
    text = {"Name": "code", "AttributeDataType": "String", "StringAttributeConstraints": limits}
    role = {"Name": "role", "AttributeDataType": "String"}
    pool = PoolUnderTest(aws, Schema=[role, text, {"Name": "name", "Required": True, "Mutable": True}])
    client_id = aws.create_client(pool.id, WriteAttributes=["custom:code", "name"])

    def sign_up(name: str, code: str) -> None:
        values = [{"Name": "custom:code", "Value": code}, {"Name": "name", "Value": name}]
        aws.cognito.sign_up(
            ClientId=client_id, Username=unique_email(), Password=PASSWORD, UserAttributes=values
        )

    sign_up("Ann", "abcd")
    for name, code in (("", "abcd"), ("Ann", "abcde")):
        assert code_of(sign_up, name=name, code=code) == "InvalidParameterException"
    duplicate = {"UserPoolId": pool.id, "CustomAttributes": [text]}
    assert code_of(aws.cognito.add_custom_attributes, **duplicate) == "InvalidParameterException"


def test_filters_of_users(aws: AwsResources) -> None:
    """Line 58 (doc): by status of the account and of the user; other attributes are rejected."""
    pool, email = PoolUnderTest(aws), unique_email()
    pool.sign_up(email)
    pool.sign_up_and_confirm(unique_email())

    [user] = aws.cognito.list_users(UserPoolId=pool.id, Filter='cognito:user_status = "unconfirmed"')["Users"]

    assert {"Name": "email", "Value": email} in user["Attributes"]
    filters = ('custom:role = "x"', "email")
    codes = [code_of(aws.cognito.list_users, UserPoolId=pool.id, Filter=text) for text in filters]
    assert codes == ["InvalidParameterException"] * 2


def test_form_of_pool_and_client(aws: AwsResources) -> None:
    """Line 59 (seen in terraform-provider-aws#2423): the template's text is the pool's text."""
    pool = PoolUnderTest(aws, VerificationMessageTemplate={"EmailMessage": "Shop: {####}"})

    document = aws.cognito.describe_user_pool(UserPoolId=pool.id)["UserPool"]

    assert document["EmailVerificationMessage"] == "Shop: {####}"
    assert "AccountRecoverySetting" not in document
    assert pool.client_id == pool.client_id.lower()


def test_password_history(aws: AwsResources) -> None:
    """Line 59 (doc): neither an administrator nor the user sets one of the last passwords again."""
    policy = {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 2}}
    pool, email = PoolUnderTest(aws, Policies=policy), unique_email()
    pool.sign_up_and_confirm(email)
    token, key = pool.sign_in(email)["AccessToken"], {"UserPoolId": pool.id, "Username": email}
    aws.cognito.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=PASSWORD + "2")

    codes = [
        code_of(aws.cognito.admin_set_user_password, **key, Password=PASSWORD, Permanent=True),
        code_of(
            aws.cognito.change_password,
            AccessToken=token, PreviousPassword=PASSWORD + "2", ProposedPassword=PASSWORD + "2",
        ),
    ]  # fmt: skip

    assert codes == ["PasswordHistoryPolicyViolationException"] * 2
    aws.cognito.admin_set_user_password(**key, Password=PASSWORD + "3", Permanent=True)
    aws.cognito.admin_set_user_password(**key, Password=PASSWORD, Permanent=True)


def test_required_attributes_with_the_first_password(aws: AwsResources) -> None:
    """Line 54 (doc; text seen in aws-cognito-angular-quickstart#116): named by the challenge, then stored."""
    role = {"Name": "role", "AttributeDataType": "String"}
    pool = PoolUnderTest(aws, Schema=[role, {"Name": "name", "Required": True, "Mutable": True}])
    key = {"UserPoolId": pool.id, "Username": unique_email()}
    aws.cognito.admin_create_user(**key, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    challenge = aws.cognito.admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=pool.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": key["Username"], "PASSWORD": PASSWORD},
    )

    answer = {
        "ClientId": pool.client_id,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
    }
    responses = {"USERNAME": key["Username"], "NEW_PASSWORD": PASSWORD + "2"}
    code = code_of(aws.cognito.respond_to_auth_challenge, **answer, ChallengeResponses=responses)
    responses["userAttributes.name"] = "Ann"
    aws.cognito.respond_to_auth_challenge(**answer, ChallengeResponses=responses)

    assert challenge["ChallengeParameters"]["requiredAttributes"] == '["userAttributes.name"]'
    assert code == "InvalidParameterException"
    assert pool.describe_user(key["Username"])["name"] == "Ann"
