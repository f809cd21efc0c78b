"""IAM: roles and policies. They belong to the account, not to a region."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS, ListOf, Obj
from pulumi_localaws.resources.policy_documents import check_identity_policy, check_trust_policy, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _check_role(args: Args) -> None:
    policy_check("assumeRolePolicy", check_trust_policy)(args)
    for inline in args.get("inlinePolicies", []):
        policy_check("policy", check_identity_policy)(inline)


def _role_name(text: str) -> str:
    """Return a role's name from its name or ARN."""
    return text.rsplit("/", 1)[-1]


def _read_role(ctx: Context, name: str) -> Made:
    role = ctx.call("iam", "get_role", RoleName=name)["Role"]
    outputs = {"name": name, "arn": role["Arn"], "uniqueId": role["RoleId"], "path": role.get("Path", "/")}
    return Made(name, outputs)


def _create_role(ctx: Context, args: Args) -> Made:
    name = args["name"]
    role = ctx.call(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=args["assumeRolePolicy"],
        Description=args.get("description"),
        MaxSessionDuration=args.get("maxSessionDuration"),
        Path=args.get("path"),
        PermissionsBoundary=args.get("permissionsBoundary"),
        Tags=ctx.tag_list(),
    )["Role"]
    ctx.undo("iam", "delete_role", RoleName=name)
    if args.get("forceDetachPolicies"):
        ctx.undo("iam", "detach_everything", RoleName=name)
    for inline in args.get("inlinePolicies", []):
        ctx.call(
            "iam",
            "put_role_policy",
            RoleName=name,
            PolicyName=inline["name"],
            PolicyDocument=inline["policy"],
        )
        ctx.undo("iam", "delete_role_policy", RoleName=name, PolicyName=inline["name"])
    for arn in args.get("managedPolicyArns", []):
        ctx.call("iam", "attach_role_policy", RoleName=name, PolicyArn=arn)
        ctx.undo("iam", "detach_role_policy", RoleName=name, PolicyArn=arn)
    return Made(
        name,
        {
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "path": args.get("path", "/"),
            "maxSessionDuration": args.get("maxSessionDuration", 3600),
        },
    )


def _create_role_policy(ctx: Context, args: Args) -> Made:
    names = {"RoleName": _role_name(args["role"]), "PolicyName": args["name"]}
    ctx.call("iam", "put_role_policy", **names, PolicyDocument=args["policy"])
    ctx.undo("iam", "delete_role_policy", **names)
    return Made(f"{names['RoleName']}:{args['name']}")


def _create_policy(ctx: Context, args: Args) -> Made:
    policy = ctx.call(
        "iam",
        "create_policy",
        PolicyName=args["name"],
        PolicyDocument=args["policy"],
        Description=args.get("description"),
        Path=args.get("path"),
        Tags=ctx.tag_list(),
    )["Policy"]
    ctx.undo("iam", "delete_policy", PolicyArn=policy["Arn"])
    outputs = {
        "arn": policy["Arn"],
        "policyId": policy["PolicyId"],
        "attachmentCount": 0,
        "path": args.get("path", "/"),
    }
    return Made(policy["Arn"], outputs)


def _create_attachment(ctx: Context, args: Args) -> Made:
    names = {"RoleName": _role_name(args["role"]), "PolicyArn": args["policyArn"]}
    ctx.call("iam", "attach_role_policy", **names)
    ctx.undo("iam", "detach_role_policy", **names)
    return Made(f"{names['RoleName']}/{args['policyArn']}")


RESOURCE_TYPES = (
    resource_type(
        "aws:iam/role:Role",
        {
            "name": STR,
            "assumeRolePolicy": STR,
            "description": STR,
            "forceDetachPolicies": BOOL,
            "inlinePolicies": ListOf(Obj({"name": STR, "policy": STR})),
            "managedPolicyArns": STRS,
            "maxSessionDuration": INT,
            "path": STR,
            "permissionsBoundary": STR,
        },
        create=_create_role,
        outputs=("arn", "uniqueId", "createDate"),
        naming=Naming("name", 64, prefix="namePrefix"),
        tags=True,
        regional=False,
        check=_check_role,
        read=_read_role,
    ),
    resource_type(
        "aws:iam/rolePolicy:RolePolicy",
        {"name": STR, "policy": STR, "role": STR},
        create=_create_role_policy,
        naming=Naming("name", 128, prefix="namePrefix"),
        regional=False,
        check=policy_check("policy", check_identity_policy),
    ),
    resource_type(
        "aws:iam/policy:Policy",
        {"name": STR, "policy": STR, "description": STR, "path": STR},
        create=_create_policy,
        outputs=("arn", "policyId", "attachmentCount"),
        naming=Naming("name", 128, prefix="namePrefix"),
        tags=True,
        regional=False,
        check=policy_check("policy", check_identity_policy),
    ),
    resource_type(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": STR, "role": STR},
        create=_create_attachment,
        regional=False,
    ),
)
