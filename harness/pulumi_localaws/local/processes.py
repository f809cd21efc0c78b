"""Child processes that live exactly as long as their owner: the owner's side of ``keeper.py``."""

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

_KEEPER = Path(__file__).with_name("keeper.py")
_TAIL_LINES = 25
_STOP_SECONDS = 10.0


class LocalAwsError(RuntimeError):
    """The local AWS could not start or go on; the message says why and how to mend it."""


@dataclass(frozen=True)
class Child:
    """A process to start.

    Attributes:
        name: What messages call it.
        argv: The command.
        environment: Its whole environment.
        fds: File descriptors that it takes over; the same numbers are valid in it.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    fds: Sequence[int] = field(default=())


class Processes:
    """Starts children under a keeper, in a temporary folder that goes with them.

    Nothing outlives the owner: not when it stops them, not when it ends by any signal, SIGKILL included.

    Args:
        log_file: Where the children's output goes; None keeps one file for each in the temporary folder.
    """

    def __init__(self, log_file: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pulumi-localaws-")).resolve()
        self.log_file = log_file
        self.pids: dict[str, int] = {}
        self.failure: str | None = None
        self._ended = threading.Event()
        self._stopping = False
        self._keeper: subprocess.Popen[str] | None = None

    def log(self, name: str) -> Path:
        """Return the file that a child's output goes to."""
        return self.log_file or self.folder / f"{name}.log"

    def start(self, children: Sequence[Child]) -> None:
        """Start them all; what becomes of them is told by ``failure`` and ``wait``."""
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
                    "log": str(self.log(child.name)),
                }
                for child in children
            ],
        }
        self._keeper = subprocess.Popen(  # noqa: S603  our own script
            # No site packages, nothing from the environment: the keeper is up in some 20 ms.
            [sys.executable, "-I", "-S", str(_KEEPER)],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=sorted({fd for child in children for fd in child.fds}),
            start_new_session=True,  # a Ctrl-C in the terminal is the owner's to deal with
        )
        threading.Thread(target=self._read, args=(self._keeper,), name="pulumi-localaws", daemon=True).start()
        assert self._keeper.stdin is not None  # noqa: S101  for the type checker
        with contextlib.suppress(BrokenPipeError):  # it died: _read tells
            self._keeper.stdin.write(json.dumps(spec) + "\n")
            self._keeper.stdin.flush()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the processes are gone.

        Args:
            timeout: Seconds to wait at most; None waits for ever.

        Returns:
            Whether they are gone.
        """
        return self._ended.wait(timeout)

    def stop(self) -> None:
        """Kill all and remove the folder; returns when nothing is left. A second call does nothing.

        Raises:
            LocalAwsError: if something is left after ten seconds.
        """
        self._stopping = True
        keeper = self._keeper
        if keeper is None:
            self.remove_folder()
            return
        assert keeper.stdin is not None  # noqa: S101  for the type checker
        with contextlib.suppress(BrokenPipeError):
            keeper.stdin.close()
        try:
            keeper.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LocalAwsError(
                f"process {keeper.pid} did not end its children {self.pids} within {_STOP_SECONDS:.0f} s"
            ) from error
        self._ended.wait(_STOP_SECONDS)
        if keeper.returncode != 0:  # killed before it could clear up
            for pid in self.pids.values():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            self.remove_folder()

    def remove_folder(self) -> None:
        """Remove the temporary folder, where no keeper does."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, keeper: "subprocess.Popen[str]") -> None:
        """Take down what the keeper tells, until it is gone."""
        assert keeper.stdout is not None  # noqa: S101  for the type checker
        with keeper.stdout:
            for line in keeper.stdout:
                event = json.loads(line)
                if event["event"] == "started":
                    self.pids[event["name"]] = event["pid"]
                elif not self._stopping:
                    self.failure = self.failure or _describe(event)
        if not self._stopping and self.failure is None:
            self.failure = "the process that keeps the emulator and the gateway was ended from outside"
        self._ended.set()


def _describe(event: Mapping[str, object]) -> str:
    if event["event"] == "failed":
        return f"a process could not be started: {event['message']}"
    code = event["code"]
    assert isinstance(code, int)  # noqa: S101  for the type checker
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    lines = str(event["tail"]).splitlines()[-_TAIL_LINES:]
    said = "\n  ".join(lines) if lines else "(nothing)"
    return f"the {event['name']} {how}. The last lines of its log:\n  {said}"
