"""Cases of IAM."""

from resource_cases.case import LOGS_POLICY, POLICY, ROLE, TRUST_POLICY, Case

CASES: dict[str, Case] = {
    ROLE: Case(
        inputs=lambda _: {
            "assumeRolePolicy": TRUST_POLICY,
            "forceDetachPolicies": True,
            "inlinePolicies": [{"name": "logs", "policy": LOGS_POLICY}],
        },
        probe=lambda client, resource_id, _: client("iam").get_role(RoleName=resource_id),
        outputs=("arn", "name", "uniqueId", "createDate"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        dependencies=(ROLE,),
        inputs=lambda created: {"role": created[ROLE]["id"], "policy": LOGS_POLICY},
        probe=lambda client, resource_id, outputs: client("iam").get_role_policy(
            RoleName=resource_id.split(":")[0], PolicyName=outputs["name"]
        ),
        outputs=("name",),
    ),
    POLICY: Case(
        inputs=lambda _: {"policy": LOGS_POLICY, "description": "d"},
        probe=lambda client, resource_id, _: client("iam").get_policy(PolicyArn=resource_id),
        outputs=("arn", "policyId", "name"),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Case(
        dependencies=(ROLE, POLICY),
        inputs=lambda created: {"role": created[ROLE]["id"], "policyArn": created[POLICY]["arn"]},
        probe=lambda client, resource_id, outputs: client("iam").list_attached_role_policies(
            RoleName=outputs["role"]
        )["AttachedPolicies"],
        outputs=(),
    ),
}
