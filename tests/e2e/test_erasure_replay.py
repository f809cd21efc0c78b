"""The replay of erasures after a restore of the users table, on the deployed stack."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def run(localaws, stack, tmp_path):
    """Return a function that runs a command with the outputs of the stack and returns code and document."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))

    def run(*arguments):
        process = subprocess.run(
            [sys.executable, "-m", "userprofiles.cli", *arguments, "--outputs", str(outputs), "--json"],
            env=localaws.environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.stdout, process.stderr
        return process.returncode, json.loads(process.stdout)

    return run


def receipt_of(stack, sub):
    response = stack.aws("dynamodb").get_item(
        TableName=stack.outputs["receiptsTableName"], Key={"PK": {"S": f"USER#{sub}"}}, ConsistentRead=True
    )
    return response.get("Item", {})


def entity_types(dynamodb, sub):
    response = dynamodb.query(
        TableName="restored",
        KeyConditionExpression="PK = :user",
        ExpressionAttributeValues={":user": {"S": f"USER#{sub}"}},
    )
    return [item["entityType"]["S"] for item in response["Items"]]


@pytest.mark.long
def test_replay_erases_users_who_are_in_a_restored_table(client, stack, run, eventually):
    """The backup is older than the erasure: without the replay, the user would be back."""
    dynamodb = stack.aws("dynamodb")
    user = client.create_confirmed_user()
    other = client.create_confirmed_user()
    backup = dynamodb.create_backup(
        TableName=stack.outputs["usersTableName"], BackupName="before-the-erasure"
    )
    code, document = run("erase", user.sub, "--yes")
    assert (code, document["result"]) == (0, "erased")
    assert run("erase", user.sub, "--yes")[1]["result"] == "already erased"
    code, result = run("audit", "verify", user.sub)
    assert (code, result["status"]) == (0, "erased")

    dynamodb.restore_table_from_backup(
        TargetTableName="restored", BackupArn=backup["BackupDetails"]["BackupArn"]
    )
    eventually(
        "the restored table",
        lambda: dynamodb.describe_table(TableName="restored")["Table"]["TableStatus"] == "ACTIVE",
    )
    try:
        code, dry_run = run("erase", "replay", "--users-table", "restored", "--dry-run")
        assert code == 0
        assert [entry["userId"] for entry in dry_run["users"]].count(user.sub) == 1
        assert other.sub not in str(dry_run)

        code, replay = run("erase", "replay", "--users-table", "restored", "--yes")
        assert code == 0
        assert {"userId": user.sub, "result": "erased"} in replay["users"]

        assert run("erase", "replay", "--users-table", "restored", "--dry-run")[1]["users"] == []
        assert entity_types(dynamodb, user.sub) == ["TOMBSTONE", "TOMBSTONE"]
        assert entity_types(dynamodb, other.sub) == ["USER_ACCOUNT", "USER_PROFILE"]
    finally:
        dynamodb.delete_table(TableName="restored")

    receipt = receipt_of(stack, user.sub)
    assert receipt["runs"] == {"N": "2"}
    code, listed = run("erase", "list")
    assert code == 0
    assert user.sub in [entry["sub"] for entry in listed["receipts"]]
