"""KMS: keys and aliases."""

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import BOOL, INT, STR
from pulumi_localaws.resources.policy_checks import check_key_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _create_key(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    key = ctx.call(
        "kms",
        "create_key",
        BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck"),
        Description=inputs.get("description"),
        KeySpec=inputs.get("customerMasterKeySpec"),
        KeyUsage=inputs.get("keyUsage"),
        MultiRegion=inputs.get("multiRegion"),
        Policy=inputs.get("policy"),
        Tags=ctx.build_tag_list("TagKey", "TagValue"),
    )["KeyMetadata"]
    key_id = key["KeyId"]
    # As on AWS, a key cannot be deleted at once: the shortest waiting period is 7 days.
    window = inputs.get("deletionWindowInDays", 30)
    ctx.record_undo("kms", "schedule_key_deletion", KeyId=key_id, PendingWindowInDays=window)
    if inputs.get("enableKeyRotation"):
        ctx.call(
            "kms",
            "enable_key_rotation",
            KeyId=key_id,
            RotationPeriodInDays=inputs.get("rotationPeriodInDays"),
        )
    if inputs.get("isEnabled") is False:
        ctx.call("kms", "disable_key", KeyId=key_id)
    return ResourceResult(key_id, {"arn": key["Arn"], "keyId": key_id, "policy": inputs.get("policy", "")})


def _create_alias(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    if not inputs["name"].startswith("alias/"):
        raise ctx.build_error(f"name is {inputs['name']!r}; the name of an alias must begin with alias/.")
    ctx.call("kms", "create_alias", AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    ctx.record_undo("kms", "delete_alias", AliasName=inputs["name"])
    key_id = inputs["targetKeyId"]
    target_arn = key_id if key_id.startswith("arn:") else ctx.build_arn("kms", f"key/{key_id}")
    return ResourceResult(
        inputs["name"], {"arn": ctx.build_arn("kms", inputs["name"]), "targetKeyArn": target_arn}
    )


RESOURCE_TYPES = (
    define_resource_type(
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
        check=build_property_check("policy", check_key_policy),
    ),
    define_resource_type(
        "aws:kms/alias:Alias",
        {"name": STR, "targetKeyId": STR},
        create=_create_alias,
        outputs=("arn", "targetKeyArn"),
        naming=AutoNaming("name", 256, prefix_property="namePrefix", fixed_prefix="alias/"),
    ),
)
