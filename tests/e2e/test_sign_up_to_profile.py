"""From sign-up to profile, over the wire, with clients that are not ours."""

import uuid

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.backends("embedded", "localstack", "aws")


def test_customer_gets_account_profile_and_one_audit_row(client, stack):
    person = client.sign_up(role="customer", name="Ada Lovelace")
    assert stack.items(person.sub) == []

    client.confirm(person)

    account, profile = stack.items(person.sub)
    assert account["SK"]["S"] == "ACCOUNT#MAIN"
    assert profile["SK"]["S"] == "PROFILE#MAIN"
    assert len(stack.audit_rows(person.sub)) == 1


def test_account_holds_the_documented_user_record(client, stack):
    """The post-confirmation write-up's record, field by field, and nothing of the table's keys."""
    person = client.confirmed(name="Ada Lovelace")

    account = client.get_profile(client.token(person)).json()["account"]

    created = account.pop("createdAt")
    assert created.endswith("Z")
    assert account == {
        "user_id": person.sub,
        "username": person.email.partition("@")[0],
        "email": person.email,
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
    """The profile migration README's structure."""
    person = client.confirmed()

    profile = client.get_profile(client.token(person)).json()["profile"]

    del profile["createdAt"], profile["updatedAt"]
    assert profile == {
        "userId": person.sub,
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
    person = client.confirmed(role="vendor", preferred_username="grace")

    account = client.get_profile(client.token(person)).json()["account"]

    assert account["role"] == "vendor"
    assert account["username"] == "grace"
    assert {"storeName", "totalProducts", "totalRevenue", "rating"} <= account.keys()


def test_email_is_lower_cased_in_the_record(client):
    local = uuid.uuid4().hex
    person = client.sign_up(f"{local.upper()}@Example.COM")
    client.confirm(person)

    account = client.get_profile(client.token(person)).json()["account"]

    assert account["email"] == f"{local}@example.com"


def test_sign_in_works_in_either_case(client):
    person = client.confirmed()

    tokens = client.tokens(person, username=person.email.swapcase())

    assert client.get_profile(tokens["AccessToken"]).json()["account"]["user_id"] == person.sub


def test_role_admin_is_refused_at_sign_up(client):
    with pytest.raises(client.idp.exceptions.UserLambdaValidationException) as refused:
        client.sign_up(role="admin")

    message = refused.value.response["Error"]["Message"]
    assert message.startswith("PreSignUp failed with error ")
    assert "customer" in message


def test_case_twin_is_refused(client):
    person = client.confirmed()

    with pytest.raises(client.idp.exceptions.UsernameExistsException):
        client.sign_up(person.email.swapcase())


def test_phone_that_is_not_e164_is_refused(client):
    with pytest.raises(ClientError) as refused:
        client.sign_up(phone_number="0221 123456")

    assert refused.value.response["Error"]["Code"] in {
        "InvalidParameterException",
        "UserLambdaValidationException",
    }


@pytest.mark.backends("embedded")
def test_phone_sign_up_gets_its_code_by_text_message(client, stack):
    number = f"+1555{uuid.uuid4().int % 10**7:07d}"
    person = client.sign_up(number)

    client.idp.confirm_sign_up(
        ClientId=client.id, Username=number, ConfirmationCode=client.texted_code(number)
    )

    account = client.get_profile(client.token(person)).json()["account"]
    assert account["username"] == person.sub
    assert account["emailVerified"] is False


def test_own_token_can_not_change_the_role(client, stack):
    person = client.confirmed(role="customer")
    token = client.token(person)
    before = stack.items(person.sub)

    with pytest.raises(client.idp.exceptions.ClientError) as refused:
        client.idp.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "custom:role", "Value": "vendor"}]
        )
    patched = client.patch_profile(token, {"account": {"role": "vendor"}})

    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert patched.status_code == 400
    assert stack.items(person.sub) == before


def test_password_reset_leaves_the_profile_byte_for_byte(client, stack):
    person = client.confirmed()
    client.patch_profile(client.token(person), {"profile": {"language": "fr", "firstName": "Ada"}})
    before, rows = stack.items(person.sub), stack.audit_rows(person.sub)

    client.idp.forgot_password(ClientId=client.id, Username=person.email)
    client.idp.confirm_forgot_password(
        ClientId=client.id,
        Username=person.email,
        ConfirmationCode=client.mailed_code(person.email),
        Password="Another-horse-8-staple",
    )

    person.password = "Another-horse-8-staple"
    assert client.get_profile(client.token(person)).json()["profile"]["language"] == "fr"
    assert stack.items(person.sub) == before
    assert stack.audit_rows(person.sub) == rows


def test_user_made_by_an_administrator_gets_a_profile_on_first_access(client, stack):
    """No post-confirmation fires for AdminCreateUser."""
    email = f"{uuid.uuid4().hex}@example.com"
    idp = stack.aws("cognito-idp")
    made = idp.admin_create_user(
        UserPoolId=client.pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )["User"]
    sub = next(a["Value"] for a in made["Attributes"] if a["Name"] == "sub")
    idp.admin_set_user_password(
        UserPoolId=client.pool_id, Username=email, Password=client.password, Permanent=True
    )
    assert stack.items(sub) == []
    person = client.person(email, sub)

    first = client.get_profile(client.token(person))
    second = client.get_profile(client.token(person))

    assert first.status_code == 200
    assert first.json() == second.json()
    assert first.json()["account"]["emailVerified"] is True
    assert len(stack.items(sub)) == 2
