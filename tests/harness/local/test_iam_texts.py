"""Descriptions and tags of IAM with characters that XML reserves."""

import pytest
from pulumi_localaws.local_aws import LocalAws
from resource_cases.case import LOGS_POLICY

pytestmark = pytest.mark.backends("embedded")


def test_description_and_tags_may_contain_reserved_characters(localaws: LocalAws) -> None:
    iam = localaws.client("iam")
    tags = [{"Key": "team & <co>", "Value": "a < b & c"}]

    policy = iam.create_policy(
        PolicyName="texts", PolicyDocument=LOGS_POLICY, Description="Lambda & <logs>", Tags=tags
    )["Policy"]

    existing = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    iam.delete_policy(PolicyArn=policy["Arn"])
    assert (existing["Description"], existing["Tags"]) == ("Lambda & <logs>", tags)
