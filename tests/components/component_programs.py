"""Programs: each component alone, and the whole stack."""

from collections.abc import Callable
from typing import Any

from component_recording import ACCOUNT, PARTITION, REGION
from pulumi_userprofiles import (
    AfterSignUp,
    AvatarBucket,
    ErasureQueue,
    ErasureWorker,
    JobLedger,
    MigrationJob,
    OutboxWorker,
    PhoneSignIn,
    PhoneSignInApi,
    ProfileApi,
    PythonFunction,
    Reconciler,
    ReportsBucket,
    SignupToProfile,
    SignUpTriggers,
    TableBackups,
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
KEY = arn("kms", "key/00000000-0000-4000-8000-000000000000")
TOPIC = arn("sns", "alarms")
SES_IDENTITY = arn("ses", "identity/example.com")
WEB_ACL = arn("wafv2", "regional/webacl/sign-ups/00000000-0000-4000")
POOL_ARN = arn("cognito-idp", "userpool/theirs")
ERASURE: dict[str, Any] = {
    "user_pool_id": "theirs",
    "user_pool_arn": POOL_ARN,
    "idempotency_table_name": "their-answers",
    "idempotency_table_arn": arn("dynamodb", "table/their-answers"),
    "avatar_bucket_name": "their-pictures",
    "avatar_bucket_arn": f"arn:{PARTITION}:s3:::their-pictures",
    "erasure_queue_url": "https://sqs.example/erasures",
    "erasure_queue_arn": arn("sqs", "erasures"),
}
STORES: list[Any] = [
    {"name": "orders", "function_arn": arn("lambda", "function:erase-orders:live")},
    {
        "name": "mails",
        "queue_arn": arn("sqs", "erase-mails"),
        "queue_url": "https://sqs.example/erase-mails",
    },
]


def whole_stack(**args: Any) -> SignupToProfile:
    """Create the whole stack, with functions that are packed for this machine."""
    return SignupToProfile("app", {"platform": "host", **args})  # type: ignore[typeddict-item]


PHONE: dict[str, Any] = {"sends_cognito_codes": True}
"""Settings of phone sign-in with every resource."""
TWILIO: dict[str, Any] = {
    "provider": "twilio",
    "twilio_secret_arn": arn("secretsmanager", "secret:twilio-a1b2c3"),
    "twilio_from": "+14155550100",
}
STREAM = arn("dynamodb", "table/their-users/stream/2026-02-04T00:00:00.000")
TARGETS: list[Any] = [
    {"name": "welcome-mail", "function_arn": arn("lambda", "function:welcome-mail")},
    {"name": "crm", "created_by": ["sign_up", "import"]},
]

STACK_TABLES: dict[str, Any] = {
    "users_table_name": "app-data-table-1234567",
    "users_table_arn": arn("dynamodb", "table/app-data-table-1234567"),
    "audit_table_name": "app-data-audit-table-1234567",
    "audit_table_arn": arn("dynamodb", "table/app-data-audit-table-1234567"),
}
STACK_POOL_ARN = arn("cognito-idp", "userpool/app-identity-pool-id")


def phone_sign_in(**args: Any) -> PhoneSignIn:
    """Create phone sign-in as in the whole stack."""
    return PhoneSignIn("app-phone", {"settings": PHONE, "platform": "host", **args})  # type: ignore[typeddict-item]


def phone_sign_in_api(**args: Any) -> PhoneSignInApi:
    """Create the routes of phone sign-in as in the whole stack."""
    return PhoneSignInApi(
        "app-code-api",
        {
            **STACK_TABLES,
            "settings": PHONE,  # type: ignore[typeddict-item]
            "user_pool_id": "app-identity-pool-id",
            "user_pool_arn": STACK_POOL_ARN,
            "client_id": "app-identity-client-id",
            "api_id": "app-api-api-id",
            "api_execution_arn": arn("execute-api", "app-api-api-id"),
            "codes_table_name": "app-phone-codes-table-1234567",
            "codes_table_arn": arn("dynamodb", "table/app-phone-codes-table-1234567"),
            "code_key_arn": arn("kms", "key/app-phone-code-key"),
            "code_queue_url": "https://sqs.example/app-phone-queue",
            "code_queue_arn": arn("sqs", "app-phone-queue-1234567"),
            "platform": "host",
            **args,  # type: ignore[typeddict-item]
        },
    )


PROGRAMS: dict[str, Callable[[], Any]] = {
    "AfterSignUp": lambda: AfterSignUp(
        "steps", {"targets": TARGETS, "users_table_stream_arn": STREAM, "platform": "host"}
    ),
    "AvatarBucket": lambda: AvatarBucket("avatars", {"allowed_origins": ["https://example.com"]}),
    "ErasureQueue": lambda: ErasureQueue("erasures", {}),
    "ErasureWorker": lambda: ErasureWorker(
        "eraser", {**TABLES, **ERASURE, "stores": STORES, "platform": "host"}
    ),
    "JobLedger": lambda: JobLedger("ledger", {}),
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
    "PhoneSignIn": phone_sign_in,
    "PhoneSignInApi": phone_sign_in_api,
    "ProfileApi": lambda: ProfileApi(
        "api",
        {
            **TABLES,
            "user_pool_id": "theirs",
            "user_pool_arn": POOL_ARN,
            "issuer": "https://issuer.example/theirs",
            "client_ids": ["web", "phone"],
            "allowed_origins": ["https://example.com"],
            "erasure_queue_url": "https://sqs.example/erasure",
            "erasure_queue_arn": arn("sqs", "erasure"),
            "platform": "host",
        },
    ),
    "PythonFunction": lambda: PythonFunction(
        "function", {"handler": "userprofiles.handlers.pre_sign_up.handler", "platform": "host"}
    ),
    "Reconciler": lambda: Reconciler(
        "reconciler", {**TABLES, "user_pool_id": "theirs", "user_pool_arn": POOL_ARN, "platform": "host"}
    ),
    "ReportsBucket": lambda: ReportsBucket("reports", {}),
    "SignUpTriggers": lambda: SignUpTriggers("triggers", {**TABLES, "platform": "host"}),
    "SignupToProfile": whole_stack,
    "TableBackups": lambda: TableBackups(
        "backups", {"table_arns": [TABLES["users_table_arn"]], "backup_retention_days": 35}
    ),
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
