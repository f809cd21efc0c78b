"""Tests of `userprofiles import plan|apply|delta|verify|rollback` and of `runs resume` for an import."""

import json

import pytest
from command_world import STACK_OPTIONS, USERS, content_document, user_document
from import_world import Killed
from userprofiles.jobs.run_record import RunState


def test_plan_shows_counts_durations_and_the_next_command(commands):
    """A plan has the counts of each stage, the missing fields, durations, and the command for `apply`."""
    code, out, _ = commands.plan()

    assert code == 0
    assert "users, collection authapp_usermodel: 30 documents\n          30 created" in out
    assert "missing: email in 30 (100.0%), from email" in out
    assert "Import:   at least" in out
    assert f"  userprofiles import apply {commands.plan_file}" in out
    assert commands.target.calls == 0
    assert commands.plan_file.stat().st_mode & 0o777 == 0o600


def test_plan_has_no_personal_data(commands):
    """Neither the plan nor the output has a phone number, a name or a text."""
    _, out, err = commands.plan()

    text = out + err + commands.plan_file.read_text()
    assert not [value for value in ("15123456", "name7", "Änne", "sunny", "A day") if value in text]


def test_apply_imports_and_ends_with_the_number_of_users(commands):
    """The last line is that of the old script."""
    commands.plan()

    code, out, err = commands.apply("--report", commands.folder / "report.json")

    assert code == 0
    assert out.endswith("\nMigration complete: 30 users migrated\n")
    assert "Migrated user" not in err
    assert len(commands.target.items) == 65
    report = json.loads((commands.folder / "report.json").read_text())
    assert [(stage["stage"], stage["outcomes"]) for stage in report["stages"]] == [
        ("users", {"created": 30}),
        ("content", {"created": 5}),
        ("links", {"created": 30}),
    ]


def test_verbose_shows_a_line_for_each_user(commands):
    """With --verbose, each user has the line of the old script, with the old ID instead of the name."""
    commands.plan()

    _, _, err = commands.apply("--verbose")

    lines = [line for line in err.splitlines() if line.startswith("Migrated user: ")]
    assert lines == [f"Migrated user: {number}" for number in range(30)]


def test_report_page_has_the_stages(commands):
    """The HTML page has each stage, and no ID."""
    commands.plan()

    commands.apply("--html", commands.folder / "report.html")

    page = (commands.folder / "report.html").read_text()
    assert "Stage users, collection authapp_usermodel" in page
    assert "<h2>Sums</h2>" in page


def test_damaged_documents_are_listed_and_the_exit_code_is_2(commands):
    """A line that is no document is listed with its place. The other users are imported."""
    commands.users[3] = '{"_id": "3", "username": "secret'
    commands.write_export()
    commands.plan()

    code, out, err = commands.apply("--quarantine", commands.folder / "failed.jsonl")

    rows = [json.loads(line) for line in (commands.folder / "failed.jsonl").read_text().splitlines()]
    assert code == 2
    assert [(row["recordId"], row["stage"], row["collection"]) for row in rows] == [
        ("line 4", "users", USERS)
    ]
    assert "29 created, 1 failed" in out
    assert "Failed: 1 record. They are listed in" in err
    assert "secret" not in out + err + str(rows)


def test_applied_plan_is_refused(commands):
    """A plan can be applied once."""
    commands.plan()
    commands.apply()

    code, _, err = commands.apply()

    assert code == 5
    assert "The plan was already applied by run" in err


def test_changed_source_is_refused(commands):
    """A source that was changed after the plan is named, with both values."""
    commands.plan()
    commands.users.append(user_document(99))
    commands.write_export()

    code, _, err = commands.apply()

    assert code == 5
    assert f"sourceIdentity.collections.{USERS}" in err
    assert commands.target.items == {}


def test_other_stack_is_refused(commands):
    """A plan of one pool can't be applied to another."""
    commands.plan()

    code, _, err = commands.apply("--user-pool-id", "eu-west-1_b")

    assert code == 5
    assert "target.userPoolId was 'eu-west-1_a', is 'eu-west-1_b'" in err


def test_dump_of_another_application_is_refused(commands):
    """The message names the missing collection and those of the source."""
    (commands.export / f"{USERS}.json").rename(commands.export / "orders.json")

    code, _, err = commands.plan()

    assert code == 5
    assert f"the source has no collection {USERS!r}" in err
    assert "orders" in err
    assert not commands.plan_file.exists()


