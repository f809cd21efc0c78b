"""Expected rights, alarms and order, by the names of the stack's resources."""

from typing import Any

from component_checks import KEY_TYPE, Check, statements
from component_phone_expectations import EVERY_FUNCTION, PHONE_ALARMS, PHONE_ORDER, PHONE_RIGHTS
from component_programs import TOPIC
from component_recording import ACCOUNT, PARTITION, Recording
from component_social_expectations import SOCIAL_ALARMS, SOCIAL_ORDER, SOCIAL_RIGHTS
from pulumi_userprofiles.policies import LOG_DELIVERY, SAMPLING, TRACING

_REGISTER = {"dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
RIGHTS = {
    "app-triggers-pre-sign-up-policy": EVERY_FUNCTION,
    "app-triggers-post-confirmation-policy": {*EVERY_FUNCTION, *_REGISTER, "sqs:SendMessage"},
    "app-triggers-pre-token-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    },
    "app-outbox-worker-policy": {
        *EVERY_FUNCTION,
        *_REGISTER,
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "cognito-idp:AdminGetUser"),
    },
    "app-api-handler-policy": {
        *EVERY_FUNCTION,
        *_REGISTER,
        *("dynamodb:BatchGetItem", "cognito-idp:AdminGetUser", "cognito-idp:AdminUserGlobalSignOut"),
        *("dynamodb:GetItem", "dynamodb:DeleteItem", "s3:GetObject", "s3:PutObject"),
        *("dynamodb:Query", "s3:ListBucket", "s3:DeleteObjectVersion"),
    },
    "app-api-admin-policy": {
        *EVERY_FUNCTION,
        *_REGISTER,
        *("dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:DeleteItem"),
        *("cognito-idp:AdminGetUser", "cognito-idp:AdminCreateUser"),
        *("cognito-idp:AdminAddUserToGroup", "cognito-idp:AdminRemoveUserFromGroup"),
        *("s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject", "sqs:SendMessage"),
    },
    "app-eraser-worker-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        *("dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"),
        *("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"),
        *("cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser", "cognito-idp:ListUsers"),
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"),
    },
    "app-reconciler-worker-policy": {
        *EVERY_FUNCTION,
        *_REGISTER,
        *("dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Query"),
        *("dynamodb:Scan", "cognito-idp:AdminGetUser", "cognito-idp:ListUsers"),
        *("cognito-idp:AdminDeleteUser", "cognito-idp:AdminDisableUser", "cognito-idp:AdminEnableUser"),
    },
    "app-migration-worker-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PartiQLInsert", "dynamodb:PutItem"),
        *("dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem", "s3:GetObject", "s3:PutObject"),
        *("s3:ListBucket", "cognito-idp:ListUsers"),
    },
    "app-migration-policy": {"lambda:InvokeFunction", *LOG_DELIVERY, *SAMPLING, *TRACING},
    "app-migration-map-policy": {
        *("states:DescribeExecution", "states:StartExecution", "states:StopExecution")
    },
    "app-identity-sms-policy": {"sns:Publish"},
    **PHONE_RIGHTS,
    **SOCIAL_RIGHTS,
}
"""The actions that each policy allows."""


def other_rights(recording: Recording) -> list[str]:
    """Report policies that allow more, or less, than the role needs."""
    actual: dict[str, set[str]] = {resource.name: set() for resource in recording.of_type("RolePolicy")}
    for item, statement in statements(recording):
        if item["name"] in actual and statement["Effect"] == "Allow":
            actual[item["name"]] |= set(statement["Action"])
    return [
        f"{name}: {sorted(actual.get(name, set()) ^ RIGHTS.get(name, set()))}"
        for name in sorted({*actual, *recording.filter_names(RIGHTS)})
        if actual.get(name) != RIGHTS.get(name)
    ]


def open_keys(recording: Recording) -> list[str]:
    """Report KMS keys with another policy than the default, which lets the account's IAM policies decide.

    In the policy of a key, `*` is the key itself.
    """
    root = {"AWS": f"arn:{PARTITION}:iam::{ACCOUNT}:root"}
    return [
        f"{item['name']}: {statement}"
        for item, statement in statements(recording)
        if item["type"] == KEY_TYPE
        and (statement["Principal"], statement["Action"], statement["Resource"]) != (root, "kms:*", "*")
    ]


