"""Deploys a Pulumi program to a local AWS, in a process of its own, and takes it down again."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pulumi_localaws.config.secrets import PASSPHRASE_VARIABLES
from pulumi_localaws.config.sources import ConfigValue
from pulumi_localaws.environment import PACKAGE_PARENT, clean_environment
from pulumi_localaws.errors import DeploymentError

Event = dict[str, Any]

_UNDO_SECONDS = 60.0


@dataclass
class Deployment:
    """What was made; destroys it at the end of a ``with`` block.

    Attributes:
        outputs: The program's exports, in clear.
        secrets: Names of exports that are secret.
        resources: One entry for each resource: type, name, status, milliseconds.
        endpoint: The local AWS.
    """

    outputs: dict[str, Any]
    secrets: tuple[str, ...]
    resources: list[Event]
    endpoint: str
    _folder: "tempfile.TemporaryDirectory[str]" = field(repr=False)
    _destroyed: bool = False

    def destroy(self) -> None:
        """Undo everything in reverse order, save what has ``retain_on_delete``; ``protect`` keeps nothing.

        Raises:
            DeploymentError: Something could not be undone; the message lists it.
        """
        if self._destroyed:
            return
        # Late: botocore is heavy, and a local AWS is mostly thrown away as a whole.
        from pulumi_localaws.local.clients import Clients  # noqa: PLC0415
        from pulumi_localaws.resources.undo_log import read_state, undo  # noqa: PLC0415

        clients = Clients(self.endpoint)
        try:
            undo(read_state(Path(self._folder.name) / "state.jsonl"), clients)
        finally:
            clients.close()
            self.forget()

    def forget(self) -> None:
        """Leave everything as it is: the local AWS is thrown away."""
        self._destroyed = True
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()


class EngineProcess:
    """The process that runs the program; it can be started before the local AWS is there.

    Args:
        directory: The Pulumi project's folder.
        stack: The stack's name.
        config: Config values over the stack's file; a key without namespace is the project's.
        environment: Variables for the program, beside a clean environment.
        output: Where the program's own output goes; None is standard error.
        scratch: Folder to keep the state in, such as ``LocalAws.folder``, which outlives nobody; None is a
            temporary folder, which a SIGKILL leaves behind.

    Raises:
        DeploymentError: A variable of ``environment`` would steer an AWS client.
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
        hostile = [name for name in environment or {} if name.startswith("AWS_")]
        if hostile:
            raise DeploymentError(
                f"{', '.join(hostile)} can't be handed to the program: the local AWS sets its own."
            )
        self._folder = tempfile.TemporaryDirectory(prefix="pulumi-localaws-", dir=scratch)
        passed = {name: os.environ[name] for name in PASSPHRASE_VARIABLES if name in os.environ}
        search = os.pathsep.join(filter(None, [str(PACKAGE_PARENT), (environment or {}).get("PYTHONPATH")]))
        self._process = subprocess.Popen(  # noqa: S603 our own module, with arguments of its own
            [
                *(sys.executable, "-m", "pulumi_localaws.engine", "--endpoint", "-"),
                *("--dir", str(Path(directory).absolute()), "--stack", stack),
                *("--state", str(Path(self._folder.name) / "state.jsonl")),
                *(f"--config={key}={json.dumps(value)}" for key, value in (config or {}).items()),
            ],
            env=clean_environment(extra={**(environment or {}), **passed, "PYTHONPATH": search}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            encoding="utf-8",
            # Ctrl-C reaches a whole process group: the engine is told by its parent, once, and undoes.
            start_new_session=True,
        )
        self._endpoint = ""
        self._handed_over = False

    def deploy(
        self, endpoint: str | None = None, on_event: Callable[[Event], None] | None = None
    ) -> Deployment:
        """Hand the endpoint over (unless `go` did) and follow the deployment to its end.

        Args:
            endpoint: The local AWS's URL.
            on_event: Is given each event as it comes.

        Raises:
            DeploymentError: The program or a resource failed; everything is undone.
        """
        if endpoint is not None:
            self.go(endpoint)
        resources: list[Event] = []
        last: Event = {}
        with self._ended():
            for event in self._events():
                if event["event"] == "resource":
                    resources.append(event)
                last = event
                self._handed_over = event["event"] == "outputs"
                if on_event is not None:
                    on_event(event)
        if last.get("event") == "outputs":
            return Deployment(
                last["outputs"], tuple(last["secrets"]), resources, self._endpoint, self._folder
            )
        if last.get("event") == "error":
            raise DeploymentError(last["message"])
        raise DeploymentError(
            f"The engine's process ended unexpectedly (exit code {self._process.returncode})."
        )

    def go(self, endpoint: str) -> None:
        """Tell the engine where the local AWS is; until then it makes nothing."""
        self._endpoint = endpoint
        with suppress(BrokenPipeError):  # it has ended: its last event says why
            assert self._process.stdin is not None  # noqa: S101 a pipe was asked for
            self._process.stdin.write(endpoint + "\n")
            self._process.stdin.flush()

    def stop(self) -> None:
        """End the process; what it made is undone first, unless the endpoint is gone."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_UNDO_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()

    def kill(self) -> None:
        """End the process at once and leave what it made: the local AWS is thrown away."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _events(self) -> Iterator[Event]:
        assert self._process.stdout is not None  # noqa: S101 a pipe was asked for
        for line in self._process.stdout:
            yield json.loads(line)

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """Leave no process behind, however the block ends."""
        try:
            yield
            self._process.wait()
        except BaseException:
            self._handed_over = False
            # SIGTERM lets it undo; its events are read to the end, since a full pipe would hold it.
            self._process.send_signal(signal.SIGTERM)
            drain = threading.Thread(target=lambda: list(self._events()), daemon=True)
            drain.start()
            drain.join(_UNDO_SECONDS)
            self.stop()
            raise
        finally:
            self._close()

    def _close(self) -> None:
        if not self._handed_over and self._process.poll() is not None:
            self._folder.cleanup()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


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
    """Run a Pulumi program and make its resources on a local AWS.

    Args:
        directory: The Pulumi project's folder.
        stack: The stack's name, ``Pulumi.<stack>.yaml``.
        endpoint: The local AWS's URL.
        config: Config values over the stack's file; a key without namespace is the project's.
        environment: Variables for the program, which sees nothing of the caller's environment.
        on_event: Is given each event (a resource made, a log line) as it comes.
        output: Where the program's own output goes; None is standard error.
        scratch: As for ``EngineProcess``.

    Raises:
        DeploymentError: The program or a resource failed; everything that was made is undone.
    """
    process = EngineProcess(
        directory, stack=stack, config=config, environment=environment, output=output, scratch=scratch
    )
    return process.deploy(endpoint, on_event)
