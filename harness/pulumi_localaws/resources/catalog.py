"""All resource types that the engine can create, and the errors for types that it cannot create or read.

To add a resource type, add it to `RESOURCE_TYPES` in `services/<service>.py`.
"""

from pulumi_localaws.errors import DeploymentError, UnsupportedError
from pulumi_localaws.resources.resource_type import Read, ResourceType
from pulumi_localaws.resources.rules import (
    api_rules,
    backup_rules,
    cognito_rules,
    event_rules,
    lambda_rules,
    messaging_rules,
    monitoring_rules,
    storage_rules,
)
from pulumi_localaws.resources.rules.rule import Rule
from pulumi_localaws.resources.services import (
    apigatewayv2,
    appsync,
    awslambda,
    awslambda_triggers,
    backup,
    cloudwatch,
    cognito,
    cognito_clients,
    cognito_users,
    dynamodb,
    eventbridge,
    iam,
    iam_users,
    kms,
    logs,
    random_values,
    s3,
    s3_notifications,
    s3_settings,
    s3_websites,
    scheduler,
    secretsmanager,
    sesv2,
    sfn,
    sns,
    sqs,
    ssm,
)

RESOURCE_TYPES: tuple[ResourceType, ...] = (
    *apigatewayv2.RESOURCE_TYPES,
    *appsync.RESOURCE_TYPES,
    *awslambda.RESOURCE_TYPES,
    *awslambda_triggers.RESOURCE_TYPES,
    *backup.RESOURCE_TYPES,
    *cloudwatch.RESOURCE_TYPES,
    *cognito.RESOURCE_TYPES,
    *cognito_clients.RESOURCE_TYPES,
    *cognito_users.RESOURCE_TYPES,
    *dynamodb.RESOURCE_TYPES,
    *eventbridge.RESOURCE_TYPES,
    *iam.RESOURCE_TYPES,
    *iam_users.RESOURCE_TYPES,
    *kms.RESOURCE_TYPES,
    *logs.RESOURCE_TYPES,
    *random_values.RESOURCE_TYPES,
    *s3.RESOURCE_TYPES,
    *s3_notifications.RESOURCE_TYPES,
    *s3_settings.RESOURCE_TYPES,
    *s3_websites.RESOURCE_TYPES,
    *scheduler.RESOURCE_TYPES,
    *secretsmanager.RESOURCE_TYPES,
    *sesv2.RESOURCE_TYPES,
    *sfn.RESOURCE_TYPES,
    *sns.RESOURCE_TYPES,
    *sqs.RESOURCE_TYPES,
    *ssm.RESOURCE_TYPES,
)

RULES: tuple[Rule, ...] = (
    *api_rules.RULES,
    *cognito_rules.RULES,
    *event_rules.RULES,
    *lambda_rules.RULES,
    *messaging_rules.RULES,
    *monitoring_rules.RULES,
    *storage_rules.RULES,
    *backup_rules.RULES,
)
"""Rules of AWS that no service model contains."""

BY_TOKEN = {resource_type.token: resource_type for resource_type in RESOURCE_TYPES}
"""The resource types by their Pulumi types (``aws:sqs/queue:Queue``)."""


def find_resource_type(token: str, name: str) -> ResourceType:
    """Return a resource type.

    Args:
        token: The Pulumi type.
        name: The resource's logical name, for the message.

    Raises:
        UnsupportedError: The type is not supported; the message lists the supported types of the service.
    """
    if token in BY_TOKEN:
        return BY_TOKEN[token]
    service = _get_service(token)
    supported = sorted(other for other in BY_TOKEN if _get_service(other) == service)
    label = "Supported types of this service"
    if not supported:
        supported = sorted({_get_service(other) for other in BY_TOKEN})
        label = "Supported services"
    raise UnsupportedError(
        f"{token} {name!r}: this type is not supported by the local deployment.",
        f"{label}: {', '.join(supported)}. `pulumi-localaws types` lists all types.",
    )


def find_readable_type(token: str, name: str) -> tuple[ResourceType, Read]:
    """Return a resource type that supports ``.get()``, and its read function.

    Args:
        token: The Pulumi type.
        name: The resource's logical name, for the message.

    Raises:
        DeploymentError: The type does not support ``.get()``; the message lists the types that do.
    """
    resource_type = BY_TOKEN.get(token)
    if resource_type is None or resource_type.read is None:
        readable = sorted(other for other, entry in BY_TOKEN.items() if entry.read)
        raise DeploymentError(
            f"{token} {name!r}: .get() is not supported by the local deployment for this type. Supported"
            f" types: {', '.join(readable)}."
        )
    return resource_type, resource_type.read


def _get_service(token: str) -> str:
    return token.split("/", maxsplit=1)[0]