def audit_trail_rights(recording: Recording) -> list[str]:
    """Report rights on the audit table other than to append.

    No function can read, change or delete a row, so an attacker in a function can't remove the traces.
    """
    return [
        f"{item['name']}: {statement['Action']}"
        for item, statement in statements(recording)
        if any("app-data-audit-table" in arn for arn in statement.get("Resource", []))
        and statement["Action"] != ["dynamodb:PutItem"]
    ]


_CONFIRMATION = "app-triggers-post-confirmation-function-1234567"
_MACHINE = "arn:aws-cn:states:cn-north-1:111122223333:stateMachine:app-migration-state-machine-1234567"
_VISIBLE = "ApproximateNumberOfMessagesVisible"
_SERVICE = "pulumi-userprofiles-test-app"
ALARMS: dict[str, tuple[Any, ...]] = {
    "app-api-alarm": ("AWS/ApiGateway", "5xx", 0, ["app-api-api-id"]),
    "app-eraser-alarm": ("AWS/Lambda", "Errors", 0, ["app-eraser-worker-function-1234567"]),
    **{
        f"app-eraser-{suffix}-alarm": ("UserProfiles", metric, threshold, [f"{_SERVICE}-eraser-erasure"])
        for suffix, metric, threshold in (
            ("retry", "ErasureFailed", 1),
            ("waiting", "ErasureWaiting", 0),
            ("invalid-message", "ErasurePoison", 0),
        )
    },
    "app-erasure-dead-letter-alarm": ("AWS/SQS", _VISIBLE, 0, ["app-erasure-dead-letter-queue-1234567"]),
    "app-migration-alarm": ("AWS/States", "ExecutionsFailed", 0, [_MACHINE]),
    "app-outbox-alarm": ("AWS/Lambda", "Errors", 0, ["app-outbox-worker-function-1234567"]),
    "app-reconciler-alarm": ("AWS/Lambda", "Errors", 0, ["app-reconciler-worker-function-1234567"]),
    **{
        f"app-reconciler-{suffix}-alarm": ("UserProfiles", metric, 0, [f"{_SERVICE}-reconciler-reconciler"])
        for suffix, metric in (("fix", "ReconcileFailed"), ("orphan", "ReconcileOrphan"))
    },
    "app-triggers-dead-letters-alarm": ("AWS/SQS", _VISIBLE, 0, ["app-triggers-dead-letters-1234567"]),
    "app-triggers-outbox-age-alarm": (
        *("AWS/SQS", "ApproximateAgeOfOldestMessage", 600, ["app-triggers-outbox-1234567"]),
    ),
    "app-triggers-post-confirmation-alarm": ("AWS/Lambda", "Errors", 0, [_CONFIRMATION]),
    "app-triggers-post-confirmation-duration-alarm": ("AWS/Lambda", "Duration", 3000, [_CONFIRMATION]),
    "app-outbox-retry-alarm": ("UserProfiles", "OutboxRetry", 1, [f"{_SERVICE}-outbox-outbox"]),
    **{
        f"app-triggers-post-confirmation-{suffix}-alarm": (
            *("UserProfiles", metric, threshold, [f"{_SERVICE}-triggers-post-confirmation"]),
        )
        for suffix, metric, threshold in (
            ("deferred", "RegistrationDeferred", 10),
            ("impossible", "RegistrationImpossible", 0),
            ("lost", "RegistrationLost", 0),
        )
    },
    "app-triggers-pre-token-alarm": (
        *("AWS/Lambda", "Errors", 0, ["app-triggers-pre-token-function-1234567"]),
    ),
    **{
        f"app-triggers-pre-token-{suffix}-alarm": (
            *("UserProfiles", metric, 10, [f"{_SERVICE}-triggers-pre-token-generation"]),
        )
        for suffix, metric in (("role", "RoleUnavailable"), ("contact", "ContactUpdateFailed"))
    },
    **{
        f"app-triggers-{function}-throttles-alarm": (
            *("AWS/Lambda", "Throttles", 0, [f"app-triggers-{function}-function-1234567"]),
        )
        for function in ("pre-sign-up", "post-confirmation", "pre-token")
    },
    "app-triggers-pre-sign-up-alarm": (
        *("AWS/Lambda", "Errors", 20, ["app-triggers-pre-sign-up-function-1234567"]),
    ),
    **PHONE_ALARMS,
    **SOCIAL_ALARMS,
}
"""Namespace, metric, threshold and dimensions of each alarm."""


