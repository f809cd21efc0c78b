"""Requests are checked against botocore's models before they are sent."""

from typing import Any

import botocore.session
import pytest
from engine_helpers import TABLE_INPUTS, Engine
from pulumi_localaws.resources.service_model import build_sample, compile_pattern, find_violations
from resource_cases.case import (
    FUNCTION,
    FUNCTION_CODE,
    LOG_GROUP,
    PARAMETER,
    POLICY,
    ROLE,
    TABLE,
    TRUST_POLICY,
    USER_POOL,
)

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ARN = "arn:aws:iam::000000000000:role/x"
FUNCTION_INPUTS = {"role": ARN, "handler": "app.handler", "runtime": "python3.13", "code": FUNCTION_CODE}
ALARM_INPUTS = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "metricName": "Errors",
    "namespace": "AWS/Lambda",
    "period": 60,
    "statistic": "Sum",
    "threshold": 1,
}
CLIENT_INPUTS = {"userPoolId": "us-east-1_abcdefghi"}
SERVICES = (
    "apigatewayv2", "backup", "cloudwatch", "cognito-idp", "dynamodb", "events", "iam", "kms", "lambda",
    "logs", "s3", "scheduler", "secretsmanager", "sesv2", "sns", "sqs", "ssm", "stepfunctions",
)  # fmt: skip


@pytest.mark.backends("embedded")
@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (FUNCTION, FUNCTION_INPUTS | {"runtime": "python9"}, "runtime is 'python9'; allowed: dotnet"),
        (FUNCTION, FUNCTION_INPUTS | {"architectures": ["x86"]}, "architectures[0] is 'x86'; allowed: arm64"),
        (FUNCTION, FUNCTION_INPUTS | {"memorySize": 64}, "memorySize is 64; allowed: 128 to"),
        (
            FUNCTION,
            FUNCTION_INPUTS | {"handler": "a b"},
            r"handler is 'a b'; allowed: texts that match [^\s]+.",
        ),
        (FUNCTION, FUNCTION_INPUTS | {"role": "x"}, "role is 'x'; allowed: texts that match arn:"),
        (
            FUNCTION,
            FUNCTION_INPUTS | {"description": "d" * 257},
            f"description has 257 characters ('{'d' * 99}...); allowed: 0 to 256.",
        ),
        (
            FUNCTION,
            FUNCTION_INPUTS | {"environment": {"variables": {"1": "x"}}},
            "environment.variables.1 is '1'; allowed: texts that match",
        ),
        (
            FUNCTION,
            FUNCTION_INPUTS | {"ephemeralStorage": {"size": 100}},
            "ephemeralStorage.size is 100; allowed: 512 to",
        ),
        (ALARM, ALARM_INPUTS | {"comparisonOperator": "Greater"}, "comparisonOperator is 'Greater'; allowed"),
        (ALARM, ALARM_INPUTS | {"statistic": "Median"}, "statistic is 'Median'; allowed: Average"),
        (
            ALARM,
            {
                "comparisonOperator": "GreaterThanThreshold",
                "evaluationPeriods": 1,
                "metricQueries": [{"id": "e", "metric": {"metricName": "E", "period": 0, "stat": "Sum"}}],
            },
            "metricQueries[0].metric.period is 0; allowed: at least 1.",
        ),
        (PARAMETER, {"type": "Text", "value": "x"}, "type is 'Text'; allowed: SecureString, String"),
        (USER_POOL, {"passwordPolicy": {"minimumLength": 3}}, "passwordPolicy.minimumLength is 3; allowed"),
        (
            USER_POOL,
            {"autoVerifiedAttributes": ["mail"]},
            "autoVerifiedAttributes[0] is 'mail'; allowed: email",
        ),
        (USER_POOL, {"name": "a/b"}, "name is 'a/b'; allowed: texts that match"),
        (
            USER_POOL,
            {"emailVerificationMessage": "no code"},
            r"emailVerificationMessage is 'no code'; allowed: texts that match [\p{L}",
        ),
        (
            "aws:cognito/userPoolClient:UserPoolClient",
            CLIENT_INPUTS | {"callbackUrls": ["https://a.example/x y"]},
            r"callbackUrls[0] is 'https://a.example/x y'; allowed: texts that match [\p{L}",
        ),
        (
            ROLE,
            {"assumeRolePolicy": TRUST_POLICY, "tags": {"a#b": "x"}},
            r"is 'a#b'; allowed: texts that match [\p{L}",
        ),
        (
            "aws:cognito/userPoolClient:UserPoolClient",
            CLIENT_INPUTS | {"explicitAuthFlows": ["ALLOW_ALL"]},
            "explicitAuthFlows[0] is 'ALLOW_ALL'; allowed: ADMIN_NO_SRP_AUTH",
        ),
        (
            "aws:cognito/userPoolClient:UserPoolClient",
            CLIENT_INPUTS | {"tokenValidityUnits": {"idToken": "weeks"}},
            "tokenValidityUnits.idToken is 'weeks'; allowed: days, hours",
        ),
        (TABLE, TABLE_INPUTS | {"billingMode": "FREE"}, "billingMode is 'FREE'; allowed: PAY_PER_REQUEST"),
        (TABLE, TABLE_INPUTS | {"attributes": [{"name": "PK", "type": "X"}]}, "attributes[0].type is 'X'"),
        (
            ROLE,
            {"assumeRolePolicy": TRUST_POLICY, "maxSessionDuration": 60},
            "maxSessionDuration is 60; allowed",
        ),
        (ROLE, {"assumeRolePolicy": TRUST_POLICY, "name": "a b"}, "name is 'a b'; allowed: texts that match"),
        (LOG_GROUP, {"name": "a b"}, r"name is 'a b'; allowed: texts that match [\.\-_/#A-Za-z0-9]+."),
        (
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            {"bucket": "x", "rule": {"objectOwnership": "Me"}},
            "rule.objectOwnership is 'Me'; allowed: BucketOwnerEnforced",
        ),
        (
            "aws:lambda/eventSourceMapping:EventSourceMapping",
            {"functionName": "f", "eventSourceArn": "arn:aws:sqs:us-east-1:000000000000:q", "batchSize": 0},
            "batchSize is 0; allowed: 1 to 10000.",
        ),
        (
            "aws:apigatewayv2/integration:Integration",
            {"apiId": "x", "integrationType": "AWS_PROXY", "timeoutMilliseconds": 10},
            "timeoutMilliseconds is 10; allowed: 50 to 30000.",
        ),
    ],
)
def test_value_that_the_model_does_not_allow_is_rejected(
    engine: Engine, token: str, inputs: dict[str, Any], expected: str
) -> None:
    message = engine.register_rejected(token, inputs)

    assert message.startswith(f"{token} 'thing': ")
    assert expected in message


