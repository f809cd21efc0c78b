"""The engine rejects what it does not support, with a message that names it, before the first call."""

from typing import Any

import pytest
from engine_helpers import TABLE_INPUTS, Engine
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.errors import DeploymentError
from resource_cases.case import LOGS_POLICY, POLICY, QUEUE, ROLE, TABLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")


def test_unknown_type_is_rejected_with_the_types_of_its_service(engine: Engine) -> None:
    message = engine.register_rejected("aws:dynamodb/globalTable:GlobalTable", {})

    assert "aws:dynamodb/globalTable:GlobalTable 'thing': this type is not supported" in message
    assert TABLE in message


def test_type_of_an_unknown_service_is_rejected_with_the_supported_services(engine: Engine) -> None:
    message = engine.register_rejected("aws:ec2/vpc:Vpc", {})

    assert "Supported services: aws:apigatewayv2, aws:appsync, aws:backup, aws:cloudwatch" in message


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (QUEUE, {"delay": 1}, "delay is not supported by the local deployment. Supported: contentBased"),
        (TABLE, {**TABLE_INPUTS, "ttl": {"attribute": "x"}}, "ttl.attribute is not supported"),
        (
            TABLE,
            {**TABLE_INPUTS, "attributes": [{"name": "PK", "kind": "S"}]},
            "attributes[0].kind is not supported",
        ),
        (TABLE, {**TABLE_INPUTS, "replicas": [{"regionName": "eu-west-1"}]}, "replicas is not supported"),
        (QUEUE, {"delaySeconds": "soon"}, "delaySeconds must be a whole number, not 'soon'"),
        (QUEUE, {"delaySeconds": 1.5}, "delaySeconds must be a whole number, not 1.5"),
        (QUEUE, {"fifoQueue": "maybe"}, "fifoQueue must be true or false, not 'maybe'"),
        (QUEUE, {"tags": ["x"]}, "tags must be a mapping, not ['x']"),
        (TABLE, {**TABLE_INPUTS, "hashKey": "SK"}, "attributes: SK is a key, but not defined here"),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy: the text is not valid JSON"),
        (ROLE, {"assumeRolePolicy": LOGS_POLICY}, "assumeRolePolicy: Statement[0]: Principal is missing"),
        (
            ROLE,
            {"assumeRolePolicy": TRUST_POLICY.replace("sts:AssumeRole", "s3:GetObject")},
            "assumeRolePolicy: Statement[0]: Action 's3:GetObject' is not allowed in a trust policy",
        ),
        (
            ROLE,
            {"assumeRolePolicy": TRUST_POLICY.replace("Allow", "allow")},
            "Effect is 'allow'; allowed: Allow, Deny",
        ),
        (
            POLICY,
            {"policy": TRUST_POLICY},
            "policy: Statement[0]: a policy of a role or user must not have Principal",
        ),
        (
            POLICY,
            {"policy": LOGS_POLICY.replace("arn:aws:logs:*:*:x", "x")},
            "Resource 'x' must be an ARN or *",
        ),
        (
            "aws:apigatewayv2/api:Api",
            {"protocolType": "WEBSOCKET"},
            "protocolType is 'WEBSOCKET'; allowed: HTTP",
        ),
        (
            "aws:lambda/function:Function",
            {"role": "r", "packageType": "Image", "imageUri": "x"},
            "imageUri is not supported",
        ),
        (
            "aws:cognito/userPool:UserPool",
            {"mfaConfiguration": "OPTIONAL"},
            "mfaConfiguration is 'OPTIONAL', but no factor is configured",
        ),
    ],
)
def test_invalid_input_is_rejected_before_the_first_call(
    engine: Engine, token: str, inputs: dict[str, Any], expected: str
) -> None:
    message = engine.register_rejected(token, inputs)

    assert message.startswith(f"{token} 'thing': ")
    assert expected in message
    assert engine.undo_log.list_resources() == []


def test_missing_archive_is_reported_with_its_path(engine: Engine) -> None:
    inputs = {
        "role": "arn:aws:iam::000000000000:role/x",
        "handler": "a.b",
        "runtime": "python3.13",
        "code": {"sig": "archive", "path": "missing.zip"},
    }

    message = engine.register_rejected("aws:lambda/function:Function", inputs)

    assert "code: the file or folder 'missing.zip' does not exist" in message


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"importId": "x"}, "the option import_ (x) is not supported"),
        ({"remote": True}, "need the Pulumi CLI"),
        ({"hooks": {"before_create": ["h"]}}, "the option hooks is not supported"),
        ({"envVarMappings": {"A": "B"}}, "the option env_var_mappings is not supported"),
    ],
)
def test_unsupported_option_is_rejected(engine: Engine, options: dict[str, Any], expected: str) -> None:
    if "hooks" in options:
        options = {"hooks": resource_pb2.RegisterResourceRequest.ResourceHooksBinding(**options["hooks"])}

    assert expected in engine.register_rejected(QUEUE, {}, **options)


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (
            "aws:ec2/getAmi:getAmi",
            {},
            "invoke aws:ec2/getAmi:getAmi is not supported by the local deployment",
        ),
        ("aws:iam/getPolicyDocument:getPolicyDocument", {"statement": []}, "statement is not supported"),
    ],
)
def test_unsupported_invoke_is_rejected(
    engine: Engine, token: str, inputs: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DeploymentError, match=expected):
        engine.invoke(token, inputs)


def test_nothing_is_created_after_a_failure(engine: Engine) -> None:
    engine.register_rejected(QUEUE, {"delay": 1})

    assert engine.register(QUEUE, "second", {"name": "second"}) == ("", {})
    assert engine.undo_log.list_resources() == []
    queues = engine.clients.get("sqs", "us-east-1").list_queues(QueueNamePrefix="second")
    assert queues.get("QueueUrls", []) == []


def test_second_resource_with_the_same_type_and_name_is_rejected(engine: Engine) -> None:
    engine.register(QUEUE, "thing", {})

    assert "another resource has the same type and name" in engine.register_rejected(QUEUE, {})
