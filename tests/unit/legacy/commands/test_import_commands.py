"""Tests of `userprofiles import plan` and `apply`."""

import json

from command_world import STACK_OPTIONS, user_document


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


def test_verbose_shows_a_line_for_each_failed_record(commands):
    """A failed record has the line of the old script, with its ID and the reason."""
    del commands.content[2]["user_id"]
    commands.users[1] = "no document"
    commands.write_export()
    commands.plan()

    _, _, err = commands.apply("--verbose")

    lines = [line for line in err.splitlines() if line.startswith("Error migrating")]
    assert [line.partition(": ")[0] for line in lines] == [
        "Error migrating user line 2",
        "Error migrating content c2",
    ]


def test_dry_run_writes_nothing(commands):
    """A dry run checks the plan and shows the counts. The plan can be applied after it."""
    commands.plan()

    code, out, _ = commands.apply("--dry-run")

    assert code == 0
    assert "users, collection authapp_usermodel: 30 documents\n          30 created" in out
    assert out.endswith("Dry run: nothing was written.\n")
    assert commands.target.calls == 0
    assert commands.runs() == []
    assert commands.apply()[0] == 0


def test_report_page_has_the_stages(commands):
    """The HTML page has each stage, and no ID."""
    commands.plan()

    commands.apply("--html", commands.folder / "report.html")

    page = (commands.folder / "report.html").read_text()
    assert "Stage users, collection authapp_usermodel" in page
    assert "<h2>Sums</h2>" in page


def test_source_of_the_environment_is_not_stored(commands, monkeypatch):
    """The plan has the name of the variable, so no credentials."""
    monkeypatch.setenv("LEGACY_SOURCE", f"export:{commands.export}")

    code, _, _ = commands.run("import", "plan", "--output", commands.plan_file, *STACK_OPTIONS)

    assert code == 0
    assert json.loads(commands.plan_file.read_text())["source"] == {"name": "env:LEGACY_SOURCE"}
    assert commands.apply()[0] == 0


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
    _, out, _ = commands.plan("--decisions", decisions)
    assert json.loads(commands.plan_file.read_text())["decisions"] == {"a": "import", "b": "skip"}
    assert "Conflicts with decisions: 1\n" in out
    assert "need a decision" not in out


def test_json_has_only_the_report(commands):
    """With --json, standard output is one JSON document."""
    _, out, _ = commands.plan("--json")
    plan = json.loads(out)
    _, out, _ = commands.apply("--json")

    assert json.loads(out)["planHash"] == plan["sha256"]


def test_pace_of_a_run_is_stored_for_its_resume(commands):
    """A rollback has a pace of its own."""
    commands.plan()
    commands.apply("--cognito-rate", "3")
    [run] = commands.runs()
    commands.run("import", "rollback", run.run_id, "--yes", "--cognito-share", "0.25")

    paces = {
        record.kind: (record.job["cognito_rate"], record.job["cognito_share"]) for record in commands.runs()
    }
    assert paces == {"import": (3.0, 0.5), "import rollback": (None, 0.25)}
