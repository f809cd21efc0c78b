"""Environment variables and policy statements that several functions share."""

from collections.abc import Mapping
from typing import Any

import pulumi

from pulumi_userprofiles.policies import PolicyStatement, kms_statements

TABLE_ARGUMENTS = ("users_table_name", "users_table_arn", "audit_table_name", "audit_table_arn")
"""Arguments with the names and ARNs of the tables."""

USER_ITEMS_ONLY: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*"]}
}
"""Condition that limits a function to the items of users."""


def table_environment(args: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
    """Return the environment variables with the tables' names."""
    return {"USERS_TABLE": args["users_table_name"], "AUDIT_TABLE": args["audit_table_name"]}


def table_kms_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to use tables that are encrypted with the component's KMS keys."""
    return kms_statements(args, "dynamodb", "kms:Decrypt", "kms:GenerateDataKey")


def register_user_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to register a user: account, profile and audit row in one transaction."""
    return [
        *table_kms_statements(args),
        {
            "sid": "RegisterUsers",
            "actions": ["dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            "resources": [args["users_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
        _append_audit_row(args),
    ]


def update_user_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to read a user and to update existing items, with an audit row."""
    return [
        *table_kms_statements(args),
        {
            "sid": "ReadAndUpdateUsers",
            "actions": ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"],
            "resources": [args["users_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
        _append_audit_row(args),
    ]


def _append_audit_row(args: Mapping[str, Any]) -> PolicyStatement:
    return {
        "sid": "AppendAuditRow",
        "actions": ["dynamodb:PutItem"],
        "resources": [args["audit_table_arn"]],
        "conditions": USER_ITEMS_ONLY,
    }


def read_user_statements(user_pool_arn: pulumi.Input[str]) -> list[PolicyStatement]:
    """Return the right to read a user of the pool."""
    return [{"sid": "ReadUsers", "actions": ["cognito-idp:AdminGetUser"], "resources": [user_pool_arn]}]
