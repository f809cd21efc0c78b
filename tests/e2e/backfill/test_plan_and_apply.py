"""A plan is carried out once, with a backup, against the emulator."""

import json

import pytest
from userprofiles import cli

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def run(localaws, monkeypatch, tmp_path):
    """Return a function that runs a command of `userprofiles backfill` in this process."""
    for name, value in localaws.environment({"XDG_STATE_HOME": str(tmp_path / "state")}).items():
        if name.startswith(("AWS_", "XDG_")):
            monkeypatch.setenv(name, value)
    return lambda *arguments: cli.main(["backfill", *map(str, arguments)])


def test_plan_is_applied_once_with_a_backup(create_table, run, localaws, tmp_path, capsys):
    table, plan, report = create_table(), tmp_path / "plan.json", tmp_path / "report.json"

    assert run("plan", "--table-name", table.name, "--out", plan) == 0
    assert run("apply", plan, "--backup", "--report", report) == 0
    assert run("apply", plan) == 5

    assert "already applied" in capsys.readouterr().err
    document, counts = json.loads(report.read_text()), json.loads(plan.read_text())["counts"]
    for name in ("processed", "created", "existed", "failed"):
        assert document[name] == counts[name]
    assert (document["created"], len(table.profiles())) == (26, 36)
    backup = localaws.client("dynamodb").describe_backup(BackupArn=document["backup"])["BackupDescription"]
    assert backup["SourceTableDetails"]["TableName"] == table.name
