"""What the engine can make: one module for each AWS service, each a part of one table of Pulumi types."""

from types import ModuleType

from pulumi_localaws.resources import (
    apigatewayv2,
    awslambda,
    cloudwatch,
    cognito,
    dynamodb,
    iam,
    invokes,
    kms,
    s3,
    s3_settings,
    secretsmanager,
    sfn,
    sns,
    sqs,
    ssm,
)

SERVICES: tuple[ModuleType, ...] = (
    apigatewayv2,
    awslambda,
    cloudwatch,
    cognito,
    dynamodb,
    iam,
    invokes,
    kms,
    s3,
    s3_settings,
    secretsmanager,
    sfn,
    sns,
    sqs,
    ssm,
)
"""Importing a module enters its types into the table."""
