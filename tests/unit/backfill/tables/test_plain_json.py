"""Tests of the client that sends typed JSON as it is. Its requests are answered before they are sent."""

import json

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from userprofiles.backfill.tables.plain_json import use_plain_json

VALUES = {
    "PK": {"S": 'Zoë \u2028 "quoted"'},
    "number": {"N": "12345678901234567890.5"},
    "list": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"a": {"SS": ["x", "y"]}}}]},
}


class Raw:
    """The body of a response."""

    def __init__(self, body):
        self._body = body

    def stream(self, **_):
        yield self._body


@pytest.fixture
def create_client():
    def create(*answers, change=use_plain_json):
        client = botocore.session.Session().create_client(
            "dynamodb",
            region_name="eu-west-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 2}),
        )
        requests, waiting = [], list(answers)

        def answer(request, **_):
            requests.append(request)
            status, body = waiting.pop(0)
            text = body if isinstance(body, str) else json.dumps(body)
            return AWSResponse(request.url, status, {}, Raw(text.encode()))

        client.meta.events.register("before-send.dynamodb", answer)
        return change(client), requests

    return create


CALLS = [
    ("scan", {"TableName": "users", "Limit": 5}, {"Items": [VALUES], "Count": 1, "LastEvaluatedKey": VALUES}),
    (
        "batch_get_item",
        {"RequestItems": {"users": {"Keys": [VALUES]}}},
        {"Responses": {"users": [VALUES]}, "UnprocessedKeys": {}},
    ),
    (
        "batch_execute_statement",
        {"Statements": [{"Statement": "INSERT", "Parameters": [VALUES["PK"], VALUES["list"]]}]},
        {
            "Responses": [{"TableName": "users"}, {"Error": {"Code": "DuplicateItem"}}],
            "ConsumedCapacity": [{"TableName": "users", "CapacityUnits": 1.5}],
        },
    ),
    ("get_item", {"TableName": "users", "Key": VALUES}, {"Item": VALUES}),
    ("put_item", {"TableName": "users", "Item": VALUES}, {}),
]


@pytest.mark.parametrize(("method", "parameters", "answer"), CALLS, ids=[call[0] for call in CALLS])
def test_request_and_response_are_those_of_botocore(create_client, method, parameters, answer):
    plain, plain_requests = create_client((200, answer))
    usual, usual_requests = create_client((200, answer), change=lambda client: client)

    response = getattr(plain, method)(**parameters)
    usual_response = getattr(usual, method)(**parameters)

    [request], [usual_request] = plain_requests, usual_requests
    assert json.loads(request.body) == json.loads(usual_request.body) == parameters
    assert request.url == usual_request.url
    for name in ("X-Amz-Target", "Content-Type"):
        assert request.headers[name] == usual_request.headers[name]
    assert response == usual_response


def test_binary_value_is_sent_as_base64(create_client):
    client, requests = create_client((200, {}))
    client.put_item(TableName="users", Item={"PK": {"B": b"\x00\xff"}})

    assert json.loads(requests[0].body)["Item"] == {"PK": {"B": "AP8="}}


def test_error_is_raised_as_usual(create_client):
    client, _ = create_client((400, {"__type": "com.amazonaws#ValidationException", "message": "too large"}))

    with pytest.raises(ClientError) as raised:
        client.get_item(TableName="users", Key=VALUES)

    assert raised.value.response["Error"] == {"Code": "ValidationException", "Message": "too large"}


def test_retry_sends_the_same_body(create_client):
    client, requests = create_client((500, {}), (200, {"Item": VALUES}))

    response = client.get_item(TableName="users", Key=VALUES)

    assert response["ResponseMetadata"]["RetryAttempts"] == 1
    assert requests[0].body == requests[1].body


def test_page_of_another_server_has_no_item(create_client):
    client, _ = create_client((200, "<html></html>"))

    assert "Item" not in client.get_item(TableName="users", Key=VALUES)


def test_other_operations_are_unchanged(create_client):
    client, requests = create_client((200, {"Table": {"CreationDateTime": 1.5}}))

    assert client.describe_table(TableName="users")["Table"]["CreationDateTime"].year == 1970
    assert json.loads(requests[0].body) == {"TableName": "users"}