@pytest.mark.backends("embedded")
def test_all_values_of_a_request_are_reported_at_once(engine: Engine) -> None:
    message = engine.register_rejected(FUNCTION, FUNCTION_INPUTS | {"memorySize": 1, "runtime": "python9"})

    assert "memorySize is 1; allowed: 128 to" in message
    assert "runtime is 'python9'; allowed: " in message


@pytest.mark.backends("embedded")
@pytest.mark.parametrize(
    ("token", "inputs", "secret", "expected"),
    [
        (FUNCTION, FUNCTION_INPUTS | {"handler": "hunter 2"}, "handler", "handler is [secret]; allowed"),
        (FUNCTION, FUNCTION_INPUTS | {"memorySize": 42}, "memorySize", "memorySize is [secret]; allowed"),
        (
            FUNCTION,
            FUNCTION_INPUTS | {"environment": {"variables": {"hunter 2": "x"}}},
            "environment",
            "environment is [secret]; allowed",
        ),
        (
            PARAMETER,
            {"type": "String", "value": "x", "description": "hunter 2" * 1000},
            "description",
            "description has 8000 characters ([secret])",
        ),
        (POLICY, {"policy": '{"Statement": "hunter 2"}'}, "policy", "policy: Statement"),
    ],
)  # fmt: skip
def test_secret_value_is_never_shown(
    engine: Engine, token: str, inputs: dict[str, Any], secret: str, expected: str
) -> None:
    message = engine.register_rejected(token, inputs, secrets=(secret,))

    assert expected in message
    assert "hunter 2" not in message


def collect_patterns(shape: Any, patterns: dict[str, str]) -> None:
    if shape.name in patterns:
        return
    patterns[shape.name] = shape.metadata.get("pattern", "")
    for inner in (getattr(shape, "member", None), getattr(shape, "key", None), getattr(shape, "value", None)):
        if inner is not None:
            collect_patterns(inner, patterns)
    for member in getattr(shape, "members", {}).values():
        collect_patterns(member, patterns)


def collect_patterns_of_service(service: str) -> dict[str, str]:
    model = botocore.session.Session().get_service_model(service)
    patterns: dict[str, str] = {}
    for name in model.operation_names:
        if model.operation_model(name).input_shape:
            collect_patterns(model.operation_model(name).input_shape, patterns)
    return patterns


@pytest.mark.long
def test_patterns_that_python_cannot_compile_are_skipped() -> None:
    """They have Java's classes of ASCII characters, or ranges that Python does not accept."""
    skipped = {}
    for service in SERVICES:
        patterns = collect_patterns_of_service(service)
        names = {name for name, pattern in patterns.items() if pattern and compile_pattern(pattern) is None}
        skipped |= {service: names} if names else {}

    assert skipped == {
        "dynamodb": {"AutoScalingPolicyName", "AutoScalingRoleArn"},
        "logs": {"ResourceType"},
        "ssm": {"CloudConnectorIamRoleArn"},
        "stepfunctions": {"TraceHeader"},
    }


@pytest.mark.parametrize(
    ("category", "members", "others"),
    [
        ("L", "aZ\u00e4\u65e5", "1 -"),
        ("M", "\u0301", "a1"),
        ("N", "0\u0664", "a-"),
        ("P", "-!\u2014", "a1+"),
        ("S", "+$\u20ac", "a1-"),
        ("Z", " \u00a0", "a\t"),
    ],
)
def test_unicode_category_is_translated(category: str, members: str, others: str) -> None:
    pattern = compile_pattern(rf"[\p{{{category}}}]")
    assert pattern is not None

    matches = [character for character in members + others if pattern.fullmatch(character)]

    assert matches == list(members)


def test_pattern_is_not_applied_to_characters_outside_the_basic_multilingual_plane() -> None:
    """The pattern has surrogates for them, which Python does not match with the character."""
    model = botocore.session.Session().get_service_model("iam")
    shape = model.operation_model("CreateRole").input_shape

    assert list(find_violations(shape, {"Description": "a role \U0001f600"})) == []
    assert len(list(find_violations(shape, {"Description": "a role \x00"}))) == 1


def test_sample_response_has_all_members() -> None:
    """A request that is only checked gets a sample response."""
    model = botocore.session.Session().get_service_model("iam")

    sample = build_sample(model.operation_model("CreateRole").output_shape, "x")

    assert sample["Role"]["Arn"] == "x"
    assert sample["Role"]["CreateDate"].isoformat().startswith("1970")
    assert build_sample(model.operation_model("DeleteRole").output_shape, "x") == {}
