"""Secrets Manager: secrets and their versions."""

import base64

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS
from pulumi_localaws.resources.policy_documents import check_resource_policy, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _create_secret(ctx: Context, args: Args) -> Made:
    arn = ctx.call(
        "secretsmanager",
        "create_secret",
        Name=args["name"],
        Description=args.get("description"),
        KmsKeyId=args.get("kmsKeyId"),
        ForceOverwriteReplicaSecret=args.get("forceOverwriteReplicaSecret"),
        Tags=ctx.tag_list(),
    )["ARN"]
    # A recovery window would keep the name taken; nothing on a local AWS is worth recovering.
    ctx.undo("secretsmanager", "delete_secret", SecretId=arn, ForceDeleteWithoutRecovery=True)
    if args.get("policy"):
        ctx.call("secretsmanager", "put_resource_policy", SecretId=arn, ResourcePolicy=args["policy"])
    return Made(arn, {"arn": arn, "policy": args.get("policy", "")})


def _create_version(ctx: Context, args: Args) -> Made:
    binary = base64.b64decode(args["secretBinary"]) if args.get("secretBinary") else None
    made = ctx.call(
        "secretsmanager",
        "put_secret_value",
        SecretId=args["secretId"],
        SecretBinary=binary,
        SecretString=args.get("secretString"),
        VersionStages=args.get("versionStages"),
    )
    # A version goes with its secret; by itself it can't be deleted, on AWS neither.
    outputs = {
        "arn": made["ARN"],
        "secretArn": made["ARN"],
        "versionId": made["VersionId"],
        "versionStages": made.get("VersionStages", ["AWSCURRENT"]),
    }
    return Made(f"{made['ARN']}|{made['VersionId']}", outputs)


RESOURCE_TYPES = (
    resource_type(
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
        naming=Naming("name", 512, prefix="namePrefix"),
        tags=True,
        check=policy_check("policy", check_resource_policy),
    ),
    resource_type(
        "aws:secretsmanager/secretVersion:SecretVersion",
        {"secretId": STR, "secretBinary": STR, "secretString": STR, "versionStages": STRS},
        create=_create_version,
        outputs=("arn", "secretArn", "versionId"),
    ),
)
