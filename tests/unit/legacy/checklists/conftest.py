"""A complete stack of fake clients. Each test breaks one part of it."""

import contextlib
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from userprofiles.legacy.checklists import upload_check
from userprofiles.stack_setup.stack import Stack

sys.path.insert(0, str(Path(__file__).parent))  # for the helper module: test folders are not packages

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"
TWILIO = {"accountSid": f"AC{'0' * 32}", "apiKeySid": f"SK{'1' * 32}", "secret": "secret"}
ENVIRONMENTS = {
    "post_confirmation": {"TEMPLATE": "social", "USERS_TABLE": "users"},
    "create_auth_challenge": {"CODE_QUEUE_URL": "https://sqs/codes"},
    "text_message_sender": {
        "SMS_PROVIDER": "twilio",
        "TWILIO_SECRET_ID": "arn:aws:secretsmanager:us-east-1:000000000000:secret:twilio",
        "ALLOWED_COUNTRIES": "US,CA",
    },
}


class FakeClient:
    """A client with fixed responses. An exception as a response is raised."""

    meta = SimpleNamespace(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")

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


def get_function_configuration(*, FunctionName, Qualifier):  # noqa: N803
    assert Qualifier == "live"
    return {
        "Handler": f"userprofiles.handlers.{FunctionName}.handler",
        "Role": f"arn:aws:iam::000000000000:role/{FunctionName}",
        "Environment": {"Variables": dict(ENVIRONMENTS.get(FunctionName, {}))},
    }


class FakeBucket(FakeClient):
    """A bucket that keeps the objects of `urlopen`."""

    def __init__(self):
        super().__init__(
            {
                "get_bucket_versioning": {"Status": "Enabled"},
                "get_object": lambda *, Bucket, Key: {"Body": io.BytesIO(self.objects[Key])},  # noqa: N803
                "list_object_versions": lambda *, Bucket, Prefix: {  # noqa: N803
                    "Versions": [{"Key": key, "VersionId": "1"} for key in self.objects if key == Prefix]
                },
                "delete_object": lambda *, Bucket, Key, VersionId: self.objects.pop(Key),  # noqa: N803
            }
        )
        self.objects = {}

    def generate_presigned_url(self, name, **parameters):
        assert name == "put_object"
        return f"https://s3/{parameters['Params']['Key']}"


@pytest.fixture
def clients():
    return {
        "dynamodb": FakeClient(
            {
                "describe_continuous_backups": {
                    "ContinuousBackupsDescription": {
                        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}
                    }
                }
            }
        ),
        "cognito-idp": FakeClient(
            {
                "describe_user_pool": {
                    "UserPool": {
                        "Name": "users",
                        "LambdaConfig": {
                            "PostConfirmation": f"{FUNCTION}post_confirmation:live",
                            "DefineAuthChallenge": f"{FUNCTION}define_auth_challenge:live",
                            "CreateAuthChallenge": f"{FUNCTION}create_auth_challenge:live",
                            "VerifyAuthChallengeResponse": f"{FUNCTION}verify:live",
                        },
                        "UsernameAttributes": ["email", "phone_number"],
                        "SchemaAttributes": [{"Name": "custom:old_user_id"}],
                    }
                },
                "get_provisioned_limit": ClientError(
                    {"Error": {"Code": "AccessDenied"}}, "GetProvisionedLimit"
                ),
                "list_user_pool_clients": {"UserPoolClients": [{"ClientId": "client"}]},
                "describe_user_pool_client": {
                    "UserPoolClient": {
                        "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"],
                        "WriteAttributes": ["email", "name"],
                    }
                },
            }
        ),
        "lambda": FakeClient(
            {
                "get_function_configuration": get_function_configuration,
                "list_event_source_mappings": {
                    "EventSourceMappings": [
                        {"State": "Enabled", "FunctionArn": f"{FUNCTION}text_message_sender:live"}
                    ]
                },
            }
        ),
        "sqs": FakeClient({"get_queue_attributes": {"Attributes": {"QueueArn": "arn:aws:sqs:codes"}}}),
        "iam": FakeClient(
            {"simulate_principal_policy": {"EvaluationResults": [{"EvalDecision": "allowed"}]}}
        ),
        "secretsmanager": FakeClient({"get_secret_value": {"SecretString": json.dumps(TWILIO)}}),
        "sns": FakeClient(
            {
                "get_sms_sandbox_account_status": {"IsInSandbox": False},
                "get_sms_attributes": {"attributes": {"MonthlySpendLimit": "500"}},
            }
        ),
        "service-quotas": FakeClient(
            {
                "list_service_quotas": {
                    "Quotas": [
                        {"QuotaName": f"Rate of {name} requests", "Value": 60.0}
                        for name in ("UserCreation", "UserAccountRecovery", "UserRead", "UserUpdate")
                    ]
                }
            }
        ),
        "s3": FakeBucket(),
        "cloudwatch": FakeClient(
            {
                "get_metric_data": {
                    "MetricDataResults": [
                        {"Id": "error", "Values": [2.0, 1.0]},
                        {"Id": "feedback", "Values": [4.0]},
                    ]
                }
            }
        ),
    }


@pytest.fixture
def stack(clients):
    return Stack("us-east-1_abc123456", "client", "users", "audit", media_bucket="media", clients=clients)


@pytest.fixture
def now():
    return datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def set_environment(clients):
    """Return a function that changes an environment variable of a function."""

    def change(function, **variables):
        def respond(*, FunctionName, Qualifier):  # noqa: N803
            document = get_function_configuration(FunctionName=FunctionName, Qualifier=Qualifier)
            if FunctionName == function:
                document["Environment"]["Variables"] |= variables
            return document

        clients["lambda"].responses["get_function_configuration"] = respond

    return change


@pytest.fixture
def bucket(clients, monkeypatch):
    """The bucket that receives signed uploads."""

    def urlopen(request, timeout):
        assert request.get_method() == "PUT"
        clients["s3"].objects[request.full_url.removeprefix("https://s3/")] = request.data
        return contextlib.nullcontext()

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setattr(upload_check, "signing_client", lambda _: clients["s3"])
    return clients["s3"]
