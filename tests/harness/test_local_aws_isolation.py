"""Isolation of the local AWS: nothing outside the loopback interface and the two ports is used."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

CONNECTIONS_PROGRAM = Path(__file__).with_name("connections_program.py")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """Start a local AWS of this module's own: in a shared one, functions of other tests may run."""
    with LocalAws() as aws:
        yield aws


def test_nothing_listens_outside_loopback(aws: LocalAws) -> None:
    assert aws._processes is not None
    assert aws._processes._supervisor is not None
    supervisor = psutil.Process(aws._processes._supervisor.pid)
    listening = {
        connection.laddr
        for process in [supervisor, *supervisor.children(recursive=True)]
        for connection in process.net_connections("all")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }

    assert {address.ip for address in listening if address} == {"127.0.0.1"}
    assert {address.port for address in listening if address} == {
        aws.port,
        int(aws.emulator_url.rpartition(":")[2]),
    }


def test_ctrl_c_in_the_terminal_reaches_only_the_owner(aws: LocalAws) -> None:
    """The owner can still use the local AWS while it cleans up."""
    assert aws._processes is not None
    assert aws._processes._supervisor is not None
    sessions = {os.getsid(pid) for pid in (aws._processes._supervisor.pid, *aws.pids.values())}

    assert os.getsid(0) not in sessions
    assert len(sessions) == 3


@contextmanager
def unused_server() -> Iterator[tuple[str, list[bytes]]]:
    """Listen on a port that no client must use; yield its URL and the data that it receives."""
    requests: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def receive() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                requests.append(connection.recv(4096))
                connection.close()
        except OSError:
            return

    receiver = threading.Thread(target=receive)
    receiver.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        receiver.join()


def hostile_environment(url: str, folder: Path) -> dict[str, str]:
    """Return variables that would send an AWS client to another endpoint, or make it fail."""
    config = folder / "config"
    config.write_text(f"[profile production]\nendpoint_url = {url}\ncredential_process = false\n")
    return {
        "AWS_PROFILE": "missing-profile",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_DYNAMODB": url,
        "AWS_ENDPOINT_URL_LAMBDA": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_MAX_ATTEMPTS": "not a number",
        "AWS_DATA_PATH": str(folder),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_SESSION_TOKEN": "somebody's",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), url),
    }


@pytest.mark.long
def test_hostile_environment_has_no_effect(tmp_path: Path) -> None:
    """Owner, emulator and function connect only to the two ports, whatever the caller's environment is."""
    with unused_server() as (url, requests):
        hostile = hostile_environment(url, tmp_path)
        process = subprocess.run(
            [sys.executable, str(CONNECTIONS_PROGRAM)],
            env={**os.environ, **hostile},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert (process.returncode, process.stderr) == (0, "")
    report = json.loads(process.stdout)
    assert report["tables"] == ["users"]
    assert report["function"]["tables"] == ["users"]
    assert {tuple(address) for address in report["addresses"]} == {("127.0.0.1", report["port"])}
    assert {tuple(address) for address in report["function"]["addresses"]} == {("127.0.0.1", report["port"])}
    assert requests == []
    assert {address[0] for address in report["peers"]} == {"127.0.0.1"}
    for name, environment in {
        **report["environments"],
        "function": report["function"]["environment"],
    }.items():
        inherited = {key for key, value in environment.items() if hostile.get(key) == value or url in value}
        assert (name, set()) == (name, inherited)
    function = report["function"]["environment"]
    assert function["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{report['port']}"
    assert function["AWS_ACCESS_KEY_ID"].startswith("ASIA"), (
        "a function has the keys of its role, never those of the root user"
    )
