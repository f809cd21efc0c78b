"""A local AWS: the emulator and the gateway in front of it, started and stopped together."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pulumi_localaws.environment import DEFAULT_REGION, PACKAGE_PARENT, clean_environment
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local.debug_sockets import open_debug_folder
from pulumi_localaws.local.emulator import ACCOUNT_ID, Emulator
from pulumi_localaws.local.ports import LOOPBACK, http_get, listen
from pulumi_localaws.local.processes import ChildProcess, SupervisedProcesses
from pulumi_localaws.origins import parse_origin

if TYPE_CHECKING:
    from pulumi_localaws.local.clients import Clients

_START_TIMEOUT_SECONDS = 30.0
_READ_SECONDS = 60
_DEBUG_SECONDS = 3600  # while functions are debugged
_FAILURE_REPORT_SECONDS = 5.0
_INBOX_TIMEOUT_SECONDS = 10.0
_SMS_INBOX_PATH = "/_ministack/sns/sms-messages"


@dataclass(frozen=True)
class SmsMessage:
    """A text message.

    Attributes:
        number: The phone number that it was sent to.
        text: The text.
        time: The time at which it was sent, in seconds since 1970.
    """

    number: str
    text: str
    time: float


class LocalAws:
    """Emulator and gateway on the loopback interface; a context manager.

    Args:
        port: The public port, for all AWS clients; 0 selects a free one. LocalStack's clients expect 4566.
        region: The region of requests without one.
        log_file: File that the output of both processes is appended to; None keeps it in the temporary
            folder, which is deleted at the end.
        allow_origins: Allowed web origins in addition to those of this machine, such as
            ``https://shop.example.com``; their pages have the permissions of the account's root user.
        debug_functions: Let Python functions stop at ``breakpoint()``, and let no function time out.
        emulator_python: The interpreter that runs the emulator, see ``Emulator``.

    Raises:
        ValueError: An entry of ``allow_origins`` is not an origin.
        PortInUseError: (from ``start``) another program uses the port.
        LocalAwsError: (from ``start``) a process did not start; the message has the last lines of its log.
    """

    def __init__(
        self,
        port: int = 0,
        region: str = DEFAULT_REGION,
        log_file: str | os.PathLike[str] | None = None,
        *,
        allow_origins: Sequence[str] = (),
        debug_functions: bool = False,
        emulator_python: str | None = None,
    ) -> None:
        self._allow_origins = [parse_origin(origin) for origin in allow_origins]
        self.port = port
        self.region = region
        self.account_id = ACCOUNT_ID
        self.log_file = None if log_file is None else Path(log_file).resolve()
        self._debug_folder = open_debug_folder() if debug_functions else None
        self._emulator_python = emulator_python
        self._processes: SupervisedProcesses | None = None
        self._unstarted_processes: SupervisedProcesses | None = None
        self._emulator_url = ""
        self._emulator_header = ""
        self._clients: Clients | None = None
        self._clients_lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """The public URL, ``http://127.0.0.1:<port>``."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def emulator_url(self) -> str:
        """The emulator's own URL, which bypasses the gateway: for comparisons only."""
        return self._emulator_url

    @property
    def emulator_headers(self) -> dict[str, str]:
        """The secret header without which the emulator rejects a request to `emulator_url`."""
        name, _, value = self._emulator_header.partition(": ")
        return {name: value}

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name (``emulator``, ``gateway``)."""
        return dict(self._processes.pids) if self._processes else {}

    @property
    def folder(self) -> Path:
        """A temporary folder, created at the first access and always deleted with the local AWS."""
        if self._processes is not None:
            return self._processes.folder
        if self._unstarted_processes is None:
            self._unstarted_processes = SupervisedProcesses(self.log_file)
        return self._unstarted_processes.folder

    def start(self, on_open: Callable[[str], None] | None = None) -> Self:
        """Start both processes and wait until they serve.

        Args:
            on_open: Called with the endpoint as soon as its port is open. Requests then wait until both
                processes serve.
        """
        if self._processes is not None:
            raise LocalAwsError("this local AWS is already running: stop it first, or create another one")
        if os.name != "posix":
            raise LocalAwsError(
                f"the local AWS requires Linux or macOS (this is {os.name!r}); on Windows, use WSL"
            )
        listener = listen(self.port)
        self.port = listener.getsockname()[1]
        emulator = Emulator(
            endpoint=self.endpoint,
            region=self.region,
            debug_folder=self._debug_folder,
            python=self._emulator_python,
        )
        self._emulator_url, self._emulator_header = emulator.url, emulator.header
        processes = self._unstarted_processes or SupervisedProcesses(self.log_file)
        self._processes, self._unstarted_processes = processes, None
        try:
            processes.start([emulator.child_process(processes), self._gateway_process(listener.fileno())])
            # From here on, only the processes have the sockets open: when they end, connections are refused.
            listener.close()
            emulator.release()
            if on_open is not None:
                on_open(self.endpoint)
            self._wait_until_ready(processes)
        except BaseException:
            listener.close()
            emulator.release()
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop both processes and delete the temporary folder. A second call does nothing."""
        current = (self._processes, self._unstarted_processes)
        self._processes = self._unstarted_processes = self._clients = None
        for processes in current:
            if processes is not None:
                processes.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def check(self) -> None:
        """Raise LocalAwsError unless both processes run (if one ends, the other is stopped too)."""
        if self._processes is None:
            raise LocalAwsError("this local AWS has not been started, or was stopped: call start()")
        if self._processes.failure is not None:
            raise LocalAwsError(f"the local AWS has stopped: {self._processes.failure}")

    def wait(self, timeout: float | None = None) -> None:
        """Serve until stopped.

        Args:
            timeout: Seconds after which to return while both processes serve; None waits without a limit.

        Raises:
            LocalAwsError: The emulator or the gateway ended unexpectedly.
        """
        processes = self._processes
        if processes is not None:
            processes.wait(timeout)
            if processes.failure is not None:
                raise LocalAwsError(f"the local AWS has stopped: {processes.failure}")

    def wait_for_failure(self) -> None:
        """Raise the error that names the process that ended; to be called when the port no longer responds.

        Raises:
            LocalAwsError: The emulator, the gateway or their supervisor ended unexpectedly.
        """
        self.wait(_FAILURE_REPORT_SECONDS)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Build the environment of a process that must use only this AWS."""
        return clean_environment(endpoint=self.endpoint, region=self.region, extra=extra)

    def client(self, service: str, **kwargs: Any) -> Any:
        """Return a boto3 client of the account's root user, independent of the caller's environment.

        Args:
            service: The service's name in boto3.
            kwargs: As for ``boto3.client``; they override the defaults. Clients without any are created once.
        """
        # Imported late: botocore takes long to import, and the command line does not need it.
        from pulumi_localaws.local.clients import Clients  # noqa: PLC0415

        self.check()
        with self._clients_lock:
            if self._clients is None:
                # Each call is sent once: a second ConfirmSignUp would be another call.
                seconds = _READ_SECONDS if self._debug_folder is None else _DEBUG_SECONDS
                self._clients = Clients(self.endpoint, with_boto3=True, attempts=1, read_seconds=seconds)
            clients = self._clients
        if kwargs:
            return clients.create(service, self.region, **kwargs)
        return clients.get(service, self.region)

    def sms_messages(self, number: str | None = None) -> list[SmsMessage]:
        """Return the text messages that were sent, the oldest first.

        Args:
            number: The phone number of the messages. Default: all numbers.
        """
        self.check()
        response = http_get(self.port, _SMS_INBOX_PATH, timeout=_INBOX_TIMEOUT_SECONDS)
        if response is None or response[0] != HTTPStatus.OK:
            raise LocalAwsError(f"{_SMS_INBOX_PATH} of the local AWS returned {response}")
        messages = [
            SmsMessage(record["PhoneNumber"], record["Message"], record["Timestamp"])
            for records in json.loads(response[1])["sms_messages"].values()
            for record in records
        ]
        return sorted((m for m in messages if number in {None, m.number}), key=lambda message: message.time)

    def _gateway_process(self, fd: int) -> ChildProcess:
        return ChildProcess(
            name="gateway",
            argv=[
                *(sys.executable, "-m", "pulumi_localaws.gateway"),
                *("--fd", str(fd), "--upstream", self._emulator_url),
                *("--endpoint", self.endpoint, "--region", self.region, "--account-id", self.account_id),
                *(f"--allow-origin={origin}" for origin in self._allow_origins),
                *([] if self._debug_folder is None else [f"--function-seconds={_DEBUG_SECONDS}"]),
            ],
            environment=clean_environment(
                region=self.region,
                extra={"PYTHONPATH": str(PACKAGE_PARENT)},
            ),
            fds=[fd],
            input_line=self._emulator_header,
        )

    def _wait_until_ready(self, processes: SupervisedProcesses) -> None:
        # The sockets are open: this one request waits in the backlog until both processes respond.
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        last_result = "no response"
        while time.monotonic() < deadline:
            try:
                response = http_get(self.port, "/_localaws/health", timeout=deadline - time.monotonic())
            except OSError as error:
                last_result = str(error)
            else:
                if response is not None and response[0] == HTTPStatus.OK:
                    return
                last_result = str(response)
            if processes.wait(0.02):
                raise LocalAwsError(f"the local AWS did not start: {processes.failure}")
        raise LocalAwsError(
            f"the local AWS did not start within {_START_TIMEOUT_SECONDS:.0f} s; last result: {last_result}"
        )
