"""IAM: roles and policies. They belong to the account, not to a region."""

from pulumi_localaws.resources.document_checks import build_property_check
from pulumi_localaws.resources.input_schema import BOOL, DOCUMENT, INT, STR, STR_LIST, ListOf, ObjectOf
from pulumi_localaws.resources.policy_checks import check_identity_policy, check_trust_policy
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _check_role(inputs: Properties) -> None:
    build_property_check("assumeRolePolicy", check_trust_policy)(inputs)
    for inline_policy in inputs.get("inlinePolicies", []):
        build_property_check("policy", check_identity_policy)(inline_policy)


def _get_role_name(name_or_arn: str) -> str:
    """Return the name of a role, given its name or ARN."""
    return name_or_arn.rsplit("/", 1)[-1]


def _read_role(ctx: ResourceContext, name: str) -> ResourceResult:
    role = ctx.call("iam", "get_role", RoleName=name)["Role"]
    outputs = {"name": name, "arn": role["Arn"], "uniqueId": role["RoleId"], "path": role.get("Path", "/")}
    return ResourceResult(name, outputs)


def _create_role(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    role = ctx.call(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Description=inputs.get("description"),
        MaxSessionDuration=inputs.get("maxSessionDuration"),
        Path=inputs.get("path"),
        PermissionsBoundary=inputs.get("permissionsBoundary"),
        Tags=ctx.build_tag_list(),
    )["Role"]
    ctx.record_undo("iam", "delete_role", RoleName=name)
    if inputs.get("forceDetachPolicies"):
        ctx.record_undo("iam", "detach_all_policies", RoleName=name)
    for inline_policy in inputs.get("inlinePolicies", []):
        ctx.call(
            "iam",
            "put_role_policy",
            RoleName=name,
            PolicyName=inline_policy["name"],
            PolicyDocument=inline_policy["policy"],
        )
        ctx.record_undo("iam", "delete_role_policy", RoleName=name, PolicyName=inline_policy["name"])
    for arn in inputs.get("managedPolicyArns", []):
        ctx.call("iam", "attach_role_policy", RoleName=name, PolicyArn=arn)
        ctx.record_undo("iam", "detach_role_policy", RoleName=name, PolicyArn=arn)
    return ResourceResult(
        name,
        {
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "path": inputs.get("path", "/"),
            "maxSessionDuration": inputs.get("maxSessionDuration", 3600),
        },
    )


def _create_role_policy(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    names = {"RoleName": _get_role_name(inputs["role"]), "PolicyName": inputs["name"]}
    ctx.call("iam", "put_role_policy", **names, PolicyDocument=inputs["policy"])
    ctx.record_undo("iam", "delete_role_policy", **names)
    return ResourceResult(f"{names['RoleName']}:{inputs['name']}")


def _create_policy(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    policy = ctx.call(
        "iam",
        "create_policy",
        PolicyName=inputs["name"],
        PolicyDocument=inputs["policy"],
        Description=inputs.get("description"),
        Path=inputs.get("path"),
        Tags=ctx.build_tag_list(),
    )["Policy"]
    ctx.record_undo("iam", "delete_policy", PolicyArn=policy["Arn"])
    outputs = {
        "arn": policy["Arn"],
        "policyId": policy["PolicyId"],
        "attachmentCount": 0,
        "path": inputs.get("path", "/"),
    }
    return ResourceResult(policy["Arn"], outputs)


def _create_role_policy_attachment(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    names = {"RoleName": _get_role_name(inputs["role"]), "PolicyArn": inputs["policyArn"]}
    ctx.call("iam", "attach_role_policy", **names)
    ctx.record_undo("iam", "detach_role_policy", **names)
    return ResourceResult(f"{names['RoleName']}/{inputs['policyArn']}")


RESOURCE_TYPES = (
    define_resource_type(
        "aws:iam/role:Role",
        {
            "name": STR,
            "assumeRolePolicy": DOCUMENT,
            "description": STR,
            "forceDetachPolicies": BOOL,
            "inlinePolicies": ListOf(ObjectOf({"name": STR, "policy": STR})),
            "managedPolicyArns": STR_LIST,
            "maxSessionDuration": INT,
            "path": STR,
            "permissionsBoundary": STR,
        },
        create=_create_role,
        outputs=("arn", "uniqueId", "createDate"),
        naming=AutoNaming("name", 64, prefix_property="namePrefix"),
        tags=True,
        regional=False,
        check=_check_role,
        read=_read_role,
    ),
    define_resource_type(
        "aws:iam/rolePolicy:RolePolicy",
        {"name": STR, "policy": DOCUMENT, "role": STR},
        create=_create_role_policy,
        naming=AutoNaming("name", 128, prefix_property="namePrefix"),
        regional=False,
        check=build_property_check("policy", check_identity_policy),
    ),
    define_resource_type(
        "aws:iam/policy:Policy",
        {"name": STR, "policy": DOCUMENT, "description": STR, "path": STR},
        create=_create_policy,
        outputs=("arn", "policyId", "attachmentCount"),
        naming=AutoNaming("name", 128, prefix_property="namePrefix"),
        tags=True,
        regional=False,
        check=build_property_check("policy", check_identity_policy),
    ),
    define_resource_type(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": STR, "role": STR},
        create=_create_role_policy_attachment,
        regional=False,
    ),
)
