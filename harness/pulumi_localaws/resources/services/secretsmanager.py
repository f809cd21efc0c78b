"""Secrets Manager: secrets and their versions."""

import base64

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STR_LIST
from pulumi_localaws.resources.policy_checks import check_resource_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _create_secret(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    arn = ctx.call(
        "secretsmanager",
        "create_secret",
        Name=inputs["name"],
        Description=inputs.get("description"),
        KmsKeyId=inputs.get("kmsKeyId"),
        ForceOverwriteReplicaSecret=inputs.get("forceOverwriteReplicaSecret"),
        Tags=ctx.build_tag_list(),
    )["ARN"]
    # With a recovery window the name could not be used again. A local secret needs no recovery.
    ctx.record_undo("secretsmanager", "delete_secret", SecretId=arn, ForceDeleteWithoutRecovery=True)
    if inputs.get("policy"):
        ctx.call("secretsmanager", "put_resource_policy", SecretId=arn, ResourcePolicy=inputs["policy"])
    return ResourceResult(arn, {"arn": arn, "policy": inputs.get("policy", "")})


def _create_version(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    binary = base64.b64decode(inputs["secretBinary"]) if inputs.get("secretBinary") else None
    version = ctx.call(
        "secretsmanager",
        "put_secret_value",
        SecretId=inputs["secretId"],
        SecretBinary=binary,
        SecretString=inputs.get("secretString"),
        VersionStages=inputs.get("versionStages"),
    )
    # AWS cannot delete a single version: it is deleted with its secret.
    outputs = {
        "arn": version["ARN"],
        "secretArn": version["ARN"],
        "versionId": version["VersionId"],
        "versionStages": version.get("VersionStages", ["AWSCURRENT"]),
    }
    return ResourceResult(f"{version['ARN']}|{version['VersionId']}", outputs)


RESOURCE_TYPES = (
    define_resource_type(
        "aws:secretsmanager/secret:Secret",
        {
            "name": STR,
            "description": STR,
            "forceOverwriteReplicaSecret": BOOL,
            "kmsKeyId": STR,
            "policy": STR,
            "recoveryWindowInDays": INT,
        },
        create=_create_secret,
        outputs=("arn",),
        naming=AutoNaming("name", 512, prefix_property="namePrefix"),
        tags=True,
        check=build_property_check("policy", check_resource_policy),
    ),
    define_resource_type(
        "aws:secretsmanager/secretVersion:SecretVersion",
        {"secretId": STR, "secretBinary": STR, "secretString": STR, "versionStages": STR_LIST},
        create=_create_version,
        outputs=("arn", "secretArn", "versionId"),
    ),
)
