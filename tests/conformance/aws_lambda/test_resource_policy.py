"""Evaluation of a function's resource policy."""

from typing import Any

import pytest
from pulumi_localaws.gateway.aws_lambda.resource_policy import allows, arn_like

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:f:live"
CONTEXT = {"aws:sourcearn": "arn:aws:sqs:eu-west-1:1:q[1]", "aws:sourceaccount": "000000000000"}


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:sqs:*:1:q", "arn:aws:sqs:eu-west-1:1:q", True),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:1:q", False),
        ("arn:aws:execute-api:r:1:a/*/GET/me", "arn:aws:execute-api:r:1:a/$default/GET/me", True),
        ("arn:aws:execute-api:r:1:a/?/GET/me", "arn:aws:execute-api:r:1:a/ab/GET/me", False),
        ("arn:aws:sqs:r:1:q[1]", "arn:aws:sqs:r:1:q1", False),
        ("*", "arn:aws:sqs:r:1:q", True),
    ],
)
def test_arns_are_compared_part_by_part(pattern: str, arn: str, *, expected: bool) -> None:
    """Line 8 (doc): ArnLike."""
    assert expected is arn_like(pattern, arn)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sqs:*:1:q[1]"}}, True),
        ({"StringLike": {"AWS:SourceAccount": "0000*"}}, True),
        ({"StringEqualsIgnoreCase": {"aws:SourceAccount": ["1", "000000000000"]}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "000000000000"}}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:sqs:*:2:*"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_conditions(conditions: dict[str, Any], *, expected: bool) -> None:
    """Line 8 (doc): a condition with an unknown operator or key is not met."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sqs.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": conditions,
    }

    is_allowed = allows(
        {"Statement": [statement]}, principal="sqs.amazonaws.com", resource=ARN, context=CONTEXT
    )

    assert expected is is_allowed
