"""Tests of `userprofiles import delta`, `verify` and `rollback`, and of `runs` for an import."""

import json
import os
import signal

import pytest
from command_world import content_document, user_document
from import_fakes import Killed
from userprofiles.jobs.run_record import RunState


def kill_apply(commands):
    """Start `apply`, and kill it at its 20th call."""
    commands.target.kill_at = 20
    with pytest.raises(Killed):
        commands.apply()
    commands.bury()


def test_killed_run_is_resumed_by_its_id(commands):
    """`runs resume` continues an import with the plan and the options of its start."""
    commands.plan()
    kill_apply(commands)

    code, out, err = commands.run("runs", "resume", commands.runs()[0].run_id)

    assert code == 0
    assert "Resuming run" in err
    assert "Migration complete: 30 users migrated" in out
    assert len(commands.target.items) == 65


def test_unfinished_run_must_be_ended_before_another_one_begins(commands):
    """Another run would count the half-done users of a killed one as existing, and leave them as they are."""
    commands.plan()
    kill_apply(commands)
    first = commands.runs()[0].run_id
    commands.plan_file = commands.folder / "second.json"
    assert commands.plan()[0] == 0

    code, _, err = commands.apply()
    delta = commands.delta()

    assert (code, delta[0]) == (5, 5)
    assert f"Run {first} (import) of the same table" in err
    assert f"Resume it: userprofiles runs resume {first}" in err
    assert f"Or roll it back: userprofiles import rollback {first}" in err
    assert len(commands.runs()) == 1
    assert commands.run("runs", "resume", first)[0] == 0
    assert commands.apply()[0] == 0


def test_unfinished_run_that_can_not_be_ended_does_not_block_others(commands):
    commands.plan()
    kill_apply(commands)
    commands.plan_file = commands.folder / "second.json"
    commands.plan()

    assert commands.apply("--allow-unfinished")[0] == 0
    assert len(commands.runs()) == 2


def test_rollback_removes_the_run(commands):
    """A rollback asks first, and removes everything that the run created."""
    commands.plan()
    commands.apply()
    run_id = commands.runs()[0].run_id

    asked = commands.run("import", "rollback", run_id)
    code, out, _ = commands.run("import", "rollback", run_id, "--yes")

    assert asked[0] == 64
    assert "without a terminal, pass --yes" in asked[2]
    assert code == 0
    assert "Rollback complete: 30 users removed" in out
    assert commands.target.items == {}
    assert {run.run_id: run.state for run in commands.runs()}[run_id] is RunState.ROLLED_BACK


def test_rollback_lists_what_it_keeps(commands):
    """A user who changed something since is kept, and listed with the reason."""
    commands.plan()
    commands.apply()
    commands.target.items["item/users/7"].is_changed = True

    report = commands.folder / "report.json"
    commands.run("import", "rollback", commands.runs()[0].run_id, "--yes", "--report", report)

    records = json.loads(report.read_text())["records"]
    assert [(row["recordId"], row["reason"]) for row in records] == [
        ("item/users/7", "kept: changed since the run")
    ]
    assert set(commands.target.items) == {"item/users/7"}


def test_dry_run_of_a_rollback_shows_what_stays(commands):
    """It needs no confirmation and changes nothing. Users who are kept do not change the exit code."""
    commands.plan()
    commands.apply()
    commands.target.items["item/users/7"].is_changed = True
    run_id, items = commands.runs()[0].run_id, dict(commands.target.items)
    report = commands.folder / "report.json"

    code, out, _ = commands.run("import", "rollback", run_id, "--dry-run", "--report", report)

    assert code == 0
    assert out.splitlines()[1:3] == [
        f"  {'users':<42} 1 kept, 29 removed",
        f"    {1:>10} kept: changed since the run",
    ]
    assert out.endswith("Dry run: nothing was removed.\n")
    document = json.loads(report.read_text())
    assert (document["dryRun"], document["outcomes"]) == (True, {"kept": 1, "removed": 64})
    assert [row["recordId"] for row in document["records"]] == ["item/users/7"]
    assert commands.target.items == items
    assert [run.state for run in commands.runs()] == [RunState.DONE]


def test_dry_run_of_a_rollback_finds_what_a_killed_run_has_created(commands):
    """The ledger does not list all of it."""
    commands.plan()
    kill_apply(commands)
    items, run_id = len(commands.target.items), commands.runs()[0].run_id

    code, out, _ = commands.run("import", "rollback", run_id, "--dry-run", "--json")

    assert (code, json.loads(out)["outcomes"]) == (0, {"removed": items})
    assert len(commands.target.items) == items


