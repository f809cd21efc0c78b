"""A local AWS that ends while `deploy` or the pytest plugin uses it."""

import socket
import threading
import time
from pathlib import Path

import pytest
from pulumi_localaws.deploy import Deployment
from pulumi_localaws.errors import LocalAwsError, LocalAwsGoneError
from pulumi_localaws.local.endpoint_watch import EndpointWatch
from pulumi_localaws.testing.embedded_backend import EmbeddedBackend

pytestmark = pytest.mark.backends("embedded")

KILLING_PROGRAM = """
import os, signal, pathlib
import pulumi_aws as aws
os.kill(int(pathlib.Path("pid").read_text()), signal.SIGKILL)
for number in range(12):
    aws.sqs.Queue(f"queue{number}")
"""


@pytest.mark.parametrize("name", ["gateway", pytest.param("emulator", marks=pytest.mark.long)])
def test_process_killed_during_a_deployment_is_named_at_once(cli_project: Path, name: str) -> None:
    """`deploy` notices it by the closed port, and the backend of the pytest plugin names the process."""
    (cli_project / "__main__.py").write_text(KILLING_PROGRAM)
    backend = EmbeddedBackend()
    backend.start()
    try:
        (cli_project / "pid").write_text(str(backend.local.pids[name]))
        start = time.monotonic()

        with pytest.raises(LocalAwsError, match=f"the {name} was ended by signal 9") as caught:
            backend.deploy(cli_project, stack="dev", config=None)

        seconds = time.monotonic() - start
    finally:
        backend.stop()
    assert isinstance(caught.value.__context__, LocalAwsGoneError)
    assert seconds < 6


@pytest.mark.long
def test_supervisor_killed_during_a_deployment_is_named(cli_project: Path) -> None:
    (cli_project / "__main__.py").write_text(KILLING_PROGRAM)
    backend = EmbeddedBackend()
    backend.start()
    try:
        assert backend.local._processes is not None
        supervisor = backend.local._processes._supervisor
        assert supervisor is not None
        (cli_project / "pid").write_text(str(supervisor.pid))

        with pytest.raises(LocalAwsError, match="the supervisor of the emulator and the gateway was killed"):
            backend.deploy(cli_project, stack="dev", config=None)
    finally:
        backend.stop()


def test_destroy_after_the_end_is_reported_at_once() -> None:
    """Each call would otherwise be repeated, for every resource."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    folder = NoFolder()
    deployment = Deployment({}, (), [], f"http://127.0.0.1:{port}", folder)  # type: ignore[arg-type]

    with pytest.raises(LocalAwsGoneError, match=f"at http://127.0.0.1:{port} has ended"):
        deployment.destroy()

    assert folder.is_deleted


class NoFolder:
    """A temporary folder that records its deletion."""

    name = "/nowhere"
    is_deleted = False

    def cleanup(self) -> None:
        self.is_deleted = True


def test_watch_reports_a_closed_port_once() -> None:
    end = threading.Event()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        EndpointWatch(f"http://127.0.0.1:{listener.getsockname()[1]}", end.set) as watch,
    ):
        listener.accept()[0].close()
        was_ended = watch.has_ended

        listener.close()
        end.wait(10)

    assert (was_ended, watch.has_ended) == (False, True)


def test_endpoint_without_a_program_is_not_watched() -> None:
    """The calls of the program report it, after problems of its configuration."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with EndpointWatch(f"http://127.0.0.1:{port}", lambda: None) as watch:
        watch.wait_after_failure()

    assert not watch.has_ended


def test_watch_ends_with_its_block() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        EndpointWatch(f"http://127.0.0.1:{listener.getsockname()[1]}", lambda: None) as watch,
    ):
        watch.wait_after_failure()

    assert not watch.has_ended
    assert "endpoint-watch" not in [thread.name for thread in threading.enumerate()]
