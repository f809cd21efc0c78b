"""Mutations of phone sign-in: table, keys, queue, functions and routes."""

from component_changes import NOT_CREATED, NOT_PROTECTED, drop, put, statement, without_statement
from component_checks import (
    foreign_callers,
    open_routes,
    other_leading_keys,
    unencrypted_queues,
    wildcard_resources,
)
from component_expectations import open_keys, other_alarms, other_rights
from component_golden import golden_differences
from component_key_expectations import other_keys
from component_mutation import each, mutation, rule
from component_programs import KEY

_TABLE = "app-phone-codes-table"
_QUEUE = "app-phone-queue"
_KEYS = ("app-phone-code-key", "app-phone-sender-key")
_MAPPING = "app-phone-sender-mapping"
_RETRIES = "app-phone-cognito-codes-retries"
_SENDER = "app-phone-sender-policy"
_STORED_NOWHERE = rule("Cognito's codes are retried for three minutes, and stored nowhere")
_MACS = rule("the key of codes computes MACs, and nothing else")
_DESTINATION = {"onFailure": {"destination": "arn:aws-cn:sqs:cn-north-1:111122223333:lost"}}

PHONE_MUTATIONS = [
    mutation(_TABLE, drop("ttl"), rule("codes expire")),
    mutation(_TABLE, drop("pointInTimeRecovery"), rule("a table can be restored to any second")),
    mutation(_TABLE, drop("serverSideEncryption.enabled"), rule("a table is encrypted with a KMS key")),
    mutation(_QUEUE, put("messageRetentionSeconds", 345_600), rule("a message expires with its code")),
    mutation(
        _QUEUE,
        put("redrivePolicy", '{"deadLetterTargetArn": "arn:aws-cn:sqs:cn-north-1:1:codes"}'),
        rule("no dead-letter queue keeps codes"),
    ),
    mutation(_QUEUE, drop("kmsMasterKeyId"), rule("the queue of codes is encrypted with KMS")),
    mutation(f"{_QUEUE}-policy", NOT_CREATED, unencrypted_queues, _QUEUE),
    mutation(f"{_QUEUE}-policy", statement("sqs:*", Condition=None), unencrypted_queues, _QUEUE),
    mutation(_MAPPING, put("batchSize", 10), rule("a code is sent alone")),
    mutation(_MAPPING, drop("functionResponseTypes"), rule("a failed message is sent again")),
    mutation(_MAPPING, NOT_CREATED, golden_differences),
    *each(_KEYS, NOT_PROTECTED, rule("Pulumi refuses to delete a key")),
    *each(_KEYS, statement("kms:*", Principal={"AWS": "*"}), open_keys),
    *each(_KEYS, put("policy.Statement.0.Principal.AWS", "arn:aws-cn:iam::999999999999:root"), open_keys),
    mutation("app-phone-code-key", drop("keyUsage"), _MACS),
    mutation("app-phone-code-key", put("customerMasterKeySpec", "HMAC_224"), _MACS),
    mutation(
        "app-phone-sender-key", drop("enableKeyRotation"), rule("the key of Cognito's codes is rotated")
    ),
    *each(
        tuple(f"app-phone-{name}-challenge-function" for name in ("define", "create", "verify")),
        put("timeout", 10),
        rule("a challenge ends before Cognito stops waiting"),
    ),
    mutation(_RETRIES, put("maximumEventAgeInSeconds", 21_600), _STORED_NOWHERE),
    mutation(_RETRIES, put("destinationConfig", _DESTINATION), _STORED_NOWHERE),
    mutation(_RETRIES, drop("qualifier"), _STORED_NOWHERE),
    *each(
        ("app-phone-create-challenge-policy", "app-phone-verify-challenge-policy", _SENDER),
        statement("dynamodb:UpdateItem", Condition=None),
        other_leading_keys,
    ),
    mutation(
        "app-code-api-handler-policy", statement("dynamodb:GetItem", Condition=None), other_leading_keys
    ),
    mutation(
        _SENDER,
        statement(
            "dynamodb:UpdateItem",
            Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PHONE#*"]}},
        ),
        other_leading_keys,
    ),
    mutation(_SENDER, without_statement("sns:Publish"), other_rights),
    mutation("app-phone-create-challenge-policy", without_statement("kms:GenerateMac"), other_rights),
    *each(
        ("app-phone-create-challenge-policy", "app-phone-verify-challenge-policy"),
        statement("kms:GenerateMac", Resource="*"),
        wildcard_resources,
    ),
    mutation(
        "app-phone-cognito-codes-policy",
        statement("sqs:SendMessage", Action=["sqs:SendMessage", "sqs:ReceiveMessage"]),
        other_rights,
    ),
    mutation("app-phone-spend-alarm", put("threshold", 100_000), other_alarms),
    mutation("app-phone-guesses-alarm", put("dimensions.service", "another"), other_alarms),
    mutation("app-code-api-guesses-alarm", put("dimensions.service", "another"), other_alarms),
    mutation("app-code-api-handler-api-permission", drop("sourceArn"), foreign_callers),
    mutation(
        "app-code-api-route-post-auth-phone-verify", put("routeKey", "POST /auth/phone/other"), open_routes
    ),
    *each((_TABLE,), drop("serverSideEncryption.kmsKeyArn"), other_keys, kms_key_arn=KEY),
    *each((_QUEUE,), put("kmsMasterKeyId", "alias/aws/sqs"), other_keys, kms_key_arn=KEY),
]