def test_rollback_of_a_killed_run_needs_the_source(commands):
    """What the killed process created after its last checkpoint is found with the source."""
    commands.plan()
    kill_apply(commands)

    code, _, _ = commands.run("import", "rollback", commands.runs()[0].run_id, "--yes")

    assert code == 0
    assert commands.target.items == {}


def test_second_rollback_is_refused(commands):
    """A run is rolled back once."""
    commands.plan()
    commands.apply()
    run_id = commands.runs()[0].run_id
    commands.run("import", "rollback", run_id, "--yes")

    code, _, err = commands.run("import", "rollback", run_id, "--yes")

    assert code == 5
    assert "was rolled back already" in err


def test_verify_finds_no_difference(commands):
    """An import that is as its source has the exit code 0."""
    commands.plan()
    commands.apply()

    code, out, _ = commands.run("import", "verify", commands.runs()[0].run_id)

    assert code == 0
    assert ": 0 differences" in out


def test_verify_lists_differences(commands):
    """A missing user is listed with the ID and the reason, and the exit code is 2."""
    commands.plan()
    commands.apply()
    del commands.target.items["item/users/7"]

    code, out, _ = commands.run("import", "verify", commands.runs()[0].run_id)

    assert code == 2
    assert ": 2 differences" in out
    assert "  users 7: failed: not imported" in out


def test_delta_imports_what_is_new_and_reports_the_freeze_window(commands):
    """A delta pass reads the source of today, and changes only what has changed."""
    commands.plan()
    commands.apply()
    commands.users.append(user_document(99))
    commands.users[1]["name"] = "Anna"
    commands.content.append(content_document(9, 99))
    commands.write_export()

    code, out, _ = commands.delta("--report", commands.folder / "delta.json")

    report = json.loads((commands.folder / "delta.json").read_text())
    assert code == 0
    assert "users (authapp_usermodel)" in out
    assert "Freeze window: " in out
    assert "Migration complete: 2 users migrated" in out
    assert report["stages"][0]["outcomes"] == {"created": 1, "existed": 29, "updated": 1}
    assert report["freezeWindow"]["seconds"] >= 0


def test_batches_have_plans_and_rollbacks_of_their_own(commands):
    """The second batch leaves the users of the first alone, and so does its rollback."""
    commands.plan("--limit", "20")
    commands.apply()
    commands.plan_file = commands.folder / "second.json"
    commands.plan("--skip", "20", "--limit", "20")
    code, out, _ = commands.apply()
    second_id = json.loads(commands.plan_file.read_text())["planId"]

    commands.run("import", "rollback", second_id, "--yes")

    assert code == 0
    assert "Migration complete: 10 users migrated" in out
    assert {key for key in commands.target.items if "users" in key} == {
        f"item/users/{number}" for number in range(20)
    }


def test_runs_of_an_import_are_listed(commands):
    """`runs list` and `runs show` know imports."""
    commands.plan()
    commands.apply()
    run_id = commands.runs()[0].run_id

    _, listed, _ = commands.run("runs", "list")
    _, shown, _ = commands.run("runs", "show", run_id)

    assert f"{run_id}  import  local   done   65" in listed
    assert "kind:        import" in shown
    assert "records:     65 processed, 65 created, 0 existed, 0 failed, 3 of 3 segments done" in shown


def test_sigterm_ends_between_pages_and_can_be_resumed(commands):
    """SIGTERM ends the run with the exit code 3 and the command that resumes it."""
    commands.plan()
    commands.target.on_call = lambda number: number == 20 and os.kill(os.getpid(), signal.SIGTERM)

    code, _, err = commands.apply()
    run_id = commands.runs()[0].run_id
    resumed = commands.run("runs", "resume", run_id)

    assert code == 3
    assert f"To resume:\n  userprofiles runs resume {run_id}" in err
    assert resumed[0] == 0
    assert "Migration complete: 30 users migrated" in resumed[1]


@pytest.mark.parametrize("words", [("verify",), ("report",), ("quarantine", "list")])
def test_commands_of_the_backfill_refuse_an_import(commands, words):
    """The message names the commands for this run."""
    commands.plan()
    commands.apply()

    code, _, err = commands.run("backfill", *words, commands.runs()[0].run_id)

    assert code == 5
    assert "is of the kind 'import'. Use the commands `userprofiles import`" in err
