"""Sign-in with a phone number and a one-time code, in a deployed stack."""

import random
import re

import pytest

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def number():
    """Return a phone number that no other test uses."""
    return f"+1415{random.randint(2_000_000, 9_999_999)}"


@pytest.fixture
def read_codes(localaws, eventually):
    """Return a function that waits for a number of text messages, and returns their codes."""

    def read(number, count):
        messages = eventually(
            f"{count} messages", lambda: len(texts := localaws.sms_messages(number)) >= count and texts, 30
        )
        assert len(messages) == count
        return [re.search(r"\b\d{6}\b", message.text)[0] for message in messages]

    return read


def find_user(stack, username):
    user = stack.aws("cognito-idp").admin_get_user(UserPoolId=stack.outputs["userPoolId"], Username=username)
    return {item["Name"]: item["Value"] for item in user["UserAttributes"]}


def test_user_signs_in_by_code_and_by_password_and_has_one_profile(
    phone_client, phone_stack, number, read_codes
):
    user = phone_client.sign_up(number)
    phone_client.confirm(user, *read_codes(number, 1))

    session = phone_client.start_code_sign_in(number)
    code = read_codes(number, 2)[-1]
    tokens_by_code = phone_client.answer_code(number, session, code)["AuthenticationResult"]
    tokens_by_password = phone_client.sign_in(user)

    profiles = [
        phone_client.get_profile(tokens["AccessToken"]).json()
        for tokens in (tokens_by_code, tokens_by_password)
    ]
    assert profiles[0] == profiles[1]
    assert find_user(phone_stack, number)["phone_number_verified"] == "true"
    assert sorted(item["SK"]["S"] for item in phone_stack.items(user.sub)) == ["ACCOUNT#MAIN", "PROFILE#MAIN"]


def test_wrong_code_is_refused_and_the_right_one_works_once(phone_client, number, read_codes):
    user = phone_client.sign_up(number)
    phone_client.confirm(user, *read_codes(number, 1))
    session = phone_client.start_code_sign_in(number)
    other_session = phone_client.start_code_sign_in(number)
    code = read_codes(number, 2)[-1]
    wrong_code = f"{(int(code) + 1) % 1_000_000:06}"

    second_try = phone_client.answer_code(number, session, wrong_code)
    sign_in = phone_client.answer_code(number, second_try["Session"], code)
    replay = phone_client.answer_code(number, other_session, code)

    assert "AccessToken" in sign_in["AuthenticationResult"]
    assert (second_try["ChallengeName"], replay["ChallengeName"]) == ("CUSTOM_CHALLENGE", "CUSTOM_CHALLENGE")


@pytest.mark.long
def test_code_of_cognito_takes_the_same_way_as_ours(deploy_dev_stack, connect, number, read_codes):
    """The trigger decrypts it and queues it, and the sender sends it once."""
    stack = deploy_dev_stack({"pulumi-userprofiles:phoneSignIn": '{"sendsCognitoCodes": true}'})
    client = connect(stack)
    user = client.sign_up(number)

    client.confirm(user, *read_codes(number, 1))

    client.start_code_sign_in(number)
    read_codes(number, 2)
    assert find_user(stack, number)["phone_number_verified"] == "true"


def test_unknown_number_gets_no_message(phone_client, number, localaws):
    session = phone_client.start_code_sign_in(number)

    assert phone_client.answer_code(number, session, "123456")["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert localaws.sms_messages(number) == []
