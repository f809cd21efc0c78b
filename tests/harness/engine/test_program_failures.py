"""Programs that fail are reported in the user's terms, and leave no resources."""

import json
import time
from pathlib import Path

import pytest
from programs import list_queues, write_program
from pulumi_localaws.deploy import EngineProcess, deploy
from pulumi_localaws.engine import messages
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

BAD_TRANSFORM = """
import pulumi, pulumi_aws as aws

def bad(args):
    raise ValueError("bad transform")

aws.sqs.Queue("broken", opts=pulumi.ResourceOptions(transforms=[bad]))
"""


def test_failure_waits_for_calls_in_progress_and_deletes_all_resources(
    localaws: LocalAws, tmp_path: Path
) -> None:
    """Twelve tables exist before the engine has recorded one, when the Vpc is rejected."""
    program = """
import asyncio, threading, time
import pulumi, pulumi_aws as aws
from pulumi_localaws.resources.resource_type import ResourceContext

created = threading.Semaphore(0)
call = ResourceContext.call

def call_slowly(self, service, operation, **params):
    response = call(self, service, operation, **params)
    if operation == "create_table":
        created.release()
        time.sleep(0.3)
    return response

async def wait_for_all_tables():
    for _ in range(12):
        while not created.acquire(blocking=False):
            await asyncio.sleep(0.005)
    return "10.0.0.0/16"

ResourceContext.call = call_slowly
for i in range(12):
    aws.dynamodb.Table(f"leak{i}", attributes=[{"name": "PK", "type": "S"}], hash_key="PK",
                       billing_mode="PAY_PER_REQUEST", deletion_protection_enabled=True)
aws.ec2.Vpc("net", cidr_block=pulumi.Output.from_input(wait_for_all_tables()))
"""

    with pytest.raises(DeploymentError, match="aws:ec2/vpc:Vpc 'net': this type is not supported"):
        deploy(write_program(tmp_path, program), endpoint=localaws.endpoint)

    tables = localaws.client("dynamodb", region_name="eu-west-1").list_tables()["TableNames"]
    assert [name for name in tables if name.startswith("leak")] == []


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (
            "import pulumi_aws as aws\nqueue = aws.sqs.Queue('broken')\nraise ValueError('no such colour')\n",
            ["The program failed with ValueError: no such colour", "__main__.py:3: raise ValueError"],
        ),
        (
            "import pulumi_aws as aws\naws.sqs.Queue('broken').url.apply(lambda url: url.colour)\n",
            ["AttributeError", "has no attribute 'colour'", "__main__.py:2"],
        ),
        (
            "import pulumi\npulumi.Config().require('colour')\n",
            ["Missing required configuration variable 'shop:colour'"],
        ),
        ("import pulumi_aws as aws\nif\n", ["SyntaxError", "__main__.py:2"]),
        ("import sys\nsys.exit(3)\n", ["The program called sys.exit(3)"]),
        ("import pulumi\npulumi.StackReference('org/net/dev')\n", ["stack reference 'org/net/dev'"]),
        (
            BAD_TRANSFORM,
            ["A transform of aws:sqs/queue:Queue 'broken' raised ValueError: bad transform"],
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
@pytest.mark.sample(4)
def test_failing_program_is_reported_with_its_line_and_leaves_no_resources(
    localaws: LocalAws, tmp_path: Path, program: str, expected: list[str]
) -> None:
    with pytest.raises(DeploymentError) as raised:
        deploy(write_program(tmp_path, program), endpoint=localaws.endpoint)

    assert not [part for part in expected if part not in str(raised.value)]
    assert list_queues(localaws, "broken") == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("class Bad(pulumi.RunError, ValueError): pass\nraise Bad('colour=nope: red is allowed')",
         "colour=nope: red is allowed"),
        ("from packages import fails\nfails()",
         "The program failed with ValueError: inside\n  __main__.py:5: fails()"),
    ],
)  # fmt: skip
@pytest.mark.sample(2)
def test_traceback_shows_only_the_users_code(
    localaws: LocalAws, tmp_path: Path, statements: str, expected: str
) -> None:
    """Pulumi's RunError is shown as its message alone. Packages in the project's folder are not shown."""
    packages = tmp_path / ".venv/lib/python3/site-packages/packages"
    packages.mkdir(parents=True)
    (packages / "__init__.py").write_text("def fails():\n    raise ValueError('inside')\n")
    program = f"import sys, pulumi\nsys.path.insert(0, {str(packages.parent)!r})\n\n{statements}\n"

    with pytest.raises(DeploymentError) as raised:
        deploy(write_program(tmp_path, program), endpoint=localaws.endpoint)

    assert str(raised.value) == expected


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
def test_harness_and_packages_are_not_user_code(file: str, expected: bool) -> None:
    """The harness can be in the project's folder, as in this repository."""
    root = Path(messages.__file__).resolve().parents[3]

    assert messages.is_user_code(root / file, root) == expected


def test_interrupted_deployment_is_undone(localaws: LocalAws, tmp_path: Path) -> None:
    program = """
import time
import pulumi, pulumi_aws as aws
queue = aws.sqs.Queue("interrupted")
queue.url.apply(lambda url: time.sleep(60))
"""
    process = EngineProcess(write_program(tmp_path, program))
    process.send_endpoint(localaws.endpoint)
    deadline = time.monotonic() + 20
    while not list_queues(localaws, "interrupted"):
        assert time.monotonic() < deadline, "the queue was not created"
        time.sleep(0.02)

    process.stop()

    assert list_queues(localaws, "interrupted") == []


def test_invalid_config_is_reported_without_a_local_aws(tmp_path: Path) -> None:
    """The engine reports it before it reads the endpoint."""
    process = EngineProcess(write_program(tmp_path, ""), stack="prod")

    with pytest.raises(DeploymentError, match=r"The stack 'prod' does not exist .* Available stacks: dev"):
        process.deploy()


def test_variables_that_configure_an_aws_client_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="AWS_PROFILE can't be passed to the program"):
        deploy(
            write_program(tmp_path, ""), endpoint="http://127.0.0.1:1", environment={"AWS_PROFILE": "prod"}
        )


def test_secure_value_without_passphrase_is_reported_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    folder = write_program(tmp_path, "", {"shop:password": {"secure": "v1:x:y"}})
    settings = json.loads((folder / "Pulumi.dev.yaml").read_text())
    (folder / "Pulumi.dev.yaml").write_text(json.dumps({**settings, "encryptionsalt": "v1:x:v1:y:z"}))

    with pytest.raises(DeploymentError, match="shop:password cannot be decrypted without its passphrase"):
        deploy(folder, endpoint="http://127.0.0.1:1")


def test_missing_passphrase_file_is_reported_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/nope")
    with (
        (tmp_path / "stderr").open("w") as stderr,
        pytest.raises(DeploymentError, match="PULUMI_CONFIG_PASSPHRASE_FILE=/nope: the file cannot be read"),
    ):
        deploy(write_program(tmp_path, ""), endpoint="http://127.0.0.1:1", output=stderr)

    assert (tmp_path / "stderr").read_text() == ""


def test_unreachable_local_aws_is_reported(tmp_path: Path) -> None:
    program = "import pulumi_aws as aws\naws.sqs.Queue('unreachable')\n"

    with pytest.raises(DeploymentError, match="'unreachable': sqs create_queue: Could not connect"):
        deploy(write_program(tmp_path, program), endpoint="http://127.0.0.1:1")
