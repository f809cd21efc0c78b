"""What the cases of all services use: the class of a case, types that others depend on, and documents."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Properties = dict[str, Any]
CreateClient = Callable[[str], Any]

API = "aws:apigatewayv2/api:Api"
BUCKET = "aws:s3/bucket:Bucket"
EMAIL_IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
FUNCTION = "aws:lambda/function:Function"
GROUP = "aws:iam/group:Group"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
PARAMETER = "aws:ssm/parameter:Parameter"
PLAN = "aws:backup/plan:Plan"
POLICY = "aws:iam/policy:Policy"
QUEUE = "aws:sqs/queue:Queue"
ROLE = "aws:iam/role:Role"
SCHEDULE = "aws:scheduler/schedule:Schedule"
SECRET = "aws:secretsmanager/secret:Secret"
TABLE = "aws:dynamodb/table:Table"
TOPIC = "aws:sns/topic:Topic"
USER = "aws:iam/user:User"
USER_POOL = "aws:cognito/userPool:UserPool"

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:queue"

TRUST_POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        },
    ],
})  # fmt: skip
LOGS_POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:*:*:x"}],
})  # fmt: skip
FUNCTION_CODE: Properties = {
    "sig": "archive",
    "assets": {"app.py": {"sig": "asset", "text": "def handler(event, context):\n    return event\n"}},
}


@dataclass(frozen=True)
class Case:
    """A resource to create.

    Attributes:
        inputs: Returns its inputs, given the outputs of its dependencies by type.
        probe: Returns a true value if AWS has the resource, given a function that creates clients, the
            resource's id and its outputs. Otherwise returns a false value or raises the error of AWS.
        dependencies: The types that must be created first, in order.
        outputs: Outputs that must have a value.
    """

    inputs: Callable[[Mapping[str, Properties]], Properties]
    probe: Callable[[CreateClient, str, Properties], object]
    dependencies: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("arn",)


def build_resource_policy(action: str, resource: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                    "Action": action,
                    "Resource": resource,
                }
            ],
        }
    )
