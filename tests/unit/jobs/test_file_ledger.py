"""What only the ledger in a folder has: locks of living processes, full disks and private files."""

import resource
import shutil
import subprocess
import sys

import pytest
from ledger_fixtures import record
from userprofiles.jobs.errors import LeaseLostError, LedgerError, RunLockedError
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunState

RUN = "20260204T160000Z-1"


@pytest.fixture
def ledger(tmp_path):
    return FileLedger(tmp_path / "ledger")


@pytest.fixture
def limit_file_size():
    """Limit the size of each file, as a disk that becomes full does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_run_of_a_killed_process_can_be_resumed_at_once(ledger, tmp_path):
    code = f"""
import os, pathlib, signal
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord
ledger = FileLedger(pathlib.Path({str(tmp_path / "ledger")!r}))
lease = ledger.create(RunRecord({RUN!r}, "backfill", "local", {{}}))
ledger.save_units(lease, {{0: {{"rows": 5}}}}, ["USER#a"])
print(os.getpid(), flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        with pytest.raises(RunLockedError):
            ledger.acquire(RUN)
        process.kill()

    assert not ledger.is_locked(RUN)
    assert ledger.acquire(RUN)[0].state is RunState.RUNNING
    assert list(ledger.read_units(RUN)) == [(0, {"rows": 5})]


def test_full_disk_keeps_what_was_stored(ledger, limit_file_size):
    lease = ledger.create(record(RUN))
    ledger.save_units(lease, {0: {"rows": 5}}, ["USER#a"])
    limit_file_size(600)

    with pytest.raises(LedgerError, match="File too large") as error:
        ledger.save_units(lease, {0: {"cursor": "x" * 2_000}}, ["USER#b"])
    with pytest.raises(LedgerError, match="File too large"):
        ledger.save_units(lease, {}, ["USER#" + "c" * 2_000])

    assert "--ledger-dir" in str(error.value)
    limit_file_size(resource.RLIM_INFINITY)
    assert list(ledger.read_units(RUN)) == [(0, {"rows": 5})]
    assert list(ledger.read_keys(RUN)) == ["USER#a", "USER#b"]
    ledger.save_units(lease, {0: {"rows": 6}}, ["USER#c"])
    assert list(ledger.read_keys(RUN)) == ["USER#a", "USER#b", "USER#c"]


def test_last_key_that_a_kill_interrupted_is_ignored(ledger, tmp_path):
    lease = ledger.create(record(RUN))
    ledger.save_units(lease, {}, ["USER#a", "USER#é\n"])
    with (tmp_path / "ledger" / RUN / "keys.jsonl").open("a") as file:
        file.write('"USER#b')

    assert list(ledger.read_keys(RUN)) == ["USER#a", "USER#é\n"]
    ledger.save_units(lease, {}, ["USER#c"])
    assert list(ledger.read_keys(RUN)) == ["USER#a", "USER#é\n", "USER#c"]


@pytest.mark.parametrize("line", ["{\n", "7\n", '"USER#a"x\n', "[" * 100_000 + "\n"])
def test_damaged_key_is_an_error(ledger, tmp_path, line):
    ledger.create(record(RUN))
    path = tmp_path / "ledger" / RUN / "keys.jsonl"
    path.write_text(line)

    with pytest.raises(LedgerError, match=r"keys\.jsonl is damaged"):
        list(ledger.read_keys(RUN))


def test_symbolic_link_is_not_followed(ledger, tmp_path):
    lease = ledger.create(record(RUN))
    target = tmp_path / "target"
    target.write_text("precious\n")
    (tmp_path / "ledger" / RUN / "keys.jsonl").symlink_to(target)

    with pytest.raises(LedgerError, match="it is a symbolic link"):
        ledger.save_units(lease, {}, ["USER#a"])
    assert target.read_text() == "precious\n"


def test_existing_files_are_made_private(ledger, tmp_path):
    lease = ledger.create(record(RUN))
    keys = tmp_path / "ledger" / RUN / "keys.jsonl"
    keys.touch()
    keys.chmod(0o644)
    ledger.save_units(lease, {}, ["USER#a"])

    assert keys.stat().st_mode & 0o777 == 0o600


def test_files_are_private(ledger, tmp_path):
    lease = ledger.create(record(RUN))
    ledger.save_units(lease, {0: {"rows": 5}}, ["USER#a"])

    paths = list((tmp_path / "ledger").rglob("*"))
    assert {path.name for path in paths} == {
        *(RUN, "run.json", "run.1.lease", "lock", "units", "000000.json", "keys.jsonl")
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in paths)


def test_leases_leave_no_files(ledger, tmp_path):
    ledger.release(ledger.create(record(RUN)), state=RunState.STOPPED)
    ledger.release(ledger.acquire(RUN)[1], state=RunState.DONE)

    assert list((tmp_path / "ledger").rglob("*.lease")) == []
    assert ledger._held == {}


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"token": "x", "until": 0, "record": {}, "request": null}',
        '{"token": 1, "until": 0, "record": {"run_id": "other", "kind": "", "engine": "", "job": {}}}',
        '{"token": 1, "until": 0, "record": {"run_id": "other"}, "request": null}',
        '{"token": 1, "until": 0, "record": {"run_id": 7}, "request": null}',
        '{"token": 1, "until": 0, "record": {}, "request": "dance"}',
        "[" * 100_000,
    ],
)
def test_damaged_record_is_an_error(ledger, tmp_path, document):
    ledger.create(record(RUN))
    path = tmp_path / "ledger" / RUN / "run.json"
    path.write_text(document)

    with pytest.raises(LedgerError, match=r"run\.json is damaged"):
        ledger.read(RUN)


def test_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(LedgerError, match=r"can't be read or written: .*\n.*--ledger-dir"):
        FileLedger(tmp_path / "file").create(record(RUN))


@pytest.mark.parametrize("call", ["renew", "save_units"])
def test_folder_that_is_deleted_during_a_renewal_is_an_error(ledger, tmp_path, call):
    """The renewal writes `run.json` again, which was deleted, while the other files are deleted."""
    lease = ledger.create(record(RUN))
    folder = tmp_path / "ledger" / RUN
    document = (folder / "run.json").read_text()
    shutil.rmtree(folder)
    (folder / "units").mkdir(parents=True)
    (folder / "run.json").write_text(document)

    with pytest.raises(LeaseLostError, match=r"(?s)was deleted from .* Delete the rest of the folder"):
        getattr(ledger, call)(lease, *([{}] if call == "save_units" else []))
