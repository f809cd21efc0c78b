"""From sign-up to profile, over HTTP, with third-party clients."""

import random
import uuid

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def test_customer_gets_account_profile_and_one_audit_row(client, stack):
    user = client.sign_up(role="customer", name="Ada Lovelace")
    assert stack.items(user.sub) == []

    client.confirm(user)

    account, profile = stack.items(user.sub)
    assert account["SK"]["S"] == "ACCOUNT#MAIN"
    assert profile["SK"]["S"] == "PROFILE#MAIN"
    assert len(stack.audit_rows(user.sub)) == 1


def test_account_is_the_documented_user_record(client, stack):
    """All fields of the record in the post-confirmation write-up, and no keys of the table."""
    user = client.create_confirmed_user(name="Ada Lovelace")

    account = client.get_profile(client.get_access_token(user)).json()["account"]

    created_at = account.pop("createdAt")
    assert created_at.endswith("Z")
    assert account == {
        "user_id": user.sub,
        "username": user.email.partition("@")[0],
        "email": user.email,
        "name": "Ada Lovelace",
        "role": "customer",
        "status": "active",
        "emailVerified": True,
        "wishlist": [],
        "cart": [],
        "totalOrders": 0,
        "totalSpent": 0,
    }


def test_profile_has_the_documented_defaults(client):
    """The structure of the profile migration README."""
    user = client.create_confirmed_user()

    profile = client.get_profile(client.get_access_token(user)).json()["profile"]

    del profile["createdAt"], profile["updatedAt"]
    assert profile == {
        "userId": user.sub,
        "firstName": "",
        "lastName": "",
        "phoneNumber": None,
        "language": "en",
        "organization": None,
        "department": None,
        "timezone": "UTC",
        "profilePictureUrl": None,
        "address": {"street": "", "city": "", "state": "", "country": "", "postalCode": ""},
        "preferences": {"notifications": True, "emailAlerts": True, "smsAlerts": False},
    }


def test_vendor_gets_the_vendor_fields(client):
    user = client.create_confirmed_user(role="vendor", preferred_username="grace")

    account = client.get_profile(client.get_access_token(user)).json()["account"]

    assert account["role"] == "vendor"
    assert account["username"] == "grace"
    assert {"storeName", "totalProducts", "totalRevenue", "rating"} <= account.keys()


def test_email_is_stored_in_lower_case(client):
    local_part = uuid.uuid4().hex
    user = client.sign_up(f"{local_part.upper()}@Example.COM")
    client.confirm(user)

    account = client.get_profile(client.get_access_token(user)).json()["account"]

    assert account["email"] == f"{local_part}@example.com"


def test_sign_in_ignores_the_case_of_the_username(client):
    user = client.create_confirmed_user()

    tokens = client.sign_in(user, username=user.email.swapcase())

    assert client.get_profile(tokens["AccessToken"]).json()["account"]["user_id"] == user.sub


def test_role_admin_is_rejected_at_sign_up(client):
    with pytest.raises(client.idp.exceptions.UserLambdaValidationException) as refusal:
        client.sign_up(role="admin")

    message = refusal.value.response["Error"]["Message"]
    assert message.startswith("PreSignUp failed with error ")
    assert "customer" in message


def test_email_that_differs_only_in_case_is_rejected(client):
    user = client.create_confirmed_user()

    with pytest.raises(client.idp.exceptions.UsernameExistsException):
        client.sign_up(user.email.swapcase())


def test_phone_that_is_not_e164_is_rejected(client):
    with pytest.raises(ClientError) as refusal:
        client.sign_up(phone_number="0221 123456")

    assert refusal.value.response["Error"]["Code"] in {
        "InvalidParameterException",
        "UserLambdaValidationException",
    }


@pytest.mark.backends("embedded")
def test_sign_up_by_phone_gets_its_code_by_text_message(client, stack):
    number = f"+1415{random.randrange(220, 300)}{random.randrange(1000, 10_000)}"
    user = client.sign_up(number)

    client.idp.confirm_sign_up(
        ClientId=client.app_client_id, Username=number, ConfirmationCode=client.read_texted_code(number)
    )

    account = client.get_profile(client.get_access_token(user)).json()["account"]
    assert account["username"] == user.sub
    assert account["emailVerified"] is False


def test_user_can_not_change_their_own_role(client, stack):
    user = client.create_confirmed_user(role="customer")
    token = client.get_access_token(user)
    before = stack.items(user.sub)

    with pytest.raises(client.idp.exceptions.ClientError) as refusal:
        client.idp.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "custom:role", "Value": "vendor"}]
        )
    response = client.patch_profile(token, {"account": {"role": "vendor"}})

    assert refusal.value.response["Error"]["Code"] == "InvalidParameterException"
    assert response.status_code == 400
    assert stack.items(user.sub) == before


@pytest.mark.long
def test_password_reset_does_not_change_the_profile(client, stack):
    user = client.create_confirmed_user()
    client.patch_profile(client.get_access_token(user), {"profile": {"language": "fr", "firstName": "Ada"}})
    before, rows = stack.items(user.sub), stack.audit_rows(user.sub)

    client.idp.forgot_password(ClientId=client.app_client_id, Username=user.email)
    client.idp.confirm_forgot_password(
        ClientId=client.app_client_id,
        Username=user.email,
        ConfirmationCode=client.read_mailed_code(user.email),
        Password="Another-horse-8-staple",
    )

    user.password = "Another-horse-8-staple"
    assert client.get_profile(client.get_access_token(user)).json()["profile"]["language"] == "fr"
    assert stack.items(user.sub) == before
    assert stack.audit_rows(user.sub) == rows


def test_user_created_by_an_administrator_gets_a_profile_on_first_access(client, stack):
    """Cognito doesn't run the post-confirmation trigger for AdminCreateUser."""
    email = f"{uuid.uuid4().hex}@example.com"
    idp = stack.aws("cognito-idp")
    created_user = idp.admin_create_user(
        UserPoolId=client.pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )["User"]
    sub = next(a["Value"] for a in created_user["Attributes"] if a["Name"] == "sub")
    idp.admin_set_user_password(
        UserPoolId=client.pool_id, Username=email, Password=client.password, Permanent=True
    )
    assert stack.items(sub) == []
    user = client.pool_user(email, sub)

    first = client.get_profile(client.get_access_token(user))
    second = client.get_profile(client.get_access_token(user))

    assert first.status_code == 200
    assert first.json() == second.json()
    assert first.json()["account"]["emailVerified"] is True
    assert len(stack.items(sub)) == 2
