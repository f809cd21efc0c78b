"""IAM policies are checked as AWS does when it saves them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_localaws.resources.policy_checks import (
    check_bucket_policy,
    check_identity_policy,
    check_key_policy,
    check_resource_policy,
    check_trust_policy,
)
from pulumi_localaws.resources.policy_rules import STATEMENT_RULES, PolicyKind

Check = Callable[[str], None]
CHECKS = {
    PolicyKind.BUCKET: check_bucket_policy,
    PolicyKind.IDENTITY: check_identity_policy,
    PolicyKind.KEY: check_key_policy,
    PolicyKind.RESOURCE: check_resource_policy,
    PolicyKind.TRUST: check_trust_policy,
}
REPOSITORY = Path(__file__).parents[3]
IDENTITY = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:q"
RESOURCE = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE_ARN,
}
KEY = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kms:*", "Resource": "*"}

WRONG_STATEMENTS: list[tuple[Check, dict[str, Any], str]] = [
    (check_identity_policy, IDENTITY | {"Actions": "s3:*"}, "Actions is not an element of a statement"),
    (check_identity_policy, IDENTITY | {"Effect": "allow"}, "Effect is 'allow'; allowed: Allow, Deny"),
    (check_identity_policy, IDENTITY | {"Sid": "read objects"}, "Sid is 'read objects'; allowed: letters"),
    (check_trust_policy, TRUST | {"Sid": "a-b"}, "Sid is 'a-b'; allowed: letters"),
    (check_identity_policy, IDENTITY | {"NotAction": "s3:*"}, "Action and NotAction are both set"),
    (check_identity_policy, IDENTITY | {"Action": []}, "Action is missing. Set Action or NotAction"),
    (check_identity_policy, IDENTITY | {"Action": "GetObject"}, "Action 'GetObject' must have the form"),
    (check_identity_policy, IDENTITY | {"Action": "s3:Get Object"}, "Action 's3:Get Object' must have"),
    (check_identity_policy, IDENTITY | {"Principal": "*"}, "must not have Principal or NotPrincipal"),
    (check_identity_policy, IDENTITY | {"NotResource": "*"}, "Resource and NotResource are both set"),
    (check_identity_policy, IDENTITY | {"Resource": "bucket"}, "Resource 'bucket' must be an ARN or *"),
    (check_identity_policy, IDENTITY | {"Resource": "arn:aws:s3:b"}, "Resource 'arn:aws:s3:b' must be"),
    (check_bucket_policy, RESOURCE | {"Resource": []}, "Resource is missing. Set Resource or NotResource"),
    (
        check_identity_policy,
        IDENTITY | {"Condition": {"StringEqual": {"aws:PrincipalTag/a": "b"}}},
        "Condition has the unknown operator 'StringEqual'; allowed: ArnEquals, ArnLike",
    ),
    (
        check_identity_policy,
        IDENTITY | {"Condition": {"NullIfExists": {"aws:TokenIssueTime": "true"}}},
        "Condition has the unknown operator 'NullIfExists'",
    ),
    (
        check_identity_policy,
        IDENTITY | {"Condition": {"StringEquals": "b"}},
        "Condition.StringEquals must be a JSON object of condition keys and their values",
    ),
    (
        check_identity_policy,
        IDENTITY | {"Condition": {"StringEquals": {"aws:PrincipalTag/a": {"b": "c"}}}},
        "Condition.StringEquals must be a JSON object of condition keys and their values",
    ),
    (check_trust_policy, TRUST | {"Action": "s3:GetObject"}, "is not allowed in a trust policy. Use"),
    (check_trust_policy, TRUST | {"Resource": "*"}, "must not have Resource or NotResource. Remove it"),
    (
        check_trust_policy,
        {"Effect": "Allow", "NotPrincipal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"},
        "a trust policy must not have NotPrincipal. Use Principal",
    ),
    (check_trust_policy, TRUST | {"Principal": {"Service": "lambda"}}, "'lambda' must have the form"),
    (check_trust_policy, TRUST | {"Principal": {"User": "x"}}, "Principal has the unknown type User"),
    (check_trust_policy, TRUST | {"Principal": "lambda.amazonaws.com"}, "Principal is 'lambda.amazonaws"),
    (check_trust_policy, TRUST | {"Principal": {}}, "Principal is missing. Set Principal"),
    (check_trust_policy, TRUST | {"Principal": {"AWS": []}}, "Principal is missing. Set Principal"),
    (check_resource_policy, IDENTITY, "Principal is missing. Set Principal or NotPrincipal"),
    (
        check_resource_policy,
        RESOURCE | {"Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}},
        "the AWS principal 'arn:aws:iam::123456789012:role/*' must be an account ID, the ARN of one",
    ),
    (check_key_policy, KEY | {"Principal": {"AWS": "12345"}}, "the AWS principal '12345' must be"),
]


@pytest.mark.parametrize(("check", "statement", "expected"), WRONG_STATEMENTS)
def test_statement_that_aws_rejects_is_rejected(
    check: Check, statement: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ValueError, match=r"Statement\[0\]: ") as raised:
        check(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    assert expected in str(raised.value)
    assert "(Source: " in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "the text is not valid JSON"),
        ("[]", "the document must be a JSON object"),
        ("{}", "Statement is missing or empty"),
        ('{"Statement": ["x"]}', r"Statement[0]: the statement must be a JSON object"),
        ('{"Statement": [], "Version": "2012-10-18"}', "Version is '2012-10-18'; allowed: 2012-10-17, 2008"),
        ('{"Statements": []}', "Statements is not an element of a policy; allowed: Id, Statement, Version"),
        ('{"Statement": [], "Statement": []}', "an object has the key 'Statement' twice"),
        (
            json.dumps({"Statement": [IDENTITY | {"Sid": "a"}, IDENTITY | {"Sid": "a"}]}),
            "Statement[1]: Sid is 'a', as in another statement. Rename it",
        ),
    ],
)
def test_document_that_aws_rejects_is_rejected(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        check_identity_policy(text)

    assert expected in str(raised.value)


def test_all_problems_of_a_policy_are_reported_at_once() -> None:
    statements = [IDENTITY | {"Effect": "allow"}, IDENTITY | {"Action": "x", "Resource": "y"}]

    with pytest.raises(ValueError, match="Effect is 'allow'") as raised:
        check_identity_policy(json.dumps({"Version": "1", "Statement": statements}))

    assert str(raised.value).count("(Source: ") == 4


def test_every_rule_of_policies_has_a_violation() -> None:
    violated = {
        rule.text
        for check, statement, _ in WRONG_STATEMENTS
        for rule in STATEMENT_RULES
        if any(CHECKS[kind] is check for kind in rule.kinds) and list(rule.find(statement))
    }

    assert violated == {rule.text for rule in STATEMENT_RULES}


@pytest.mark.parametrize(
    ("check", "statement"),
    [
        (check_identity_policy, IDENTITY | {"Sid": ""}),
        (check_identity_policy, IDENTITY | {"Action": "*", "Resource": "*"}),
        (check_identity_policy, IDENTITY | {"Action": ["s3:Get*", "execute-api:Invoke", "ec2:?un*"]}),
        (check_identity_policy, {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"}),
        (check_identity_policy, IDENTITY | {"Resource": "arn:aws:s3:::${aws:username}-*"}),
        (check_identity_policy, IDENTITY | {"Resource": "arn:aws-cn:iam::123456789012:role/a"}),
        (check_identity_policy, IDENTITY | {"Resource": "arn:*:*:*:*:*:*"}),
        (
            check_identity_policy,
            IDENTITY
            | {
                "Condition": {
                    "ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]},
                    "Null": {"aws:TokenIssueTime": True},
                    "NumericLessThanEquals": {"s3:max-keys": 10},
                    "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
                    "NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]},
                    "ArnNotLikeIfExists": {"aws:PrincipalArn": "arn:aws:iam::*:role/a"},
                }
            },
        ),
        (check_identity_policy, IDENTITY | {"Condition": {}}),
        (check_trust_policy, TRUST | {"Principal": {"AWS": "*"}}),
        (check_trust_policy, TRUST | {"Principal": {"AWS": ["123456789012", "AROAEXAMPLEEXAMPLE123"]}}),
        (check_trust_policy, TRUST | {"Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetContext"]}),
        (
            check_trust_policy,
            {
                "Effect": "Allow",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:pool"}},
            },
        ),
        (check_resource_policy, RESOURCE | {"Sid": "Allow SNS - 1"}),
        (check_resource_policy, {k: v for k, v in RESOURCE.items() if k != "Resource"}),
        (check_bucket_policy, RESOURCE | {"Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fba"}}),
        (
            check_bucket_policy,
            RESOURCE
            | {"Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}},
        ),
        (check_key_policy, KEY | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}),
        (check_key_policy, {k: v for k, v in KEY.items() if k not in {"Action", "Resource"}}),
    ],
)
def test_statement_that_aws_accepts_is_accepted(check: Check, statement: dict[str, Any]) -> None:
    check(json.dumps({"Version": "2012-10-17", "Statement": statement}))


def test_same_sid_is_accepted_outside_of_iam() -> None:
    check_resource_policy(json.dumps({"Id": "a b", "Statement": [RESOURCE | {"Sid": "a"}] * 2}))


@pytest.mark.parametrize("name", ["deployer-policy-data", "deployer-policy-functions"])
def test_policies_of_the_deployer_are_accepted(name: str) -> None:
    check_identity_policy((REPOSITORY / "docs" / f"{name}.json").read_text())


def test_every_rule_of_policies_is_documented() -> None:
    text = (REPOSITORY / "docs" / "engine.md").read_text()
    rows = [
        f"| {', '.join(kind.value for kind in rule.kinds) if len(rule.kinds) < len(PolicyKind) else 'all'}"
        f" | {rule.text} | {rule.source} |"
        for rule in STATEMENT_RULES
    ]

    assert f"{len(STATEMENT_RULES)} rules for the statements of IAM policies" in text
    table = text.split("| policies | rule for each statement | source |\n|---|---|---|\n")[1]
    assert table.split("\n\n")[0].splitlines() == rows
