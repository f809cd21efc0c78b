"""``pulumi-localaws`` as a user starts it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pulumi_localaws import cli
from pulumi_localaws.cli_session import output_variables, write_outputs

pytestmark = pytest.mark.backends("embedded")

PROGRAM = """
import pulumi, pulumi_aws as aws
queue = aws.sqs.Queue("orders")
pulumi.export("queueUrl", queue.url)
pulumi.export("password", pulumi.Output.secret("hunter2"))
pulumi.export("tags", {"a": 1})
"""
SHOW_ENVIRONMENT = """
import json, os, sys
seen = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "PULUMI_"))}
print(json.dumps({"environment": seen, "outputs": json.load(open(os.environ["PULUMI_LOCALAWS_OUTPUTS"])),
                  "proxy": os.environ.get("HTTPS_PROXY"), "own": os.environ.get("OWN")}))
sys.exit(7)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": "python"}))
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": {"aws:region": "eu-west-1"}}))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pulumi_localaws", *map(str, arguments)]


def run(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def serving(project: Path, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """``up`` with its outputs, when it is ready."""
    outputs = tmp_path / "outputs.json"
    with subprocess.Popen(
        command("up", project, "--port", 0, "--outputs", outputs), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while not outputs.exists():
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline, "not ready within 30 s"
                time.sleep(0.02)
            yield process, json.loads(outputs.read_text())
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_serves_until_it_is_told_to_end_and_leaves_nothing(
    serving: tuple["subprocess.Popen[str]", dict[str, Any]], tmp_path: Path, number: signal.Signals
) -> None:
    process, document = serving
    family = psutil.Process(process.pid).children(recursive=True)
    health = urllib.request.urlopen(f"{document['endpoint']}/_localstack/health", timeout=5).status
    mode = (tmp_path / "outputs.json").stat().st_mode & 0o777

    process.send_signal(number)
    said = process.communicate(timeout=20)[1]

    assert health == 200
    assert process.returncode == 0
    assert set(document) == {"endpoint", "outputs"}
    assert document["outputs"]["queueUrl"].startswith(f"{document['endpoint']}/")
    assert document["outputs"]["password"] == "hunter2"
    assert mode == 0o600
    assert not (tmp_path / "outputs.json").exists(), "nobody answers at its endpoint any more"
    assert "aws:sqs/queue:Queue orders" in said
    assert "password: [secret]" in said
    assert "hunter2" not in said
    assert family
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_run_gives_the_command_its_environment_and_returns_its_code(project: Path) -> None:
    """Hostile variables of the caller reach neither the program nor the command; harmless ones do."""
    done = run(
        "run",
        project,
        "--",
        sys.executable,
        "-c",
        SHOW_ENVIRONMENT,
        AWS_PROFILE="prod",
        AWS_ENDPOINT_URL_SQS="http://192.0.2.1",
        AWS_SESSION_TOKEN="real",
        HTTPS_PROXY="http://192.0.2.1",
        OWN="kept",
    )

    assert done.returncode == 7, done.stderr
    seen = json.loads(done.stdout)
    environment, outputs = seen["environment"], seen["outputs"]["outputs"]
    endpoint = environment["AWS_ENDPOINT_URL"]
    assert environment["PULUMI_LOCALAWS_ENDPOINT"] == endpoint == seen["outputs"]["endpoint"]
    assert environment["PULUMI_OUTPUT_QUEUE_URL"] == outputs["queueUrl"]
    assert environment["PULUMI_OUTPUT_TAGS"] == '{"a": 1}'
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_SQS", "AWS_SESSION_TOKEN"} & set(environment) == set()
    assert (seen["proxy"], seen["own"]) == (None, "kept")


def test_run_says_that_a_command_is_not_there(project: Path) -> None:
    done = run("run", project, "--quiet", "--", "no-such-command")

    assert done.returncode == 127
    assert "the command 'no-such-command' was not found" in done.stderr


def test_program_that_throws_ends_with_its_message_and_nothing_left(project: Path, tmp_path: Path) -> None:
    (project / "__main__.py").write_text("import os\nraise ValueError('no such colour')\n")
    outputs = tmp_path / "outputs.json"

    done = run("up", project, "--port", 0, "--outputs", outputs)

    assert done.returncode == 1
    assert "The program failed with ValueError: no such colour\n  __main__.py:2" in done.stderr
    assert "Traceback" not in done.stderr
    assert not outputs.exists()


def test_port_in_use_is_a_clear_error_and_leaves_its_owner_alone(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = run("up", project, "--port", port)

    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required"),
        (["down"], "invalid choice: 'down'"),
        (["up", "--port", "http"], "'http' is not a port; 0 to 65535 is allowed"),
        (["up", "--port", "65536"], "'65536' is not a port"),
        (["up", "--config", "x"], "'x' has no '='; KEY=VALUE is expected"),
        (["up", "--allow-origin", "*"], "'*' is not a web page's origin"),
        (["run", "--allow-origin", "null", "--", "true"], "'null' is not a web page's origin"),
        (["up", "--", "sh"], "only run takes a command after --, not up"),
        (["run", "."], "run needs a command"),
    ],
)
def test_wrong_usage_is_64(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code = cli.main(arguments)

    assert code == 64
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "{folder}/missing"], "Pulumi.yaml is missing"),
        (["up", "{folder}", "--stack", "prod"], "Available stacks: dev"),
        (["up", "{folder}", "--config", "x=[1"], "--config x: '[1' is not valid JSON"),
        (["up", "{folder}", "--config", "aws:region=mars-1"], "aws:region: 'mars-1' is not an AWS region"),
        (["run", "{folder}", "--stack", "prod", "--", "true"], "Available stacks: dev"),
    ],
)
def test_bad_settings_are_1_and_start_nothing(
    capsys: pytest.CaptureFixture[str], project: Path, arguments: list[str], message: str
) -> None:
    code = cli.main([argument.format(folder=project) for argument in arguments])

    assert code == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["up", "run"])
