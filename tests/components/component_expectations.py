"""Expected rights, alarms, order and uses of a key, by the names of the stack's resources."""

from typing import Any

from component_checks import Check, statements
from component_paths import value_at
from component_programs import KEY, TOPIC
from component_recording import Recording
from pulumi_userprofiles.policies import LOG_DELIVERY, SAMPLING, TRACING

_EVERY_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
_REGISTER = {"dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
RIGHTS = {
    "app-triggers-pre-sign-up-policy": _EVERY_FUNCTION,
    "app-triggers-post-confirmation-policy": {*_EVERY_FUNCTION, *_REGISTER, "sqs:SendMessage"},
    "app-triggers-pre-token-policy": {
        *_EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    },
    "app-outbox-worker-policy": {
        *_EVERY_FUNCTION,
        *_REGISTER,
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "cognito-idp:AdminGetUser"),
    },
    "app-api-handler-policy": {
        *_EVERY_FUNCTION,
        *_REGISTER,
        *("dynamodb:BatchGetItem", "cognito-idp:AdminGetUser"),
        *("dynamodb:GetItem", "dynamodb:DeleteItem", "s3:GetObject", "s3:PutObject"),
        *("dynamodb:Query", "s3:ListBucket", "s3:DeleteObjectVersion"),
    },
    "app-api-admin-policy": {
        *_EVERY_FUNCTION,
        *_REGISTER,
        *("dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:DeleteItem"),
        *("cognito-idp:AdminGetUser", "cognito-idp:AdminCreateUser"),
        *("cognito-idp:AdminAddUserToGroup", "cognito-idp:AdminRemoveUserFromGroup"),
        *("s3:GetObject", "s3:PutObject"),
    },
    "app-migration-worker-policy": {
        *_EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PartiQLInsert", "dynamodb:PutItem"),
        *("dynamodb:Scan", "s3:GetObject", "s3:PutObject"),
    },
    "app-migration-policy": {"lambda:InvokeFunction", *LOG_DELIVERY, *SAMPLING, *TRACING},
    "app-migration-map-policy": {
        *("states:DescribeExecution", "states:StartExecution", "states:StopExecution")
    },
    "app-identity-sms-policy": {"sns:Publish"},
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
    "app-migration-alarm": ("AWS/States", "ExecutionsFailed", 0, [_MACHINE]),
    "app-outbox-alarm": ("AWS/Lambda", "Errors", 0, ["app-outbox-worker-function-1234567"]),
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


_SOURCE = "app-triggers-dead-letters-source"


def dead_letter_sources(recording: Recording) -> list[str]:
    """Report dead-letter queues with other sources than the outbox."""
    expected = {
        "redrivePermission": "byQueue",
        "sourceQueueArns": ["arn:aws-cn:sqs:cn-north-1:111122223333:app-triggers-outbox-1234567"],
    }
    actual = {
        item.name: item.document("redriveAllowPolicy") for item in recording.of_type("RedriveAllowPolicy")
    }
    return [
        f"{name}: {actual.get(name)}"
        for name in sorted({*actual, *recording.filter_names([_SOURCE])})
        if actual.get(name) != expected
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
    **{
        f"{function}-function": {f"{function}-policy"}
        for function in (
            "app-api-handler",
            "app-api-admin",
            "app-migration-worker",
            "app-outbox-worker",
            "app-triggers-post-confirmation",
            "app-triggers-pre-sign-up",
            "app-triggers-pre-token",
        )
    },
}
"""The resources that each resource must wait for."""


def wrong_order(recording: Recording) -> list[str]:
    """Report resources that can be created before those that they need."""
    return [
        f"{name}: doesn't wait for {', '.join(sorted(missing))}"
        for name in recording.filter_names(_ORDER)
        if (missing := _ORDER[name] - set(recording.resource(name).depends_on))
    ]


KEY_PATHS = {
    "Table": "serverSideEncryption.kmsKeyArn",
    "Queue": "kmsMasterKeyId",
    "LogGroup": "kmsKeyId",
    "Function": "kmsKeyArn",
    "StateMachine": "encryptionConfiguration.kmsKeyId",
    "BucketServerSideEncryptionConfiguration": "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId",
}
"""Path of the encryption key in the inputs of each type."""


def other_keys(recording: Recording) -> list[str]:
    """Report resources that are not encrypted with the key, in a stack with a key."""
    return [
        f"{item.name}: {path} is {value_at(item.inputs, path)!r}"
        for type_name, path in KEY_PATHS.items()
        for item in recording.of_type(type_name)
        if value_at(item.inputs, path) != KEY
    ]


_USES = {
    "app-api-handler-policy": {"lambda": 1, "dynamodb": 2, "s3": 2},
    "app-api-admin-policy": {"lambda": 1, "dynamodb": 2, "s3": 2},
    "app-migration-worker-policy": {"lambda": 1, "dynamodb": 2, "s3": 2},
    "app-outbox-worker-policy": {"lambda": 1, "dynamodb": 2, "sqs": 1},
    "app-triggers-post-confirmation-policy": {"lambda": 1, "dynamodb": 2, "sqs": 2},
    "app-triggers-pre-sign-up-policy": {"lambda": 1},
    "app-triggers-pre-token-policy": {"lambda": 1, "dynamodb": 2},
}
"""Rights of functions on the key: the service that uses it, and the number of allowed `_KEY_ACTIONS`."""
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]


def _key_rights(recording: Recording) -> dict[str, dict[str, Any]]:
    """Return the actions on the key that each service may take, for each policy of a function."""
    rights: dict[str, dict[str, Any]] = {name: {} for name in recording.filter_names(_USES)}
    for item, statement in statements(recording):
        if item["name"] in rights and statement["Action"][0].startswith("kms:"):
            equals = statement.get("Condition", {}).get("StringEquals", {})
            for host in equals.get("kms:ViaService", ["any service"]):
                service = host.removesuffix(".cn-north-1.amazonaws.com.cn")
                rights[item["name"]][service] = (statement["Action"], statement["Resource"])
    return rights


def other_uses_of_the_key(recording: Recording) -> list[str]:
    """Report rights on the key for other services than the function's own, in a stack with a key."""
    return [
        f"{name}: {services}"
        for name, services in _key_rights(recording).items()
        if services != {service: (_KEY_ACTIONS[:count], [KEY]) for service, count in _USES[name].items()}
    ]


EXPECTATIONS: list[Check] = [
    other_rights,
    audit_trail_rights,
    other_alarms,
    dead_letter_sources,
    wrong_order,
]
EXPECTATIONS_WITH_A_KEY: list[Check] = [other_keys, other_uses_of_the_key]
