"""KMS: keys and aliases."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR
from pulumi_localaws.resources.policy_documents import check_resource_policy, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _create_key(ctx: Context, args: Args) -> Made:
    key = ctx.call(
        "kms",
        "create_key",
        BypassPolicyLockoutSafetyCheck=args.get("bypassPolicyLockoutSafetyCheck"),
        Description=args.get("description"),
        KeySpec=args.get("customerMasterKeySpec"),
        KeyUsage=args.get("keyUsage"),
        MultiRegion=args.get("multiRegion"),
        Policy=args.get("policy"),
        Tags=ctx.tag_list("TagKey", "TagValue"),
    )["KeyMetadata"]
    name = key["KeyId"]
    # A key can't be deleted at once on AWS either: the shortest wait is 7 days.
    window = args.get("deletionWindowInDays", 30)
    ctx.undo("kms", "schedule_key_deletion", KeyId=name, PendingWindowInDays=window)
    if args.get("enableKeyRotation"):
        ctx.call(
            "kms", "enable_key_rotation", KeyId=name, RotationPeriodInDays=args.get("rotationPeriodInDays")
        )
    if args.get("isEnabled") is False:
        ctx.call("kms", "disable_key", KeyId=name)
    return Made(name, {"arn": key["Arn"], "keyId": name, "policy": args.get("policy", "")})


def _create_alias(ctx: Context, args: Args) -> Made:
    if not args["name"].startswith("alias/"):
        raise ctx.error(f"name: an alias begins with alias/; {args['name']!r} doesn't")
    ctx.call("kms", "create_alias", AliasName=args["name"], TargetKeyId=args["targetKeyId"])
    ctx.undo("kms", "delete_alias", AliasName=args["name"])
    key = args["targetKeyId"]
    target = key if key.startswith("arn:") else ctx.arn("kms", f"key/{key}")
    return Made(args["name"], {"arn": ctx.arn("kms", args["name"]), "targetKeyArn": target})


RESOURCE_TYPES = (
    resource_type(
        "aws:kms/key:Key",
        {
            "bypassPolicyLockoutSafetyCheck": BOOL,
            "customerMasterKeySpec": STR,
            "deletionWindowInDays": INT,
            "description": STR,
            "enableKeyRotation": BOOL,
            "isEnabled": BOOL,
            "keyUsage": STR,
            "multiRegion": BOOL,
            "policy": STR,
            "rotationPeriodInDays": INT,
        },
        create=_create_key,
        outputs=("arn", "keyId"),
        tags=True,
        check=policy_check("policy", check_resource_policy),
    ),
    resource_type(
        "aws:kms/alias:Alias",
        {"name": STR, "targetKeyId": STR},
        create=_create_alias,
        outputs=("arn", "targetKeyArn"),
        naming=Naming("name", 256, prefix="namePrefix", lead="alias/"),
    ),
)
