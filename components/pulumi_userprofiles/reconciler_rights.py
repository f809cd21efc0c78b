"""Rights of the scheduled reconciliation."""

from collections.abc import Mapping
from typing import Any

import pulumi
from userprofiles.table.record import REMOVALS_PARTITION

from pulumi_userprofiles.function_rights import USER_ITEMS_ONLY, register_user_statements
from pulumi_userprofiles.policies import PolicyStatement


def reconciler_statements(
    args: Mapping[str, Any], state_table_arn: pulumi.Input[str], *, removes_users: bool
) -> list[PolicyStatement]:
    """Return the rights of the function.

    Args:
        args: Arguments of the component.
        state_table_arn: ARN of the state table.
        removes_users: Whether the function removes unconfirmed users.
    """
    return [
        *register_user_statements(args),
        {
            "sid": "ReadUserItems",
            "actions": ["dynamodb:BatchGetItem"],
            "resources": [args["users_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
        {"sid": "ScanAccounts", "actions": ["dynamodb:Scan"], "resources": [args["users_table_arn"]]},
        {
            "sid": "KeepState",
            "actions": ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
            "resources": [state_table_arn],
        },
        {
            "sid": "ReadPool",
            "actions": ["cognito-idp:AdminGetUser", "cognito-idp:ListUsers"],
            "resources": [args["user_pool_arn"]],
        },
        *(_removal_statements(args) if removes_users else []),
    ]


def _removal_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    return [
        {
            "sid": "RemoveUnconfirmedUsers",
            "actions": [
                "cognito-idp:AdminDeleteUser",
                "cognito-idp:AdminDisableUser",
                "cognito-idp:AdminEnableUser",
            ],
            "resources": [args["user_pool_arn"]],
        },
        {
            "sid": "KeepRemovals",
            "actions": ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
            "resources": [args["users_table_arn"]],
            "conditions": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [REMOVALS_PARTITION]}},
        },
    ]
