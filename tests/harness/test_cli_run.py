"""``pulumi-localaws run``: environment and exit code of the command, and the file with the outputs."""

import json
import os
import sys
from pathlib import Path

import pytest
from cli_process import run_cli
from pulumi_localaws import cli_session
from pulumi_localaws.cli_outputs import (
    MAX_VARIABLE_BYTES,
    MAX_VARIABLES_BYTES,
    output_variables,
    split_large_variables,
    write_outputs,
)
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

PRINT_ENVIRONMENT = """
import json, os, sys
variables = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "PULUMI_"))}
print(json.dumps({"environment": variables, "outputs": json.load(open(os.environ["PULUMI_LOCALAWS_OUTPUTS"])),
                  "proxy": os.environ.get("HTTPS_PROXY"), "own": os.environ.get("OWN")}))
sys.exit(7)
"""


def test_run_sets_the_environment_of_the_command_and_returns_its_exit_code(cli_project: Path) -> None:
    """The caller's AWS variables and proxies do not reach the command."""
    process = run_cli(
        "run",
        cli_project,
        "--",
        sys.executable,
        "-c",
        PRINT_ENVIRONMENT,
        AWS_PROFILE="prod",
        AWS_ENDPOINT_URL_SQS="http://192.0.2.1",
        AWS_SESSION_TOKEN="real",
        HTTPS_PROXY="http://192.0.2.1",
        OWN="inherited",
    )

    assert process.returncode == 7, process.stderr
    report = json.loads(process.stdout)
    environment, outputs = report["environment"], report["outputs"]["outputs"]
    endpoint = environment["AWS_ENDPOINT_URL"]
    assert environment["PULUMI_LOCALAWS_ENDPOINT"] == endpoint == report["outputs"]["endpoint"]
    assert environment["PULUMI_OUTPUT_QUEUE_URL"] == outputs["queueUrl"]
    assert environment["PULUMI_OUTPUT_TAGS"] == '{"a": 1}'
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_SQS", "AWS_SESSION_TOKEN"} & set(environment) == set()
    assert (report["proxy"], report["own"]) == (None, "inherited")


def test_missing_command_is_127_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = cli_session._run(["no-such-command"], {"PATH": os.environ["PATH"]}, LocalAws())

    assert exit_code == 127
    assert "the command 'no-such-command' was not found" in capsys.readouterr().err


def test_command_with_a_too_large_environment_is_reported_by_names_and_sizes() -> None:
    """The values can be secret."""
    environment = {"LARGE": 200_000 * "s3cret", "SMALL": "s3cret", "PATH": os.environ["PATH"]}

    with pytest.raises(DeploymentError) as caught:
        cli_session._run(["true", "12345"], environment, LocalAws())

    message = str(caught.value)
    assert "the command can't be started, because its environment is too large for this system: 3" in message
    assert "arguments with 9 bytes" in message
    assert "The largest variables: LARGE (1,200,006 bytes), " in message
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("userPoolId", "USER_POOL_ID"),
        ("profileApiUrl", "PROFILE_API_URL"),
        ("plain", "PLAIN"),
        ("snake_case", "SNAKE_CASE"),
        ("with-dash", "WITH_DASH"),
        ("theARNOfIt", "THE_ARN_OF_IT"),
        ("x2Y", "X2_Y"),
    ],
)
def test_each_export_is_a_variable(name: str, expected: str) -> None:
    assert output_variables({name: "v"}) == {f"PULUMI_OUTPUT_{expected}": "v"}


def test_outputs_file_replaces_an_older_one_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text("old" * 1000)

    write_outputs(file, {"endpoint": "x"})

    assert json.loads(file.read_text()) == {"endpoint": "x"}
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]


