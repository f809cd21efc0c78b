"""Environment and rights of the erasure worker, as the docstring of its handler lists them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from userprofiles.social.content import MEDIA_PREFIX
from userprofiles.table.record import REMOVALS_PARTITION, ROLE_INDEX

from pulumi_userprofiles.avatar_bucket import CLAIMED, EXPORTS, UPLOADS
from pulumi_userprofiles.erasure_stores import ErasureStore, store_statements, stores_variable
from pulumi_userprofiles.function_rights import USER_ITEMS_ONLY, table_environment, table_kms_statements
from pulumi_userprofiles.policies import PolicyStatement, kms_statements

OPEN_INDEX = "open"
"""Name of the sparse index that lists open receipts: only items with `openPK`."""

_PREFIXES = (UPLOADS, f"{CLAIMED}{UPLOADS}", EXPORTS)
"""Prefixes of the objects of users."""


def _leading_keys(*patterns: str) -> dict[str, dict[str, list[pulumi.Input[str]]]]:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(patterns)}}


def erasure_environment(
    args: Mapping[str, Any], receipts_table_name: pulumi.Input[str], stores: list[ErasureStore]
) -> dict[str, pulumi.Input[str]]:
    """Return the environment variables of the worker."""
    return {
        **table_environment(args),
        "RECEIPTS_TABLE": receipts_table_name,
        "IDEMPOTENCY_TABLE": args["idempotency_table_name"],
        "AVATAR_BUCKET": args["avatar_bucket_name"],
        "USER_POOL_ID": args["user_pool_id"],
        "ERASURE_QUEUE_URL": args["erasure_queue_url"],
        "ERASURE_STORES": stores_variable(stores),
        **({"MEDIA_BUCKET": args["media_bucket_name"]} if args.get("media_bucket_name") is not None else {}),
    }


def erasure_statements(
    args: Mapping[str, Any], receipts_table_arn: pulumi.Input[str], stores: list[ErasureStore]
) -> list[PolicyStatement]:
    """Return the rights of the worker."""
    return [
        *_user_statements(args),
        *_receipt_statements(receipts_table_arn),
        *_file_statements(args["avatar_bucket_arn"], "", *_PREFIXES),
        *_media_statements(args),
        {
            "sid": "EraseAnswers",
            "actions": ["dynamodb:BatchWriteItem", "dynamodb:Scan"],
            "resources": [args["idempotency_table_arn"]],
        },
        {
            "sid": "DeleteUsersOfThePool",
            "actions": ["cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser", "cognito-idp:ListUsers"],
            "resources": [args["user_pool_arn"]],
        },
        {
            "sid": "ReceiveAndContinue",
            "actions": [
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
            ],
            "resources": [args["erasure_queue_arn"]],
        },
        *store_statements(stores),
        *table_kms_statements(args),
        *kms_statements(args, "sqs", "kms:Decrypt", "kms:GenerateDataKey"),
    ]


def _user_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    return [
        {
            "sid": "EraseItems",
            "actions": [
                "dynamodb:BatchGetItem",
                "dynamodb:BatchWriteItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
            ],
            "resources": [args["users_table_arn"]],
            "conditions": _leading_keys("USER#*", "LEGACY#*", "REDIRECT#*", REMOVALS_PARTITION),
        },
        {
            "sid": "FindDueUsers",
            "actions": ["dynamodb:Query"],
            "resources": [pulumi.Output.concat(args["users_table_arn"], "/index/", ROLE_INDEX)],
            "conditions": _leading_keys("LIST#DELETION#*"),
        },
        {
            "sid": "AppendAuditRow",
            "actions": ["dynamodb:PutItem"],
            "resources": [args["audit_table_arn"]],
            "conditions": USER_ITEMS_ONLY,
        },
    ]


def _receipt_statements(receipts_table_arn: pulumi.Input[str]) -> list[PolicyStatement]:
    return [
        {
            "sid": "WriteReceipts",
            "actions": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            "resources": [receipts_table_arn],
            "conditions": USER_ITEMS_ONLY,
        },
        {
            "sid": "FindOpenReceipts",
            "actions": ["dynamodb:Query"],
            "resources": [pulumi.Output.concat(receipts_table_arn, "/index/", OPEN_INDEX)],
            "conditions": _leading_keys("OPEN"),
        },
    ]


def _media_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    bucket_arn = args.get("media_bucket_arn")
    return [] if bucket_arn is None else _file_statements(bucket_arn, "OfMedia", MEDIA_PREFIX)


def _file_statements(bucket_arn: pulumi.Input[str], sid_suffix: str, *prefixes: str) -> list[PolicyStatement]:
    return [
        {
            "sid": f"ListFiles{sid_suffix}",
            "actions": ["s3:ListBucketVersions"],
            "resources": [bucket_arn],
            "conditions": {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        },
        {
            "sid": f"DeleteFiles{sid_suffix}",
            "actions": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "resources": [pulumi.Output.concat(bucket_arn, "/", prefix, "*") for prefix in prefixes],
        },
    ]