def other_alarms(recording: Recording) -> list[str]:
    """Report alarms that are missing or differ."""
    actual = {
        alarm.name: (
            *(alarm.inputs.get(key) for key in ("namespace", "metricName", "threshold")),
            list(alarm.inputs["dimensions"].values()),
        )
        for alarm in recording.of_type("MetricAlarm")
    }
    return [
        f"{name}: {actual.get(name)}"
        for name in sorted({*actual, *recording.filter_names(ALARMS)})
        if actual.get(name) != ALARMS.get(name)
    ]


def silent_alarms(recording: Recording) -> list[str]:
    """Report alarms that do not notify the topic, in a stack with a topic."""
    return [
        f"{alarm.name}: {alarm.inputs.get('alarmActions')}"
        for alarm in recording.of_type("MetricAlarm")
        if alarm.inputs.get("alarmActions") != [TOPIC]
    ]


_SOURCES = {
    "app-erasure-dead-letter-queue-source": "app-erasure-queue-1234567",
    "app-triggers-dead-letters-source": "app-triggers-outbox-1234567",
}
"""The queue whose messages each dead-letter queue accepts."""


def dead_letter_sources(recording: Recording) -> list[str]:
    """Report dead-letter queues with other sources than their own queue."""
    actual = {
        item.name: item.document("redriveAllowPolicy") for item in recording.of_type("RedriveAllowPolicy")
    }
    return [
        f"{name}: {actual.get(name)}"
        for name in sorted({*actual, *recording.filter_names(_SOURCES)})
        if actual.get(name)
        != {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [f"arn:aws-cn:sqs:cn-north-1:111122223333:{_SOURCES.get(name)}"],
        }
    ]


_ORDER = {
    # A sign-up would fail before the pool has permission to call the functions.
    "app-identity-client": {
        *("app-identity-pre-sign-up-permission", "app-identity-post-confirmation-permission"),
        "app-identity-pre-token-generation-permission",
    },
    "app-identity-pool": {"app-identity-sms-policy"},
    "app-migration-reports-lifecycle": {"app-migration-reports-versioning"},
    "app-api-avatars-lifecycle": {"app-api-avatars-versioning"},
    "app-api-avatars-policy": {"app-api-avatars-public-access"},
    # S3 rejects simultaneous changes of a bucket's policy and public access.
    "app-migration-reports-policy": {"app-migration-reports-public-access"},
    "app-migration-state-machine": {"app-migration-policy"},
    "app-eraser-schedule-target": {"app-eraser-worker-schedule-permission"},
    "app-reconciler-schedule-target": {"app-reconciler-worker-schedule-permission"},
    **{
        f"{function}-function": {f"{function}-policy"}
        for function in (
            "app-api-handler",
            "app-api-admin",
            "app-eraser-worker",
            "app-reconciler-worker",
            "app-migration-worker",
            "app-outbox-worker",
            "app-triggers-post-confirmation",
            "app-triggers-pre-sign-up",
            "app-triggers-pre-token",
        )
    },
    **PHONE_ORDER,
    **SOCIAL_ORDER,
}
"""The resources that each resource must wait for."""


def wrong_order(recording: Recording) -> list[str]:
    """Report resources that can be created before those that they need."""
    return [
        f"{name}: doesn't wait for {', '.join(sorted(missing))}"
        for name in recording.filter_names(_ORDER)
        if (missing := _ORDER[name] - set(recording.resource(name).depends_on))
    ]


EXPECTATIONS: list[Check] = [
    open_keys,
    other_rights,
    audit_trail_rights,
    other_alarms,
    dead_letter_sources,
    wrong_order,
]
