"""``pulumi-localaws up``: serving, stopping, and failures."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli_process import cli_command, run_cli

pytestmark = pytest.mark.backends("embedded")

SLEEPING_PROGRAM = "print('started', flush=True)\nimport time\ntime.sleep(60)\n"
WAITING_PROGRAM = """
import os, pathlib, time, urllib.request
import pulumi, pulumi_aws as aws
urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_localaws/health").read()  # wait for the start
aws.sqs.Queue("first")
print("waiting", flush=True)
while not pathlib.Path("continue").exists():
    time.sleep(0.005)
for number in range(12):
    aws.sqs.Queue(f"queue{number}")
"""


@pytest.fixture
def serving(cli_project: Path, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """Start ``up``, and return its process and its outputs when it is ready."""
    outputs = tmp_path / "outputs.json"
    with subprocess.Popen(
        cli_command("up", cli_project, "--port", 0, "--outputs", outputs), stderr=subprocess.PIPE, text=True
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


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_up_serves_until_a_signal_and_leaves_nothing(
    serving: tuple["subprocess.Popen[str]", dict[str, Any]], tmp_path: Path, number: signal.Signals
) -> None:
    process, document = serving
    family = psutil.Process(process.pid).children(recursive=True)
    health = urllib.request.urlopen(f"{document['endpoint']}/_localstack/health", timeout=5).status
    mode = (tmp_path / "outputs.json").stat().st_mode & 0o777

    process.send_signal(number)
    status_lines = process.communicate(timeout=20)[1]

    assert health == 200
    assert process.returncode == 0
    assert set(document) == {"endpoint", "outputs"}
    assert document["outputs"]["queueUrl"].startswith(f"{document['endpoint']}/")
    assert document["outputs"]["password"] == "hunter2"
    assert mode == 0o600
    assert not (tmp_path / "outputs.json").exists(), "nothing listens at its endpoint any more"
    assert "aws:sqs/queue:Queue orders" in status_lines
    assert "password: [secret]" in status_lines
    assert "hunter2" not in status_lines
    assert family
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


@pytest.mark.long
def test_exception_in_the_program_ends_up_with_its_message(cli_project: Path, tmp_path: Path) -> None:
    (cli_project / "__main__.py").write_text("import os\nraise ValueError('no such colour')\n")
    outputs = tmp_path / "outputs.json"

    process = run_cli("up", cli_project, "--port", 0, "--outputs", outputs)

    assert process.returncode == 1
    assert "The program failed with ValueError: no such colour\n  __main__.py:2" in process.stderr
    assert "Traceback" not in process.stderr
    assert not outputs.exists()


def test_port_in_use_is_a_clear_error(cli_project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        port = other_program.getsockname()[1]

        process = run_cli("up", cli_project, "--port", port)

    assert process.returncode == 1
    assert f"port {port} is in use" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("pulumi_localaws.gateway", "the local AWS has stopped: the gateway was ended by signal 9"),
        pytest.param(
            "emulator_main",
            "the local AWS has stopped: the emulator was ended by signal 9",
            marks=pytest.mark.long,
        ),
        pytest.param(
            "supervisor.py",
            "the local AWS has stopped: the supervisor of the emulator and the gateway was killed",
            marks=pytest.mark.long,
        ),
    ],
)
@pytest.mark.long
def test_process_killed_during_the_deployment_ends_up_at_once(
    cli_project: Path, script: str, message: str
) -> None:
    """One message names the process; the resources that fail for this reason are not listed."""
    (cli_project / "__main__.py").write_text(WAITING_PROGRAM)
    with subprocess.Popen(
        cli_command("up", cli_project, "--port", 0), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = ""
        while line != "waiting\n":
            line = process.stderr.readline()
            assert line, "up ended"
        family = psutil.Process(process.pid).children(recursive=True)
        [victim] = [child for child in family if script in " ".join(child.cmdline())]

        victim.kill()
        start = time.monotonic()
        (cli_project / "continue").touch()
        status_lines = process.communicate(timeout=60)[1]
        seconds = time.monotonic() - start

    assert process.returncode == 1
    assert message in status_lines
    assert status_lines.startswith("pulumi-localaws: "), "nothing else is printed"
    assert seconds < 3
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


@pytest.mark.long
def test_refused_up_does_not_delete_the_outputs_of_the_running_one(
    serving: tuple["subprocess.Popen[str]", dict[str, Any]], cli_project: Path, tmp_path: Path
) -> None:
    _, document = serving
    outputs = tmp_path / "outputs.json"
    port = document["endpoint"].rpartition(":")[2]

    refused = [
        run_cli("up", cli_project, "--port", port, "--outputs", outputs),
        run_cli("up", cli_project, "--port", 0, "--outputs", outputs),
    ]

    for process in refused:
        assert process.returncode == 1
        assert f"Got: {outputs}, the file of another pulumi-localaws up" in process.stderr
    assert json.loads(outputs.read_text()) == document


@pytest.mark.long
def test_only_the_process_that_wrote_the_outputs_deletes_them(
    serving: tuple["subprocess.Popen[str]", dict[str, Any]], tmp_path: Path
) -> None:
    process, _ = serving
    other = tmp_path / "other.json"
    other.write_text("{}")
    other.replace(tmp_path / "outputs.json")

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert (tmp_path / "outputs.json").read_text() == "{}"


@pytest.mark.long
def test_outputs_of_a_killed_up_are_deleted_at_the_start(cli_project: Path, tmp_path: Path) -> None:
    """A script that waits for the file must not read the endpoint of an earlier run."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text("{}")
    (cli_project / "__main__.py").write_text("raise ValueError('not ready')")

    process = run_cli("up", cli_project, "--port", 0, "--outputs", outputs)

    assert process.returncode == 1
    assert not outputs.exists()


