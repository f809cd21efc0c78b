"""The functions of phone sign-in: their environment, rights and time-outs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from pulumi_userprofiles.cognito_triggers import TRIGGER_MEMORY_MB, TRIGGER_SECONDS
from pulumi_userprofiles.function_rights import table_kms_statements
from pulumi_userprofiles.function_settings import plain_function_args
from pulumi_userprofiles.identifiers import SECRET_ARN, SECURE_STRING_ARN, matches_form
from pulumi_userprofiles.phone_sign_in_settings import CheckedPhoneSignIn
from pulumi_userprofiles.policies import PolicyStatement, kms_statements, text_message_statement
from pulumi_userprofiles.python_function import PythonFunctionArgs

SENDER_SECONDS = 15
"""Time-out of the function that sends the messages. A call of the provider can take 5 s, and is repeated if
the provider has refused it."""

CODES_ONLY: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PHONE#*"]}
}
"""Condition that limits a function to the items of codes."""

_SENDER_ITEMS: dict[str, dict[str, list[pulumi.Input[str]]]] = {
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["MESSAGE#*", "COUNTRY#*", "PREFIX#*"]}
}


@dataclass(frozen=True)
class Challenge:
    """One of the three triggers of the custom challenge.

    Attributes:
        key: Key in the pool's Lambda configuration, and name of the handler's module.
        child: Child name of the function.
        description: What the function does.
    """

    key: str
    child: str
    description: str


DEFINE = Challenge("define_auth_challenge", "define-challenge", "Decides whether a sign-in by code continues")
CREATE = Challenge("create_auth_challenge", "create-challenge", "Creates a code and sends it to the queue")
VERIFY = Challenge("verify_auth_challenge_response", "verify-challenge", "Checks the code that a user typed")
CHALLENGES = (DEFINE, CREATE, VERIFY)
"""The triggers of the custom challenge."""

SENDER = "text_message_sender"
COGNITO_CODES = "custom_sms_sender"
"""Names of the handlers' modules."""


@dataclass(frozen=True)
class CodeResources:
    """What the functions of phone sign-in use.

    Attributes:
        table_name: Name of the table of codes.
        table_arn: ARN of that table.
        code_key_arn: ARN of the KMS key of the codes' MACs.
        queue_url: URL of the queue of messages.
        queue_arn: ARN of that queue.
    """

    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    code_key_arn: pulumi.Input[str]
    queue_url: pulumi.Input[str]
    queue_arn: pulumi.Input[str]


def code_environment(settings: CheckedPhoneSignIn, resources: CodeResources) -> dict[str, pulumi.Input[str]]:
    """Return the environment variables of functions that create or check codes."""
    return {
        "CODES_TABLE": resources.table_name,
        "CODE_KEY_ID": resources.code_key_arn,
        "DEFAULT_COUNTRY_CODE": settings.default_country_code,
        "ALLOWED_COUNTRIES": ",".join(settings.allowed_countries),
        **{name: str(value) for name, value in settings.limits.items()},
    }


def request_code_statements(args: Mapping[str, Any], resources: CodeResources) -> list[PolicyStatement]:
    """Return the rights to create a code and to send it to the queue."""
    return [
        *table_kms_statements(args),
        {
            "sid": "ClaimCodes",
            "actions": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            "resources": [resources.table_arn],
            "conditions": CODES_ONLY,
        },
        _mac_statement(resources),
        *queue_statements(args, resources),
    ]


def check_code_statements(args: Mapping[str, Any], resources: CodeResources) -> list[PolicyStatement]:
    """Return the rights to check a code."""
    return [
        *table_kms_statements(args),
        {
            "sid": "CheckCodes",
            "actions": ["dynamodb:UpdateItem"],
            "resources": [resources.table_arn],
            "conditions": CODES_ONLY,
        },
        _mac_statement(resources),
    ]


def endpoint_code_statements(args: Mapping[str, Any], resources: CodeResources) -> list[PolicyStatement]:
    """Return the rights to create and to check codes, and to count the requests of an address.

    The rights to the users table already contain those to the KMS key through DynamoDB.
    """
    return [
        {
            "sid": "ClaimAndCheckCodes",
            "actions": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            "resources": [resources.table_arn],
            "conditions": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PHONE#*", "SOURCE#*"]}},
        },
        _mac_statement(resources),
        *queue_statements(args, resources),
    ]


def _mac_statement(resources: CodeResources) -> PolicyStatement:
    return {"sid": "ComputeMacs", "actions": ["kms:GenerateMac"], "resources": [resources.code_key_arn]}