PROXY_PROGRAM = """
import os, urllib.request, boto3, pulumi, pulumi_aws as aws
aws.sqs.Queue("orders")
pulumi.export("region", boto3.client("sqs").meta.region_name)
pulumi.export("queues", len(boto3.client("sqs").list_queues().get("QueueUrls", [])) < 2)
try:
    urllib.request.urlopen("http://packages.example/")
except OSError as error:
    pulumi.export("download", str(error))
"""


@pytest.mark.long
def test_program_downloads_by_the_callers_proxy_and_calls_aws_without_it(cli_project: Path) -> None:
    """Nothing listens on the proxy's port, so every request that uses the proxy fails."""
    (cli_project / "__main__.py").write_text(PROXY_PROGRAM)
    (cli_project / "Pulumi.dev.yaml").write_text("config: {}")
    script = "import json, os; print(open(os.environ['PULUMI_LOCALAWS_OUTPUTS']).read())"

    process = run_cli(
        *("run", cli_project, "--", sys.executable, "-c", script),
        HTTP_PROXY="http://127.0.0.1:9",
        AWS_REGION="eu-west-3",
        AWS_DEFAULT_REGION="eu-west-2",
    )

    assert process.returncode == 0, process.stderr
    outputs = json.loads(process.stdout)["outputs"]
    assert (outputs["region"], outputs["queues"]) == ("eu-west-3", True)
    assert "Connection refused" in outputs["download"]


LARGE_EXPORT_PROGRAM = """
import pulumi
pulumi.export("small", "s")
pulumi.export("largeReport", "x" * 20_000_000)
"""

PRINT_LARGE_EXPORT = """
import json, os
outputs = json.load(open(os.environ["PULUMI_LOCALAWS_OUTPUTS"]))["outputs"]
variables = [os.environ.get("PULUMI_OUTPUT_LARGE_REPORT"), os.environ["PULUMI_OUTPUT_SMALL"]]
print(len(outputs["largeReport"]), *variables)
"""


@pytest.mark.long
def test_large_export_is_in_the_file_and_not_in_the_environment(cli_project: Path) -> None:
    """The system refuses to start a command with such a variable."""
    (cli_project / "__main__.py").write_text(LARGE_EXPORT_PROGRAM)

    process = run_cli("run", cli_project, "--", sys.executable, "-c", PRINT_LARGE_EXPORT)

    assert (process.returncode, process.stdout) == (0, "20000000 None s\n"), process.stderr
    assert (
        "warning: PULUMI_OUTPUT_LARGE_REPORT is not set, because its output has 20,000,027 bytes. Allowed:"
        " 131,071 bytes for one variable, 524,288 for all outputs."
        " The file in PULUMI_LOCALAWS_OUTPUTS contains every output."
    ) in process.stderr


@pytest.mark.long
def test_largest_allowed_variables_reach_the_command(cli_project: Path) -> None:
    size = MAX_VARIABLE_BYTES - len("PULUMI_OUTPUT_A1=")
    names = [f"a{number}" for number in range(1, 9)]
    lines = [f"pulumi.export({name!r}, 'x' * {size})" for name in names]
    (cli_project / "__main__.py").write_text("\n".join(["import pulumi", *lines]))
    script = "import os; print(sum(name.startswith('PULUMI_OUTPUT_') for name in os.environ))"

    process = run_cli("run", cli_project, "--", sys.executable, "-c", script)

    assert (process.returncode, process.stdout) == (0, f"{MAX_VARIABLES_BYTES // MAX_VARIABLE_BYTES}\n")
    assert process.stderr.count("is not set, because its output has 131,071 bytes") == 4


def test_size_of_a_variable_is_counted_in_bytes() -> None:
    variables = {"A": "\u00e9" * (MAX_VARIABLE_BYTES // 2), "B": "x" * (MAX_VARIABLE_BYTES // 2)}

    remaining, left_out = split_large_variables(variables)

    assert remaining == {"B": variables["B"]}
    assert left_out == {"A": 2 + 2 * (MAX_VARIABLE_BYTES // 2)}
