"""Expected rights, alarms, order and rules of phone sign-in, by the names of the stack's resources."""

from typing import Any

from component_paths import MISSING
from component_rules import Rule

EVERY_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""The actions that each function's policy allows."""

PHONE_RIGHTS: dict[str, set[str]] = {
    "app-phone-define-challenge-policy": EVERY_FUNCTION,
    "app-phone-create-challenge-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:GetItem", "dynamodb:UpdateItem", "kms:GenerateMac", "sqs:SendMessage"),
    },
    "app-phone-verify-challenge-policy": {*EVERY_FUNCTION, "dynamodb:UpdateItem", "kms:GenerateMac"},
    "app-phone-sender-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:UpdateItem", "sns:Publish"),
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
    },
    "app-phone-cognito-codes-policy": {*EVERY_FUNCTION, "kms:Decrypt", "sqs:SendMessage"},
    "app-code-api-handler-policy": {
        *EVERY_FUNCTION,
        *("dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        *("dynamodb:UpdateItem", "kms:GenerateMac", "sqs:SendMessage"),
        *("cognito-idp:AdminCreateUser", "cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser"),
        "cognito-idp:AdminInitiateAuth",
        *("cognito-idp:AdminRespondToAuthChallenge", "cognito-idp:AdminSetUserPassword"),
    },
}
PHONE_KEY_USES: dict[str, dict[str, int]] = {
    "app-phone-define-challenge-policy": {"lambda": 1},
    "app-phone-create-challenge-policy": {"lambda": 1, "dynamodb": 2, "sqs": 2},
    "app-phone-verify-challenge-policy": {"lambda": 1, "dynamodb": 2},
    "app-phone-sender-policy": {"lambda": 1, "dynamodb": 2, "sqs": 1},
    "app-phone-cognito-codes-policy": {"lambda": 1, "sqs": 2},
    "app-code-api-handler-policy": {"lambda": 1, "dynamodb": 2, "sqs": 2},
}

_CHALLENGES = ("define", "create", "verify")
_SERVICE = "pulumi-userprofiles-test-app-phone"
PHONE_ALARMS: dict[str, tuple[Any, ...]] = {
    "app-phone-sender-alarm": ("AWS/Lambda", "Errors", 0, ["app-phone-sender-function-1234567"]),
    "app-phone-age-alarm": ("AWS/SQS", "ApproximateAgeOfOldestMessage", 60, ["app-phone-queue-1234567"]),
    "app-phone-spend-alarm": ("AWS/SNS", "SMSMonthToDateSpentUSD", 50, []),
    "app-phone-lost-alarm": (
        *("AWS/Lambda", "AsyncEventsDropped", 0, ["app-phone-cognito-codes-function-1234567"]),
    ),
    "app-code-api-alarm": ("AWS/Lambda", "Errors", 0, ["app-code-api-handler-function-1234567"]),
    **{
        f"app-phone-{suffix}-alarm": ("UserProfiles", metric, threshold, [f"{_SERVICE}-{handler}"])
        for suffix, handler, metric, threshold in (
            ("guesses", "verify-auth-challenge-response", "CodesWrong", 100),
            ("limited", "create-auth-challenge", "CodesLimited", 50),
            ("pumping", "text-message-sender", "MessagesLimited", 0),
            ("rejected", "text-message-sender", "MessagesRejected", 10),
            ("uncertain", "text-message-sender", "MessagesUncertain", 10),
            ("dropped", "custom-sms-sender", "CognitoCodesDropped", 0),
        )
    },
    **{
        f"app-code-api-{suffix}-alarm": (
            *("UserProfiles", metric, threshold, ["pulumi-userprofiles-test-app-code-api-phone-sign-in-api"]),
        )
        for suffix, metric, threshold in (
            ("guesses", "CodesWrong", 100),
            ("limited", "CodesLimited", 50),
            ("sources", "PhoneRequestsLimited", 100),
        )
    },
    **{
        f"app-phone-{name}-challenge-throttles-alarm": (
            *("AWS/Lambda", "Throttles", 0, [f"app-phone-{name}-challenge-function-1234567"]),
        )
        for name in _CHALLENGES
    },
    **{
        f"app-identity-{trigger}-alarm": ("AWS/Lambda", "Errors", 0, [f"app-phone-{child}-function-1234567"])
        for trigger, child in (
            ("define-auth-challenge", "define-challenge"),
            ("create-auth-challenge", "create-challenge"),
            ("verify-auth-challenge-response", "verify-challenge"),
            ("custom-sms-sender", "cognito-codes"),
        )
    },
}

PHONE_FUNCTIONS = (
    *(f"app-phone-{name}-challenge" for name in _CHALLENGES),
    *("app-phone-sender", "app-phone-cognito-codes", "app-code-api-handler"),
)
PHONE_ORDER = {f"{name}-function": {f"{name}-policy"} for name in PHONE_FUNCTIONS}

CODES_KEYS = {
    "app-phone-create-challenge-policy": ["PHONE#*"],
    "app-phone-verify-challenge-policy": ["PHONE#*"],
    "app-phone-sender-policy": ["MESSAGE#*", "COUNTRY#*", "PREFIX#*"],
    "app-code-api-handler-policy": ["PHONE#*", "SOURCE#*"],
}
"""Keys in the table of codes that each role can use."""

_QUEUE = ("app-phone-queue",)
_KEYS = ("code-key", "sender-key")
PHONE_RULES = [
    Rule(
        "codes expire",
        "Table",
        {"ttl": {"attributeName": "expiration", "enabled": True}},
        ("app-phone-codes-table",),
    ),
    Rule("a message expires with its code", "Queue", {"messageRetentionSeconds": 180}, _QUEUE),
    Rule("no dead-letter queue keeps codes", "Queue", {"redrivePolicy": MISSING}, _QUEUE),
    Rule("the queue of codes is encrypted with KMS", "Queue", {"kmsMasterKeyId": "alias/aws/sqs"}, _QUEUE),
    Rule("a code is sent alone", "EventSourceMapping", {"batchSize": 1}, ("sender-mapping",)),
    Rule(
        "a failed message is sent again",
        "EventSourceMapping",
        {"functionResponseTypes": ["ReportBatchItemFailures"]},
        ("sender-mapping",),
    ),
    Rule("Pulumi refuses to delete a key", "Key", {"protect": True}, _KEYS),
    Rule(
        "the key of codes computes MACs, and nothing else",
        "Key",
        {"keyUsage": "GENERATE_VERIFY_MAC", "customerMasterKeySpec": "HMAC_256"},
        ("code-key",),
    ),
    Rule("the key of Cognito's codes is rotated", "Key", {"enableKeyRotation": True}, ("sender-key",)),
    Rule(
        "a challenge ends before Cognito stops waiting",
        "Function",
        {"timeout": 4},
        tuple(f"{name}-challenge-function" for name in _CHALLENGES),
    ),
    Rule(
        "Cognito's codes are retried for three minutes, and stored nowhere",
        "FunctionEventInvokeConfig",
        {"maximumEventAgeInSeconds": 180, "destinationConfig": MISSING, "qualifier": "live"},
    ),
]
