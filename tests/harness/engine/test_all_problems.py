"""All problems of a program are reported at once, and nothing is created after the first one."""

import json
from pathlib import Path
from typing import Any

import pytest
from engine_helpers import TABLE_INPUTS, Engine
from programs import list_queues, write_program
from pulumi_localaws.deploy import deploy
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.resources.unknown_values import UNKNOWN, KnownInputs, UnknownInputError
from resource_cases import CASES
from resource_cases.case import FUNCTION, QUEUE, ROLE, TABLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")

PROGRAM = """
import json
import pulumi, pulumi_aws as aws

first = aws.sqs.Queue("problem-first", name="problem-first")
vpc = aws.ec2.Vpc("net", cidr_block=first.arn.apply(lambda _: "10.0.0.0/16"))
after = pulumi.ResourceOptions(depends_on=[vpc])

class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Part", name, None, opts)
        self.queue = aws.sqs.Queue("inner", delay_seconds=901, opts=pulumi.ResourceOptions(
            parent=self, depends_on=[vpc]))
        self.register_outputs({"url": self.queue.url})

second = aws.sqs.Queue("problem-second", name="problem-second", tags={"vpc": vpc.id}, opts=after)
part = Part("part")
role = aws.iam.Role("role", opts=after, assume_role_policy=json.dumps({"Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
aws.lambda_.Function("function", role=role.arn, runtime="python9", handler="app.handler", timeout=901,
    environment={"variables": {"QUEUE": second.url, "NET": vpc.id}},
    code=pulumi.AssetArchive({"app.py": pulumi.StringAsset("")}))
aws.dynamodb.Table("table", hash_key="SK", attributes=[{"name": "PK", "type": "S"}], opts=after,
                   replicas=[{"region_name": "eu-west-1"}])
aws.sns.TopicSubscription("subscription", topic=second.arn, protocol="pigeon", endpoint=part.queue.arn)
aws.dynamodb.Table.get("read", second.id)
aws.kms.Alias.get("alias", "alias/x", opts=after)
second.url.apply(lambda url: 1 / 0)
pulumi.export("url", second.url)
"""
EXPECTED = {
    "aws:ec2/vpc:Vpc 'net': this type is not supported by the local deployment.",
    "aws:sqs/queue:Queue 'inner': delaySeconds is 901; allowed: 0 to 900.",
    "aws:lambda/function:Function 'function': timeout is 901; allowed: 1 to 900.",
    "aws:dynamodb/table:Table 'table': replicas is not supported by the local deployment.",
    "aws:sns/topicSubscription:TopicSubscription 'subscription': protocol is 'pigeon'; allowed:",
    "aws:kms/alias:Alias 'alias': .get() is not supported by the local deployment for this type.",
}


def test_one_message_lists_all_problems_and_the_program_is_undone(localaws: LocalAws, tmp_path: Path) -> None:
    folder = write_program(tmp_path / "project", PROGRAM)
    events: list[dict[str, Any]] = []
    output = (tmp_path / "output").open("w+")

    with pytest.raises(DeploymentError) as raised, output:
        deploy(folder, endpoint=localaws.endpoint, on_event=events.append, output=output)

    first, *lines = str(raised.value).splitlines()
    problems = [line for line in lines if line.startswith("  ")]
    assert [line.split(":")[0] for line in lines if line not in problems] == ["Supported services"]
    assert first == f"The program has {len(problems)} problems:"
    assert [text for text in EXPECTED if not any(text in problem for problem in problems)] == []
    assert any("runtime is 'python9'; allowed: " in problem for problem in problems)
    assert len(problems) == len(EXPECTED)
    created = [event["name"] for event in events if event.get("status") == "created"]
    assert created == ["problem-first"]
    assert list_queues(localaws, "problem-") == []
    assert (tmp_path / "output").read_text() == ""


