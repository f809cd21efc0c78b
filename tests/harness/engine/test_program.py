"""Whole programs, in the engine's own process: what they read and export, what a failure leaves."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi_localaws.deploy import Deployment, EngineProcess, deploy
from pulumi_localaws.engine import runner
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

PROGRAM = """
import json, os
import pulumi, pulumi_aws as aws

print("the program may print")
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
found = aws.sqs.Queue.get("found", part.queue.id)
pulumi.export("inner", part.queue.tags_all)
pulumi.export("delay", part.queue.delay_seconds)
pulumi.export("wait", part.queue.receive_wait_time_seconds)
pulumi.export("far", {"arn": far.arn, "tags": far.tags_all})
pulumi.export("groupName", group.name)
pulumi.export("functionName", function.name)
pulumi.export("version", function.version)
pulumi.export("found", found.arn)
pulumi.export("account", aws.get_caller_identity().account_id)
pulumi.export("size", config.require_int("size"))
pulumi.export("numbers", config.require_object("numbers"))
pulumi.export("hostile", sorted(name for name in os.environ if "HOSTILE" in name or name == "AWS_PROFILE"))
pulumi.export("given", os.environ.get("GIVEN"))
import boto3
pulumi.export("boto", boto3.client("sqs").meta.endpoint_url)
"""


BAD_TRANSFORM = """
import pulumi, pulumi_aws as aws

def bad(args):
    raise ValueError("bad transform")