def queue_statements(args: Mapping[str, Any], resources: CodeResources) -> list[PolicyStatement]:
    """Return the rights to send a message to the queue."""
    return [
        {"sid": "QueueMessages", "actions": ["sqs:SendMessage"], "resources": [resources.queue_arn]},
        *kms_statements(args, "sqs", "kms:Decrypt", "kms:GenerateDataKey"),
    ]


def challenge_function(
    challenge: Challenge,
    component: str,
    args: Mapping[str, Any],
    settings: CheckedPhoneSignIn,
    resources: CodeResources,
) -> PythonFunctionArgs:
    """Return the arguments of a trigger's function."""
    environment: dict[str, pulumi.Input[str]] = {}
    statements: list[PolicyStatement] = []
    if challenge is CREATE:
        environment = {**code_environment(settings, resources), "CODE_QUEUE_URL": resources.queue_url}
        statements = request_code_statements(args, resources)
    elif challenge is VERIFY:
        environment = code_environment(settings, resources)
        statements = check_code_statements(args, resources)
    return plain_function_args(
        args,
        component,
        challenge.key,
        challenge.description,
        environment=environment,
        statements=statements,
        timeout_seconds=TRIGGER_SECONDS,
        memory_mb=TRIGGER_MEMORY_MB,
    )


def sender_function(
    component: str, args: Mapping[str, Any], settings: CheckedPhoneSignIn, resources: CodeResources
) -> PythonFunctionArgs:
    """Return the arguments of the function that sends the messages in the queue."""
    environment: dict[str, pulumi.Input[str]] = {
        "SMS_PROVIDER": settings.provider.value,
        "CODES_TABLE": resources.table_name,
        "CODE_TEXT": settings.code_text,
        "ALLOWED_COUNTRIES": ",".join(settings.allowed_countries),
        **{name: str(value) for name, value in settings.message_limits.items()},
        **settings.sender,
    }
    provider: list[PolicyStatement]
    if settings.uses_twilio:
        environment["TWILIO_SECRET_ID"] = settings.twilio_secret_arn
        provider = _secret_statements(args, settings.twilio_secret_arn)
    else:
        provider = [text_message_statement(resources.queue_arn)]
    return plain_function_args(
        args,
        component,
        SENDER,
        "Sends codes by text message",
        environment=environment,
        statements=[
            {
                "sid": "ReceiveMessages",
                "actions": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                "resources": [resources.queue_arn],
            },
            *kms_statements(args, "sqs", "kms:Decrypt"),
            *table_kms_statements(args),
            {
                "sid": "CountMessages",
                "actions": ["dynamodb:UpdateItem"],
                "resources": [resources.table_arn],
                "conditions": _SENDER_ITEMS,
            },
            *provider,
        ],
        timeout_seconds=SENDER_SECONDS,
    )


def _secret_statements(args: Mapping[str, Any], secret_arn: pulumi.Input[str]) -> list[PolicyStatement]:
    """Return the right to read the Twilio credentials, in Secrets Manager or in Parameter Store.

    An output's text is not known during a preview. Then both services are allowed, on this one ARN.
    """
    services = [
        (service, action)
        for service, action, form in (
            ("secretsmanager", "secretsmanager:GetSecretValue", SECRET_ARN),
            ("ssm", "ssm:GetParameter", SECURE_STRING_ARN),
        )
        if matches_form(secret_arn, form)
    ]
    return [
        {
            "sid": "ReadTwilioCredentials",
            "actions": [action for _, action in services],
            "resources": [secret_arn],
        },
        *(statement for service, _ in services for statement in kms_statements(args, service, "kms:Decrypt")),
    ]


def cognito_codes_function(
    component: str, args: Mapping[str, Any], sender_key_arn: pulumi.Input[str], resources: CodeResources
) -> PythonFunctionArgs:
    """Return the arguments of the function that takes Cognito's own codes."""
    return plain_function_args(
        args,
        component,
        COGNITO_CODES,
        "Sends Cognito's own codes to the queue",
        environment={"CODE_QUEUE_URL": resources.queue_url, "SENDER_KEY_ARN": sender_key_arn},
        statements=[
            {"sid": "DecryptCodes", "actions": ["kms:Decrypt"], "resources": [sender_key_arn]},
            *queue_statements(args, resources),
        ],
        timeout_seconds=TRIGGER_SECONDS,
        memory_mb=TRIGGER_MEMORY_MB,
    )
