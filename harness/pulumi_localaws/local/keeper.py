"""A small process between the harness and what it starts: when its owner is gone, nothing is left.

Run as a script by its path; standard library only, so that it is up within a few milliseconds. It reads one
JSON line from standard input, starts the processes named there, each as the leader of a group of its own, and
tells on standard output what happens to them. As soon as standard input ends, its parent is another process
than it was told, or one of the processes ends, it kills every group and removes the folder. So a stop, a
Ctrl-C, a SIGTERM and a SIGKILL of the owner all take the same way, on Linux as on macOS.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from typing import Any

_LOOK_AT_OWNER_SECONDS = 0.5
_GONE_WITHIN_SECONDS = 3.0
_TAIL_BYTES = 6_000
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Process = subprocess.Popen[bytes]


def _tell(**event: Any) -> None:
    with contextlib.suppress(OSError):  # the owner may be gone already
        os.write(1, (json.dumps(event) + "\n").encode())


def _start(child: dict[str, Any]) -> Process:
    with open(child["log"], "ab") as log:  # noqa: PTH123  pathlib costs an import
        process = subprocess.Popen(  # noqa: S603  the owner's own command
            child["argv"],
            env=child["env"],
            cwd=child["cwd"],
            stdin=subprocess.PIPE,  # a child that sees it end knows that the keeper is gone
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=child["fds"],
            start_new_session=True,
        )
    _tell(event="started", name=child["name"], pid=process.pid)
    return process


def _tail(path: str) -> str:
    with open(path, "rb") as log:  # noqa: PTH123  pathlib costs an import
        log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return log.read().decode(errors="replace")


def _adopt_orphans() -> None:
    """On Linux, become the parent of every process below whose own parent is gone (function workers)."""
    if sys.platform == "linux":
        # Late: the children are starting up meanwhile.
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _adopted() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as children:  # noqa: PTH123  as above
            return [int(pid) for pid in children.read().split()]
    except OSError:  # not Linux
        return []


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS: the second for a group of zombies
        return False
    return True


def _kill(processes: Collection[Process]) -> None:
    """Kill every group, and who has left it; return when nothing of them is left, not even a zombie."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for process in processes:
        process.wait()
    deadline = time.monotonic() + _GONE_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if not any(_group_exists(process.pid) for process in processes):
                return
            reaped = 0
        if not reaped:
            for pid in _adopted():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)


def _watch(owner: int, processes: dict[str, Process], woken: int) -> dict[str, int]:
    """Wait until the owner lets go or a process ends; return those that ended, with their exit codes."""
    while os.getppid() == owner:
        ready, _, _ = select.select([0, woken], [], [], _LOOK_AT_OWNER_SECONDS)
        codes = {name: process.poll() for name, process in processes.items()}
        ended = {name: code for name, code in codes.items() if code is not None}
        if ended:
            return ended
        if 0 in ready or (woken in ready and set(os.read(woken, 4096)) != {signal.SIGCHLD}):
            break
    return {}


def main() -> None:
    """Keep the processes until the owner lets go of standard input."""
    spec = json.loads(sys.stdin.buffer.readline() or b"null")
    if spec is None:
        return
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)

    children: list[dict[str, Any]] = spec["children"]
    processes: dict[str, Process] = {}
    ended: dict[str, int] = {}
    try:
        for child in children:
            processes[child["name"]] = _start(child)
        for fd in {fd for child in children for fd in child["fds"]}:
            os.close(fd)
        _adopt_orphans()
        ended = _watch(spec["owner"], processes, woken)
    except OSError as error:
        _tell(event="failed", message=str(error))
    finally:
        _kill(processes.values())
        for child in children:
            if child["name"] in ended:
                _tell(event="exited", name=child["name"], code=ended[child["name"]], tail=_tail(child["log"]))
        shutil.rmtree(spec["folder"], ignore_errors=True)


if __name__ == "__main__":
    main()
