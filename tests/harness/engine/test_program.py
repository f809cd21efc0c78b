"""Whole programs run in the engine's process: what they read and export, and their destruction."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import list_queues, write_program
from pulumi_localaws.deploy import Deployment, deploy
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

PROGRAM = """
import json, os
import pulumi, pulumi_aws as aws

print("output of the program")
config = pulumi.Config()
pulumi.log.warn("careful")

def transform(suffix):
    def run(args):
        if args.type_ == "aws:sqs/queue:Queue":
            tags = {**args.props.get("tags", {}), suffix: str(len(args.props.get("tags", {})))}
            return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)
    return run

async def slow_transform(args):
    if args.name == "inner":
        return pulumi.ResourceTransformResult({**args.props, "delaySeconds": 7}, args.opts)

def transformation(args):
    if args.name == "inner":
        return pulumi.ResourceTransformationResult({**args.props, "receive_wait_time_seconds": 3}, args.opts)

class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Part", name, None, opts)
        own = {"transforms": [transform("own")], "transformations": [transformation]}
        self.queue = aws.sqs.Queue("inner", opts=pulumi.ResourceOptions(parent=self, **own))
        self.register_outputs({})

pulumi.runtime.register_resource_transform(transform("stack"))
part = Part("part", pulumi.ResourceOptions(transforms=[transform("parent"), slow_transform]))
west = aws.Provider("west", region="us-west-2", default_tags={"tags": {"from": "provider"}})
far = aws.sqs.Queue("far", opts=pulumi.ResourceOptions(provider=west))
group = aws.cloudwatch.LogGroup("logs", name=config.require_secret("groupName"))
role = aws.iam.Role("role", assume_role_policy=aws.iam.get_policy_document_output(statements=[{
    "actions": ["sts:AssumeRole"],
    "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
}]).json)
function = aws.lambda_.Function("echo", role=role.arn, runtime="python3.13", handler="app.handler",
    publish=True,
    code=pulumi.AssetArchive({
        "app.py": pulumi.StringAsset("import lib.part\\nhandler = lambda event, context: lib.part.answer"),
        "lib/part.py": pulumi.FileAsset("part.txt"),
    }))
