"""A run is verified and undone against the emulator, which evaluates the conditions of the deletes."""

import json

import pytest
from emulator_fixtures import user

pytestmark = pytest.mark.backends("embedded")

UNDO_PERMISSIONS = ("Scan", "GetItem")


def test_run_is_verified_and_undone(create_table, create_caller, run_backfill, localaws, tmp_path):
    """Corrupted and edited profiles are found; the rollback keeps both."""
    table, plan = create_table(), tmp_path / "plan.json"
    before = table.profiles()
    run_id = json.loads(run_backfill("plan", "--table-name", table.name, "--out", plan, "--json").stdout)[
        "planId"
    ]
    assert run_backfill("apply", plan, "--no-backup").returncode == 0
    created = table.profiles()
    later = {"S": "2099-01-01T00:00:00Z"}
    dynamodb = localaws.client("dynamodb")
    for number, changes in [
        (2, {"language": {"S": "fr"}, "updatedAt": later}),
        (3, {"timezone": {"S": "x"}}),
    ]:
        dynamodb.put_item(TableName=table.name, Item={**created[f"USER#user{number}"], **changes})
    changed = {key: table.profiles()[key] for key in ("USER#user2", "USER#user3")}
    verified = run_backfill("verify", run_id, "--json")
    assert verified.returncode == 2
    assert (json.loads(verified.stdout)["matching"], json.loads(verified.stdout)["changed"]) == (24, 1)
    assert [(entry["userId"], entry["reason"]) for entry in json.loads(verified.stdout)["users"]] == [
        ("user3", "timezone")
    ]

    denied = run_backfill("rollback", run_id, "--yes", **create_caller(table, UNDO_PERMISSIONS))
    assert denied.returncode == 1
    assert f"dynamodb:DeleteItem on table {table.name!r}" in denied.stderr
    undone = run_backfill("rollback", run_id, "--yes", "--json")
    document = json.loads(undone.stdout)
    assert (undone.returncode, document["removed"], document["kept"]) == (0, 24, 2), undone.stderr
    assert table.profiles() == before | changed


@pytest.mark.long
def test_import_is_undone_in_transactions(create_table, create_caller, run_backfill, tmp_path):
    """Account and profile of a user are removed together, or neither of them."""
    source = create_table(items=[user(number) for number in range(5)])
    target, plan = create_table(items=[]), tmp_path / "plan.json"
    run_id = json.loads(
        run_backfill(
            "plan",
            "--table-name",
            target.name,
            "--source",
            f"table:{source.name}",
            "--template",
            "basic",
            "--out",
            plan,
            "--json",
        ).stdout
    )["planId"]
    assert run_backfill("apply", plan, "--no-backup").returncode == 0
    assert target.count_items() == 8  # user1 is inactive
    assert run_backfill("verify", run_id).returncode == 0

    caller = create_caller(target, (*UNDO_PERMISSIONS, "DeleteItem"))
    undone = run_backfill("rollback", run_id, "--yes", "--json", **caller)

    assert (undone.returncode, json.loads(undone.stdout)["removed"]) == (0, 4), undone.stderr
    assert "TransactWriteItems" in json.loads(undone.stdout)["calls"]
    assert target.items() == []
