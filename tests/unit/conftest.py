"""No test in this folder opens a socket: moto answers inside the process, all else is a stub."""

import os
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

HERE = Path(__file__).parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Unix sockets stay: an event loop makes itself a pair of them, and nothing leaves the machine by one.
    if HERE in item.path.parents:
        disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    if HERE in item.path.parents:
        enable_socket()


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's environment, and nothing of the caller's: no profile, endpoint or credentials."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
        "POWERTOOLS_SERVICE_NAME": "test",
    }.items():
        monkeypatch.setenv(name, value)
