"""Programs: each part of the whole stack, with its arguments there."""

from collections.abc import Callable
from typing import Any

from component_programs import (
    PHONE,
    STACK_POOL_ARN,
    STACK_TABLES,
    arn,
    phone_sign_in,
    phone_sign_in_api,
    whole_stack,
)
from component_recording import PARTITION, POOL_WITH_PHONE, REGION
from pulumi_userprofiles import (
    AvatarBucket,
    ErasureQueue,
    ErasureWorker,
    JobLedger,
    MigrationJob,
    OutboxWorker,
    ProfileApi,
    Reconciler,
    ReportsBucket,
    SignUpTriggers,
    UserPool,
    UsersTable,
)


def _pool(**args: Any) -> UserPool:
    return UserPool(
        "app-identity",
        {
            "pre_sign_up_alias_arn": arn("lambda", "function:app-triggers-pre-sign-up-function-1234567:live"),
            "post_confirmation_alias_arn": arn(
                "lambda", "function:app-triggers-post-confirmation-function-1234567:live"
            ),
            "pre_token_generation_alias_arn": arn(
                "lambda", "function:app-triggers-pre-token-function-1234567:live"
            ),
            **args,  # type: ignore[typeddict-item]
        },
    )


def _api(**args: Any) -> ProfileApi:
    return ProfileApi(
        "app-api",
        {
            **STACK_TABLES,
            "user_pool_id": "app-identity-pool-id",
            "user_pool_arn": STACK_POOL_ARN,
            "issuer": f"https://cognito-idp.{REGION}.amazonaws.com.cn/app-identity-pool-id",
            "client_ids": ["app-identity-client-id"],
            "erasure_queue_url": "https://sqs.example/app-erasure-queue",
            "erasure_queue_arn": arn("sqs", "app-erasure-queue-1234567"),
            "platform": "host",
            **args,  # type: ignore[typeddict-item]
        },
    )


def _eraser(**args: Any) -> ErasureWorker:
    return ErasureWorker(
        "app-eraser",
        {
            **STACK_TABLES,
            "user_pool_id": "app-identity-pool-id",
            "user_pool_arn": STACK_POOL_ARN,
            "idempotency_table_name": "app-api-idempotency-table-1234567",
            "idempotency_table_arn": arn("dynamodb", "table/app-api-idempotency-table-1234567"),
            "avatar_bucket_name": "app-api-avatars-bucket-1234567",
            "avatar_bucket_arn": f"arn:{PARTITION}:s3:::app-api-avatars-bucket-1234567",
            "erasure_queue_url": "https://sqs.example/app-erasure-queue",
            "erasure_queue_arn": arn("sqs", "app-erasure-queue-1234567"),
            "platform": "host",
            **args,  # type: ignore[typeddict-item]
        },
    )


def _reconciler(**args: Any) -> Reconciler:
    return Reconciler(
        "app-reconciler",
        {
            **STACK_TABLES,
            "user_pool_id": "app-identity-pool-id",
            "user_pool_arn": STACK_POOL_ARN,
            "interval_hours": 24,
            "platform": "host",
            **args,  # type: ignore[typeddict-item]
        },
    )


def _worker(**args: Any) -> OutboxWorker:
    return OutboxWorker(
        "app-outbox",
        {
            **STACK_TABLES,
            "outbox_queue_arn": arn("sqs", "app-triggers-outbox-1234567"),
            "user_pool_arn": STACK_POOL_ARN,
            "platform": "host",
            **args,  # type: ignore[typeddict-item]
        },
    )


def _job(**args: Any) -> MigrationJob:
    tables = {key: STACK_TABLES[key] for key in ("users_table_name", "users_table_arn")}
    return MigrationJob(
        "app-migration",
        {**tables, "user_pool_arn": STACK_POOL_ARN, "platform": "host", **args},  # type: ignore[typeddict-item]
    )


def _triggers(**args: Any) -> SignUpTriggers:
    return SignUpTriggers("app-triggers", {**STACK_TABLES, "platform": "host", **args})  # type: ignore[typeddict-item]


PARTS: dict[str, Callable[..., Any]] = {
    "app-api": _api,
    "app-api-avatars": lambda **args: AvatarBucket("app-api-avatars", args),  # type: ignore[arg-type]
    "app-code-api": phone_sign_in_api,
    "app-data": lambda **args: UsersTable("app-data", args),  # type: ignore[arg-type]
    "app-eraser": _eraser,
    "app-erasure": lambda **args: ErasureQueue("app-erasure", args),  # type: ignore[arg-type]
    "app-identity": _pool,
    "app-migration": _job,
    "app-migration-ledger": lambda **args: JobLedger("app-migration-ledger", args),  # type: ignore[arg-type]
    "app-migration-reports": lambda **args: ReportsBucket("app-migration-reports", args),  # type: ignore[arg-type]
    "app-outbox": _worker,
    "app-phone": phone_sign_in,
    "app-reconciler": _reconciler,
    "app-triggers": _triggers,
}
"""The components of the whole stack, each with its arguments there: one part runs much faster."""


WHOLE_STACK = "app"


def part_of(resource: str) -> str:
    """Return the smallest part that contains a resource.

    Only the whole stack contains what phone sign-in adds to the user pool.
    """
    if resource.startswith(POOL_WITH_PHONE):
        return WHOLE_STACK
    return max((part for part in PARTS if resource.startswith(f"{part}-")), key=len)


def program_of(part: str) -> Callable[..., Any]:
    """Return the program of a part, or that of the whole stack with phone sign-in."""
    if part == WHOLE_STACK:
        return lambda **args: whole_stack(phone_sign_in=PHONE, **args)
    return PARTS[part]