def test_help_has_the_exit_codes_and_every_option_in_its_usage(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code = cli.main([name, "--help"])

    shown = capsys.readouterr().out
    usage, _, rest = shown.partition("\n\n")
    assert code == 0
    assert {"0", "1", "64", "127", "130"} <= set(re.findall(r"^  (\d+)  +\w", rest, re.MULTILINE))
    assert set(re.findall(r"^  (--[a-z-]+)", rest, re.MULTILINE)) <= set(re.findall(r"--[a-z-]+", usage))


def test_help_has_the_variables_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["run", "--help"])

    assert "PULUMI_LOCALAWS_OUTPUTS" in capsys.readouterr().out


def test_types_lists_what_can_be_made(capsys: pytest.CaptureFixture[str]) -> None:
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
def test_export_is_a_variable(name: str, expected: str) -> None:
    assert output_variables({name: "v"}) == {f"PULUMI_OUTPUT_{expected}": "v"}


def test_outputs_file_replaces_an_older_one_whole(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text("old" * 1000)

    write_outputs(file, {"endpoint": "x"})

    assert json.loads(file.read_text()) == {"endpoint": "x"}
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]


def test_command_line_is_light() -> None:
    """Nothing heavy is imported for a help text."""
    heavy = ("pulumi", "botocore", "aiohttp", "yaml", "pulumi_localaws.local_aws")
    program = (
        f"import sys; from pulumi_localaws import cli; print([n for n in {heavy!r} if n in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_outputs_go_to_a_folder_that_is_there(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    """Before anything is started: nothing but the message is said."""
    code = cli.main(["up", str(project), "--outputs", str(project / "missing" / "outputs.json")])

    assert code == 1
    assert "a file in a folder that exists is expected" in capsys.readouterr().err


def test_emulator_that_dies_ends_up_with_a_message(
    serving: tuple["subprocess.Popen[str]", dict[str, Any]],
) -> None:
    process, _ = serving
    family = psutil.Process(process.pid).children(recursive=True)
    [emulator] = [child for child in family if "emulator_main" in " ".join(child.cmdline())]

    emulator.kill()
    said = process.communicate(timeout=20)[1]

    assert process.returncode == 1
    assert "the local AWS has stopped: " in said
    assert "Traceback" not in said


@pytest.mark.parametrize("when", ["deploying", "ready"])
def test_killed_leaves_no_process_and_no_folder(project: Path, tmp_path: Path, when: str) -> None:
    if when == "deploying":
        (project / "__main__.py").write_text("import time\ntime.sleep(60)\n")
    scratch, outputs = tmp_path / "scratch", tmp_path / "outputs.json"
    scratch.mkdir()
    arguments = command("up", project, "--port", 0, "--outputs", outputs)
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, env=environment) as process:
        deadline = time.monotonic() + 30
        family: list[psutil.Process] = []
        while time.monotonic() < deadline:
            family = psutil.Process(process.pid).children(recursive=True)
            if outputs.exists() if when == "ready" else len(family) >= 3:  # engine, emulator, gateway
                break
            time.sleep(0.02)
        there = list(scratch.iterdir())
        process.kill()

    _, alive = psutil.wait_procs(family, timeout=10)
    while list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert there
    assert alive == []
    assert list(scratch.iterdir()) == []


def test_interrupted_before_it_is_ready_is_no_success(project: Path) -> None:
    (project / "__main__.py").write_text("print('at work', flush=True)\nimport time\ntime.sleep(60)\n")
    with subprocess.Popen(command("up", project, "--port", 0), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]

    assert first == "at work\n"
    assert process.returncode == 130
    assert said == "Stopped before it was ready.\n"


def test_up_in_the_background_of_a_script_is_ended_by_sigint(project: Path, tmp_path: Path) -> None:
    """A shell without job control has SIGINT ignored in what it starts with &."""
    (project / "__main__.py").write_text("print('at work', flush=True)\nimport time\ntime.sleep(60)\n")
    script = 'trap "" INT; exec "$@"'
    with subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *command("up", project, "--port", 0)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        finally:
            process.kill()

    assert process.returncode == 130
