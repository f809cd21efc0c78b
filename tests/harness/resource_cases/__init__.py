"""One case for each resource type: its inputs, its dependencies, and how to see that it exists."""

from resource_cases import (
    apigatewayv2,
    appsync,
    awslambda,
    backup,
    cloudwatch,
    cognito,
    cognito_users,
    dynamodb,
    eventbridge,
    iam,
    iam_users,
    kms,
    s3,
    scheduler,
    secretsmanager,
    sesv2,
    sfn,
    sns,
    sqs,
    ssm,
)
from resource_cases.case import Case
from resource_cases.s3 import ALIASES

__all__ = ["ALIASES", "CASES"]

CASES: dict[str, Case] = {
    **apigatewayv2.CASES,
    **appsync.CASES,
    **awslambda.CASES,
    **backup.CASES,
    **cloudwatch.CASES,
    **cognito.CASES,
    **cognito_users.CASES,
    **dynamodb.CASES,
    **eventbridge.CASES,
    **iam.CASES,
    **iam_users.CASES,
    **kms.CASES,
    **s3.CASES,
    **scheduler.CASES,
    **secretsmanager.CASES,
    **sesv2.CASES,
    **sfn.CASES,
    **sns.CASES,
    **sqs.CASES,
    **ssm.CASES,
}
