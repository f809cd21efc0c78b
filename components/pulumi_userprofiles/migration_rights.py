"""Rights of the migration job: of its worker and of its state machine."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi

from pulumi_userprofiles import policies
from pulumi_userprofiles.function_rights import USER_ITEMS_ONLY, table_kms_statements
from pulumi_userprofiles.migration_definition import LABEL
from pulumi_userprofiles.migration_job_settings import MigrationJobSettings
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.reports_bucket import PREFIX, SOURCES_PREFIX


def sibling_arn(table: str, table_arn: str) -> str:
    """Return the ARN of another table in the same account and region."""
    return f"{table_arn.partition(':table/')[0]}:table/{table}"


def map_statements(state_machine_arn: pulumi.Output[str]) -> list[PolicyStatement]:
    """Return the rights of a Distributed Map: to start, describe and stop its child executions."""
    execution = state_machine_arn.apply(lambda arn: arn.replace(":stateMachine:", ":execution:"))
    children = [pulumi.Output.concat(execution, ":*"), pulumi.Output.concat(execution, f"/{LABEL}:*")]
    return [
        {
            "sid": "StartChildExecutions",
            "actions": ["states:StartExecution"],
            "resources": [state_machine_arn],
        },
        {
            "sid": "ManageChildExecutions",
            "actions": ["states:DescribeExecution", "states:StopExecution"],
            "resources": [*children],
        },
    ]


def worker_statements(
    args: Mapping[str, Any],
    settings: MigrationJobSettings,
    *,
    ledger_table_arn: pulumi.Input[str],
    bucket_arn: pulumi.Input[str],
) -> list[PolicyStatement]:
    """Return the rights of the worker, as the docstring of its handler lists them."""
    users_table_arn = pulumi.Output.from_input(args["users_table_arn"])
    further_arns = [users_table_arn.apply(partial(sibling_arn, table)) for table in settings.further_tables]
    table_arns: list[pulumi.Input[str]] = [users_table_arn, *further_arns]
    return [
        # A scan has no key condition, and in an existing table the users' keys can have any form.
        {"sid": "FindUsers", "actions": ["dynamodb:Scan"], "resources": table_arns},
        {
            "sid": "CreateProfiles",
            "actions": [
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PartiQLInsert",
                "dynamodb:PutItem",
            ],
            "resources": table_arns,
            "conditions": USER_ITEMS_ONLY,
        },
        *_rollback_statements(settings, table_arns),
        {
            "sid": "KeepLedger",
            "actions": [
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            "resources": [ledger_table_arn],
        },
        {
            "sid": "ReadAndWriteReports",
            "actions": ["s3:GetObject", "s3:PutObject"],
            "resources": [pulumi.Output.concat(bucket_arn, f"/{PREFIX}*")],
        },
        {
            "sid": "ListRuns",
            "actions": ["s3:ListBucket"],
            "resources": [bucket_arn],
            "conditions": {"StringLike": {"s3:prefix": [f"{PREFIX}*"]}},
        },
        {
            "sid": "ReadSources",
            "actions": ["s3:GetObject"],
            "resources": [pulumi.Output.concat(bucket_arn, f"/{SOURCES_PREFIX}*")],
        },
        *_pool_statements(args),
        *table_kms_statements(args),
        *policies.kms_statements(args, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
    ]


def _pool_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    pool_arn = args.get("user_pool_arn")
    if pool_arn is None:
        return []
    return [{"sid": "ReadPool", "actions": ["cognito-idp:ListUsers"], "resources": [pool_arn]}]


def _rollback_statements(
    settings: MigrationJobSettings, table_arns: list[pulumi.Input[str]]
) -> list[PolicyStatement]:
    if not settings.allow_rollback:
        return []
    return [
        {
            "sid": "DeleteProfilesOfARun",
            "actions": ["dynamodb:DeleteItem"],
            "resources": table_arns,
            "conditions": USER_ITEMS_ONLY,
        },
        # A deleted user's new profile is removed if the user's row, whose key can have any form, is missing.
        {"sid": "CheckUsers", "actions": ["dynamodb:ConditionCheckItem"], "resources": table_arns},
    ]


def state_machine_statements(
    args: Mapping[str, Any], settings: MigrationJobSettings, worker_arn: pulumi.Input[str]
) -> list[PolicyStatement]:
    """Return the rights that the state machine needs before it exists."""
    statements: list[PolicyStatement] = [
        {"sid": "InvokeWorker", "actions": ["lambda:InvokeFunction"], "resources": [worker_arn]},
        {"sid": "DeliverLogs", "actions": list(policies.LOG_DELIVERY), "resources": ["*"]},
    ]
    if settings.tracing:
        actions = [*policies.SAMPLING, *policies.TRACING]
        statements.append({"sid": "Trace", "actions": actions, "resources": ["*"]})
    key = args.get("kms_key_arn")
    if key is not None:
        statements.append(
            {"sid": "UseKey", "actions": ["kms:Decrypt", "kms:GenerateDataKey"], "resources": [key]}
        )
    former_keys = args.get("former_kms_key_arns")
    if former_keys:
        statements.append(
            {"sid": "ReadFormerKeys", "actions": ["kms:Decrypt"], "resources": list(former_keys)}
        )
    return statements