def test_outputs_must_be_a_regular_file(cli_project: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    process = run_cli("up", cli_project, "--port", 0, "--outputs", pipe)

    assert process.returncode == 1
    assert f"--outputs must be a regular file. Got: {pipe}" in process.stderr
    assert pipe.is_fifo()


@pytest.mark.long
def test_killed_emulator_ends_up_with_a_message(
    serving: tuple["subprocess.Popen[str]", dict[str, Any]],
) -> None:
    process, _ = serving
    family = psutil.Process(process.pid).children(recursive=True)
    [emulator] = [child for child in family if "emulator_main" in " ".join(child.cmdline())]

    emulator.kill()
    status_lines = process.communicate(timeout=20)[1]

    assert process.returncode == 1
    assert "the local AWS has stopped: " in status_lines
    assert "Traceback" not in status_lines


@pytest.mark.parametrize("when", [pytest.param("deploying", marks=pytest.mark.long), "ready"])
@pytest.mark.long
def test_killed_up_leaves_no_process_and_no_folder(cli_project: Path, tmp_path: Path, when: str) -> None:
    if when == "deploying":
        (cli_project / "__main__.py").write_text("import time\ntime.sleep(60)\n")
    scratch, outputs = tmp_path / "scratch", tmp_path / "outputs.json"
    scratch.mkdir()
    arguments = cli_command("up", cli_project, "--port", 0, "--outputs", outputs)
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, env=environment) as process:
        deadline = time.monotonic() + 30
        family: list[psutil.Process] = []
        while time.monotonic() < deadline:
            family = psutil.Process(process.pid).children(recursive=True)
            if outputs.exists() if when == "ready" else len(family) >= 3:  # engine, emulator, gateway
                break
            time.sleep(0.02)
        folders = list(scratch.iterdir())
        process.kill()

    _, alive = psutil.wait_procs(family, timeout=10)
    while list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert folders
    assert alive == []
    assert list(scratch.iterdir()) == []


def test_ctrl_c_before_up_is_ready_is_130(cli_project: Path) -> None:
    (cli_project / "__main__.py").write_text(SLEEPING_PROGRAM)
    with subprocess.Popen(
        cli_command("up", cli_project, "--port", 0), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        first_line = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        other_lines = process.communicate(timeout=20)[1]

    assert first_line == "started\n"
    assert process.returncode == 130
    assert other_lines == "Stopped before it was ready.\n"


@pytest.mark.long
def test_sigint_stops_up_in_the_background_of_a_script(cli_project: Path) -> None:
    """A shell without job control starts a background command with SIGINT ignored."""
    (cli_project / "__main__.py").write_text(SLEEPING_PROGRAM)
    script = 'trap "" INT; exec "$@"'
    with subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *cli_command("up", cli_project, "--port", 0)],
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