existing = aws.sqs.Queue.get("existing", part.queue.id)
pulumi.export("inner", part.queue.tags_all)
pulumi.export("delay", part.queue.delay_seconds)
pulumi.export("wait", part.queue.receive_wait_time_seconds)
pulumi.export("far", {"arn": far.arn, "tags": far.tags_all})
pulumi.export("groupName", group.name)
pulumi.export("functionName", function.name)
pulumi.export("version", function.version)
pulumi.export("existing", existing.arn)
pulumi.export("account", aws.get_caller_identity().account_id)
pulumi.export("size", config.require_int("size"))
pulumi.export("numbers", config.require_object("numbers"))
pulumi.export("hostile", sorted(name for name in os.environ if "HOSTILE" in name or name == "AWS_PROFILE"))
pulumi.export("variable", os.environ.get("VARIABLE"))
import boto3
pulumi.export("boto", boto3.client("sqs").meta.endpoint_url)
"""


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def deployment(
    localaws: LocalAws, tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> Iterator[Deployment]:
    folder = write_program(tmp_path_factory.mktemp("shop"), PROGRAM, {"shop:numbers": [1, 2], "shop:size": 3})
    (folder / "part.txt").write_text("answer = 42")
    hostile = {"AWS_PROFILE": "prod", "HOSTILE": "1", "AWS_ENDPOINT_URL_SQS": "http://192.0.2.1"}
    before = {name: os.environ.get(name) for name in hostile}
    os.environ.update(hostile)
    try:
        deployment = deploy(
            folder,
            endpoint=localaws.endpoint,
            config={"groupName": "/shop/logs"},
            environment={"VARIABLE": "x"},
            on_event=events.append,
        )
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    function = localaws.client("lambda", region_name="eu-west-1").get_function_configuration(
        FunctionName=deployment.outputs["functionName"]
    )
    events.append({"event": "function at the end", "state": function["State"]})
    yield deployment
    deployment.destroy()


def test_transforms_run_in_the_order_resource_parent_stack(deployment: Deployment) -> None:
    """Each transform adds a tag to the queue, with the number of tags that it had before."""
    assert deployment.outputs["inner"] == {"own": "0", "parent": "1", "stack": "2"}


def test_async_transform_of_a_parent_and_transformation_apply(deployment: Deployment) -> None:
    assert (deployment.outputs["delay"], deployment.outputs["wait"]) == (7, 3)


def test_explicit_provider_applies_with_the_transforms_of_the_stack(deployment: Deployment) -> None:
    far = deployment.outputs["far"]

    assert far["arn"].startswith("arn:aws:sqs:us-west-2:")
    assert far["tags"] == {"from": "provider", "stack": "0"}


def test_secret_input_is_a_secret_export(deployment: Deployment) -> None:
    """Tests can read its value. The mark tells a program not to print it."""
    assert deployment.outputs["groupName"] == "/shop/logs"
    assert "groupName" in deployment.secrets
    assert "functionName" not in deployment.secrets


def test_config_values_have_their_types(deployment: Deployment) -> None:
    assert (deployment.outputs["size"], deployment.outputs["numbers"]) == (3, [1, 2])


def test_environment_has_only_the_variables_of_the_deployment(deployment: Deployment) -> None:
    assert (deployment.outputs["hostile"], deployment.outputs["variable"]) == ([], "x")


def test_boto3_in_the_program_uses_the_local_aws(deployment: Deployment, localaws: LocalAws) -> None:
    assert deployment.outputs["boto"] == localaws.endpoint


def test_get_and_invoke_return_values(deployment: Deployment) -> None:
    assert deployment.outputs["existing"].startswith("arn:aws:sqs:eu-west-1:")
    assert deployment.outputs["account"] == "000000000000"


def test_function_with_code_from_assets_runs(deployment: Deployment, localaws: LocalAws) -> None:
    client = localaws.client("lambda", region_name="eu-west-1")

    response = client.invoke(FunctionName=deployment.outputs["functionName"])

    assert json.load(response["Payload"]) == 42


def test_each_resource_is_reported_with_its_id_and_duration(
    deployment: Deployment, events: list[dict[str, Any]]
) -> None:
    [queue] = [event for event in events if event.get("name") == "inner"]

    assert queue["type"] == "aws:sqs/queue:Queue"
    assert queue["status"] == "created"
    assert queue["id"].startswith("http://127.0.0.1:")
    assert queue["ms"] >= 0
    assert queue in deployment.resources


def test_function_is_active_when_the_deployment_ends(
    deployment: Deployment, events: list[dict[str, Any]]
) -> None:
    assert deployment
    assert {"event": "function at the end", "state": "Active"} in events


def test_log_lines_of_the_program_are_reported(deployment: Deployment, events: list[dict[str, Any]]) -> None:
    assert deployment
    assert {"event": "log", "severity": "warning", "message": "careful"} in events


def test_destroy_deletes_all_resources(localaws: LocalAws, tmp_path: Path) -> None:
    program = """
import pulumi_aws as aws
dead = aws.sqs.Queue("destroyed-dead")
queue = aws.sqs.Queue("destroyed", redrive_policy=dead.arn.apply(
    lambda arn: '{"deadLetterTargetArn": "%s", "maxReceiveCount": 3}' % arn))
aws.sqs.QueuePolicy("policy", queue_url=queue.url, policy=queue.arn.apply(lambda arn:
aws.iam.get_policy_document(
    statements=[{"actions": ["sqs:SendMessage"], "resources": [arn], "principals": [
        {"type": "AWS", "identifiers": ["arn:aws:iam::000000000000:root"]}]}]).json))
"""

    with deploy(write_program(tmp_path, program), endpoint=localaws.endpoint) as deployment:
        urls = list_queues(localaws, "destroyed")

    assert len(deployment.resources) == 3
    assert len(urls) == 2
    assert list_queues(localaws, "destroyed") == []


def test_second_destroy_does_nothing(localaws: LocalAws, tmp_path: Path) -> None:
    deployment = deploy(write_program(tmp_path, ""), endpoint=localaws.endpoint)

    deployment.destroy()
    deployment.destroy()

    assert deployment.outputs == {}
