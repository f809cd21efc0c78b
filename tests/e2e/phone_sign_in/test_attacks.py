"""Attacks on the whole path: client, Cognito, functions, table, queue, messages, logs."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError
from pulumi_localaws.testing.trigger_runs import repeat_trigger

pytestmark = pytest.mark.backends("embedded")

WRONG_CODE = "12345"  # too short, so never right
SLOW_FUNCTION = {"UnexpectedLambdaException", "UserLambdaValidationException"}


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


def read_calls(localaws, action):
    """Return the calls in the gateway's journal, up to the one that the client made last."""
    journal = requests.get(f"{localaws.endpoint}/_localaws/journal", timeout=5).json()["entries"]
    calls = [(entry["service"], entry["action"], entry["status"], entry["notes"]) for entry in journal]
    last = max(index for index, call in enumerate(calls) if call[1] == action)
    return calls[: last + 1]


def calls_of_a_failed_sign_in(phone, localaws):
    """Start a sign-in, type three wrong codes, and return all calls to AWS in their order, and the error."""
    journal = f"{localaws.endpoint}/_localaws/journal"
    requests.delete(journal, timeout=5).raise_for_status()
    session = phone.start()
    calls = read_calls(localaws, "InitiateAuth")
    for _ in range(2):
        requests.delete(journal, timeout=5).raise_for_status()
        session = phone.answer(session, WRONG_CODE)["Session"]
        calls += read_calls(localaws, "RespondToAuthChallenge")
    requests.delete(journal, timeout=5).raise_for_status()
    with pytest.raises(ClientError) as refusal:
        phone.answer(session, WRONG_CODE)
    calls += read_calls(localaws, "RespondToAuthChallenge")
    return calls, refusal.value.response["Error"]


def test_known_and_unknown_numbers_take_the_same_calls(
    create_phone, create_phone_user, localaws, paused_sender
):
    known, unknown = create_phone_user(), create_phone()
    warm_up = create_phone_user()
    calls_of_a_failed_sign_in(warm_up, localaws)  # a function that starts makes further calls

    calls, error = calls_of_a_failed_sign_in(known, localaws)

    assert calls_of_a_failed_sign_in(unknown, localaws) == (calls, error)
    assert error["Code"] == "NotAuthorizedException"
    services = [(service, action) for service, action, _, _ in calls if service != "cognito-idp"]
    assert services == [
        *(("kms", "GenerateMac"), ("dynamodb", "GetItem")),
        *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem"), ("sqs", "SendMessage")),
        *(
            *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem")),
            *(("kms", "GenerateMac"), ("dynamodb", "GetItem")),
        )
        * 2,
        *(("kms", "GenerateMac"), ("dynamodb", "UpdateItem")),
    ]


def test_three_runs_of_the_trigger_send_one_message_and_no_log_has_its_code(
    create_phone_user, localaws, phone_stack, read_sub
):
    """F19: Cognito runs a trigger up to three times. All log groups and the codes table are read."""
    phone = create_phone_user()
    with repeat_trigger(localaws, phone_stack.outputs["userPoolId"], "CreateAuthChallenge", runs=3):
        session = phone.start()
    code = phone.wait_for_code()
    wrong = phone.answer(session, f"{(int(code) + 1) % 1_000_000:06}")

    tokens = phone.answer(wrong["Session"], code)["AuthenticationResult"]

    assert read_sub(tokens) == phone.sub
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
def test_32_clients_get_one_message_and_one_of_them_signs_in(create_phone_user):
    """Eight of them call at the same moment: more functions would not start within Cognito's 5 s."""
    phone = create_phone_user()

    def start(_):
        try:
            return phone.start()
        except ClientError as error:
            if error.response["Error"]["Code"] not in SLOW_FUNCTION:
                raise
            return None

    with ThreadPoolExecutor(8) as pool:
        sessions = [session for session in pool.map(start, range(32)) if session]
    code = phone.wait_for_code()
    responses = [phone.answer(session, code) for session in sessions]

    assert len(sessions) > 1
    assert len(phone.texts) == 1
    assert sum("AuthenticationResult" in response for response in responses) == 1
