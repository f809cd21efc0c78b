"""The backfill's commands as processes, against the emulator's own PartiQL, IAM and metering."""

import json
import os
import signal

import pytest
from emulator_fixtures import FAST_RIGHTS, README_RIGHTS

pytestmark = pytest.mark.backends("embedded")


def test_readmes_three_rights_are_enough(make_table, make_caller, command):
    table = make_table()
    theirs = table.profiles()

    done = command("migrate-user-profiles", table, **make_caller(table, README_RIGHTS))

    assert done.returncode == 0, done.err
    assert done.out.endswith(
        "Total users processed:    40\nProfiles already existed: 10\nProfiles created:         26\n"
        "Profiles failed:          0\nUsers skipped:            4\n" + "=" * 60 + "\nMigration complete!\n"
    )
    assert "@example.com" not in done.out
    assert (done.err.count("dynamodb:BatchGetItem"), done.err.count("dynamodb:PartiQLInsert")) == (1, 1)
    assert len(table.profiles()) == 36
    assert {key: table.profiles()[key] for key in theirs} == theirs


def test_fast_rights_are_used_where_they_are(make_table, make_caller, command):
    table = make_table()

    done = command("userprofiles", table, "--json", **make_caller(table, FAST_RIGHTS))

    report = json.loads(done.out)
    assert (done.returncode, done.err) == (0, "")
    assert set(report["calls"]) == {"Scan", "BatchGetItem", "BatchExecuteStatement"}
    assert (report["created"], report["capacity"]["write"]) == (26, 26.0)


def test_every_way_ends_with_the_same_items_and_a_second_run_with_nothing_to_do(
    make_table, make_caller, command
):
    slow, fast = make_table(), make_table()
    command("migrate-user-profiles", slow, **make_caller(slow, README_RIGHTS))
    command("userprofiles", fast)
    assert slow.digest() == fast.digest()

    again = command("userprofiles", fast, "--json")

    assert json.loads(again.out)["created"] == 0
    assert slow.digest() == fast.digest()


def test_dry_run_needs_the_reading_rights_only_and_writes_nothing(make_table, make_caller, command, tmp_path):
    table = make_table()
    before = table.digest()

    done = command("userprofiles", table, "--dry-run", "--json", **make_caller(table, ("Scan", "GetItem")))

    assert (done.returncode, json.loads(done.out)["created"]) == (0, 26)
    assert table.digest() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_process_goes_on_where_it_was(  # noqa: PLR0917 - fixtures are given by name
    make_table, start, command, tmp_path, eventually, number
):
    """It stops at a safe place for a signal that it can catch, and stands even one that it can't."""
    table = make_table(1500)
    process = start("userprofiles", table, "--segments", "1", "--json")
    # The first checkpoint may come before the first user: existing profiles stand at the table's beginning.
    eventually("the first new profile", lambda: len(table.profiles()) > 375)
    assert list((tmp_path / "state").rglob("*.json"))
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=30)
    created_before = len(table.profiles()) - 375
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 3)
    assert 0 < created_before < 975

    resumed = command("userprofiles", table, "--segments", "1", "--json", "--resume")

    report = json.loads(resumed.out)
    assert resumed.returncode == 0, resumed.err
    assert report["processed"] == 1500
    assert report["existed"] + report["created"] == 1350
    if number != signal.SIGKILL:
        assert "--resume" in err
        assert report["created"] == 975
    assert len(table.profiles()) == 1350


def test_two_runs_at_once_make_each_profile_once(make_table, start):
    table = make_table(300)

    processes = [start("userprofiles", table, "--json") for _ in range(2)]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(report["created"] for report in reports) == 195
    assert all(report["processed"] == 300 for report in reports)
    assert len(table.profiles()) == 270


def test_stacks_own_shape(make_table, command):
    def account(sub, **attributes):
        return {
            "PK": {"S": f"USER#{sub}"},
            "SK": {"S": "ACCOUNT#MAIN"},
            "status": {"S": "active"},
            **attributes,
        }

    erased = {"entityType": {"S": "TOMBSTONE"}}
    table = make_table(items=[account("new"), account("had"), account("gone", **erased)])
    localaws_items = {"PK": {"S": "USER#had"}, "SK": {"S": "PROFILE#MAIN"}, "language": {"S": "de"}}
    table._dynamodb.put_item(TableName=table.name, Item=localaws_items)

    done = command("userprofiles", table, "--json")

    report = json.loads(done.out)
    assert (report["existed"], report["created"]) == (1, 1)
    assert report["skipped"] == {"erased": 1, "inactive": 0, "softDeleted": 0}
    assert table.profiles()["USER#new"]["migrationRunId"] == {"S": report["runId"]}
    assert set(table.profiles()) == {"USER#new", "USER#had"}
    assert "BatchGetItem" not in report["calls"]
