"""A complete stack of fake clients. Each test breaks one part of it."""

import json

import pytest
from userprofiles.stack_setup.stack import Stack

POOL_ID = "us-east-1_abc123456"
POOL_ARN = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"


class FakeClient:
    """A client with fixed responses. An exception as a response is raised."""

    def __init__(self, responses):
        self.responses = responses
        self.calls = []

    def __getattr__(self, operation):
        def call(**parameters):
            self.calls.append((operation, parameters))
            response = self.responses[operation]
            response = response(**parameters) if callable(response) else response
            if isinstance(response, Exception):
                raise response
            return response

        return call


def describe_table(*, TableName):  # noqa: N803
    description = {
        "TableName": TableName,
        "TableArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{TableName}",
        "TableStatus": "ACTIVE",
        "KeySchema": [
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
    }
    if TableName == "users":
        description["GlobalSecondaryIndexes"] = [
            {
                "IndexName": name,
                "IndexStatus": "ACTIVE",
                "KeySchema": [
                    {"AttributeName": partition_key, "KeyType": "HASH"},
                    {"AttributeName": "listSK", "KeyType": "RANGE"},
                ],
            }
            for name, partition_key in (("list", "listPK"), ("status-list", "statusListPK"))
        ]
    return {"Table": description}


def get_function_configuration(*, FunctionName, Qualifier):  # noqa: N803
    assert Qualifier == "live"
    return {
        "Handler": f"userprofiles.handlers.{FunctionName}.handler",
        "Role": f"arn:aws:iam::000000000000:role/{FunctionName}",
        "Environment": {
            "Variables": {
                "USERS_TABLE": "users",
                "AUDIT_TABLE": "audit",
                "TEMPLATE": "marketplace",
                "SIGN_UP_ROLES": "customer,vendor",
                "OUTBOX_QUEUE_URL": "https://sqs/outbox",
            }
        },
    }


def invoke_policy(source_arn):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cognito-idp.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Condition": {"ArnLike": {"AWS:SourceArn": source_arn}},
    }
    return {"Policy": json.dumps({"Statement": [statement]})}


def get_queue_attributes(*, QueueUrl, AttributeNames):  # noqa: N803
    assert AttributeNames == ["All"]
    name = QueueUrl.rpartition("/")[2]
    return {
        "Attributes": {
            "QueueArn": f"arn:aws:sqs:us-east-1:000000000000:{name}",
            "ApproximateNumberOfMessages": "0",
            "RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 5}
            ),
        }
    }


@pytest.fixture
def clients():
    """Return the fake clients by service."""
    return {
        "dynamodb": FakeClient({"describe_table": describe_table}),
        "cognito-idp": FakeClient(
            {
                "describe_user_pool": {
                    "UserPool": {
                        "Name": "users",
                        "Arn": POOL_ARN,
                        "LambdaConfig": {
                            "PreSignUp": f"{FUNCTION}pre_sign_up:live",
                            "PostConfirmation": f"{FUNCTION}post_confirmation:live",
                        },
                        "UsernameAttributes": ["email", "phone_number"],
                        "SchemaAttributes": [
                            {"Name": "sub", "Required": True, "Mutable": False},
                            {"Name": "custom:role", "Mutable": False},
                        ],
                    }
                }
            }
        ),
        "lambda": FakeClient(
            {
                "get_function_configuration": get_function_configuration,
                "get_policy": invoke_policy(POOL_ARN),
                "list_event_source_mappings": {
                    "EventSourceMappings": [
                        {"State": "Enabled", "FunctionArn": f"{FUNCTION}outbox:live", "UUID": "1"}
                    ]
                },
            }
        ),
        "iam": FakeClient(
            {
                "simulate_principal_policy": lambda **parameters: {
                    "EvaluationResults": [
                        {"EvalActionName": name, "EvalDecision": "allowed"}
                        for name in parameters["ActionNames"]
                    ]
                }
            }
        ),
        "sqs": FakeClient(
            {
                "get_queue_attributes": get_queue_attributes,
                "get_queue_url": lambda *, QueueName: {"QueueUrl": f"https://sqs/{QueueName}"},  # noqa: N803
            }
        ),
    }


@pytest.fixture
def stack(clients):
    return Stack(POOL_ID, "client", "users", "audit", clients=clients)
