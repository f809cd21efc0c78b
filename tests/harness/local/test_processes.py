"""Nothing is left behind: no process, no port, no folder, however the owner ends."""

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
from pulumi_localaws.local.processes import Child, LocalAwsError, Processes
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

OWNER = Path(__file__).parents[1] / "owner.py"
SECONDS = 20.0


def until(what: str, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """Tell whether a process runs; an orphan that nobody has waited for yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Owner:
    """A program that owns a local AWS with a function at work."""

    def __init__(self, how: str, folder: Path) -> None:
        started = folder / "started"
        self.process = subprocess.Popen(
            [sys.executable, str(OWNER), str(started), how], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.told = json.loads(lines.readline())
        self.folder = Path(self.told["folder"])
        self.forked: int = self.told["forked"]
        until("the function works", lambda: started.exists() and bool(started.read_text()))
        self.worker = psutil.Process(int(started.read_text()))
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.family = [member for member in family if member.pid != self.forked]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[[str], Owner]]:
    owners: list[Owner] = []

    def start(how: str = "plain") -> Owner:
        owners.append(Owner(how, tmp_path))
        return owners[-1]

    yield start
    for owner in owners:
        for pid in filter(None, (owner.process.pid, owner.forked)):
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
        owner.process.wait()


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGINT, "plain"),
        (signal.SIGTERM, "plain"),
        (signal.SIGKILL, "plain"),
        (signal.SIGKILL, "forked"),
    ],
)
def test_nothing_is_left_when_the_owner_ends(
    own: Callable[[str], Owner], number: signal.Signals, how: str
) -> None:
    owner = own(how)
    names = sorted(" ".join(member.cmdline()) for member in owner.family)

    os.kill(owner.process.pid, number)

    owner.process.wait(SECONDS)
    assert len(names) >= 4 + (sys.platform == "linux"), (
        f"keeper, emulator, gateway, worker and the worker's own child expected: {names}"
    )
    assert owner.worker in owner.family
    until("every process is gone", lambda: not [p for p in owner.family if lives(p)])
    until("the folder is gone", lambda: not owner.folder.exists())
    assert not answers(owner.told["port"])


@pytest.mark.parametrize("name", ["emulator", "gateway", "keeper"])
def test_a_process_that_dies_takes_the_rest_along_and_is_named(name: str) -> None:
    aws = LocalAws().start()
    try:
        assert aws._processes is not None
        assert aws._processes._keeper is not None
        folder, keeper = aws._processes.folder, aws._processes._keeper.pid
        family = psutil.Process(keeper).children(recursive=True)

        os.kill({**aws.pids, "keeper": keeper}[name], signal.SIGKILL)

        with pytest.raises(LocalAwsError, match="the local AWS has stopped: the") as caught:
            aws.wait(SECONDS)
    finally:
        aws.stop()
    assert ("keeps the emulator" if name == "keeper" else f"{name} was ended by signal 9") in str(
        caught.value
    )
    until("every process is gone", lambda: not [p for p in family if lives(p)])
    assert not folder.exists()
    assert not answers(aws.port)


def test_failed_process_shows_the_end_of_its_log() -> None:
    processes = Processes()
    code = "import sys; [print('line', n, flush=True) for n in range(100)]; sys.exit('the last word')"

    processes.start([Child("emulator", [sys.executable, "-c", code], {})])

    assert processes.wait(SECONDS)
    processes.stop()
    failure = processes.failure or ""
    assert "the emulator ended with exit code 1" in failure
    assert "line 99\n  the last word" in failure
    assert "line 50\n" not in failure
    assert not processes.folder.exists()


def test_program_that_is_not_there_is_named() -> None:
    processes = Processes()

    processes.start([Child("emulator", ["/nowhere/python"], {})])

    assert processes.wait(SECONDS)
    processes.stop()
    assert "/nowhere/python" in (processes.failure or "")
    assert not processes.folder.exists()


def test_stop_without_start_and_stop_again_do_nothing() -> None:
    processes = Processes()

    processes.stop()
    processes.stop()

    assert not processes.folder.exists()
    assert processes.failure is None


def test_only_the_log_file_asked_for_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "all.log"
    log.write_text("from before\n")
    processes = Processes(log)

    processes.start([Child("gateway", [sys.executable, "-c", "print('hello')"], {})])

    assert processes.wait(SECONDS)
    processes.stop()
    assert log.read_text() == "from before\nhello\n"
