"""Sign-in with a phone number and a code: one person, two ways, and attacks on the whole path."""

import base64
import itertools
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError
from pulumi_localaws.testing.trigger_runs import repeat_trigger

pytestmark = pytest.mark.backends("embedded")

_PREFIXES = itertools.count(random.randrange(200, 500))


def new_number():
    """Return a phone number whose number range no other test uses: messages to a range are limited."""
    return f"+1206{next(_PREFIXES)}{random.randrange(1000, 10_000)}"


class Phone:
    """A phone: its number, the messages that arrive, and the sign-in by code."""

    def __init__(self, client, localaws, eventually, number=None):
        self.client = client
        self.localaws = localaws
        self.eventually = eventually
        self.number = number or new_number()

    @property
    def texts(self):
        return [message.text for message in self.localaws.sms_messages(self.number)]

    def wait_for_code(self, messages=1):
        """Return the code in the last message, after this number of messages has arrived."""
        texts = self.eventually("the text message", lambda: self.texts[messages - 1 :] and self.texts)
        return re.search(r"\b\d{6}\b", texts[-1])[0]

    def start(self):
        """Start a sign-in, and return the session."""
        return self.client.start_code_sign_in(self.number)

    def answer(self, session, code):
        """Type a code, and return the response: tokens, or another challenge."""
        return self.client.answer_code(self.number, session, code)

    def sign_in(self, messages=1):
        session = self.start()
        return self.answer(session, self.wait_for_code(messages))["AuthenticationResult"]


@pytest.fixture
def client(phone_client):
    return phone_client


@pytest.fixture
def create_phone(client, localaws, eventually):
    return lambda: Phone(client, localaws, eventually)


@pytest.fixture
def create_phone_user(create_phone, phone_stack):
    """Return a function that creates a user with a verified phone number, as the endpoints do."""
    cognito = phone_stack.aws("cognito-idp")
    pool_id = phone_stack.outputs["userPoolId"]

    def create():
        phone = create_phone()
        attributes = {"phone_number": phone.number, "phone_number_verified": "true"}
        response = cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=phone.number,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        phone.sub = response["User"]["Username"]
        cognito.admin_set_user_password(
            UserPoolId=pool_id, Username=phone.number, Password="Correct-horse-7-battery", Permanent=True
        )
        return phone

    return create


@pytest.fixture
def paused_sender(phone_stack, eventually):
    """Keep the messages in the queue during a test, so that only the triggers call AWS."""
    functions = phone_stack.aws("lambda")
    mapping = phone_stack.get_resource_id(
        "aws:lambda/eventSourceMapping:EventSourceMapping", "sender-mapping"
    )

    def switch(*, enabled):
        functions.update_event_source_mapping(UUID=mapping, Enabled=enabled)
        eventually(
            "the state of the mapping",
            lambda: (
                functions.get_event_source_mapping(UUID=mapping)["State"]
                == ("Enabled" if enabled else "Disabled")
            ),
        )

    switch(enabled=False)
    yield
    switch(enabled=True)


def read_other_code(client, address, former):
    code = client.read_mailed_code(address)
    return None if code == former else code


def subject(tokens):
    payload = tokens["AccessToken"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]


