"""A program for each component, alone: what it needs comes from nobody else of ours."""

from collections.abc import Callable
from typing import Any

from component_recording import ACCOUNT, PARTITION, REGION
from pulumi_userprofiles import (
    MigrationJob,
    OutboxWorker,
    ProfileApi,
    PythonFunction,
    ReportsBucket,
    SignupToProfile,
    SignUpTriggers,
    UserPool,
    UsersTable,
)


def arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


TABLES: dict[str, Any] = {
    "users_table_name": "their-users",
    "users_table_arn": arn("dynamodb", "table/their-users"),
    "audit_table_name": "their-audit",
    "audit_table_arn": arn("dynamodb", "table/their-audit"),
}
POOL_ARN = arn("cognito-idp", "userpool/theirs")


def whole(**args: Any) -> SignupToProfile:
    """The whole, packed for this machine."""
    return SignupToProfile("app", {"platform": "host", **args})  # type: ignore[typeddict-item]


PROGRAMS: dict[str, Callable[[], Any]] = {
    "MigrationJob": lambda: MigrationJob(
        "job",
        {
            "users_table_name": TABLES["users_table_name"],
            "users_table_arn": TABLES["users_table_arn"],
            "table_names": ["v_users_dev"],
            "platform": "host",
        },
    ),
    "OutboxWorker": lambda: OutboxWorker(
        "worker",
        {**TABLES, "outbox_queue_arn": arn("sqs", "outbox"), "user_pool_arn": POOL_ARN, "platform": "host"},
    ),
    "ProfileApi": lambda: ProfileApi(
        "api",
        {
            **TABLES,
            "user_pool_id": "theirs",
            "user_pool_arn": POOL_ARN,
            "issuer": "https://issuer.example/theirs",
            "client_ids": ["web", "phone"],
            "allowed_origins": ["https://example.com"],
            "platform": "host",
        },
    ),
    "PythonFunction": lambda: PythonFunction(
        "function", {"handler": "userprofiles.handlers.pre_sign_up.handler", "platform": "host"}
    ),
    "ReportsBucket": lambda: ReportsBucket("reports", {}),
    "SignUpTriggers": lambda: SignUpTriggers("triggers", {**TABLES, "platform": "host"}),
    "SignupToProfile": whole,
    "UserPool": lambda: UserPool(
        "pool",
        {
            "pre_sign_up_alias_arn": arn("lambda", "function:theirs:live"),
            "post_confirmation_alias_arn": arn("lambda", "function:other:live"),
            "groups": ["support"],
        },
    ),
    "UsersTable": lambda: UsersTable("users", {}),
}
