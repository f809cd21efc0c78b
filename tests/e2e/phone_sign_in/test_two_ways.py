"""One person signs in by code and by password, and is one user with one profile."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.backends("embedded")

DOCUMENT = Path(__file__).parents[3] / "docs" / "phone-sign-in.md"


def count_items(stack, sub):
    """Return how many accounts and how many profiles a user has."""
    keys = [item["SK"]["S"] for item in stack.items(sub)]
    return keys.count("ACCOUNT#MAIN"), keys.count("PROFILE#MAIN")


def add_phone_number(client, token, phone):
    client.idp.update_user_attributes(
        AccessToken=token, UserAttributes=[{"Name": "phone_number", "Value": phone.number}]
    )
    client.idp.verify_user_attribute(
        AccessToken=token, AttributeName="phone_number", Code=phone.wait_for_code()
    )


@pytest.fixture
def document_code(client, phone_stack, monkeypatch):
    """Return the functions in docs/phone-sign-in.md, for the local AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", phone_stack.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", phone_stack.region)
    names = {"CLIENT_ID": client.app_client_id}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)
    return SimpleNamespace(**{name: value for name, value in names.items() if callable(value)})


def test_one_person_signs_in_by_code_and_by_password_and_is_one_user(
    client, phone_stack, create_phone, document_code, read_sub
):
    """The client is the code in the documentation."""
    user = client.create_confirmed_user()
    by_password = client.sign_in(user)
    profile = client.get_profile(by_password["AccessToken"]).json()
    phone = create_phone()
    document_code.add_phone_number(by_password["AccessToken"], phone.number)
    document_code.verify_phone_number(by_password["AccessToken"], phone.wait_for_code())

    session = document_code.request_code(phone.number)
    nothing, session = document_code.sign_in(phone.number, session, "12345")
    by_code, _ = document_code.sign_in(phone.number, session, phone.wait_for_code(messages=2))

    assert nothing is None
    assert (read_sub(by_code), read_sub(by_password)) == (user.sub, user.sub)
    assert client.get_profile(by_code["AccessToken"]).json() == profile
    assert client.get_profile(client.sign_in(user)["AccessToken"]).json() == profile
    assert count_items(phone_stack, user.sub) == (1, 1)


@pytest.fixture(scope="session")
def social_stack(deploy_dev_stack):
    """Return the stack of a social application, whose accounts contain the phone number."""
    return deploy_dev_stack(
        {"pulumi-userprofiles:template": "social", "pulumi-userprofiles:phoneSignIn": "{}"}
    )


@pytest.mark.long
class TestSocialApplication:
    """Both ways to a second address, with a template that has `phone_number` and `is_phone_verified`."""

    @pytest.fixture
    def client(self, social_stack, connect):
        return connect(social_stack)

    def test_email_user_adds_a_phone_number(self, client, social_stack, create_phone):
        user = client.create_confirmed_user()
        by_password = client.sign_in(user)
        created = client.get_profile(by_password["AccessToken"]).json()["account"]
        phone = create_phone()
        add_phone_number(client, by_password["AccessToken"], phone)

        account = client.get_profile(phone.sign_in(messages=2)["AccessToken"]).json()["account"]

        assert (created["phone_number"], created["is_phone_verified"]) == (None, False)
        assert (account["user_id"], account["email"]) == (user.sub, user.email)
        assert (account["country_code"], account["phone_number"]) == ("1", phone.number.removeprefix("+1"))
        assert account["is_phone_verified"] is True
        assert count_items(social_stack, user.sub) == (1, 1)

    def test_phone_user_adds_an_email_address_and_a_password(
        self, client, social_stack, create_phone_user, read_sub
    ):
        phone = create_phone_user(social_stack)
        by_code = phone.sign_in()
        created = client.get_profile(by_code["AccessToken"]).json()["account"]
        address = f"{phone.number[1:]}@example.com"
        client.idp.update_user_attributes(
            AccessToken=by_code["AccessToken"], UserAttributes=[{"Name": "email", "Value": address}]
        )
        client.idp.verify_user_attribute(
            AccessToken=by_code["AccessToken"],
            AttributeName="email",
            Code=client.read_mailed_code(address),
        )
        reset = client.idp.forgot_password(ClientId=client.app_client_id, Username=address)
        client.idp.confirm_forgot_password(
            ClientId=client.app_client_id,
            Username=address,
            ConfirmationCode="654321",  # always this one on the local AWS
            Password=client.password,
        )

        by_password = client.sign_in(client.pool_user(address, phone.sub))

        account = client.get_profile(by_password["AccessToken"]).json()["account"]
        assert reset["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
        assert (read_sub(by_code), read_sub(by_password)) == (phone.sub, phone.sub)
        assert (created["email"], created["is_phone_verified"]) == (None, True)
        assert (account["user_id"], account["email"]) == (phone.sub, address)
        assert count_items(social_stack, phone.sub) == (1, 1)
