"""Child processes that end with their owner: the owner's side of ``supervisor.py``."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pulumi_localaws.environment import clean_environment
from pulumi_localaws.errors import LocalAwsError

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_TAIL_LINES = 25
_STOP_TIMEOUT_SECONDS = 10.0
_DELETION_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class ChildProcess:
    """A process to start.

    Attributes:
        name: Its name in messages.
        argv: The command.
        environment: Its whole environment.
        fds: File descriptors that it inherits, with the same numbers.
        input_line: First line of its standard input, for a value that a process list or an environment would
            show. Standard input stays open until the supervisor ends.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    fds: Sequence[int] = field(default=())
    input_line: str = field(default="", repr=False)


class SupervisedProcesses:
    """Starts child processes under a supervisor, in a temporary folder that is deleted with them.

    No process remains when the owner stops them or ends, also by SIGKILL.

    Args:
        log_file: File for the output of all processes; None keeps one file for each in the temporary folder.
    """

    def __init__(self, log_file: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pulumi-localaws-")).resolve()
        self.log_file = log_file
        self.pids: dict[str, int] = {}
        self.failure: str | None = None
        self._exit_event = threading.Event()
        self._is_stopping = False
        self._supervisor: subprocess.Popen[str] | None = None

    def log_path(self, name: str) -> Path:
        """Return the file for the output of a child process."""
        return self.log_file or self.folder / f"{name}.log"

    def start(self, children: Sequence[ChildProcess]) -> None:
        """Start all child processes; ``wait`` and ``failure`` report their end."""
        spec = {
            "owner": os.getpid(),
            "folder": str(self.folder),
            "children": [
                {
                    "name": child.name,
                    "argv": list(child.argv),
                    "env": dict(child.environment),
                    "cwd": str(self.folder),
                    "fds": list(child.fds),
                    "log": str(self.log_path(child.name)),
                    "input_line": child.input_line,
                }
                for child in children
            ],
        }
        self._supervisor = subprocess.Popen(  # noqa: S603  our own script
            # Without site packages and environment, the supervisor starts in about 20 ms.
            [sys.executable, "-I", "-S", str(_SUPERVISOR)],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=sorted({fd for child in children for fd in child.fds}),
            start_new_session=True,  # only the owner handles a Ctrl-C in the terminal
        )
        threading.Thread(
            target=self._read_events, args=(self._supervisor,), name="pulumi-localaws", daemon=True
        ).start()
        assert self._supervisor.stdin is not None  # noqa: S101  for the type checker
        with contextlib.suppress(BrokenPipeError):  # it has ended: _read_events reports it
            self._supervisor.stdin.write(json.dumps(spec) + "\n")
            self._supervisor.stdin.flush()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the processes have ended.

        Args:
            timeout: Maximum number of seconds to wait; None waits without a limit.

        Returns:
            Whether they have ended.
        """
        return self._exit_event.wait(timeout)

    def stop(self) -> None:
        """Kill all processes and delete the folder before returning. A second call does nothing.

        Raises:
            LocalAwsError: A process still runs after ten seconds, or the folder still exists two minutes
                later.
        """
        self._is_stopping = True
        supervisor = self._supervisor
        if supervisor is None:
            self.remove_folder()
            return
        assert supervisor.stdin is not None  # noqa: S101  for the type checker
        with contextlib.suppress(BrokenPipeError):
            supervisor.stdin.close()
        if not self._exit_event.wait(_STOP_TIMEOUT_SECONDS):
            raise LocalAwsError(
                f"the supervisor (process {supervisor.pid}) did not stop the processes {self.pids} within"
                f" {_STOP_TIMEOUT_SECONDS:.0f} s"
            )
        try:
            supervisor.wait(_DELETION_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LocalAwsError(
                f"the supervisor (process {supervisor.pid}) did not delete the folder {self.folder} within"
                f" {_DELETION_TIMEOUT_SECONDS:.0f} s; delete it when that process has ended"
            ) from error
        if supervisor.returncode != 0:  # it was killed before it could clean up
            for pid in self.pids.values():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            self.remove_folder()

    def remove_folder(self) -> None:
        """Delete the temporary folder, if no supervisor does."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read_events(self, supervisor: "subprocess.Popen[str]") -> None:
        """Store the events of the supervisor until it has stopped the processes, or has ended itself."""
        assert supervisor.stdout is not None  # noqa: S101  for the type checker
        with supervisor.stdout:
            for line in supervisor.stdout:
                event = json.loads(line)
                if event["event"] == "started":
                    self.pids[event["name"]] = event["pid"]
                elif event["event"] == "stopped":
                    break
                elif not self._is_stopping:
                    self.failure = self.failure or _describe_failure(event)
        if not self._is_stopping and self.failure is None:
            self.failure = "the supervisor of the emulator and the gateway was killed"
        self._exit_event.set()


def _describe_failure(event: Mapping[str, object]) -> str:
    if event["event"] == "failed":
        return f"a process could not be started: {event['message']}"
    code = event["code"]
    assert isinstance(code, int)  # noqa: S101  for the type checker
    end = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    lines = str(event["tail"]).splitlines()[-_TAIL_LINES:]
    log_tail = "\n  ".join(lines) if lines else "(empty)"
    return f"the {event['name']} {end}. The last lines of its log:\n  {log_tail}"
