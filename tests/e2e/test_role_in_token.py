"""The table's role in tokens, and changed addresses in accounts, over HTTP."""

import base64
import json

import pytest

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def set_account(stack, user, field, value):
    stack.aws("dynamodb").update_item(
        TableName=stack.outputs["usersTableName"],
        Key={"PK": {"S": f"USER#{user.sub}"}, "SK": {"S": "ACCOUNT#MAIN"}},
        UpdateExpression="SET #field = :value",
        ExpressionAttributeNames={"#field": field},
        ExpressionAttributeValues={":value": {"S": value}},
    )


def test_both_tokens_have_the_role_of_the_table(client, stack):
    """A role that changes after the sign-in is in the tokens of the next refresh."""
    user = client.create_confirmed_user(role="vendor")

    tokens = client.sign_in(user)

    assert claims(tokens["AccessToken"])["role"] == "vendor"
    id_claims = claims(tokens["IdToken"])
    assert (id_claims["role"], id_claims["custom:role"]) == ("vendor", "vendor")

    set_account(stack, user, "role", "customer")
    refreshed_tokens = client.idp.initiate_auth(
        ClientId=client.app_client_id,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
    )["AuthenticationResult"]

    assert claims(refreshed_tokens["AccessToken"])["role"] == "customer"
    id_claims = claims(refreshed_tokens["IdToken"])
    assert (id_claims["role"], id_claims["custom:role"]) == ("customer", "customer")


def test_inactive_user_signs_in_without_a_role(client, stack):
    user = client.create_confirmed_user()
    set_account(stack, user, "status", "suspended")

    tokens = client.sign_in(user)

    assert "role" not in claims(tokens["IdToken"]) | claims(tokens["AccessToken"])


@pytest.mark.long
def test_changed_address_is_in_the_account_after_the_next_sign_in(client, stack):
    user = client.create_confirmed_user()
    address = f"new-{user.email}"
    stack.aws("cognito-idp").admin_update_user_attributes(
        UserPoolId=client.pool_id,
        Username=user.sub,
        UserAttributes=[
            {"Name": "email", "Value": address},
            {"Name": "email_verified", "Value": "true"},
        ],
    )

    tokens = client.sign_in(user, username=address)

    account = client.get_profile(tokens["AccessToken"]).json()["account"]
    assert (account["email"], account["emailVerified"]) == (address, True)
    [row] = [row for row in stack.audit_rows(user.sub) if row["action"]["S"] == "CONTACT_UPDATED"]
    assert row["fields"]["L"] == [{"S": "account.email"}]


@pytest.mark.backends("embedded")
def test_sign_in_works_while_the_table_cannot_be_read(client, stack, request):
    user = client.create_confirmed_user(role="vendor")
    iam = stack.aws("iam")
    role = stack.get_resource_id("aws:iam/role:Role", "pre-token")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "dynamodb:BatchGetItem", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName=role, PolicyName="denied-by-test", PolicyDocument=json.dumps(document))
    request.addfinalizer(lambda: iam.delete_role_policy(RoleName=role, PolicyName="denied-by-test"))

    tokens = client.sign_in(user)

    assert claims(tokens["IdToken"])["role"] == "customer"
    account = client.get_profile(tokens["AccessToken"]).json()["account"]
    assert account["role"] == "vendor"
