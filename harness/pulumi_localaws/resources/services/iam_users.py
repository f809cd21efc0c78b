"""IAM: users, groups, access keys, and the policies of users and groups."""

import base64
import hashlib
import hmac
import secrets as random_secrets

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import BOOL, DOCUMENT, STR, STR_LIST
from pulumi_localaws.resources.policy_checks import check_identity_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    ResourceType,
    define_resource_type,
)


def _read_user(ctx: ResourceContext, name: str) -> ResourceResult:
    user = ctx.call("iam", "get_user", UserName=name)["User"]
    outputs = {"name": name, "arn": user["Arn"], "uniqueId": user["UserId"], "path": user.get("Path", "/")}
    return ResourceResult(name, outputs)


def _create_user(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    user = ctx.call(
        "iam",
        "create_user",
        UserName=name,
        Path=inputs.get("path"),
        PermissionsBoundary=inputs.get("permissionsBoundary"),
        Tags=ctx.build_tag_list(),
    )["User"]
    ctx.record_undo("iam", "delete_user", UserName=name)
    if inputs.get("forceDestroy"):
        ctx.record_undo("iam", "delete_access_keys", UserName=name)
    outputs = {"arn": user["Arn"], "uniqueId": user["UserId"], "path": inputs.get("path", "/")}
    return ResourceResult(name, outputs)


def _create_access_key(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    user = inputs["user"]
    key = ctx.call("iam", "create_access_key", UserName=user)["AccessKey"]
    key_id = key["AccessKeyId"]
    ctx.record_undo("iam", "delete_access_key", UserName=user, AccessKeyId=key_id)
    if inputs.get("status"):
        ctx.call("iam", "update_access_key", UserName=user, AccessKeyId=key_id, Status=inputs["status"])
    outputs = {
        "secret": key["SecretAccessKey"],
        "sesSmtpPasswordV4": build_smtp_password(key["SecretAccessKey"], ctx.region),
        "createDate": str(key["CreateDate"]),
        "status": inputs.get("status", "Active"),
    }
    return ResourceResult(key_id, outputs)


def build_smtp_password(secret_key: str, region: str) -> str:
    """Return the password for the SMTP interface of SES that belongs to a secret access key.

    Source: https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html (Obtaining Amazon SES SMTP
    credentials by converting existing AWS credentials).
    """
    signature = f"AWS4{secret_key}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def _create_group(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    group = ctx.call("iam", "create_group", GroupName=name, Path=inputs.get("path"))["Group"]
    ctx.record_undo("iam", "delete_group", GroupName=name)
    outputs = {"arn": group["Arn"], "uniqueId": group["GroupId"], "path": inputs.get("path", "/")}
    return ResourceResult(name, outputs)


def _create_group_membership(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    for user in inputs["users"]:
        _add_to_group(ctx, user, inputs["group"])
    return ResourceResult(inputs["name"])


def _create_user_group_membership(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    for group in inputs["groups"]:
        _add_to_group(ctx, inputs["user"], group)
    return ResourceResult(f"terraform-{random_secrets.token_hex(13)}")


def _add_to_group(ctx: ResourceContext, user: str, group: str) -> None:
    ctx.call("iam", "add_user_to_group", UserName=user, GroupName=group)
    ctx.record_undo("iam", "remove_user_from_group", UserName=user, GroupName=group)


def _create_policy_attachment(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    arn = inputs["policyArn"]
    for owner, property_name in (("user", "users"), ("role", "roles"), ("group", "groups")):
        for name in inputs.get(property_name, []):
            _attach_policy(ctx, owner, name, arn)
    return ResourceResult(inputs["name"])


def _check_policy_attachment(inputs: Properties) -> None:
    if not any(inputs.get(name) for name in ("users", "roles", "groups")):
        raise ValueError("users, roles and groups are missing. Set at least one of them")


def _attach_policy(ctx: ResourceContext, owner: str, name: str, policy_arn: str) -> None:
    parameters = {f"{owner.capitalize()}Name": name, "PolicyArn": policy_arn}
    ctx.call("iam", f"attach_{owner}_policy", **parameters)
    ctx.record_undo("iam", f"detach_{owner}_policy", **parameters)


def _create_instance_profile(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    profile = ctx.call(
        "iam",
        "create_instance_profile",
        InstanceProfileName=name,
        Path=inputs.get("path"),
        Tags=ctx.build_tag_list(),
    )["InstanceProfile"]
    ctx.record_undo("iam", "delete_instance_profile", InstanceProfileName=name)
    if inputs.get("role"):
        names = {"InstanceProfileName": name, "RoleName": inputs["role"]}
        ctx.call("iam", "add_role_to_instance_profile", **names)
        ctx.record_undo("iam", "remove_role_from_instance_profile", **names)
    outputs = {
        "arn": profile["Arn"],
        "uniqueId": profile["InstanceProfileId"],
        "createDate": str(profile["CreateDate"]),
        "path": inputs.get("path", "/"),
    }
    return ResourceResult(name, outputs)


def _define_inline_policy(owner: str) -> ResourceType:
    """Return the type of a policy in a user or group.

    Args:
        owner: ``user`` or ``group``.
    """

    def create(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
        names = {f"{owner.capitalize()}Name": inputs[owner], "PolicyName": inputs["name"]}
        ctx.call("iam", f"put_{owner}_policy", **names, PolicyDocument=inputs["policy"])
        ctx.record_undo("iam", f"delete_{owner}_policy", **names)
        return ResourceResult(f"{inputs[owner]}:{inputs['name']}")

    return define_resource_type(
        f"aws:iam/{owner}Policy:{owner.capitalize()}Policy",
        {"name": STR, "policy": DOCUMENT, owner: STR},
        create=create,
        naming=AutoNaming("name", 128, prefix_property="namePrefix"),
        regional=False,
        check=build_property_check("policy", check_identity_policy),
    )


def _define_attachment(owner: str) -> ResourceType:
    """Return the type of a managed policy's attachment to a user or group.

    Args:
        owner: ``user`` or ``group``.
    """

    def create(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
        _attach_policy(ctx, owner, inputs[owner], inputs["policyArn"])
        return ResourceResult(f"{inputs[owner]}/{inputs['policyArn']}")

    return define_resource_type(
        f"aws:iam/{owner}PolicyAttachment:{owner.capitalize()}PolicyAttachment",
        {"policyArn": STR, owner: STR},
        create=create,
        regional=False,
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:iam/user:User",
        {"name": STR, "forceDestroy": BOOL, "path": STR, "permissionsBoundary": STR},
        create=_create_user,
        outputs=("arn", "uniqueId"),
        naming=AutoNaming("name", 64),
        tags=True,
        regional=False,
        read=_read_user,
    ),
    define_resource_type(
        "aws:iam/accessKey:AccessKey",
        {"user": STR, "status": STR},
        create=_create_access_key,
        outputs=("secret", "sesSmtpPasswordV4", "createDate"),
        regional=False,
    ),
    _define_inline_policy("user"),
    _define_inline_policy("group"),
    _define_attachment("user"),
    _define_attachment("group"),
    define_resource_type(
        "aws:iam/group:Group",
        {"name": STR, "path": STR},
        create=_create_group,
        outputs=("arn", "uniqueId"),
        naming=AutoNaming("name", 128),
        regional=False,
    ),
    define_resource_type(
        "aws:iam/groupMembership:GroupMembership",
        {"name": STR, "group": STR, "users": STR_LIST},
        create=_create_group_membership,
        naming=AutoNaming("name", 128),
        regional=False,
    ),
    define_resource_type(
        "aws:iam/userGroupMembership:UserGroupMembership",
        {"user": STR, "groups": STR_LIST},
        create=_create_user_group_membership,
        regional=False,
    ),
    define_resource_type(
        "aws:iam/policyAttachment:PolicyAttachment",
        {"name": STR, "policyArn": STR, "users": STR_LIST, "roles": STR_LIST, "groups": STR_LIST},
        create=_create_policy_attachment,
        naming=AutoNaming("name", 128),
        regional=False,
        check=_check_policy_attachment,
    ),
    define_resource_type(
        "aws:iam/instanceProfile:InstanceProfile",
        {"name": STR, "path": STR, "role": STR},
        create=_create_instance_profile,
        outputs=("arn", "uniqueId", "createDate"),
        naming=AutoNaming("name", 128, prefix_property="namePrefix"),
        tags=True,
        regional=False,
    ),
)
