"""Users of a file: plan, apply, verify, resume and rollback by the commands."""

import json
import os

import pytest
from backfill_fixtures import account, profile
from kill_switch import KilledError
from source_fixtures import person, write_lines
from userprofiles.backfill.command import apply_command
from userprofiles.backfill.command.ledger_options import default_ledger_folder
from userprofiles.jobs.file_ledger import FileLedger

COUNTS = ("processed", "created", "existed", "failed", "notes")


@pytest.fixture
def users_file(tmp_path):
    path = tmp_path / "users.jsonl"
    rows = [person(f"u{n}", kind="king" if n == 3 else "vendor") for n in range(6)]
    write_lines(path, *rows, b'{"CANARY', person("old"), person("off", state="disabled"))
    return path


@pytest.fixture
def commands(create_table, connect, tmp_path, users_file):
    columns = {"id": "sub", "email": "mail", "name": "name", "role": "kind", "status": "state"}
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"format": "userprofiles-mapping", "version": 1, "columns": columns}))
    commands = connect(create_table(account("old"), profile("old")))
    options = ("--template", "marketplace", "--segments", "3", "--mapping", str(mapping))
    options += ("--roles", "customer,vendor", "--approval-roles", "none")
    commands.plan_file = lambda: commands.plan("--source", f"jsonl:{users_file}", *options)
    return commands


def result_of(capsys):
    return json.loads(capsys.readouterr().out)


def test_import_from_plan_to_undo(commands, capsys):
    """The counts of plan and run agree; the verification finds every item; the undo leaves what was there."""
    before = commands.table.digest()
    assert commands.plan_file() == 0
    plan = commands.document()
    assert {name: plan["counts"][name] for name in ("created", "existed", "failed", "skipped", "notes")} == {
        "created": 6,
        "existed": 1,
        "failed": 1,
        "skipped": {"inactive": 1},
        "notes": {"roleNotAllowed": 1},
    }
    assert commands.table.digest() == before
    capsys.readouterr()

    assert commands.apply("--no-backup", "--json") == 2
    report = result_of(capsys)
    assert {name: report[name] for name in COUNTS} == {name: plan["counts"][name] for name in COUNTS}
    assert "CANARY" not in json.dumps(report) + json.dumps(plan)

    assert commands.run("verify", plan["planId"], "--json") == 2  # the bad line
    verified = result_of(capsys)
    assert {name: verified[name] for name in ("matching", "existed", "differing", "missing", "orphaned")} == {
        "matching": 6,
        "existed": 1,
        "differing": 0,
        "missing": 0,
        "orphaned": 0,
    }

    assert commands.run("rollback", plan["planId"], "--json", "--yes") == 0
    undone = result_of(capsys)
    assert (undone["removed"], undone["kept"]) == (6, 0)
    assert commands.table.digest() == before


def test_killed_import_is_resumed_by_apply(commands, capsys, monkeypatch):
    """F21: killed between accounts and profiles of a segment, the run resumes to the counts of the plan."""
    commands.plan_file()
    ledger = FileLedger(default_ledger_folder())
    monkeypatch.setattr(apply_command, "open_ledger", lambda *_, **__: ledger)

    def kill(operation, _):
        if operation == "BatchExecuteStatement" and commands.table.client.count(operation) == 4:
            commands.table.client.hooks.clear()
            raise KilledError

    commands.table.client.hooks.append(kill)
    with pytest.raises(KilledError):
        commands.apply("--no-backup")
    for descriptor in ledger._held.values():
        os.close(descriptor)  # as the end of a process does
    ledger._held.clear()
    capsys.readouterr()

    assert commands.apply("--no-backup", "--json") == 2
    report = result_of(capsys)
    assert {name: report[name] for name in COUNTS} == {
        name: commands.document()["counts"][name] for name in COUNTS
    }
    assert len(commands.table.profiles()) == 7


def test_bad_lines_are_in_the_quarantine(commands, capsys):
    """F34: a bad line is tried again by its position, and stays in the quarantine."""
    commands.plan_file()
    commands.apply("--no-backup")
    run_id = commands.document()["planId"]
    capsys.readouterr()

    assert commands.run("quarantine", "list", run_id) == 0
    assert (
        "line 7: the line is not valid JSON (offset 694, line 7, sha256 f32cd0f2" in capsys.readouterr().out
    )
    assert commands.run("quarantine", "retry", run_id, "--json") == 2
    assert result_of(capsys)["failed"] == 1


def test_changed_file_is_refused_after_the_plan(commands, users_file, capsys):
    commands.plan_file()
    users_file.write_bytes(users_file.read_bytes() + b"\n")
    capsys.readouterr()

    assert commands.apply("--no-backup") == 5
    assert "the file has changed since the plan" in capsys.readouterr().err
    assert len(commands.table.items()) == 2
