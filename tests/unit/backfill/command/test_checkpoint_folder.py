"""Checkpoints on disk: damaged ones are refused by name, and old ones are deleted."""

import functools
import itertools
import json
import os
import threading
import time
from dataclasses import replace

import command_fixtures
import pytest
from backfill_fixtures import client_error, plain_user, plain_users
from command_fixtures import files
from userprofiles.backfill.command.checkpoint_folder import CheckpointFolder
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.jobs.document_file import read_document

LIMITS = replace(COMMAND_LINE, chunk_rows=5)
run = functools.partial(command_fixtures.run, limits=LIMITS)


@pytest.fixture
def table(create_table, use_table):
    odd_user = plain_user("a-first", userId={"N": "7"})
    return use_table(create_table(*plain_users(20), odd_user))


@pytest.fixture
def stored(table, state_home, capsys):
    """Stop a run of two segments after the first chunk of both, and return the path of its checkpoint."""
    numbers = itertools.count(1)
    both_segments = threading.Barrier(2, timeout=10)

    def expire(operation, parameters):
        if operation != "BatchExecuteStatement":
            return
        if next(numbers) <= 2:
            both_segments.wait()
        elif len(table.profiles()) >= 8:
            raise client_error(operation, "ExpiredTokenException", "expired")

    table.client.hooks = [expire]
    assert run("--segments", "2") == 1
    table.client.hooks = []
    capsys.readouterr()
    [path] = CheckpointFolder(table.location, state_home).folder.glob("*.json")
    return path


def change(path, edit):
    document = read_document(path)
    edit(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda document: document["states"].pop(1), "segments 1 are missing"),
        (lambda document: document["states"].append(document["states"][0]), "must be those of the job"),
        (lambda document: document.update(failureBytes=10**9), "bytes, must have at least 1000000000"),
        (lambda document: document.update(failureBytes=-1), "must have at least -1"),
        (lambda document: document.update(failureBytes=0), "has 0 failures, must have 1"),
        (lambda document: document.update(failureBytes=20), "JSONDecodeError"),
        (lambda document: document["states"][0].update(done="no"), "has cursor"),
        (lambda document: document["states"][0].update(done=True, cursor={}), "has cursor"),
        (
            lambda document: document["states"][0].update(done=False, cursor={}),
            "must be an object with values",
        ),
        (lambda document: document["states"][0].update(created=999), "do not add up"),
        (lambda document: document["job"].update(runId="another"), "the run ID is 'another'"),
    ],
)
@pytest.mark.sample(4)
def test_damaged_checkpoint_is_refused_by_name(table, stored, capsys, edit, message):
    change(stored, edit)
    sizes = {path: path.stat().st_size for path in stored.parent.iterdir()}

    assert run("--segments", "2", "--resume") == 5

    err = capsys.readouterr().err
    assert f"The checkpoint {stored} can't be read" in err
    assert message in err
    assert {path: path.stat().st_size for path in stored.parent.iterdir()} == sizes


def test_missing_failure_log_is_refused(table, stored, capsys):
    failures = stored.with_suffix(".failures.jsonl")
    failures.unlink()

    assert run("--segments", "2", "--resume") == 5
    assert f"{failures.name} has 0 bytes, must have at least" in capsys.readouterr().err
    assert not failures.exists()


@pytest.mark.parametrize("name", ["20200101T000000Z-00000000.json", "zzz.json"])
def test_damaged_checkpoint_does_not_block_a_good_one(table, stored, capsys, name):
    stored.with_name(name).write_text('{"version": 1')

    assert run("--segments", "2", "--resume") == 2

    err = capsys.readouterr().err
    assert f"Warning: The checkpoint {stored.with_name(name)} can't be read" in err
    assert f"Resuming run {stored.stem}." in err
    assert len(table.profiles()) == 20


def test_checkpoints_of_killed_runs_are_deleted_after_30_days(table, stored, state_home):
    old_run = stored.parent.parent / "another-table-0123456789ab"
    old_run.mkdir()
    for name in ("run-1.json", "run-1.failures.jsonl", "run-1.lock", ".run-1.json.abc", "run-2.json"):
        (old_run / name).write_text("")
        age = 29 if name == "run-2.json" else 31
        os.utime(old_run / name, (time.time() - age * 86_400,) * 2)

    run("--dry-run")

    assert files(old_run) == ["run-2.json"]
    assert stored.exists()
    os.utime(old_run / "run-2.json", (0, 0))
    run("--dry-run")
    assert not old_run.exists()


def test_old_checkpoint_with_a_fresh_failure_log_is_kept(table, stored):
    os.utime(stored, (0, 0))

    run("--dry-run")

    assert stored.exists()