aws.sqs.Queue("thrown", opts=pulumi.ResourceOptions(transforms=[bad]))
"""


def project(folder: Path, program: str, stack: dict[str, Any] | None = None) -> Path:
    """Write a Pulumi project."""
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": "python"}))
    settings = {"config": {"aws:region": "eu-west-1", **(stack or {})}}
    (folder / "Pulumi.dev.yaml").write_text(json.dumps(settings))
    (folder / "__main__.py").write_text(program)
    return folder


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return []


@pytest.fixture(scope="module")
def deployment(
    localaws: LocalAws, tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> Iterator[Deployment]:
    folder = project(tmp_path_factory.mktemp("shop"), PROGRAM, {"shop:numbers": [1, 2], "shop:size": 3})
    (folder / "part.txt").write_text("answer = 42")
    hostile = {"AWS_PROFILE": "prod", "HOSTILE": "1", "AWS_ENDPOINT_URL_SQS": "http://192.0.2.1"}
    before = {name: os.environ.get(name) for name in hostile}
    os.environ.update(hostile)
    try:
        made = deploy(
            folder,
            endpoint=localaws.endpoint,
            config={"groupName": "/shop/logs"},
            environment={"GIVEN": "x"},
            on_event=events.append,
        )
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    function = localaws.client("lambda", region_name="eu-west-1").get_function_configuration(
        FunctionName=made.outputs["functionName"]
    )
    events.append({"event": "function at the end", "state": function["State"]})
    yield made
    made.destroy()


def test_transforms_are_run_by_resource_then_parent_then_stack(deployment: Deployment) -> None:
    """Each one tags the queue with how many tags were there before it."""
    assert deployment.outputs["inner"] == {"own": "0", "parent": "1", "stack": "2"}


def test_async_transform_of_a_parent_and_transformation_act(deployment: Deployment) -> None:
    assert (deployment.outputs["delay"], deployment.outputs["wait"]) == (7, 3)


def test_provider_of_the_program_is_honoured_and_transformed_too(deployment: Deployment) -> None:
    far = deployment.outputs["far"]

    assert far["arn"].startswith("arn:aws:sqs:us-west-2:")
    assert far["tags"] == {"from": "provider", "stack": "0"}


def test_secret_input_is_a_secret_export(deployment: Deployment) -> None:
    """Its value is there for tests, its mark for whoever prints it."""
    assert deployment.outputs["groupName"] == "/shop/logs"
    assert "groupName" in deployment.secrets
    assert "functionName" not in deployment.secrets


def test_settings_are_typed(deployment: Deployment) -> None:
    assert (deployment.outputs["size"], deployment.outputs["numbers"]) == (3, [1, 2])


def test_program_sees_a_clean_environment_and_what_it_was_given(deployment: Deployment) -> None:
    assert (deployment.outputs["hostile"], deployment.outputs["given"]) == ([], "x")


def test_boto_in_the_program_finds_the_local_aws(deployment: Deployment, localaws: LocalAws) -> None:
    assert localaws.endpoint == deployment.outputs["boto"]


def test_get_and_invoke_are_answered(deployment: Deployment) -> None:
    assert deployment.outputs["found"].startswith("arn:aws:sqs:eu-west-1:")
    assert deployment.outputs["account"] == "000000000000"


def test_code_of_assets_runs(deployment: Deployment, localaws: LocalAws) -> None:
    client = localaws.client("lambda", region_name="eu-west-1")

    answer = client.invoke(FunctionName=deployment.outputs["functionName"])

    assert json.load(answer["Payload"]) == 42


def test_each_resource_is_told_with_its_time_and_id(
    deployment: Deployment, events: list[dict[str, Any]]
) -> None:
    [queue] = [event for event in events if event.get("name") == "inner"]

    assert queue["type"] == "aws:sqs/queue:Queue"
    assert queue["status"] == "created"
    assert queue["id"].startswith("http://127.0.0.1:")
    assert queue["ms"] >= 0
    assert queue in deployment.resources


def test_function_can_be_called_when_the_deployment_ends(
    deployment: Deployment, events: list[dict[str, Any]]
) -> None:
    assert deployment
    assert {"event": "function at the end", "state": "Active"} in events


def test_log_lines_of_the_program_are_told(deployment: Deployment, events: list[dict[str, Any]]) -> None:
    assert deployment
    assert {"event": "log", "severity": "warning", "message": "careful"} in events


def queues(localaws: LocalAws, prefix: str) -> list[str]:
    client = localaws.client("sqs", region_name="eu-west-1")
    found: list[str] = client.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return found


def test_destroy_leaves_nothing(localaws: LocalAws, tmp_path: Path) -> None:
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

    with deploy(project(tmp_path, program), endpoint=localaws.endpoint) as made:
        there = queues(localaws, "destroyed")

    assert len(made.resources) == 3
    assert len(there) == 2
    assert queues(localaws, "destroyed") == []


def test_failure_waits_for_what_is_in_flight_and_leaves_nothing(localaws: LocalAws, tmp_path: Path) -> None:
    """Twelve tables are there and the engine doesn't know of one yet, when the thirteenth is refused."""
    program = """
import asyncio, threading, time
import pulumi, pulumi_aws as aws
from pulumi_localaws.resources.resource_type import Context

made = threading.Semaphore(0)
call = Context.call

def slow(self, service, operation, **params):
    answer = call(self, service, operation, **params)
    if operation == "create_table":
        made.release()
        time.sleep(0.3)
    return answer

async def when_all_are_there():
    for _ in range(12):
        while not made.acquire(blocking=False):
            await asyncio.sleep(0.005)
    return "10.0.0.0/16"

Context.call = slow
for i in range(12):
    aws.dynamodb.Table(f"leak{i}", attributes=[{"name": "PK", "type": "S"}], hash_key="PK",
                       billing_mode="PAY_PER_REQUEST", deletion_protection_enabled=True)
aws.ec2.Vpc("net", cidr_block=pulumi.Output.from_input(when_all_are_there()))
"""

    with pytest.raises(DeploymentError, match="aws:ec2/vpc:Vpc 'net': this type is not supported"):
        deploy(project(tmp_path, program), endpoint=localaws.endpoint)

    tables = localaws.client("dynamodb", region_name="eu-west-1").list_tables()["TableNames"]
    assert [name for name in tables if name.startswith("leak")] == []


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (
            "import pulumi_aws as aws\nqueue = aws.sqs.Queue('thrown')\nraise ValueError('no such colour')\n",
            ["The program failed with ValueError: no such colour", "__main__.py:3: raise ValueError"],
        ),
        (
            "import pulumi_aws as aws\naws.sqs.Queue('thrown').url.apply(lambda url: url.colour)\n",
            ["AttributeError", "has no attribute 'colour'", "__main__.py:2"],
        ),
        (
            "import pulumi\npulumi.Config().require('colour')\n",
            ["Missing required configuration variable 'shop:colour'"],
        ),
        ("import pulumi_aws as aws\nif\n", ["SyntaxError", "__main__.py:2"]),
        ("import sys\nsys.exit(3)\n", ["ended itself with sys.exit(3)"]),
        ("import pulumi\npulumi.StackReference('org/net/dev')\n", ["stack reference 'org/net/dev'"]),
        (
            BAD_TRANSFORM,
            ["A transform of aws:sqs/queue:Queue 'thrown' threw ValueError: bad transform"],
        ),
    ],
    ids=[
        "raises",
        "raises in apply",
        "config missing",
        "syntax",
        "exits",
        "stack reference",
        "raises in transform",
    ],
)
def test_program_that_fails_says_where_and_leaves_nothing(
    localaws: LocalAws, tmp_path: Path, program: str, expected: list[str]
) -> None:
    with pytest.raises(DeploymentError) as raised:
        deploy(project(tmp_path, program), endpoint=localaws.endpoint)

    assert not [part for part in expected if part not in str(raised.value)]
    assert queues(localaws, "thrown") == []


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        ("class Bad(pulumi.RunError, ValueError): pass\nraise Bad('colour=nope: red is allowed')",
         "colour=nope: red is allowed"),
        ("from packages import fails\nfails()",
         "The program failed with ValueError: inside\n  __main__.py:5: fails()"),
    ],
)  # fmt: skip
def test_mistake_is_told_without_code_that_is_not_the_users(
    localaws: LocalAws, tmp_path: Path, raised: str, expected: str
) -> None:
    """Pulumi's own error for a mistake is its message; a package in the project's folder made none."""
    packages = tmp_path / ".venv/lib/python3/site-packages/packages"
    packages.mkdir(parents=True)
    (packages / "__init__.py").write_text("def fails():\n    raise ValueError('inside')\n")
    program = f"import sys, pulumi\nsys.path.insert(0, {str(packages.parent)!r})\n\n{raised}\n"

    with pytest.raises(DeploymentError) as told:
        deploy(project(tmp_path, program), endpoint=localaws.endpoint)

    assert expected == str(told.value)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("__main__.py", True),
        ("components/part.py", True),
        (".venv/lib/python3/site-packages/pulumi/resource.py", False),
        ("vendor/site-packages/a.py", False),
        ("harness/pulumi_localaws/engine/runner.py", False),
        ("harness/pulumi_localaws/resources/sqs.py", False),
    ],
)
def test_harness_and_packages_are_not_the_users_code(file: str, expected: bool) -> None:
    """Where the harness lies in the project's folder, as it does here."""
    root = Path(runner.__file__).resolve().parents[3]

    assert expected == runner._is_users(root / file, root)


