"""No process, port or folder remains, however the owner ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local import processes as local_processes
from pulumi_localaws.local import supervisor
from pulumi_localaws.local.processes import ChildProcess, SupervisedProcesses
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

OWNER_PROGRAM = Path(__file__).parents[1] / "owner_program.py"
TIMEOUT_SECONDS = 20.0


def wait_until(what: str, condition: Callable[[], bool], seconds: float = TIMEOUT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Owner:
    """A process that owns a local AWS with a busy function."""

    def __init__(self, mode: str, folder: Path) -> None:
        pid_file = folder / "pid"
        self.process = subprocess.Popen(
            [sys.executable, str(OWNER_PROGRAM), str(pid_file), mode], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            report = json.loads(lines.readline())
        self.port: int = report["port"]
        self.folder = Path(report["folder"])
        self.forked_pid: int = report["forkedPid"]
        wait_until("the function runs", lambda: pid_file.exists() and bool(pid_file.read_text()))
        self.worker = psutil.Process(int(pid_file.read_text()))
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.family = [member for member in family if member.pid != self.forked_pid]


@pytest.fixture
def start_owner(tmp_path: Path) -> Iterator[Callable[[str], Owner]]:
    owners: list[Owner] = []

    def start(mode: str = "plain") -> Owner:
        owners.append(Owner(mode, tmp_path))
        return owners[-1]

    yield start
    for owner in owners:
        for pid in filter(None, (owner.process.pid, owner.forked_pid)):
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
        owner.process.wait()


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        pytest.param(signal.SIGINT, "plain", marks=pytest.mark.long),
        (signal.SIGTERM, "plain"),
        (signal.SIGKILL, "plain"),
        (signal.SIGKILL, "forked"),
    ],
)
@pytest.mark.sample(3)
def test_no_process_remains_when_the_owner_ends(
    start_owner: Callable[[str], Owner], number: signal.Signals, mode: str
) -> None:
    owner = start_owner(mode)
    names = sorted(" ".join(member.cmdline()) for member in owner.family)

    os.kill(owner.process.pid, number)

    owner.process.wait(TIMEOUT_SECONDS)
    assert len(names) >= 4 + (sys.platform == "linux"), (
        f"expected: supervisor, emulator, gateway, worker and the worker's child; actual: {names}"
    )
    assert owner.worker in owner.family
    wait_until("every process has ended", lambda: not [p for p in owner.family if is_alive(p)])
    wait_until("the folder is deleted", lambda: not owner.folder.exists())
    assert not is_open(owner.port)


@pytest.mark.parametrize("name", ["emulator", "gateway", "supervisor"])
@pytest.mark.sample(3)
def test_a_killed_process_stops_the_others_and_is_named(name: str) -> None:
    aws = LocalAws().start()
    try:
        assert aws._processes is not None
        assert aws._processes._supervisor is not None
        folder, supervisor = aws.folder, aws._processes._supervisor.pid
        family = psutil.Process(supervisor).children(recursive=True)

        os.kill({**aws.pids, "supervisor": supervisor}[name], signal.SIGKILL)

        with pytest.raises(LocalAwsError, match="the local AWS has stopped: the") as raised:
            aws.wait(TIMEOUT_SECONDS)
    finally:
        aws.stop()
    message = "the supervisor of" if name == "supervisor" else f"{name} was ended by signal 9"
    assert message in str(raised.value)
    wait_until("every process has ended", lambda: not [p for p in family if is_alive(p)])
    assert not folder.exists()
    assert not is_open(aws.port)


def test_failed_process_shows_the_end_of_its_log() -> None:
    processes = SupervisedProcesses()
    code = "import sys; [print('line', n, flush=True) for n in range(100)]; sys.exit('last line')"

    processes.start([ChildProcess("emulator", [sys.executable, "-c", code], {})])

    assert processes.wait(TIMEOUT_SECONDS)
    processes.stop()
    failure = processes.failure or ""
    assert "the emulator ended with exit code 1" in failure
    assert "line 99\n  last line" in failure
    assert "line 50\n" not in failure
    assert not processes.folder.exists()


def test_missing_program_is_named_in_the_failure() -> None:
    processes = SupervisedProcesses()

    processes.start([ChildProcess("emulator", ["/nowhere/python"], {})])

    assert processes.wait(TIMEOUT_SECONDS)
    processes.stop()
    assert "/nowhere/python" in (processes.failure or "")
    assert not processes.folder.exists()


def test_stop_without_start_and_stop_again_do_nothing() -> None:
    processes = SupervisedProcesses()

    processes.stop()
    processes.stop()

    assert not processes.folder.exists()
    assert processes.failure is None


def test_slow_deletion_of_the_folder_is_not_reported_as_a_running_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fifo, script = tmp_path / "fifo", tmp_path / "supervisor.py"
    os.mkfifo(fifo)
    script.write_text(
        "import sys\n"
        "sys.stdin.read()\n"
        """print('{"event": "stopped"}', flush=True)\n"""
        f"open({str(fifo)!r}).read()  # the deletion\n"
    )
    monkeypatch.setattr(local_processes, "_SUPERVISOR", script)
    monkeypatch.setattr(local_processes, "_DELETION_TIMEOUT_SECONDS", 0.01)
    processes = SupervisedProcesses()
    processes.start([])

    with pytest.raises(LocalAwsError, match="did not delete the folder") as raised:
        processes.stop()

    assert str(processes.folder) in str(raised.value)
    monkeypatch.undo()
    fifo.write_text("")
    processes.stop()
    processes.remove_folder()


def test_only_the_requested_log_file_remains(tmp_path: Path) -> None:
    log = tmp_path / "all.log"
    log.write_text("old line\n")
    processes = SupervisedProcesses(log)

    processes.start([ChildProcess("gateway", [sys.executable, "-c", "print('hello')"], {})])

    assert processes.wait(TIMEOUT_SECONDS)
    processes.stop()
    assert log.read_text() == "old line\nhello\n"


def test_deletion_of_the_folder_does_not_follow_links(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    (folder / "code" / "empty").mkdir(parents=True)
    outside.mkdir()
    for file in (folder / "log", folder / "code" / "main.py", outside / "kept"):
        file.touch()
    (folder / "file link").symlink_to(outside / "kept")
    (folder / "folder link").symlink_to(outside)

    supervisor._delete_folder(str(folder))

    assert list(tmp_path.iterdir()) == [outside]
    assert list(outside.iterdir()) == [outside / "kept"]
