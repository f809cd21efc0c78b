"""``pulumi-localaws``: usage, messages for invalid settings, help, and the list of types."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from pulumi_localaws import cli

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required"),
        (["down"], "invalid choice: 'down'"),
        (["up", "--port", "http"], "'http' is not a port number; allowed: 0 to 65535"),
        (["up", "--port", "65536"], "'65536' is not a port number"),
        (["up", "--config", "x"], "'x' does not have the form KEY=VALUE"),
        (["up", "--allow-origin", "*"], "'*' is not a web origin"),
        (["run", "--allow-origin", "null", "--", "true"], "'null' is not a web origin"),
        (["up", "--", "sh"], "up does not accept a command after --; only run does"),
        (["run", "."], "run requires a command after --"),
        (["run", ".", "env"], "run requires -- before the command: pulumi-localaws run . -- env"),
        (["run", "env", "A=1"], "run requires -- before the command: pulumi-localaws run -- env A=1"),
        (
            ["run", "--stack", "dev", ".", "pytest", "-q", "my tests"],
            "pulumi-localaws run --stack dev . -- pytest -q 'my tests'",
        ),
    ],
)
def test_wrong_usage_is_64(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code = cli.main(arguments)

    assert code == 64
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "{folder}/missing"], "The folder {folder}/missing does not exist."),
        (["up", "/"], "/ is not a Pulumi project: Pulumi.yaml is missing"),
        (["up", "{folder}", "--stack", "prod"], "Available stacks: dev"),
        (["up", "{folder}", "--config", "x=[1"], "--config x: '[1' is not valid JSON: "),
        (["up", "{folder}", "--config", "aws:region=mars-1"], "aws:region: 'mars-1' is"),
        (
            ["up", "{folder}", "--outputs", "{folder}/missing/outputs.json"],
            "--outputs must be a file in an existing folder. Got: {folder}/missing/outputs.json",
        ),
        (
            ["up", "{folder}", "--log", "{folder}"],
            "--log must be a file in an existing folder. Got: {folder}.",
        ),
        (
            ["up", "{folder}", "--log", "{folder}/missing/localaws.log"],
            "--log must be a file in an existing folder. Got: {folder}/missing/localaws.log.",
        ),
        (["run", "{folder}", "--stack", "prod", "--", "true"], "Available stacks: dev"),
        (
            ["run", "{folder}", "--env", "LARGE=" + 200_000 * "x", "--", "true"],
            "the program can't be started, because its environment is too large for this system",
        ),
    ],
)
def test_invalid_settings_are_1_and_start_nothing(
    capsys: pytest.CaptureFixture[str], cli_project: Path, arguments: list[str], message: str
) -> None:
    code = cli.main([argument.format(folder=cli_project) for argument in arguments])

    assert code == 1
    assert message.format(folder=cli_project) in capsys.readouterr().err


@pytest.mark.parametrize("name", ["up", "run"])
def test_help_has_the_exit_codes_and_every_option_in_its_usage(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code = cli.main([name, "--help"])

    text = capsys.readouterr().out
    usage, _, rest = text.partition("\n\n")
    assert code == 0
    assert {"0", "1", "64", "127", "130"} <= set(re.findall(r"^  (\d+)  +\w", rest, re.MULTILINE))
    assert set(re.findall(r"^  (--[a-z-]+)", rest, re.MULTILINE)) <= set(re.findall(r"--[a-z-]+", usage))


@pytest.mark.parametrize("arguments", [[], ["up"], ["run"], ["types"]])
def test_each_command_has_a_version(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code = cli.main([*arguments, "--version"])

    assert (code, capsys.readouterr().out) == (0, f"pulumi-localaws {version('pulumi-userprofiles')}\n")


@pytest.mark.parametrize(("name", "codes"), [("types", ["0", "64"]), ("attach", ["0", "1", "64"])])
def test_help_has_the_exit_codes(capsys: pytest.CaptureFixture[str], name: str, codes: list[str]) -> None:
    cli.main([name, "--help"])

    assert re.findall(r"^  (\d+)  +\w", capsys.readouterr().out, re.MULTILINE) == codes


def test_unknown_option_names_the_command_and_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["up", "--prot", "4567"])

    assert code == 64
    assert "up does not accept --prot; `pulumi-localaws up --help` lists" in capsys.readouterr().err


def test_help_of_run_has_the_variables_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["run", "--help"])

    assert "PULUMI_LOCALAWS_OUTPUTS" in capsys.readouterr().out


def test_types_lists_the_supported_types(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["types"])

    assert code == 0
    assert "aws:cognito/userPool:UserPool\n" in capsys.readouterr().out


def test_types_as_json_has_inputs_and_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["types", "--json"])

    table = json.loads(capsys.readouterr().out)
    queue = table["types"]["aws:sqs/queue:Queue"]
    assert {"fifoQueue", "tags", "region"} <= set(queue["inputs"])
    assert queue["outputs"] == ["arn", "id", "tagsAll", "url"]
    assert queue["get"]
    assert "aws:index/getRegion:getRegion" in table["invokes"]


def test_help_loads_no_large_package() -> None:
    packages = ("pulumi", "botocore", "aiohttp", "yaml", "pulumi_localaws.local_aws")
    program = (
        f"import sys; from pulumi_localaws import cli; print([n for n in {packages!r} if n in sys.modules])"
    )

    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert process.stdout.strip() == "[]"


def test_wrong_region_of_the_environment_is_rejected(
    cli_project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variables count only for a stack without a region; AWS_REGION is read first."""
    (cli_project / "Pulumi.dev.yaml").write_text("config: {}")
    monkeypatch.setenv("AWS_REGION", "mars-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    code = cli.main(["up", str(cli_project)])

    assert code == 1
    assert "AWS_REGION or AWS_DEFAULT_REGION: 'mars-1' is not an AWS region" in capsys.readouterr().err