def test_unsupported_look_ups_are_listed_with_the_other_problems(localaws: LocalAws, tmp_path: Path) -> None:
    """A look-up without an output form has a result with unknown texts, so that the program goes on."""
    program = """
import pulumi, pulumi_aws as aws
queue = aws.sqs.Queue("not-created", name="not-created")
after = pulumi.InvokeOutputOptions(depends_on=[aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")])
zone = aws.get_availability_zones_output(opts=after)
image = aws.ec2.get_ami(owners=["self"])
vpc = aws.ec2.get_vpc(default=True)
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}])
aws.ec2.Instance("server", ami=image.id, subnet_id=subnets.ids[1], instance_type="t3.micro")
aws.sqs.Queue("problem", name=f"queue-{image.id}", delay_seconds=901)
"""

    events: list[dict[str, Any]] = []
    with pytest.raises(DeploymentError) as raised:
        deploy(write_program(tmp_path, program), endpoint=localaws.endpoint, on_event=events.append)

    message = str(raised.value)
    assert [event["name"] for event in events if event.get("status") == "created"] == []
    assert message.startswith("The program has 7 problems:")
    assert "The invoke aws:index/getAvailabilityZones:getAvailabilityZones is not supported" in message
    assert "The invoke aws:ec2/getAmi:getAmi is not supported" in message
    assert "The invoke aws:ec2/getVpc:getVpc is not supported" in message
    assert "The invoke aws:ec2/getSubnets:getSubnets is not supported" in message
    assert "aws:ec2/instance:Instance 'server': this type is not supported" in message
    assert "'problem': delaySeconds is 901" in message


@pytest.mark.parametrize("token", sorted(CASES))
def test_valid_resource_has_no_problem_when_it_is_only_checked(engine: Engine, token: str) -> None:
    """Its dependencies are unknown."""
    engine.register_rejected("aws:ec2/vpc:Vpc", {})
    outputs = dict.fromkeys(("arn", "id", "name", "url", "invokeArn", "keyId", "streamArn"), UNKNOWN)
    dependencies = dict.fromkeys(CASES[token].dependencies, outputs)

    assert engine.register(token, "thing", CASES[token].inputs(dependencies)) == ("", {})
    assert engine.undo_log.list_resources() == []


def test_checks_that_need_an_unknown_input_are_skipped(engine: Engine) -> None:
    engine.register_rejected("aws:ec2/vpc:Vpc", {})
    function = {"role": UNKNOWN, "handler": UNKNOWN, "runtime": "python3.13", "code": UNKNOWN}

    assert engine.register(ROLE, "unknown", {"assumeRolePolicy": UNKNOWN, "tags": UNKNOWN}) == ("", {})
    assert engine.register(FUNCTION, "unknown", function) == ("", {})
    message = engine.register_rejected(TABLE, TABLE_INPUTS | {"name": UNKNOWN, "billingMode": "FREE"})
    assert "billingMode is 'FREE'" in message


def test_all_problems_of_a_resource_are_reported(engine: Engine) -> None:
    """Rules and the service's model are checked before the first call."""
    inputs = {"assumeRolePolicy": TRUST_POLICY, "maxSessionDuration": 60, "path": "x"}

    message = engine.register_rejected(ROLE, inputs)

    assert "maxSessionDuration is 60" in message
    assert "path is 'x'" in message


def test_all_unsupported_properties_of_a_resource_are_reported(engine: Engine) -> None:
    inputs = {"delay": 1, "delaySeconds": "soon", "colour": "red", "fifoQueue": "hunter2"}

    message = engine.register_rejected(QUEUE, inputs, secrets=("fifoQueue",))

    assert "delay is not supported" in message
    assert "delaySeconds must be a whole number, not 'soon'" in message
    assert "colour is not supported" in message
    assert "fifoQueue: the secret value has the wrong type" in message
    assert "hunter2" not in message


def test_failed_call_of_one_resource_does_not_hide_the_problems_of_others(engine: Engine) -> None:
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:x", "maxReceiveCount": 0})
    engine.register_rejected("aws:sqs/queuePolicy:QueuePolicy", {"queueUrl": "x", "policy": "{}"})

    assert "maxReceiveCount is '0'" in engine.register_rejected(
        QUEUE,
        {"redrivePolicy": policy},
    )


def test_unknown_inputs_raise_an_error_when_they_are_read() -> None:
    inputs = KnownInputs({"known": 1, "unknown": {"a": [UNKNOWN]}})

    assert (inputs["known"], inputs.get("other", 2)) == (1, 2)
    with pytest.raises(UnknownInputError):
        inputs.get("unknown")
