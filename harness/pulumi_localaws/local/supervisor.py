"""The supervisor: a small process that stops the emulator and the gateway when their owner ends.

It runs as a script and imports only the standard library, so that it starts within milliseconds. It reads one
JSON line from standard input, starts the child processes in that line, each as the leader of its own process
group, and reports their events on standard output. It kills all groups and deletes the folder in three cases:
standard input ends, its parent is no longer the owner, or one of the processes ends. A stop, a Ctrl-C, a
SIGTERM and a SIGKILL of the owner therefore have the same result, on Linux and on macOS.
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

_OWNER_POLL_SECONDS = 0.5
_KILL_TIMEOUT_SECONDS = 3.0
_TAIL_BYTES = 6_000
_DELETION_THREADS = 16
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Process = subprocess.Popen[bytes]


def _send_event(**event: Any) -> None:
    with contextlib.suppress(OSError):  # the owner may have ended already
        os.write(1, (json.dumps(event) + "\n").encode())


def _start_child(child: dict[str, Any]) -> Process:
    with open(child["log"], "ab") as log:  # noqa: PTH123  pathlib costs an import
        process = subprocess.Popen(  # noqa: S603  the owner's command
            child["argv"],
            env=child["env"],
            cwd=child["cwd"],
            stdin=subprocess.PIPE,  # it ends when the supervisor ends, which the child notices
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=child["fds"],
            start_new_session=True,
        )
    assert process.stdin is not None  # noqa: S101  for the type checker
    with contextlib.suppress(BrokenPipeError):  # it has ended: main reports it
        process.stdin.write(child["input_line"].encode() + b"\n")
        process.stdin.flush()
    _send_event(event="started", name=child["name"], pid=process.pid)
    return process


def _read_log_tail(path: str) -> str:
    with open(path, "rb") as log:  # noqa: PTH123  pathlib costs an import
        log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return log.read().decode(errors="replace")


def _adopt_orphans() -> None:
    """On Linux, become the parent of all descendants whose parent has ended (function workers)."""
    if sys.platform == "linux":
        # Imported late: the child processes start meanwhile.
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _adopted_pids() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as children:  # noqa: PTH123  as above
            return [int(pid) for pid in children.read().split()]
    except OSError:  # not Linux
        return []


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS raises the second for a group of zombies
        return False
    return True


def _kill_all(processes: Collection[Process]) -> None:
    """Kill every group and every process that left its group; return when no zombie remains either."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for process in processes:
        process.wait()
    deadline = time.monotonic() + _KILL_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if not any(_group_exists(process.pid) for process in processes):
                return
            reaped = 0
        if not reaped:
            for pid in _adopted_pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)


def _delete_folder(folder: str) -> None:
    """Delete a folder, and its files by several threads.

    The deletion of a file that is on the disk already waits for the disk. One after the other, the files of
    the functions' code take up to 13 seconds; by threads, one second.
    """
    # Imported late: the child processes must start soon.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def delete(path: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108  pathlib costs an import

    paths = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]  # noqa: PTH118
    with ThreadPoolExecutor(_DELETION_THREADS) as threads:
        list(threads.map(delete, paths))
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for_end(owner: int, processes: dict[str, Process], wakeup_reader: int) -> dict[str, int]:
    """Wait until the owner or a process ends; return the processes that ended, with their exit codes."""
    while os.getppid() == owner:
        ready, _, _ = select.select([0, wakeup_reader], [], [], _OWNER_POLL_SECONDS)
        codes = {name: process.poll() for name, process in processes.items()}
        exit_codes = {name: code for name, code in codes.items() if code is not None}
        if exit_codes:
            return exit_codes
        if 0 in ready or (wakeup_reader in ready and set(os.read(wakeup_reader, 4096)) != {signal.SIGCHLD}):
            break
    return {}


def main() -> None:
    """Start the processes and stop them when the owner closes standard input."""
    spec = json.loads(sys.stdin.buffer.readline() or b"null")
    if spec is None:
        return
    wakeup_reader, wakeup_writer = os.pipe()
    os.set_blocking(wakeup_writer, False)
    signal.set_wakeup_fd(wakeup_writer)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)

    children: list[dict[str, Any]] = spec["children"]
    processes: dict[str, Process] = {}
    exit_codes: dict[str, int] = {}
    try:
        for child in children:
            processes[child["name"]] = _start_child(child)
        for fd in {fd for child in children for fd in child["fds"]}:
            os.close(fd)
        _adopt_orphans()
        exit_codes = _wait_for_end(spec["owner"], processes, wakeup_reader)
    except OSError as error:
        _send_event(event="failed", message=str(error))
    finally:
        _kill_all(processes.values())
        for child in children:
            if child["name"] in exit_codes:
                _send_event(
                    event="exited",
                    name=child["name"],
                    code=exit_codes[child["name"]],
                    tail=_read_log_tail(child["log"]),
                )
        _send_event(event="stopped")
        _delete_folder(spec["folder"])


if __name__ == "__main__":
    main()
