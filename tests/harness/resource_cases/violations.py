"""Configurations that AWS rejects by rules that no service model contains, and the engine's messages."""

import json
from typing import Any

from engine_helpers import TABLE_INPUTS

from resource_cases.case import (
    BUCKET,
    FUNCTION,
    FUNCTION_CODE,
    KEY,
    LOG_GROUP,
    MAPPING,
    PARAMETER,
    POLICY,
    QUEUE,
    QUEUE_ARN,
    ROLE,
    SECRET,
    TABLE,
    TOPIC,
    TRUST_POLICY,
    USER_POOL,
)

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
ROUTE = "aws:apigatewayv2/route:Route"
STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
FUNCTION_INPUTS = {
    "role": "arn:aws:iam::000000000000:role/x",
    "handler": "app.handler",
    "runtime": "python3.13",
    "code": FUNCTION_CODE,
}
CLIENT_INPUTS = {"userPoolId": "us-east-1_abcdefghi"}
ALARM_INPUTS = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "metricName": "Errors",
    "namespace": "AWS/Lambda",
    "period": 60,
    "statistic": "Sum",
    "threshold": 1,
}
LONG_POLICY = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::x"] * 700}]}
)
HALF_POLICY = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::x"] * 304}]}
)
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})


def build_long_policy(statements: int, resources: int) -> str:
    """Return a valid policy of a queue or bucket, with copies of a statement and of a resource."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "000000000000"},
        "Action": "s3:GetObject",
        "Resource": ["arn:aws:s3:::x"] * resources,
    }
    return json.dumps({"Statement": [statement] * statements})


VIOLATIONS: list[tuple[str, dict[str, Any], str]] = [
    (FUNCTION, FUNCTION_INPUTS | {"timeout": 901}, "timeout is 901; allowed: 1 to 900"),
    (FUNCTION, FUNCTION_INPUTS | {"name": "f" * 65}, "name has 65 characters"),
    (
        FUNCTION,
        FUNCTION_INPUTS | {"environment": {"variables": {"AWS_REGION": "eu-west-1"}}},
        "environment.variables contains AWS_REGION, which Lambda sets itself",
    ),
    (
        FUNCTION,
        FUNCTION_INPUTS | {"environment": {"variables": {"NAME": "x" * 4093}}},
        "environment.variables has 4097 bytes; allowed: at most 4096",
    ),
    (FUNCTION, FUNCTION_INPUTS | {"runtime": "python3.6"}, "AWS creates no functions with it any more"),
    (
        MAPPING,
        {"functionName": "f", "eventSourceArn": QUEUE_ARN, "batchSize": 11},
        "batchSize is 11, but maximumBatchingWindowInSeconds is not set",
    ),
    (
        MAPPING,
        {"functionName": "f", "eventSourceArn": f"{QUEUE_ARN}.fifo", "batchSize": 11},
        "batchSize is 11; allowed for a FIFO queue: 1 to 10",
    ),
    (
        MAPPING,
        {"functionName": "f", "eventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/x"},
        "startingPosition is missing",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"accessTokenValidity": 25},
        "accessTokenValidity is 25 hours; allowed: 5 minutes",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"idTokenValidity": 4, "tokenValidityUnits": {"idToken": "minutes"}},
        "idTokenValidity is 4 minutes; allowed: 5 minutes to 1 day",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"refreshTokenValidity": 3651},
        "refreshTokenValidity is 3651 days; allowed: 60 minutes to 10 years",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]},
        "explicitAuthFlows mixes USER_PASSWORD_AUTH with ALLOW_ flows",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"allowedOauthFlows": ["code"], "allowedOauthFlowsUserPoolClient": True},
        "callbackUrls is missing",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"callbackUrls": ["http://example.com"]},
        "http:// is allowed for localhost only",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"callbackUrls": ["https://a.example"], "defaultRedirectUri": "https://b.example"},
        "defaultRedirectUri is 'https://b.example'; it must be one of callbackUrls",
    ),
    (
        USER_POOL,
        {"adminCreateUserConfig": {"inviteMessageTemplate": {"emailMessage": "hello {####}"}}},
        "inviteMessageTemplate.emailMessage must contain {username}",
    ),
    (
        USER_POOL,
        {"schemas": [{"name": "shoe", "attributeDataType": "String", "required": True}]},
        "schemas[0].required is true for the custom attribute 'shoe'",
    ),
    (USER_POOL, {"emailConfiguration": {"emailSendingAccount": "DEVELOPER"}}, "sourceArn is missing"),
    (QUEUE, {"delaySeconds": 901}, "delaySeconds is 901; allowed: 0 to 900"),
    (QUEUE, {"visibilityTimeoutSeconds": 43201}, "visibilityTimeoutSeconds is 43201; allowed: 0 to 43200"),
    (QUEUE, {"messageRetentionSeconds": 59}, "messageRetentionSeconds is 59; allowed: 60 to 1209600"),
    (QUEUE, {"receiveWaitTimeSeconds": 21}, "receiveWaitTimeSeconds is 21; allowed: 0 to 20"),
    (QUEUE, {"maxMessageSize": 1}, "maxMessageSize is 1; allowed: 1024 to 1048576"),
    (QUEUE, {"kmsDataKeyReusePeriodSeconds": 1}, "kmsDataKeyReusePeriodSeconds is 1; allowed: 60 to 86400"),
    (QUEUE, {"name": "a b"}, "name is 'a b'; it must have 1 to 80 letters"),
    (
        QUEUE,
        {"redrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE_ARN, "maxReceiveCount": 0})},
        "redrivePolicy.maxReceiveCount is '0'; allowed: 1 to 1000",
    ),
    (
        "aws:sqs/redrivePolicy:RedrivePolicy",
        {"queueUrl": "x", "redrivePolicy": json.dumps({"maxReceiveCount": 3})},
        "redrivePolicy.deadLetterTargetArn is missing",
    ),
    (
        QUEUE,
        {"redriveAllowPolicy": json.dumps({"redrivePermission": "all"})},
        "redriveAllowPolicy.redrivePermission is 'all'; allowed: allowAll, byQueue, denyAll",
    ),
    (
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        {"queueUrl": "x", "redriveAllowPolicy": json.dumps({"sourceQueueArns": [QUEUE_ARN]})},
        "sourceQueueArns is set. It is allowed only if redrivePermission is byQueue",
    ),
    (
        QUEUE,
        {
            "redriveAllowPolicy": json.dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [QUEUE_ARN] * 11}
            )
        },
        "redriveAllowPolicy.sourceQueueArns has 11 items; allowed: at most 10",
    ),
    (QUEUE, {"deduplicationScope": "all"}, "deduplicationScope is 'all'; allowed: messageGroup, queue"),
    (QUEUE, {"fifoThroughputLimit": "no"}, "fifoThroughputLimit is 'no'; allowed: perMessageGroupId"),
    (
        QUEUE,
        {"fifoQueue": True, "fifoThroughputLimit": "perMessageGroupId", "deduplicationScope": "queue"},
        "deduplicationScope is not messageGroup",
    ),
    (QUEUE, {"policy": build_long_policy(21, 1)}, "policy has 21 statements; allowed: at most 20"),
    (
        "aws:sqs/queuePolicy:QueuePolicy",
        {"queueUrl": "x", "policy": build_long_policy(1, 700)},
        "allowed: at most 8192",
    ),
    (TOPIC, {"name": "a b"}, "name is 'a b'; it must have 1 to 256 letters"),
    (
        "aws:sns/topicSubscription:TopicSubscription",
        {"topic": "x", "protocol": "pigeon", "endpoint": "x"},
        "protocol is 'pigeon'; allowed: application, email",
    ),
    (ALARM, ALARM_INPUTS | {"period": 45}, "period is 45; allowed: 10, 20, 30, or a multiple of 60"),
    (
        ALARM,
        ALARM_INPUTS | {"period": 300, "evaluationPeriods": 289},
        "period times evaluationPeriods is 86700 s",
    ),
    (
        ALARM,
        {"metricQueries": [{"id": "e", "metric": {"metricName": "E", "period": 45, "stat": "Sum"}}]},
        "metricQueries[0].metric.period is 45; allowed: 1, 5, 10, 20, 30",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"allowedOauthFlows": ["client_credentials", "code"]},
        "allowedOauthFlows mixes client_credentials with another flow",
    ),
    (
        CLIENT,
        CLIENT_INPUTS | {"allowedOauthFlows": ["client_credentials"]},
        "client_credentials, which needs a secret",
    ),
    (
        ALARM,
        ALARM_INPUTS | {"metricQueries": [{"id": "e", "expression": "1"}]},
        "metricQueries and metricName, namespace, period, statistic are both set",
    ),
    (ALARM, ALARM_INPUTS | {"datapointsToAlarm": 2}, "datapointsToAlarm is 2; allowed: at most"),
    (ALARM, ALARM_INPUTS | {"extendedStatistic": "p99"}, "statistic and extendedStatistic are both set"),
    (ALARM, ALARM_INPUTS | {"treatMissingData": "ok"}, "treatMissingData is 'ok'; allowed: breaching"),
    (LOG_GROUP, {"retentionInDays": 2}, "retentionInDays is 2; allowed: 0, 1, 3, 5"),
    (
        TABLE,
        TABLE_INPUTS | {"localSecondaryIndexes": [{"name": "i", "rangeKey": "PK", "projectionType": "ALL"}]},
        "rangeKey is missing. A table with local secondary indexes needs a sort key",
    ),
    (BUCKET, {"bucket": "My_Bucket"}, "bucket is 'My_Bucket'; it must have 3 to 63 lower-case letters"),
    ("aws:s3/bucketV2:BucketV2", {"bucket": "10.0.0.1"}, "bucket is '10.0.0.1'; it must have"),
    (BUCKET, {"policy": build_long_policy(1, 1500)}, "allowed: at most 20480"),
    ("aws:s3/bucketV2:BucketV2", {"policy": build_long_policy(1, 1500)}, "allowed: at most 20480"),
    (
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": "x", "policy": build_long_policy(1, 1500)},
        "allowed: at most 20480",
    ),
    (
        PARAMETER,
        {"type": "String", "value": "x" * 4097},
        "value has 4097 bytes; allowed in the tier Standard",
    ),
    (PARAMETER, {"type": "String", "value": "x", "name": "/aws/x"}, "it must not begin with aws or ssm"),
    (SECRET, {"recoveryWindowInDays": 3}, "recoveryWindowInDays is 3; allowed: 0, or 7 to 30"),
    (KEY, {"deletionWindowInDays": 1}, "deletionWindowInDays is 1; allowed: 7 to 30"),
    (POLICY, {"policy": LONG_POLICY}, "characters without white space; allowed: at most 6144"),
    (
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "x", "policy": LONG_POLICY},
        "characters without white space; allowed: at most 10240",
    ),
    (
        ROLE,
        {
            "assumeRolePolicy": TRUST_POLICY,
            "inlinePolicies": [
                {"name": "a", "policy": HALF_POLICY},
                {"name": "b", "policy": HALF_POLICY},
            ],
        },
        "inlinePolicies has 10478 characters without white space; allowed: at most 10240",
    ),
    (
        AUTHORIZER,
        {
            "apiId": "x",
            "authorizerType": "JWT",
            "jwtConfiguration": {"issuer": "https://issuer.example"},
            "identitySources": ["$request.header.A", "$request.header.B"],
        },
        "identitySources has 2 items; allowed for a JWT authorizer: one",
    ),
    (ROUTE, {"apiId": "x", "routeKey": "get /me"}, "routeKey is 'get /me'; it must have the form"),
    (
        ROUTE,
        {"apiId": "x", "routeKey": "GET /me", "authorizationType": "JWT"},
        "authorizerId is missing. It is required if authorizationType is JWT",
    ),
    (AUTHORIZER, {"apiId": "x", "authorizerType": "JWT"}, "jwtConfiguration.issuer is missing"),
    (
        INTEGRATION,
        {"apiId": "x", "integrationType": "AWS_PROXY", "payloadFormatVersion": "3.0"},
        "payloadFormatVersion is '3.0'; allowed: 1.0, 2.0",
    ),
    (
        STATE_MACHINE,
        {"roleArn": "arn:aws:iam::000000000000:role/x", "definition": DEFINITION},
        "definition: A.Next is 'B', which is not a state",
    ),
]
