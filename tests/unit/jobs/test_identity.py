"""Who starts a run."""

import threading

import pytest
from userprofiles.jobs import identity

ARN = "arn:aws:sts::123456789012:assumed-role/operator/session"


class Sts:
    def get_caller_identity(self):
        return {"Arn": ARN}


def test_aws_identity_is_used():
    assert identity.who_am_i(Sts) == ARN


def fail():
    raise RuntimeError("no credentials")


class Hanging:
    def __init__(self, release):
        self._release = release

    def get_caller_identity(self):
        self._release.wait(30)
        return {"Arn": ARN}


@pytest.fixture
def user_on_host(monkeypatch):
    monkeypatch.setattr(identity.getpass, "getuser", lambda: "ops")
    monkeypatch.setattr(identity.socket, "gethostname", lambda: "laptop")


@pytest.mark.usefixtures("user_on_host")
def test_user_and_host_without_an_aws_identity():
    assert identity.who_am_i(fail) == "ops@laptop"


@pytest.mark.usefixtures("user_on_host")
def test_slow_sts_is_not_awaited():
    release = threading.Event()
    try:
        assert identity.who_am_i(lambda: Hanging(release), seconds=0.01) == "ops@laptop"
    finally:
        release.set()


def test_user_without_a_name(monkeypatch):
    def raise_error():
        raise KeyError("uid not found")

    monkeypatch.setattr(identity.getpass, "getuser", raise_error)

    assert identity.user_and_host().startswith("unknown@")
