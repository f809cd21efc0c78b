"""``pulumi-localaws run``: environment and exit code of the command, and the file with the outputs."""

import json
import sys
from pathlib import Path

import pytest
from cli_process import run_cli
from pulumi_localaws.cli_session import output_variables, write_outputs

pytestmark = pytest.mark.backends("embedded")

PRINT_ENVIRONMENT = """
import json, os, sys
variables = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "PULUMI_"))}
print(json.dumps({"environment": variables, "outputs": json.load(open(os.environ["PULUMI_LOCALAWS_OUTPUTS"])),
                  "proxy": os.environ.get("HTTPS_PROXY"), "own": os.environ.get("OWN")}))
sys.exit(7)
"""


def test_run_sets_the_environment_of_the_command_and_returns_its_exit_code(cli_project: Path) -> None:
    """The caller's AWS variables and proxies reach neither the program nor the command."""
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


def test_missing_command_is_127_with_a_message(cli_project: Path) -> None:
    process = run_cli("run", cli_project, "--quiet", "--", "no-such-command")

    assert process.returncode == 127
    assert "the command 'no-such-command' was not found" in process.stderr


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
