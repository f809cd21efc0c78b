"""Expected uses of a KMS key, by the names of the stack's resources."""

from typing import Any

from component_checks import Check, statements
from component_paths import value_at
from component_phone_expectations import PHONE_KEY_USES
from component_programs import KEY
from component_recording import Recording
from component_social_expectations import SOCIAL_KEY_USES

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
    "app-api-admin-policy": {"lambda": 1, "dynamodb": 2, "s3": 2, "sqs": 2},
    "app-eraser-worker-policy": {"lambda": 1, "dynamodb": 2, "sqs": 2},
    "app-migration-worker-policy": {"lambda": 1, "dynamodb": 2, "s3": 2},
    "app-outbox-worker-policy": {"lambda": 1, "dynamodb": 2, "sqs": 1},
    "app-reconciler-worker-policy": {"lambda": 1, "dynamodb": 2},
    "app-triggers-post-confirmation-policy": {"lambda": 1, "dynamodb": 2, "sqs": 2},
    "app-triggers-pre-sign-up-policy": {"lambda": 1},
    "app-triggers-pre-token-policy": {"lambda": 1, "dynamodb": 2},
    **PHONE_KEY_USES,
    **SOCIAL_KEY_USES,
}
"""Rights of functions on the key: the service that uses it, and the number of allowed `_KEY_ACTIONS`."""
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]


def _key_rights(recording: Recording) -> dict[str, dict[str, Any]]:
    """Return the actions on the key that each service may take, for each policy of a function."""
    rights: dict[str, dict[str, Any]] = {name: {} for name in recording.filter_names(_USES)}
    for item, statement in statements(recording):
        is_for_key = statement["Action"][0].startswith("kms:") and KEY in statement["Resource"]
        if item["name"] in rights and is_for_key:
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


EXPECTATIONS_WITH_A_KEY: list[Check] = [other_keys, other_uses_of_the_key]