def test_interrupted_deployment_is_undone(localaws: LocalAws, tmp_path: Path) -> None:
    program = """
import time
import pulumi, pulumi_aws as aws
queue = aws.sqs.Queue("interrupted")
queue.url.apply(lambda url: time.sleep(60))
"""
    process = EngineProcess(project(tmp_path, program))
    process.send_endpoint(localaws.endpoint)
    deadline = time.monotonic() + 20
    while not queues(localaws, "interrupted"):
        assert time.monotonic() < deadline, "the queue was not made"
        time.sleep(0.02)

    process.stop()

    assert queues(localaws, "interrupted") == []


def test_bad_settings_need_no_local_aws(tmp_path: Path) -> None:
    """The message is there before the endpoint is asked for."""
    process = EngineProcess(project(tmp_path, ""), stack="prod")

    with pytest.raises(DeploymentError, match=r"no stack 'prod' .* Stacks here: dev"):
        process.deploy()


def test_variables_that_would_steer_a_client_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="AWS_PROFILE can't be passed to the program"):
        deploy(project(tmp_path, ""), endpoint="http://127.0.0.1:1", environment={"AWS_PROFILE": "prod"})


def test_secure_value_without_passphrase_names_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    folder = project(tmp_path, "", {"shop:password": {"secure": "v1:x:y"}})
    settings = json.loads((folder / "Pulumi.dev.yaml").read_text())
    (folder / "Pulumi.dev.yaml").write_text(json.dumps({**settings, "encryptionsalt": "v1:x:v1:y:z"}))

    with pytest.raises(DeploymentError, match="shop:password can't be read without its passphrase"):
        deploy(folder, endpoint="http://127.0.0.1:1")


def test_local_aws_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    program = "import pulumi_aws as aws\naws.sqs.Queue('lost')\n"

    with pytest.raises(DeploymentError, match="'lost': sqs create_queue: Could not connect"):
        deploy(project(tmp_path, program), endpoint="http://127.0.0.1:1")


def test_deleted_state_is_no_reason_to_destroy_twice(localaws: LocalAws, tmp_path: Path) -> None:
    made = deploy(project(tmp_path, ""), endpoint=localaws.endpoint)

    made.destroy()
    made.destroy()

    assert made.outputs == {}


def test_not_found_is_what_aws_calls_it() -> None:
    from pulumi_localaws.resources.ledger import is_gone  # noqa: PLC0415

    codes = (
        "404",
        "NoSuchEntity",
        "ResourceNotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
    )
    assert all(is_gone(ClientError({"Error": {"Code": code}}, "x")) for code in codes)
    assert not is_gone(ClientError({"Error": {"Code": "AccessDenied"}}, "x"))
