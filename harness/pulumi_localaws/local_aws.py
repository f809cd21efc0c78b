"""A whole local AWS: the emulator with the gateway in front of it, started and stopped as one."""

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pulumi_localaws.environment import DEFAULT_REGION, PACKAGE_PARENT, clean_environment
from pulumi_localaws.local.emulator import ACCOUNT_ID, Emulator
from pulumi_localaws.local.ports import LOOPBACK, get, listen
from pulumi_localaws.local.processes import Child, LocalAwsError, Processes
from pulumi_localaws.origins import parse_origin

if TYPE_CHECKING:
    from pulumi_localaws.local.clients import Clients

_READY_SECONDS = 30.0


class LocalAws:
    """Emulator and gateway on the loopback interface; a context manager.

    Args:
        port: The public port, where every AWS client goes; 0 takes any free one. LocalStack's clients expect
            4566.
        region: The region of everything whose request names none.
        log_file: File that the output of both processes is appended to; None keeps it in the temporary
            folder, which is removed at the end.
        allow_origins: Origins of web pages that may call beside this machine's own, such as
            ``https://shop.example.com``; each of them has the rights of the account's root.
        emulator_python: The interpreter that runs the emulator, see ``Emulator``.

    Raises:
        ValueError: One of ``allow_origins`` is no origin.
        PortInUseError: (from ``start``) something else answers on the port.
        LocalAwsError: (from ``start``) a process did not come up; the message has the last lines of its log.
    """

    def __init__(
        self,
        port: int = 0,
        region: str = DEFAULT_REGION,
        log_file: str | os.PathLike[str] | None = None,
        *,
        allow_origins: Sequence[str] = (),
        emulator_python: str | None = None,
    ) -> None:
        self._allow_origins = [parse_origin(origin) for origin in allow_origins]
        self.port = port
        self.region = region
        self.account_id = ACCOUNT_ID
        self.log_file = None if log_file is None else Path(log_file).resolve()
        self._emulator_python = emulator_python
        self._processes: Processes | None = None
        self._prepared: Processes | None = None
        self._emulator_url = ""
        self._clients: Clients | None = None
        self._clients_lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """The public URL, ``http://127.0.0.1:<port>``."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def emulator_url(self) -> str:
        """The emulator's own URL, behind the gateway's back: for comparisons only."""
        return self._emulator_url

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name (``emulator``, ``gateway``)."""
        return dict(self._processes.pids) if self._processes else {}

    @property
    def folder(self) -> Path:
        """A temporary folder that goes with the local AWS, whatever ends it; made when first asked for."""
        if self._processes is not None:
            return self._processes.folder
        if self._prepared is None:
            self._prepared = Processes(self.log_file)
        return self._prepared.folder

    def start(self) -> Self:
        """Start both processes and wait until they serve."""
        if self._processes is not None:
            raise LocalAwsError("this local AWS runs already: stop it first, or make another one")
        if os.name != "posix":
            raise LocalAwsError(f"a local AWS needs Linux or macOS (this is {os.name!r}): on Windows use WSL")
        listener = listen(self.port)
        self.port = listener.getsockname()[1]
        emulator = Emulator(endpoint=self.endpoint, region=self.region, python=self._emulator_python)
        self._emulator_url = emulator.url
        processes, self._prepared = self._prepared or Processes(self.log_file), None
        self._processes = processes
        try:
            processes.start([emulator.child(processes), self._gateway(listener.fileno())])
            # Only the processes hold the sockets from here on: when they end, connections are refused.
            listener.close()
            emulator.release()
            self._wait_until_ready(processes)
        except BaseException:
            listener.close()
            emulator.release()
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop both and remove all that they left, before returning. A second call does nothing."""
        processes, self._processes = self._processes, None
        prepared, self._prepared = self._prepared, None
        self._clients = None
        for each in (processes, prepared):
            if each is not None:
                each.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def check(self) -> None:
        """Raise LocalAwsError if the emulator or the gateway has ended (then both have)."""
        if self._processes is None:
            raise LocalAwsError("this local AWS has not been started, or was stopped")
        if self._processes.failure is not None:
            raise LocalAwsError(f"the local AWS has stopped: {self._processes.failure}")

    def wait(self, timeout: float | None = None) -> None:
        """Serve until stopped.

        Args:
            timeout: Seconds after which to return although all is well; None waits for ever.

        Raises:
            LocalAwsError: as soon as the emulator or the gateway has ended by itself.
        """
        processes = self._processes
        if processes is not None:
            processes.wait(timeout)
            if processes.failure is not None:
                raise LocalAwsError(f"the local AWS has stopped: {processes.failure}")

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Build the environment of a process that is to see this AWS and no other."""
        return clean_environment(endpoint=self.endpoint, region=self.region, extra=extra)

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client with the rights of the account's root, deaf to the caller's environment.

        Args:
            service: The service's name in boto3.
            kwargs: As for ``boto3.client``, over the defaults; a client without any is made once and kept.
        """
        # Late: botocore takes long to import, and the command line does without it.
        from pulumi_localaws.local.clients import Clients  # noqa: PLC0415

        self.check()
        with self._clients_lock:
            if self._clients is None:
                # Each call is sent once: a second ConfirmSignUp would be another call.
                self._clients = Clients(self.endpoint, with_boto3=True, attempts=1)
            clients = self._clients
        if kwargs:
            return clients.create(service, self.region, **kwargs)
        return clients.get(service, self.region)

    def _gateway(self, fd: int) -> Child:
        return Child(
            name="gateway",
            argv=[
                *(sys.executable, "-m", "pulumi_localaws.gateway"),
                *("--fd", str(fd), "--upstream", self._emulator_url),
                *("--endpoint", self.endpoint, "--region", self.region, "--account-id", self.account_id),
                *(f"--allow-origin={origin}" for origin in self._allow_origins),
            ],
            environment=clean_environment(
                region=self.region,
                extra={"PYTHONPATH": str(PACKAGE_PARENT)},
            ),
            fds=[fd],
        )

    def _wait_until_ready(self, processes: Processes) -> None:
        # The sockets are open: this one request waits in the backlog until both processes answer.
        deadline = time.monotonic() + _READY_SECONDS
        last = "no answer"
        while time.monotonic() < deadline:
            try:
                answer = get(self.port, "/_localaws/health", timeout=deadline - time.monotonic())
            except OSError as error:
                last = str(error)
            else:
                if answer is not None and answer[0] == HTTPStatus.OK:
                    return
                last = str(answer)
            if processes.wait(0.02):
                raise LocalAwsError(f"the local AWS did not start: {processes.failure}")
        raise LocalAwsError(f"the local AWS did not start within {_READY_SECONDS:.0f} s: {last}")
