"""The two endpoints for installed applications, in a deployed stack."""

import random
import re

import pytest
import requests

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def create_number():
    """Return a function that creates a number whose number range no other test uses: ranges are limited."""
    return lambda: f"+1212{random.randrange(220, 300)}{random.randrange(1000, 10_000)}"


@pytest.fixture
def register(phone_client):
    return lambda number: phone_client.request(
        "POST", "/auth/phone/register", json={"phone_number": number[2:], "country_code": "1"}
    )


@pytest.fixture
def verify(phone_client, localaws, eventually):
    """Return a function that waits for our code and signs in with it; or with another code."""

    def send(number, code=None):
        def find_code():
            texts = [message.text for message in localaws.sms_messages(number)]
            matches = [re.match(r"(\d{6}) is your code\. It is valid", text) for text in texts]
            return [match[1] for match in matches if match]

        otp = code or eventually("the code", find_code)[-1]
        return phone_client.request("POST", "/auth/phone/verify", json={"phone_number": number, "otp": otp})

    return send


def sub_of(phone_client, response):
    profile = phone_client.get_profile(response.json()["tokens"]["access"])
    assert profile.status_code == 200
    return profile.json()["profile"]["userId"]


def test_new_user_registers_and_signs_in_and_the_code_works_once(
    phone_client, phone_stack, create_number, register, verify
):
    number = create_number()

    registration = register(number)
    response = verify(number)
    replay = verify(number)

    assert (registration.status_code, registration.json()) == (200, {"message": "OTP sent to phone"})
    assert (response.status_code, sorted(response.json())) == (200, ["tokens", "user"])
    user = response.json()["user"]
    assert (user["country_code"], user["phone_number"], user["is_phone_verified"]) == ("1", number[2:], True)
    assert (replay.status_code, list(replay.json())) == (400, ["otp"])
    sub = sub_of(phone_client, response)
    pool_user = phone_stack.aws("cognito-idp").admin_get_user(
        UserPoolId=phone_stack.outputs["userPoolId"], Username=number
    )
    assert (pool_user["Username"], pool_user["UserStatus"]) == (sub, "CONFIRMED")
    assert [row["source"]["S"] for row in phone_stack.audit_rows(sub)] == ["phone_sign_in"]


def test_pending_sign_up_of_a_stranger_does_not_keep_the_owner_out(
    phone_client, phone_stack, create_number, register, verify
):
    number = create_number()
    stranger = phone_client.sign_up(phone_number=number)
    register(number)

    response = verify(number)

    assert response.status_code == 200
    assert sub_of(phone_client, response) != stranger.sub
    cognito = phone_stack.aws("cognito-idp")
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        cognito.admin_get_user(UserPoolId=phone_stack.outputs["userPoolId"], Username=stranger.email)


@pytest.fixture
def calls_of(localaws, register, eventually):
    """Return a function that requests a code, and returns the calls until the message is in the queue."""
    journal = f"{localaws.endpoint}/_localaws/journal"

    def request_code(number):
        requests.delete(journal, timeout=5).raise_for_status()
        assert register(number).status_code == 200
        # The sender's calls would be in the journal of the next number.
        eventually("the message", lambda: localaws.sms_messages(number))
        entries = requests.get(journal, timeout=5).json()["entries"]
        calls = [
            (entry["service"], entry["action"], entry["status"], entry["notes"])
            for entry in entries
            if entry["service"] in {"kms", "dynamodb", "sqs", "cognito-idp"}
        ]
        actions = [action for _, action, _, _ in calls]
        return calls[: actions.index("SendMessage") + 1]

    return request_code


def test_known_and_unknown_numbers_take_the_same_calls(phone_stack, create_number, calls_of):
    known = create_number()
    phone_stack.aws("cognito-idp").admin_create_user(
        UserPoolId=phone_stack.outputs["userPoolId"],
        Username=known,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "phone_number", "Value": known}],
    )
    calls_of(create_number())  # a function that starts makes further calls

    calls = calls_of(known)

    assert calls_of(create_number()) == calls
    assert [(service, action) for service, action, _, _ in calls] == [
        *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem")),  # the source address
        *(("kms", "GenerateMac"), ("dynamodb", "GetItem")),
        *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem"), ("sqs", "SendMessage")),
    ]
