"""The backfill's commands as processes, against the emulator's own PartiQL, IAM and metering."""

import json
import os
import signal

import pytest
from emulator_fixtures import BATCH_PERMISSIONS, README_PERMISSIONS

pytestmark = pytest.mark.backends("embedded")


def test_three_permissions_of_the_readme_are_enough(create_table, create_caller, run_command):
    table = create_table()
    existing_profiles = table.profiles()

    process = run_command("migrate-user-profiles", table, **create_caller(table, README_PERMISSIONS))

    assert process.returncode == 0, process.err
    assert process.out.endswith(
        "Total users processed:    40\nProfiles already existed: 10\nProfiles created:         26\n"
        "Profiles failed:          0\nUsers skipped:            4\n" + "=" * 60 + "\nMigration complete!\n"
    )
    assert "@example.com" not in process.out
    assert (process.err.count("dynamodb:BatchGetItem"), process.err.count("dynamodb:PartiQLInsert")) == (1, 1)
    assert len(table.profiles()) == 36
    assert {key: table.profiles()[key] for key in existing_profiles} == existing_profiles


@pytest.mark.long
def test_batch_permissions_are_used(create_table, create_caller, run_command):
    table = create_table()

    process = run_command("userprofiles", table, "--json", **create_caller(table, BATCH_PERMISSIONS))

    report = json.loads(process.out)
    assert (process.returncode, process.err) == (0, "")
    assert set(report["calls"]) == {"Scan", "BatchGetItem", "BatchExecuteStatement"}
    assert (report["created"], report["capacity"]["write"]) == (26, 26.0)


@pytest.mark.long
def test_single_and_batch_calls_write_the_same_items_and_a_second_run_none(
    create_table, create_caller, run_command
):
    slow, fast = create_table(), create_table()
    run_command("migrate-user-profiles", slow, **create_caller(slow, README_PERMISSIONS))
    run_command("userprofiles", fast)
    assert slow.digest() == fast.digest()

    second = run_command("userprofiles", fast, "--json")

    assert json.loads(second.out)["created"] == 0
    assert slow.digest() == fast.digest()


@pytest.mark.long
def test_dry_run_needs_only_read_permissions_and_writes_nothing(
    create_table, create_caller, run_command, tmp_path
):
    table = create_table()
    digest_before = table.digest()

    process = run_command(
        "userprofiles", table, "--dry-run", "--json", **create_caller(table, ("Scan", "GetItem"))
    )

    assert (process.returncode, json.loads(process.out)["created"]) == (0, 26)
    assert table.digest() == digest_before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        signal.SIGKILL,
    ],
)
@pytest.mark.long
def test_interrupted_run_can_be_resumed(  # noqa: PLR0917 - fixtures are given by name
    create_table, start_command, run_command, tmp_path, eventually, number
):
    """SIGINT and SIGTERM stop it at a safe place. After SIGKILL, it repeats the last second."""
    table = create_table(1500)
    process = start_command("userprofiles", table, "--segments", "1", "--json")
    # The first checkpoint may come before the first new profile: the table begins with existing profiles.
    eventually("the first new profile", lambda: table.count_items() > 1500 + 375)
    assert list((tmp_path / "state").rglob("*.json"))
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=30)
    created_before = len(table.profiles()) - 375
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 3)
    assert 0 < created_before < 975

    resumed = run_command("userprofiles", table, "--segments", "1", "--json", "--resume")

    report = json.loads(resumed.out)
    assert resumed.returncode == 0, resumed.err
    assert report["processed"] == 1500
    assert report["existed"] + report["created"] == 1350
    if number != signal.SIGKILL:
        assert "--resume" in err
        assert report["created"] == 975
    assert len(table.profiles()) == 1350


@pytest.mark.long
def test_two_parallel_runs_create_each_profile_once(create_table, start_command):
    table = create_table(300)

    processes = [start_command("userprofiles", table, "--json") for _ in range(2)]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(report["created"] for report in reports) == 195
    assert all(report["processed"] == 300 for report in reports)
    assert len(table.profiles()) == 270


def test_stack_shape(create_table, run_command):
    def account(sub, **attributes):
        return {
            "PK": {"S": f"USER#{sub}"},
            "SK": {"S": "ACCOUNT#MAIN"},
            "status": {"S": "active"},
            **attributes,
        }

    erased = {"entityType": {"S": "TOMBSTONE"}}
    table = create_table(items=[account("new"), account("had"), account("gone", **erased)])
    existing_profile = {"PK": {"S": "USER#had"}, "SK": {"S": "PROFILE#MAIN"}, "language": {"S": "de"}}
    table._dynamodb.put_item(TableName=table.name, Item=existing_profile)

    process = run_command("userprofiles", table, "--json")

    report = json.loads(process.out)
    assert (report["existed"], report["created"]) == (1, 1)
    assert report["skipped"] == {"erased": 1, "inactive": 0, "softDeleted": 0}
    assert table.profiles()["USER#new"]["migrationRunId"] == {"S": report["runId"]}
    assert set(table.profiles()) == {"USER#new", "USER#had"}
    assert "BatchGetItem" not in report["calls"]