def accounts_and_profiles(stack):
    """Return the users' IDs of all accounts and of all profiles."""
    pages = stack.aws("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs["usersTableName"])
    keys = [(item["PK"]["S"], item["SK"]["S"]) for page in pages for item in page["Items"]]
    return [sorted(pk for pk, sk in keys if sk == name) for name in ("ACCOUNT#MAIN", "PROFILE#MAIN")]


def test_email_user_adds_a_phone_number_and_signs_in_both_ways(client, phone_stack, create_phone):
    """One sub, one account, one profile, and the account has the number after the next sign-in."""
    user = client.create_confirmed_user()
    tokens = client.sign_in(user)
    created = client.get_profile(tokens["AccessToken"]).json()["account"]
    phone = create_phone()
    client.idp.update_user_attributes(
        AccessToken=tokens["AccessToken"],
        UserAttributes=[{"Name": "phone_number", "Value": phone.number}],
    )
    client.idp.verify_user_attribute(
        AccessToken=tokens["AccessToken"], AttributeName="phone_number", Code=phone.wait_for_code()
    )

    by_code = phone.sign_in(messages=2)

    account = client.get_profile(by_code["AccessToken"]).json()["account"]
    by_password = client.sign_in(user)
    assert (subject(by_code), subject(by_password)) == (user.sub, user.sub)
    assert (created["phone_number"], created["is_phone_verified"]) == (None, False)
    assert (account["user_id"], account["email"]) == (user.sub, user.email)
    assert (account["country_code"], account["phone_number"]) == ("1", phone.number.removeprefix("+1"))
    assert account["is_phone_verified"] is True
    assert client.get_profile(by_password["AccessToken"]).json()["account"] == account
    accounts, profiles = accounts_and_profiles(phone_stack)
    assert (accounts.count(f"USER#{user.sub}"), profiles.count(f"USER#{user.sub}")) == (1, 1)
    assert not [pk for pk in accounts if pk.removeprefix("USER#") in {phone.number, user.email}]


@pytest.mark.long
def test_phone_user_adds_an_email_address_and_a_password(client, phone_stack, create_phone_user, eventually):
    phone = create_phone_user()
    tokens = phone.sign_in()
    created = client.get_profile(tokens["AccessToken"]).json()["account"]
    address = f"{phone.number[1:]}@example.com"
    client.idp.update_user_attributes(
        AccessToken=tokens["AccessToken"], UserAttributes=[{"Name": "email", "Value": address}]
    )
    code = client.read_mailed_code(address)
    client.idp.verify_user_attribute(AccessToken=tokens["AccessToken"], AttributeName="email", Code=code)
    delivery = client.idp.forgot_password(ClientId=client.app_client_id, Username=address)
    client.idp.confirm_forgot_password(
        ClientId=client.app_client_id,
        Username=address,
        ConfirmationCode=eventually("the code", lambda: read_other_code(client, address, code)),
        Password=client.password,
    )

    by_password = client.sign_in(client.pool_user(address, phone.sub))

    account = client.get_profile(by_password["AccessToken"]).json()["account"]
    assert delivery["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    assert (subject(tokens), subject(by_password)) == (phone.sub, phone.sub)
    assert (created["email"], created["is_phone_verified"]) == (None, True)
    assert (account["user_id"], account["email"]) == (phone.sub, address)
    accounts, profiles = accounts_and_profiles(phone_stack)
    assert (accounts.count(f"USER#{phone.sub}"), profiles.count(f"USER#{phone.sub}")) == (1, 1)


def read_calls(localaws, action):
    """Return the calls in the gateway's journal, up to the one that the client made last."""
    journal = requests.get(f"{localaws.endpoint}/_localaws/journal", timeout=5).json()["entries"]
    calls = [(entry["service"], entry["action"], entry["status"], entry["notes"]) for entry in journal]
    last = max(index for index, call in enumerate(calls) if call[1] == action)
    return calls[: last + 1]


def calls_of_a_failed_sign_in(phone, localaws):
    """Start a sign-in, type two wrong codes, and return all calls to AWS with their order."""
    journal = f"{localaws.endpoint}/_localaws/journal"
    requests.delete(journal, timeout=5).raise_for_status()
    session = phone.start()
    calls = read_calls(localaws, "InitiateAuth")
    for _ in range(2):
        requests.delete(journal, timeout=5).raise_for_status()
        session = phone.answer(session, "12345")["Session"]  # too short, so never right
        calls += read_calls(localaws, "RespondToAuthChallenge")
    return calls


def test_known_and_unknown_numbers_take_the_same_calls(
    create_phone, create_phone_user, localaws, paused_sender
):
    known, unknown = create_phone_user(), create_phone()
    warm_up = create_phone_user()
    calls_of_a_failed_sign_in(warm_up, localaws)  # a function that starts makes further calls

    calls = calls_of_a_failed_sign_in(known, localaws)

    assert calls_of_a_failed_sign_in(unknown, localaws) == calls
    services = [(service, action) for service, action, _, _ in calls if service != "cognito-idp"]
    assert services == [
        *(("kms", "GenerateMac"), ("dynamodb", "GetItem")),
        *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem"), ("sqs", "SendMessage")),
        *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem")) * 2,
    ]


def test_three_runs_of_the_trigger_send_one_message_and_no_log_has_its_code(
    create_phone_user, localaws, phone_stack
):
    """Cognito runs a trigger up to three times. The log groups of all functions are read, and the codes table."""
    phone = create_phone_user()
    with repeat_trigger(localaws, phone_stack.outputs["userPoolId"], "CreateAuthChallenge", runs=3):
        session = phone.start()
    code = phone.wait_for_code()
    wrong = phone.answer(session, f"{(int(code) + 1) % 1_000_000:06}")

    tokens = phone.answer(wrong["Session"], code)["AuthenticationResult"]

    assert subject(tokens) == phone.sub
    assert len(phone.texts) == 1
    logs = phone_stack.aws("logs")
    groups = [g for page in logs.get_paginator("describe_log_groups").paginate() for g in page["logGroups"]]
    lines = [
        event["message"]
        for group in groups
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in page["events"]
    ]
    table = phone_stack.get_resource_id("aws:dynamodb/table:Table", "codes-table")
    items = [json.dumps(item) for item in phone_stack.aws("dynamodb").scan(TableName=table)["Items"]]
    assert any("code requested" in line for line in lines)
    assert any("message sent" in line for line in lines)
    assert items
    # Not within a longer word or number, such as a random ID.
    personal = re.compile(rf"(?<![\w.-]){code}(?![\w.-])|{phone.number[2:]}")
    assert [line for line in [*lines, *items] if personal.search(line)] == []


@pytest.mark.long
def test_session_and_code_cannot_be_used_again(create_phone_user):
    phone = create_phone_user()
    session = phone.start()
    code = phone.wait_for_code()
    assert phone.answer(session, code)["AuthenticationResult"]

    with pytest.raises(ClientError) as replay:
        phone.answer(session, code)
    response = phone.answer(phone.start(), code)

    assert replay.value.response["Error"]["Code"] == "NotAuthorizedException"
    assert response["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert len(phone.texts) == 1


@pytest.mark.long
def test_code_of_another_number_is_wrong(create_phone_user):
    victim, attacker = create_phone_user(), create_phone_user()
    session = victim.start()
    attacker.start()

    response = victim.answer(session, attacker.wait_for_code())

    assert response["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert victim.answer(response["Session"], victim.wait_for_code())["AuthenticationResult"]


@pytest.mark.long
def test_32_clients_at_once_get_one_message_and_one_of_them_signs_in(create_phone_user):
    phone = create_phone_user()
    with ThreadPoolExecutor(32) as pool:
        sessions = list(pool.map(lambda _: phone.start(), range(32)))
        code = phone.wait_for_code()
        responses = list(pool.map(lambda session: phone.answer(session, code), sessions))

    assert len(phone.texts) == 1
    assert sum("AuthenticationResult" in response for response in responses) == 1
