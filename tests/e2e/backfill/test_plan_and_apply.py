"""A plan is carried out once, with a backup, against the emulator."""

import json

import pytest

pytestmark = pytest.mark.backends("embedded")


def test_plan_is_applied_once_with_a_backup(create_table, run_backfill, localaws, tmp_path):
    table, plan, report = create_table(), tmp_path / "plan.json", tmp_path / "report.json"

    planned = run_backfill("plan", "--table-name", table.name, "--out", plan, "--json")
    applied = run_backfill("apply", plan, "--backup", "--report", report)
    again = run_backfill("apply", plan)

    codes = (planned.returncode, applied.returncode, again.returncode)
    assert codes == (0, 0, 5), planned.stderr + applied.stderr + again.stderr
    assert "already applied" in again.stderr
    document, counts = json.loads(report.read_text()), json.loads(planned.stdout)["counts"]
    for name in ("processed", "created", "existed", "failed"):
        assert document[name] == counts[name]
    assert (document["created"], len(table.profiles())) == (26, 36)
    backup = localaws.client("dynamodb").describe_backup(BackupArn=document["backup"])["BackupDescription"]
    assert backup["SourceTableDetails"]["TableName"] == table.name
