"""The look-ups of existing resources (``aws.s3.get_bucket``) that a program can call."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.resources.catalog import find_readable_type
from pulumi_localaws.resources.input_schema import BOOL, STR, TAGS, InputSchema, ObjectOf, validate
from pulumi_localaws.resources.resource_type import Properties, ResourceContext, ResourceResult


@dataclass(frozen=True)
class Lookup:
    """A supported look-up.

    Attributes:
        inputs: The schema of its inputs.
        read: Returns the id and the outputs of the resource.
        secrets: The names of the secret outputs.
    """

    inputs: ObjectOf
    read: Callable[[ResourceContext, Properties], ResourceResult]
    secrets: tuple[str, ...] = ()


def look_up(lookup: Lookup, ctx: ResourceContext, inputs: Properties) -> Properties:
    """Return the result of a look-up: the inputs, the id, the region and the outputs.

    Raises:
        DeploymentError: The resource does not exist; the message names the look-up.
        InputError: An input is not supported.
    """
    validated = validate(inputs, lookup.inputs)
    result = lookup.read(ctx, validated)
    return {**validated, **result.outputs, "id": result.id, "region": ctx.region}


def _read_with_type(
    token: str, input_name: str, renamed_outputs: dict[str, str] | None = None
) -> Callable[[ResourceContext, Properties], ResourceResult]:
    """Return a function that reads a resource as ``.get()`` does.

    Args:
        token: The Pulumi type of the resource.
        input_name: The input that holds the resource's id.
        renamed_outputs: The names of outputs that the look-up has other names for.
    """
    _, read = find_readable_type(token, token)
    names = renamed_outputs or {}

    def run(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
        result = read(ctx, inputs[input_name])
        return ResourceResult(
            result.id, {names.get(name, name): value for name, value in result.outputs.items()}
        )

    return run


def _read_queue(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    url = ctx.to_local_url(ctx.call("sqs", "get_queue_url", QueueName=inputs["name"])["QueueUrl"])
    return ResourceResult(url, {"url": url, "arn": ctx.build_arn("sqs", inputs["name"])})


def _read_topic(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    arn = ctx.build_arn("sns", inputs["name"])
    ctx.call("sns", "get_topic_attributes", TopicArn=arn)
    return ResourceResult(arn, {"arn": arn})


def _read_policy(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    arn = inputs.get("arn")
    if arn is None:
        policies = [
            policy
            for scope in ("Local", "AWS")
            for policy in ctx.call("iam", "list_policies", Scope=scope)["Policies"]
        ]
        arn = _find_by_name(ctx, policies, "PolicyName", inputs.get("name"))["Arn"]
    policy = ctx.call("iam", "get_policy", PolicyArn=arn)["Policy"]
    version = ctx.call("iam", "get_policy_version", PolicyArn=arn, VersionId=policy["DefaultVersionId"])
    document = version["PolicyVersion"]["Document"]
    outputs = {
        "arn": arn,
        "name": policy["PolicyName"],
        "policyId": policy["PolicyId"],
        "path": policy["Path"],
        "description": policy.get("Description", ""),
        "policy": document if isinstance(document, str) else json.dumps(document),
    }
    return ResourceResult(arn, outputs)


def _read_group(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    group = ctx.call("iam", "get_group", GroupName=inputs["groupName"])["Group"]
    outputs = {"arn": group["Arn"], "groupId": group["GroupId"], "path": group["Path"]}
    return ResourceResult(group["GroupId"], outputs)


def _read_secret(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    secret = ctx.call("secretsmanager", "describe_secret", SecretId=inputs.get("arn") or inputs.get("name"))
    outputs = {
        "arn": secret["ARN"],
        "name": secret["Name"],
        "description": secret.get("Description", ""),
        "kmsKeyId": secret.get("KmsKeyId", ""),
    }
    return ResourceResult(secret["ARN"], outputs)


def _read_secret_version(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    version = ctx.call(
        "secretsmanager",
        "get_secret_value",
        SecretId=inputs["secretId"],
        VersionId=inputs.get("versionId"),
        VersionStage=inputs.get("versionStage"),
    )
    outputs = {
        "arn": version["ARN"],
        "secretString": version.get("SecretString", ""),
        "versionId": version["VersionId"],
        "versionStages": version.get("VersionStages", []),
    }
    return ResourceResult(f"{inputs['secretId']}|{inputs.get('versionStage', 'AWSCURRENT')}", outputs)


def _read_key(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    key = ctx.call("kms", "describe_key", KeyId=inputs["keyId"])["KeyMetadata"]
    outputs = {
        "arn": key["Arn"],
        "description": key.get("Description", ""),
        "enabled": key["Enabled"],
        "keyState": key["KeyState"],
        "keyUsage": key["KeyUsage"],
    }
    return ResourceResult(key["KeyId"], outputs)


def _read_alias(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    aliases = ctx.call("kms", "list_aliases")["Aliases"]
    alias = _find_by_name(ctx, aliases, "AliasName", inputs["name"])
    key_id = alias.get("TargetKeyId", "")
    outputs = {
        "arn": alias["AliasArn"],
        "targetKeyId": key_id,
        "targetKeyArn": ctx.build_arn("kms", f"key/{key_id}"),
    }
    return ResourceResult(alias["AliasArn"], outputs)


def _read_event_bus(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    bus = ctx.call("events", "describe_event_bus", Name=inputs["name"])
    return ResourceResult(bus["Name"], {"arn": bus["Arn"], "description": bus.get("Description", "")})


def _read_user_pools(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    pools = ctx.call("cognito-idp", "list_user_pools", MaxResults=60)["UserPools"]
    ids = [pool["Id"] for pool in pools if pool["Name"] == inputs["name"]]
    arns = [ctx.build_arn("cognito-idp", f"userpool/{pool_id}") for pool_id in ids]
    return ResourceResult(inputs["name"], {"ids": ids, "arns": arns})


def _find_by_name(ctx: ResourceContext, items: list[Any], key: str, name: str | None) -> Any:
    """Return the item with a name.

    Raises:
        DeploymentError: No item has the name.
    """
    for item in items:
        if item[key] == name:
            return item
    raise ctx.build_error(f"{name!r} does not exist. Create it before the look-up.")


def _define(
    inputs: dict[str, InputSchema],
    read: Callable[[ResourceContext, Properties], ResourceResult],
    secrets: tuple[str, ...] = (),
) -> Lookup:
    return Lookup(ObjectOf({**inputs, "region": STR, "tags": TAGS}), read, secrets)


LOOKUPS: dict[str, Lookup] = {
    "aws:cloudwatch/getEventBus:getEventBus": _define({"name": STR}, _read_event_bus),
    "aws:cloudwatch/getLogGroup:getLogGroup": _define(
        {"name": STR}, _read_with_type("aws:cloudwatch/logGroup:LogGroup", "name")
    ),
    "aws:cognito/getUserPools:getUserPools": _define({"name": STR}, _read_user_pools),
    "aws:dynamodb/getTable:getTable": _define(
        {"name": STR}, _read_with_type("aws:dynamodb/table:Table", "name")
    ),
    "aws:iam/getGroup:getGroup": _define({"groupName": STR}, _read_group),
    "aws:iam/getPolicy:getPolicy": _define({"arn": STR, "name": STR, "pathPrefix": STR}, _read_policy),
    "aws:iam/getRole:getRole": _define({"name": STR}, _read_with_type("aws:iam/role:Role", "name")),
    "aws:iam/getUser:getUser": _define(
        {"userName": STR},
        _read_with_type("aws:iam/user:User", "userName", {"name": "userName", "uniqueId": "userId"}),
    ),
    "aws:kms/getAlias:getAlias": _define({"name": STR}, _read_alias),
    "aws:kms/getKey:getKey": _define({"keyId": STR}, _read_key),
    "aws:lambda/getFunction:getFunction": _define(
        {"functionName": STR},
        _read_with_type("aws:lambda/function:Function", "functionName", {"name": "functionName"}),
    ),
    "aws:s3/getBucket:getBucket": _define({"bucket": STR}, _read_with_type("aws:s3/bucket:Bucket", "bucket")),
    "aws:secretsmanager/getSecret:getSecret": _define({"arn": STR, "name": STR}, _read_secret),
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _define(
        {"secretId": STR, "versionId": STR, "versionStage": STR}, _read_secret_version, ("secretString",)
    ),
    "aws:sns/getTopic:getTopic": _define({"name": STR}, _read_topic),
    "aws:sqs/getQueue:getQueue": _define({"name": STR}, _read_queue),
    "aws:ssm/getParameter:getParameter": _define(
        {"name": STR, "withDecryption": BOOL},
        _read_with_type("aws:ssm/parameter:Parameter", "name"),
        ("value",),
    ),
}
"""The look-ups by their Pulumi tokens."""