def test_mapping_with_a_wrong_field_is_refused(commands):
    """The message has the path in the mapping."""
    mapping = commands.folder / "mapping.json"
    mapping.write_text(
        json.dumps(
            {
                "format": "userprofiles-legacy-mapping",
                "version": 1,
                "sourceName": "test",
                "users": {"collection": USERS, "fields": {"old_id": "_id", "telephone": "phone"}},
            }
        )
    )

    code, _, err = commands.plan("--mapping", mapping)

    assert code == 5
    assert "users.fields" in err
    assert "telephone" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--limit", "0"), "--limit 0: must be at least 1"),
        (("--limit", "many"), "must be a whole number, got 'many'"),
        (("--cognito-share", "2"), "must be a number above 0 and at most 1, such as 0.5, got '2'"),
        (("--cognito-share", "0"), "must be a number above 0"),
    ],
)
def test_wrong_options_are_wrong_usage(commands, arguments, message):
    """Each message has the option, what is allowed, and what was given."""
    code, _, err = commands.plan(*arguments)

    assert code == 64
    assert message in err


def test_source_is_required(commands):
    """Without --source and without the environment variable, the message names both."""
    code, _, err = commands.run("import", "plan", *STACK_OPTIONS)

    assert code == 64
    assert "required: --source, or the environment variable LEGACY_SOURCE" in err


def test_source_of_the_environment_is_not_stored(commands, monkeypatch):
    """The plan has the name of the variable, so no credentials."""
    monkeypatch.setenv("LEGACY_SOURCE", f"export:{commands.export}")

    code, _, _ = commands.run("import", "plan", "--output", commands.plan_file, *STACK_OPTIONS)

    assert code == 0
    assert json.loads(commands.plan_file.read_text())["source"] == {"name": "env:LEGACY_SOURCE"}
    assert commands.apply()[0] == 0


def test_state_machine_is_refused_with_the_reason(commands):
    """An import runs on this machine only."""
    commands.plan()

    code, _, err = commands.apply("--engine", "stepfunctions")

    assert code == 5
    assert "the state machine can read neither a dump on this machine nor the old database" in err


def test_killed_run_is_resumed_by_its_id(commands):
    """`runs resume` continues an import with the plan and the options of its start."""
    commands.plan()
    commands.target.kill_at = 20
    with pytest.raises(Killed):
        commands.apply()
    commands.bury()

    code, out, err = commands.run("runs", "resume", commands.runs()[0].run_id)

    assert code == 0
    assert "Resuming run" in err
    assert "Migration complete: 30 users migrated" in out
    assert len(commands.target.items) == 65


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
    assert "Rollback complete: 30 keys of users removed" in out
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


def test_rollback_of_a_killed_run_needs_the_source(commands):
    """What the killed process created after its last checkpoint is found with the source."""
    commands.plan()
    commands.target.kill_at = 20
    with pytest.raises(Killed):
        commands.apply()
    commands.bury()

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


def test_conflicts_are_proposed_in_a_file_of_decisions(commands):
    """The plan writes a proposal for each user in a conflict. With the file, the plan has the decisions."""
    commands.users = [user_document("a", phone_number="1"), user_document("b", phone_number="1")]
    commands.write_export()

    code, out, _ = commands.plan()

    decisions = commands.folder / "plan.decisions.json"
    assert code == 0
    assert json.loads(decisions.read_text()) == {"a": "import", "b": "skip"}
    assert "Conflicts that need a decision: 1. Without one, these users are not imported:" in out
    assert decisions.stat().st_mode & 0o777 == 0o600
    commands.plan_file = commands.folder / "second.json"
    commands.plan("--decisions", decisions)
    assert json.loads(commands.plan_file.read_text())["decisions"] == {"a": "import", "b": "skip"}


def test_json_has_only_the_report(commands):
    """With --json, standard output is one JSON document."""
    _, out, _ = commands.plan("--json")
    plan = json.loads(out)
    _, out, _ = commands.apply("--json")

    assert json.loads(out)["planHash"] == plan["sha256"]


def test_runs_of_an_import_are_listed(commands):
    """`runs list` and `runs show` know imports."""
    commands.plan()
    commands.apply()
    run_id = commands.runs()[0].run_id

    _, listed, _ = commands.run("runs", "list")
    _, shown, _ = commands.run("runs", "show", run_id)

    assert f"{run_id}  import  local   done   65" in listed
    assert "kind:        import" in shown
    assert "65 processed, 65 created, 0 existed, 0 failed, 3 of 3 segments done" in shown
