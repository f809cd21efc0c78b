"""Deploy a Pulumi program to a local AWS, in a separate process, and destroy it again."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pulumi_localaws.config.secrets import PASSPHRASE_VARIABLES
from pulumi_localaws.config.sources import ConfigValue
from pulumi_localaws.environment import (
    PACKAGE_PARENT,
    clean_environment,
    describe_too_large,
    download_variables,
)
from pulumi_localaws.errors import DeploymentError, LocalAwsGoneError
from pulumi_localaws.local.endpoint_watch import EndpointWatch, accepts_connections

Event = dict[str, Any]

_UNDO_TIMEOUT_SECONDS = 60.0


@dataclass
class Deployment:
    """A deployed stack; destroys it at the end of a ``with`` block.

    Attributes:
        outputs: The program's exports, secrets in plain text.
        secrets: Names of the exports that are secret.
        resources: One entry for each resource: type, name, status, milliseconds.
        endpoint: URL of the local AWS.
    """

    outputs: dict[str, Any] = field(repr=False)  # pytest reports the values of fixtures
    secrets: tuple[str, ...]
    resources: list[Event] = field(repr=False)
    endpoint: str
    _folder: "tempfile.TemporaryDirectory[str]" = field(repr=False)
    _destroyed: bool = False

    def destroy(self) -> None:
        """Delete all resources in reverse order, except those with ``retain_on_delete``; ignore ``protect``.

        Raises:
            DeploymentError: Some resources could not be deleted; the message lists them.
            LocalAwsGoneError: The local AWS has ended, and all resources with it.
        """
        if self._destroyed:
            return
        if not accepts_connections(self.endpoint):
            self.discard_state()
            raise _local_aws_gone(self.endpoint)
        # Imported late: botocore is large, and a local AWS mostly ends without this call.
        from pulumi_localaws.local.clients import Clients  # noqa: PLC0415
        from pulumi_localaws.resources.undo_log import read_state, undo  # noqa: PLC0415

        clients = Clients(self.endpoint)
        try:
            undo(read_state(Path(self._folder.name) / "state.jsonl"), clients)
        finally:
            clients.close()
            self.discard_state()

    def discard_state(self) -> None:
        """Delete the state and leave the resources as they are: they end with the local AWS."""
        self._destroyed = True
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()


class EngineProcess:
    """The process that runs the program; it can be started before the local AWS.

    Args:
        directory: The Pulumi project's folder.
        stack: The stack's name.
        config: Config values that override the stack's file; a key without a namespace is the project's.
        environment: Variables for the program, in addition to a clean environment.
        output: Destination of the program's own output; None is standard error.
        scratch: Folder for the state, such as ``LocalAws.folder``, which is always deleted; None is a
            temporary folder, which remains after a SIGKILL.

    Raises:
        DeploymentError: ``environment`` contains an AWS_* variable, or is too large for the system.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        stack: str = "dev",
        config: Mapping[str, ConfigValue] | None = None,
        environment: Mapping[str, str] | None = None,
        output: IO[Any] | None = None,
        scratch: Path | None = None,
    ) -> None:
        aws_variables = [name for name in environment or {} if name.startswith("AWS_")]
        if aws_variables:
            raise DeploymentError(
                f"{', '.join(aws_variables)} can't be passed to the program: the local AWS sets all AWS_*"
                " variables. Remove it from the variables for the program."
            )
        self._folder = tempfile.TemporaryDirectory(prefix="pulumi-localaws-", dir=scratch)
        passphrase = {name: os.environ[name] for name in PASSPHRASE_VARIABLES if name in os.environ}
        python_path = os.pathsep.join(
            filter(None, [str(PACKAGE_PARENT), (environment or {}).get("PYTHONPATH")])
        )
        arguments = [
            *(sys.executable, "-m", "pulumi_localaws.engine", "--endpoint", "-"),
            *("--dir", str(Path(directory).absolute()), "--stack", stack),
            *("--state", str(Path(self._folder.name) / "state.jsonl")),
            *(f"--config={key}={json.dumps(value)}" for key, value in (config or {}).items()),
        ]
        variables = clean_environment(
            extra={**download_variables(), **(environment or {}), **passphrase, "PYTHONPATH": python_path}
        )
        self._process = self._start(arguments, variables, output)
        self._endpoint = ""
        self._deployment_owns_state = False

    def _start(
        self, arguments: Sequence[str], variables: Mapping[str, str], output: IO[Any] | None
    ) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(  # noqa: S603 our own module
                arguments,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                encoding="utf-8",
                # Ctrl-C signals a whole process group. The engine gets one, from its parent, and undoes.
                start_new_session=True,
            )
        except OSError as error:
            self._folder.cleanup()
            if error.errno != errno.E2BIG:
                raise
            raise DeploymentError(
                describe_too_large(variables, process="the program", arguments=arguments)
            ) from error

    def deploy(
        self, endpoint: str | None = None, on_event: Callable[[Event], None] | None = None
    ) -> Deployment:
        """Send the endpoint (unless `send_endpoint` did) and read the deployment's events to the end.

        Args:
            endpoint: The local AWS's URL.
            on_event: Called with each event when it arrives.

        Raises:
            DeploymentError: The program or a resource failed; everything is undone.
            LocalAwsGoneError: The local AWS has ended.
        """
        if endpoint is not None:
            self.send_endpoint(endpoint)
        resources: list[Event] = []
        last_event: Event = {}
        has_failed = False
        with self._ensured_exit(), EndpointWatch(self._endpoint, self.send_kill) as watch:
            for event in self._events():
                if event["event"] == "resource":
                    resources.append(event)
                last_event = event
                self._deployment_owns_state = event["event"] == "outputs"
                if _is_failure(event) and not has_failed:
                    has_failed = True
                    watch.wait_after_failure()
                if on_event is not None and not watch.has_ended:
                    on_event(event)
        if last_event.get("event") == "outputs":
            return Deployment(
                last_event["outputs"], tuple(last_event["secrets"]), resources, self._endpoint, self._folder
            )
        if watch.has_ended:
            raise _local_aws_gone(self._endpoint)
        if last_event.get("event") == "error":
            raise DeploymentError(last_event["message"])
        raise DeploymentError(
            f"The engine's process ended unexpectedly (exit code {self._process.returncode})."
        )

    def send_endpoint(self, endpoint: str) -> None:
        """Send the URL of the local AWS to the engine, which creates nothing before it has the URL."""
        self._endpoint = endpoint
        with suppress(BrokenPipeError):  # the process has ended: its last event says why
            assert self._process.stdin is not None  # noqa: S101 it is a pipe
            self._process.stdin.write(endpoint + "\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """End the process; it first deletes the resources that it created, if the endpoint still responds."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_UNDO_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()

    def kill(self) -> None:
        """End the process at once and leave its resources: they end with the local AWS."""
        self.send_kill()
        self._process.wait()
        self._close()

    def send_kill(self) -> None:
        """End the process at once; `deploy`, waiting in another thread, then raises DeploymentError."""
        self._process.kill()

    def _events(self) -> Iterator[Event]:
        assert self._process.stdout is not None  # noqa: S101 it is a pipe
        for line in self._process.stdout:
            if line.endswith("\n"):  # the last line of a killed process may be incomplete
                yield json.loads(line)

    @contextmanager
    def _ensured_exit(self) -> Iterator[None]:
        """Wait for the end of the process, and end it if the block raises an exception."""
        try:
            yield
            self._process.wait()
        except BaseException:
            self._deployment_owns_state = False
            # On SIGTERM it undoes. Its events are read to the end, because a full pipe would block it.
            self._process.send_signal(signal.SIGTERM)
            reader = threading.Thread(target=lambda: list(self._events()), daemon=True)
            reader.start()
            reader.join(_UNDO_TIMEOUT_SECONDS)
            self.stop()
            raise
        finally:
            self._close()

    def _close(self) -> None:
        if not self._deployment_owns_state and self._process.poll() is not None:
            self._folder.cleanup()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _is_failure(event: Event) -> bool:
    return event["event"] == "error" or event.get("status") == "failed" or event.get("severity") == "error"


def _local_aws_gone(endpoint: str) -> LocalAwsGoneError:
    return LocalAwsGoneError(
        f"The local AWS at {endpoint} has ended, and all its resources with it: nothing listens at its port."
        " Start it, and deploy again."
    )


def deploy(
    directory: str | os.PathLike[str],
    *,
    stack: str = "dev",
    endpoint: str,
    config: Mapping[str, ConfigValue] | None = None,
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    output: IO[Any] | None = None,
    scratch: Path | None = None,
) -> Deployment:
    """Run a Pulumi program and create its resources on a local AWS.

    Args:
        directory: The Pulumi project's folder.
        stack: The stack's name, ``Pulumi.<stack>.yaml``.
        endpoint: The local AWS's URL.
        config: Config values that override the stack's file; a key without a namespace is the project's.
        environment: Variables for the program, which gets a clean environment instead of the caller's.
        on_event: Called with each event (a resource, a log line) when it arrives.
        output: Destination of the program's own output; None is standard error.
        scratch: As for ``EngineProcess``.

    Raises:
        DeploymentError: The program or a resource failed; every created resource is deleted again.
        LocalAwsGoneError: The local AWS has ended. This is noticed at once, not by calls that fail.
    """
    process = EngineProcess(
        directory, stack=stack, config=config, environment=environment, output=output, scratch=scratch
    )
    return process.deploy(endpoint, on_event)
