"""Programs look up existing resources (``aws.s3.get_bucket``)."""

from typing import Any

import pytest
from engine_helpers import SECRET_PARAMETER_INPUTS, TABLE_INPUTS, Engine
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.engine.properties import decode_properties, encode_properties
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.lookups import LOOKUPS
from resource_cases.case import (
    BUCKET,
    FUNCTION,
    FUNCTION_CODE,
    GROUP,
    KEY,
    LOG_GROUP,
    LOGS_POLICY,
    PARAMETER,
    POLICY,
    QUEUE,
    ROLE,
    SECRET,
    TABLE,
    TOPIC,
    TRUST_POLICY,
    USER,
)

pytestmark = pytest.mark.backends("embedded")

NAMED_TYPES: dict[str, tuple[str, dict[str, Any], str]] = {
    "aws:cloudwatch/getEventBus:getEventBus": ("aws:cloudwatch/eventBus:EventBus", {}, "name"),
    "aws:cloudwatch/getLogGroup:getLogGroup": (LOG_GROUP, {}, "name"),
    "aws:dynamodb/getTable:getTable": (TABLE, TABLE_INPUTS, "name"),
    "aws:iam/getGroup:getGroup": (GROUP, {}, "groupName"),
    "aws:iam/getPolicy:getPolicy": (POLICY, {"policy": LOGS_POLICY}, "name"),
    "aws:iam/getRole:getRole": (ROLE, {"assumeRolePolicy": TRUST_POLICY}, "name"),
    "aws:iam/getUser:getUser": (USER, {}, "userName"),
    "aws:kms/getAlias:getAlias": ("aws:kms/alias:Alias", {}, "name"),
    "aws:s3/getBucket:getBucket": (BUCKET, {}, "bucket"),
    "aws:secretsmanager/getSecret:getSecret": (SECRET, {}, "name"),
    "aws:sns/getTopic:getTopic": (TOPIC, {}, "name"),
    "aws:sqs/getQueue:getQueue": (QUEUE, {}, "name"),
    "aws:ssm/getParameter:getParameter": (PARAMETER, SECRET_PARAMETER_INPUTS, "name"),
    "aws:lambda/getFunction:getFunction": (
        FUNCTION,
        {"handler": "app.handler", "runtime": "python3.13", "code": FUNCTION_CODE},
        "functionName",
    ),
}
"""The look-ups by a name: the type of the resource, its inputs, and the input of the look-up."""

OTHERS = {
    "aws:cognito/getUserPools:getUserPools",
    "aws:kms/getKey:getKey",
    "aws:secretsmanager/getSecretVersion:getSecretVersion",
}


def test_every_lookup_has_a_case() -> None:
    assert set(LOOKUPS) == set(NAMED_TYPES) | OTHERS


@pytest.mark.parametrize("token", sorted(NAMED_TYPES))
@pytest.mark.sample(4)
def test_lookup_returns_the_resource_with_a_name(engine: Engine, token: str) -> None:
    resource_type, inputs, name_input = NAMED_TYPES[token]
    if resource_type == FUNCTION:
        inputs = inputs | {
            "role": engine.register(ROLE, "role", {"assumeRolePolicy": TRUST_POLICY})[1]["arn"]
        }
    if token == "aws:kms/getAlias:getAlias":
        inputs = {"targetKeyId": engine.register(KEY, "key", {})[0]}
    outputs = engine.register(resource_type, "thing", inputs)[1]
    name = outputs.get("name") or outputs["bucket"]

    result = engine.invoke(token, {name_input: name})

    assert result["arn"] == outputs["arn"]
    assert result[name_input] == name
    assert result["id"]


def test_lookup_of_a_secret_value_is_secret(engine: Engine) -> None:
    secret = engine.register(SECRET, "secret", {})[0]
    inputs = {"secretId": secret, "secretString": "hunter2"}
    engine.register("aws:secretsmanager/secretVersion:SecretVersion", "version", inputs)
    request = resource_pb2.ResourceInvokeRequest(
        tok="aws:secretsmanager/getSecretVersion:getSecretVersion",
        args=encode_properties({"secretId": secret}),
    )

    values, secrets = decode_properties(getattr(engine.monitor.Invoke(request), "return"))

    assert values["secretString"] == "hunter2"
    assert secrets == {"secretString"}


def test_lookups_by_id_and_by_a_shared_name(engine: Engine) -> None:
    key_id, key = engine.register(KEY, "key", {})
    pool_id, pool = engine.register("aws:cognito/userPool:UserPool", "pool", {})

    assert engine.invoke("aws:kms/getKey:getKey", {"keyId": key_id})["arn"] == key["arn"]
    pools = engine.invoke("aws:cognito/getUserPools:getUserPools", {"name": pool["name"]})
    assert pools["ids"] == [pool_id]


def test_lookup_of_a_missing_resource_is_rejected(engine: Engine) -> None:
    with pytest.raises(DeploymentError, match=r"The invoke 'aws:s3/getBucket:getBucket': s3 head_bucket"):
        engine.invoke("aws:s3/getBucket:getBucket", {"bucket": "missing"})
    assert engine.monitor.problems == []  # the program may catch the SDK's exception


def test_lookup_after_a_problem_reports_no_consequence(engine: Engine) -> None:
    """The resource is missing because nothing is created after the first problem."""
    engine.register_rejected(QUEUE, {"delay": 1})
    request = resource_pb2.ResourceInvokeRequest(
        tok="aws:sqs/getQueue:getQueue", args=encode_properties({"name": "orders"})
    )

    assert engine.monitor.Invoke(request).unknown
    assert len(engine.monitor.problems) == 1
