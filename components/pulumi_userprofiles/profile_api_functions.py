"""The two functions of the profile API: their environment, rights and time-outs."""

from collections.abc import Mapping
from typing import Any

import pulumi
from userprofiles.api.routes import ADMINISTRATORS, USERS
from userprofiles.table.record import ROLE_INDEX, STATUS_INDEX

from pulumi_userprofiles.avatar_bucket import CLAIMED, UPLOADS
from pulumi_userprofiles.function_rights import (
    USER_ITEMS_ONLY,
    read_user_statements,
    register_user_statements,
    table_environment,
)
from pulumi_userprofiles.function_settings import FunctionSettings
from pulumi_userprofiles.policies import PolicyStatement, kms_statements
from pulumi_userprofiles.python_function import PythonFunctionArgs

USERS_SECONDS = 10
"""Time-out of the function for users."""

ADMINISTRATORS_SECONDS = 29
"""Time-out of the function for administrators. An HTTP API waits at most 30 seconds (Amazon API Gateway
Developer Guide, "Quotas for configuring and running an HTTP API")."""

_LISTS_ONLY: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["LIST#*"]}
}


def users_function(
    component: str, args: Mapping[str, Any], functions: FunctionSettings
) -> PythonFunctionArgs:
    """Return the arguments of the function with the routes that every user can call."""
    return functions.function_args(
        component,
        USERS,
        "Handles requests to the profile API",
        environment=_environment(args),
        statements=[
            *_user_statements(args),
            {
                "sid": "SignOutUsers",
                "actions": ["cognito-idp:AdminUserGlobalSignOut"],
                "resources": [args["user_pool_arn"]],
            },
            *_picture_statements(args, UPLOADS, CLAIMED),
        ],
        timeout_seconds=USERS_SECONDS,
    )


def administrators_function(
    component: str,
    args: Mapping[str, Any],
    functions: FunctionSettings,
) -> PythonFunctionArgs:
    """Return the arguments of the function with the administrators' routes."""
    indexes = [
        pulumi.Output.concat(args["users_table_arn"], "/index/", name) for name in (ROLE_INDEX, STATUS_INDEX)
    ]
    statements: list[PolicyStatement] = [
        *_user_statements(args),
        {
            "sid": "ListUsers",
            "actions": ["dynamodb:Query"],
            "resources": [*indexes],
            "conditions": _LISTS_ONLY,
        },
        {
            "sid": "AdministerUsers",
            "actions": [
                "cognito-idp:AdminAddUserToGroup",
                "cognito-idp:AdminCreateUser",
                "cognito-idp:AdminRemoveUserFromGroup",
            ],
            "resources": [args["user_pool_arn"]],
        },
        *_picture_statements(args, CLAIMED),
    ]
    return functions.function_args(
        component,
        ADMINISTRATORS,
        "Handles requests of administrators to the profile API",
        environment=_environment(args),
        statements=statements,
        timeout_seconds=ADMINISTRATORS_SECONDS,
    )


def _environment(args: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
    return {
        **table_environment(args),
        "IDEMPOTENCY_TABLE": args["idempotency_table_name"],
        "AVATAR_BUCKET": args["avatar_bucket_name"],
        "USER_POOL_ID": args["user_pool_id"],
        "USER_POOL_CLIENT_IDS": pulumi.Output.all(*args["client_ids"]).apply(",".join),
    }


def _user_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to register, read and change users, and to store answers."""
    return [
        *register_user_statements(args),
        {
            "sid": "ReadProfiles",
            "actions": ["dynamodb:BatchGetItem"],
            "resources": [args["users_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
        *read_user_statements(args["user_pool_arn"]),
        # The actions that Powertools documents for its idempotency table.
        {
            "sid": "StoreAnswers",
            "actions": [
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ],
            "resources": [args["idempotency_table_arn"]],
        },
    ]


def _picture_statements(args: Mapping[str, Any], *written_prefixes: str) -> list[PolicyStatement]:
    """Return the rights to read pictures, and to write below some prefixes, also for signed URLs."""

    def below(*prefixes: str) -> list[pulumi.Input[str]]:
        return [pulumi.Output.concat(args["avatar_bucket_arn"], "/", prefix, "*") for prefix in prefixes]

    return [
        *kms_statements(args, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
        {"sid": "ReadPictures", "actions": ["s3:GetObject"], "resources": below(UPLOADS, CLAIMED)},
        {"sid": "WritePictures", "actions": ["s3:PutObject"], "resources": below(*written_prefixes)},
    ]
