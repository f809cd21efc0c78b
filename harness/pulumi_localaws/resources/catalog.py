"""All resource types that the engine can create."""

from pulumi_localaws.resources.resource_type import ResourceType
from pulumi_localaws.resources.services import (
    apigatewayv2,
    awslambda,
    awslambda_triggers,
    cloudwatch,
    cognito,
    cognito_clients,
    dynamodb,
    iam,
    kms,
    s3,
    s3_settings,
    secretsmanager,
    sfn,
    sns,
    sqs,
    ssm,
)

RESOURCE_TYPES: tuple[ResourceType, ...] = (
    *apigatewayv2.RESOURCE_TYPES,
    *awslambda.RESOURCE_TYPES,
    *awslambda_triggers.RESOURCE_TYPES,
    *cloudwatch.RESOURCE_TYPES,
    *cognito.RESOURCE_TYPES,
    *cognito_clients.RESOURCE_TYPES,
    *dynamodb.RESOURCE_TYPES,
    *iam.RESOURCE_TYPES,
    *kms.RESOURCE_TYPES,
    *s3.RESOURCE_TYPES,
    *s3_settings.RESOURCE_TYPES,
    *secretsmanager.RESOURCE_TYPES,
    *sfn.RESOURCE_TYPES,
    *sns.RESOURCE_TYPES,
    *sqs.RESOURCE_TYPES,
    *ssm.RESOURCE_TYPES,
)

BY_TOKEN = {resource_type.token: resource_type for resource_type in RESOURCE_TYPES}
"""Each type by its Pulumi type (``aws:sqs/queue:Queue``)."""
