"""Policies are accepted in the forms that pulumi_aws accepts: a JSON text, and for some types an object."""

import json
import re
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from engine_helpers import Engine
from programs import write_program
from pulumi_localaws.deploy import deploy
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.resources.catalog import BY_TOKEN
from pulumi_localaws.resources.input_schema import DOCUMENT
from resource_cases.case import BUCKET, POLICY, QUEUE, ROLE, TOPIC, build_resource_policy

pytestmark = pytest.mark.backends("embedded")

IDENTITY_POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
PROGRAM = """
import pulumi, pulumi_aws as aws
role = aws.iam.Role("role", assume_role_policy={
    "version": "2012-10-17",
    "statement": [{"effect": "Allow", "principal": {"service": "lambda.amazonaws.com"},
                   "action": "sts:AssumeRole"}],
})
topic = aws.sns.Topic("topic")
policy = aws.iam.RolePolicy("policy", role=role.name, policy={
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sns:Publish"], "Resource": topic.arn}],
})
arguments = aws.iam.Policy("arguments", policy=aws.iam.PolicyDocumentArgs(
    version="2012-10-17",
    statement=[aws.iam.PolicyStatementArgs(
        effect=aws.iam.PolicyStatementEffect.ALLOW, action="sns:Publish", resource=topic.arn)],
))
pulumi.export("trust", role.assume_role_policy)
pulumi.export("policy", policy.policy)
pulumi.export("arguments", arguments.policy)
pulumi.export("topic", topic.arn)
"""


def list_policy_objects_of_pulumi_aws() -> set[tuple[str, str]]:
    """Return the types and inputs that pulumi_aws types as a text or a policy document."""
    policies = set()
    for token in (token for token in BY_TOKEN if token.startswith("aws:")):
        module, _, name = token.removeprefix("aws:").partition("/")
        package = "lambda_" if module == "lambda" else module
        file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.split(":")[0]).lower()
        source = (Path(pulumi_aws.__file__).parent / package / f"{file}.py").read_text()
        for argument in re.findall(r"(\w+): .*PolicyDocumentArgsDict.* = None", source):
            first, *rest = argument.split("_")
            policies.add((token, first + "".join(word.title() for word in rest)))
    return policies


def test_objects_are_accepted_for_the_inputs_that_pulumi_aws_types_so() -> None:
    """For any other input, the provider rejects an object: it would fail on AWS."""
    objects = {
        (token, name)
        for token, resource_type in BY_TOKEN.items()
        for name, schema in resource_type.inputs.fields.items()
        if schema is DOCUMENT
    }

    assert objects == list_policy_objects_of_pulumi_aws()


def test_program_gives_policies_as_objects_with_outputs(localaws: LocalAws, tmp_path: Path) -> None:
    with deploy(write_program(tmp_path, PROGRAM), endpoint=localaws.endpoint) as stack:
        statement = json.loads(stack.outputs["policy"])["Statement"][0]
        arguments = json.loads(stack.outputs["arguments"])["Statement"][0]
        trust = json.loads(stack.outputs["trust"])

    assert statement["Resource"] == stack.outputs["topic"]
    assert arguments == {"Effect": "Allow", "Action": "sns:Publish", "Resource": stack.outputs["topic"]}
    assert trust == TRUST


def test_policy_of_each_type_reaches_aws_as_json(localaws: LocalAws, engine: Engine) -> None:
    resource_policy = json.loads(build_resource_policy("sqs:SendMessage", "*"))
    bucket_policy = json.loads(build_resource_policy("s3:GetObject", "arn:aws:s3:::x/*"))
    role = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST})[0]
    engine.register("aws:iam/rolePolicy:RolePolicy", "inline", {"role": role, "policy": IDENTITY_POLICY})
    engine.register(POLICY, "managed", {"policy": IDENTITY_POLICY})
    queue = engine.register(QUEUE, "queue", {})[0]
    engine.register("aws:sqs/queuePolicy:QueuePolicy", "q", {"queueUrl": queue, "policy": resource_policy})
    topic = engine.register(TOPIC, "topic", {})[0]
    engine.register("aws:sns/topicPolicy:TopicPolicy", "t", {"arn": topic, "policy": resource_policy})
    bucket = engine.register(BUCKET, "bucket", {"policy": bucket_policy})[0]

    policies = [
        localaws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"],
        localaws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"],
        localaws.client("s3").get_bucket_policy(Bucket=bucket),
    ]

    assert [json.loads(policy["Policy"]) for policy in policies] == [
        resource_policy, resource_policy, bucket_policy
    ]  # fmt: skip


@pytest.mark.parametrize("token", [QUEUE, TOPIC])
def test_object_is_rejected_where_the_provider_accepts_only_a_text(engine: Engine, token: str) -> None:
    message = engine.register_rejected(token, {"policy": IDENTITY_POLICY})

    assert "policy must be a string, not {" in message
    assert message.endswith("Use json.dumps.")


def test_policy_object_is_checked_as_a_text_is(engine: Engine) -> None:
    message = engine.register_rejected(ROLE, {"assumeRolePolicy": IDENTITY_POLICY})

    assert "assumeRolePolicy: Statement[0]: Principal is missing" in message
