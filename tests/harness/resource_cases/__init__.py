"""One case for each resource type: its inputs, its dependencies, and how to see that it exists."""

from resource_cases import (
    apigatewayv2,
    awslambda,
    cloudwatch,
    cognito,
    dynamodb,
    iam,
    kms,
    s3,
    secretsmanager,
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
    **awslambda.CASES,
    **cloudwatch.CASES,
    **cognito.CASES,
    **dynamodb.CASES,
    **iam.CASES,
    **kms.CASES,
    **s3.CASES,
    **secretsmanager.CASES,
    **sfn.CASES,
    **sns.CASES,
    **sqs.CASES,
    **ssm.CASES,
}
