"""What the emulator's process is given."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_localaws.local.emulator import Emulator
from pulumi_localaws.local.processes import Child, Processes

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.remove_folder()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    made = Emulator(endpoint="http://127.0.0.1:4566", region="eu-west-1", python="/opt/python")
    yield made
    made.release()


@pytest.fixture
def child(emulator: Emulator, processes: Processes) -> Child:
    return emulator.child(processes)


def test_policies_are_on_and_listeners_beyond_loopback_off(child: Child) -> None:
    expected = {"AUTH": "true", "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}

    assert expected == {name: child.environment[name] for name in expected}


def test_functions_call_the_gateway_and_so_do_urls_made_up(child: Child) -> None:
    assert child.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert child.environment["GATEWAY_PORT"] == "4566"
    assert child.environment["MINISTACK_REGION"] == "eu-west-1"


def test_everything_it_writes_goes_into_the_temporary_folder(child: Child, processes: Processes) -> None:
    for name in ("TMPDIR", "HOME", "STATE_DIR", "S3_DATA_DIR"):
        assert child.environment[name].startswith(str(processes.folder))
        assert Path(child.environment[name]).is_dir()


def test_docker_is_out_of_reach(child: Child) -> None:
    """With a daemon at hand the emulator removes containers that it takes for its own at each start."""
    path = child.environment["DOCKER_HOST"].removeprefix("unix://")

    assert not Path(path).exists()


def test_its_interpreter_and_port_are_its_own(emulator: Emulator, child: Child) -> None:
    assert child.argv[0] == "/opt/python"
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", emulator.port))


def test_two_never_share_a_port() -> None:
    first, second = Emulator(), Emulator()

    assert first.port != second.port
    first.release()
    second.release()
