"""Cases of users and groups of IAM."""

from resource_cases.case import GROUP, LOGS_POLICY, POLICY, ROLE, USER, Case

CASES: dict[str, Case] = {
    USER: Case(
        inputs=lambda _: {"path": "/system/", "forceDestroy": True, "tags": {"a": "b"}},
        probe=lambda client, resource_id, _: client("iam").get_user(UserName=resource_id),
        outputs=("arn", "name", "uniqueId", "tagsAll"),
    ),
    "aws:iam/accessKey:AccessKey": Case(
        dependencies=(USER,),
        inputs=lambda created: {"user": created[USER]["name"]},
        probe=lambda client, resource_id, outputs: client("iam").list_access_keys(UserName=outputs["user"])[
            "AccessKeyMetadata"
        ],
        outputs=("secret", "sesSmtpPasswordV4", "createDate"),
    ),
    "aws:iam/userPolicy:UserPolicy": Case(
        dependencies=(USER,),
        inputs=lambda created: {"user": created[USER]["name"], "policy": LOGS_POLICY},
        probe=lambda client, resource_id, outputs: client("iam").get_user_policy(
            UserName=outputs["user"], PolicyName=outputs["name"]
        ),
        outputs=("name",),
    ),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": Case(
        dependencies=(USER, POLICY),
        inputs=lambda created: {"user": created[USER]["name"], "policyArn": created[POLICY]["arn"]},
        probe=lambda client, resource_id, outputs: client("iam").list_attached_user_policies(
            UserName=outputs["user"]
        )["AttachedPolicies"],
        outputs=(),
    ),
    GROUP: Case(
        inputs=lambda _: {},
        probe=lambda client, resource_id, _: client("iam").get_group(GroupName=resource_id),
        outputs=("arn", "name", "uniqueId"),
    ),
    "aws:iam/groupPolicy:GroupPolicy": Case(
        dependencies=(GROUP,),
        inputs=lambda created: {"group": created[GROUP]["name"], "policy": LOGS_POLICY},
        probe=lambda client, resource_id, outputs: client("iam").get_group_policy(
            GroupName=outputs["group"], PolicyName=outputs["name"]
        ),
        outputs=("name",),
    ),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": Case(
        dependencies=(GROUP, POLICY),
        inputs=lambda created: {"group": created[GROUP]["name"], "policyArn": created[POLICY]["arn"]},
        probe=lambda client, resource_id, outputs: client("iam").list_attached_group_policies(
            GroupName=outputs["group"]
        )["AttachedPolicies"],
        outputs=(),
    ),
    "aws:iam/groupMembership:GroupMembership": Case(
        dependencies=(USER, GROUP),
        inputs=lambda created: {"group": created[GROUP]["name"], "users": [created[USER]["name"]]},
        probe=lambda client, resource_id, outputs: client("iam").get_group(GroupName=outputs["group"])[
            "Users"
        ],
        outputs=("name",),
    ),
    "aws:iam/userGroupMembership:UserGroupMembership": Case(
        dependencies=(USER, GROUP),
        inputs=lambda created: {"user": created[USER]["name"], "groups": [created[GROUP]["name"]]},
        probe=lambda client, resource_id, outputs: client("iam").list_groups_for_user(
            UserName=outputs["user"]
        )["Groups"],
        outputs=(),
    ),
    "aws:iam/policyAttachment:PolicyAttachment": Case(
        dependencies=(POLICY, ROLE, USER, GROUP),
        inputs=lambda created: {
            "policyArn": created[POLICY]["arn"],
            "roles": [created[ROLE]["name"]],
            "users": [created[USER]["name"]],
            "groups": [created[GROUP]["name"]],
        },
        probe=lambda client, resource_id, outputs: client("iam").list_entities_for_policy(
            PolicyArn=outputs["policyArn"]
        )["PolicyUsers"],
        outputs=("name",),
    ),
    "aws:iam/instanceProfile:InstanceProfile": Case(
        dependencies=(ROLE,),
        inputs=lambda created: {"role": created[ROLE]["name"]},
        probe=lambda client, resource_id, _: client("iam").get_instance_profile(
            InstanceProfileName=resource_id
        ),
        outputs=("arn", "name", "uniqueId", "createDate"),
    ),
}
