"""Environment, interpreter and port of the emulator's process."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_localaws.local.emulator import Emulator
from pulumi_localaws.local.processes import ChildProcess, SupervisedProcesses

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def processes() -> Iterator[SupervisedProcesses]:
    processes = SupervisedProcesses()
    yield processes
    processes.remove_folder()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = Emulator(endpoint="http://127.0.0.1:4566", region="eu-west-1", python="/opt/python")
    yield emulator
    emulator.release()


@pytest.fixture
def child(emulator: Emulator, processes: SupervisedProcesses) -> ChildProcess:
    return emulator.child_process(processes)


def test_policies_are_enforced_and_no_listener_leaves_loopback(child: ChildProcess) -> None:
    expected = {"AUTH": "true", "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}

    assert expected == {name: child.environment[name] for name in expected}


def test_functions_and_generated_urls_use_the_gateway(child: ChildProcess) -> None:
    assert child.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert child.environment["GATEWAY_PORT"] == "4566"
    assert child.environment["MINISTACK_REGION"] == "eu-west-1"


def test_every_file_is_in_the_temporary_folder(child: ChildProcess, processes: SupervisedProcesses) -> None:
    for name in ("TMPDIR", "HOME", "STATE_DIR", "S3_DATA_DIR"):
        assert child.environment[name].startswith(str(processes.folder))
        assert Path(child.environment[name]).is_dir()


def test_docker_is_not_accessible(child: ChildProcess) -> None:
    """With access to a daemon, the emulator would remove containers that it mistakes for its own."""
    path = child.environment["DOCKER_HOST"].removeprefix("unix://")

    assert not Path(path).exists()


def test_the_interpreter_is_selectable_and_the_port_is_reserved(
    emulator: Emulator, child: ChildProcess
) -> None:
    assert child.argv[0] == "/opt/python"
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", emulator.port))


def test_two_emulators_have_different_ports() -> None:
    first, second = Emulator(), Emulator()

    assert first.port != second.port
    first.release()
    second.release()
