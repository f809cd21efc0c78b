"""The two functions of the profile API: their environment, rights and time-outs."""

from collections.abc import Mapping
from typing import Any

import pulumi
from userprofiles.api.routes import ADMINISTRATORS, USERS
from userprofiles.social.content import MEDIA_PREFIX
from userprofiles.table.record import ROLE_INDEX, STATUS_INDEX

from pulumi_userprofiles.avatar_bucket import CLAIMED, EXPORTS, UPLOADS
from pulumi_userprofiles.function_rights import (
    USER_ITEMS_ONLY,
    read_user_statements,
    register_user_statements,
    table_environment,
)
from pulumi_userprofiles.policies import PolicyStatement, kms_statements
from pulumi_userprofiles.profile_api_settings import ProfileApiSettings
from pulumi_userprofiles.python_function import PythonFunctionArgs

USERS_SECONDS = 10
"""Time-out of the function for users."""

ADMINISTRATORS_SECONDS = 29
"""Time-out of the function for administrators. An HTTP API waits at most 30 seconds (Amazon API Gateway
Developer Guide, "Quotas for configuring and running an HTTP API")."""

_LISTS_ONLY: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["LIST#*"]}
}
_PICTURES_ONLY: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "StringLike": {"s3:prefix": [f"{UPLOADS}*", f"{CLAIMED}*"]}
}


def users_function(
    component: str, args: Mapping[str, Any], settings: ProfileApiSettings
) -> PythonFunctionArgs:
    """Return the arguments of the function with the routes that every user can call."""
    return settings.functions.function_args(
        component,
        USERS,
        "Handles requests to the profile API",
        environment={
            **_environment(args, settings),
            **({"PHONE_SIGN_IN": "true"} if settings.has_phone_sign_in else {}),
            **({"MEDIA_BUCKET": args["media_bucket_name"]} if settings.has_media_bucket else {}),
        },
        statements=[
            *_user_statements(args),
            {
                "sid": "SignOutUsers",
                "actions": ["cognito-idp:AdminUserGlobalSignOut"],
                "resources": [args["user_pool_arn"]],
            },
            *_picture_statements(args, UPLOADS, CLAIMED),
            *_export_statements(args),
            *(_media_statements(args) if settings.has_media_bucket else []),
        ],
        timeout_seconds=USERS_SECONDS,
    )


def administrators_function(
    component: str,
    args: Mapping[str, Any],
    settings: ProfileApiSettings,
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
        *_erasure_statements(args, settings),
        *_picture_statements(args, CLAIMED),
    ]
    return settings.functions.function_args(
        component,
        ADMINISTRATORS,
        "Handles requests of administrators to the profile API",
        environment=_environment(args, settings),
        statements=statements,
        timeout_seconds=ADMINISTRATORS_SECONDS,
    )


def _environment(args: Mapping[str, Any], settings: ProfileApiSettings) -> dict[str, pulumi.Input[str]]:
    queue = {"ERASURE_QUEUE_URL": args["erasure_queue_url"]} if settings.has_erasure_queue else {}
    return {
        **table_environment(args),
        "IDEMPOTENCY_TABLE": args["idempotency_table_name"],
        "AVATAR_BUCKET": args["avatar_bucket_name"],
        "USER_POOL_ID": args["user_pool_id"],
        "USER_POOL_CLIENT_IDS": pulumi.Output.all(*args["client_ids"]).apply(",".join),
        "DELETION_GRACE_DAYS": str(settings.grace_period_days),
        **queue,
    }


def _erasure_statements(args: Mapping[str, Any], settings: ProfileApiSettings) -> list[PolicyStatement]:
    """Return the rights to send messages to the erasure queue."""
    if not settings.has_erasure_queue:
        return []
    return [
        {
            "sid": "StartErasures",
            "actions": ["sqs:SendMessage"],
            "resources": [args["erasure_queue_arn"]],
        },
        *kms_statements(args, "sqs", "kms:Decrypt", "kms:GenerateDataKey"),
    ]


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
    """Return the rights to read, write and claim pictures, also for signed URLs."""
    return [
        *kms_statements(args, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
        {"sid": "ReadPictures", "actions": ["s3:GetObject"], "resources": _below(args, UPLOADS, CLAIMED)},
        {"sid": "WritePictures", "actions": ["s3:PutObject"], "resources": _below(args, *written_prefixes)},
        {"sid": "UndoClaims", "actions": ["s3:DeleteObjectVersion"], "resources": _below(args, CLAIMED)},
    ]


def _export_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to read all items and files of a user, and to store a bundle."""
    return [
        {
            "sid": "ReadItems",
            "actions": ["dynamodb:Query"],
            "resources": [args["users_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
        {
            "sid": "ListPictures",
            "actions": ["s3:ListBucket"],
            "resources": [args["avatar_bucket_arn"]],
            "conditions": _PICTURES_ONLY,
        },
        {
            "sid": "StoreExports",
            "actions": ["s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"],
            "resources": _below(args, EXPORTS),
        },
    ]


def _media_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to list the media of an export, and to sign their URLs."""
    return [
        {
            "sid": "ListMedia",
            "actions": ["s3:ListBucket"],
            "resources": [args["media_bucket_arn"]],
            "conditions": {"StringLike": {"s3:prefix": [f"{MEDIA_PREFIX}*"]}},
        },
        {
            "sid": "ReadMedia",
            "actions": ["s3:GetObject"],
            "resources": [pulumi.Output.concat(args["media_bucket_arn"], "/", MEDIA_PREFIX, "*")],
        },
    ]


def _below(args: Mapping[str, Any], *prefixes: str) -> list[pulumi.Input[str]]:
    return [pulumi.Output.concat(args["avatar_bucket_arn"], "/", prefix, "*") for prefix in prefixes]
