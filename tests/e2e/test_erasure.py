"""Erasure on the deployed stack: API, queue, worker, receipt, and the replay after a restore."""

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


def upload(stack, key):
    bucket = stack.get_resource_id("aws:s3/bucket:Bucket", "avatars")
    for _ in range(2):
        stack.aws("s3").put_object(Bucket=bucket, Key=key, Body=b"canary")
    return bucket


def versions(stack, bucket, sub):
    response = stack.aws("s3").list_object_versions(Bucket=bucket)
    entries = [*response.get("Versions", ()), *response.get("DeleteMarkers", ())]
    return [entry["Key"] for entry in entries if f"/{sub}/" in entry["Key"]]


def pool_users(stack, sub):
    return stack.aws("cognito-idp").list_users(
        UserPoolId=stack.outputs["userPoolId"], Filter=f'sub = "{sub}"'
    )["Users"]


def add_friend(stack, sub, other):
    for mine, theirs in ((sub, other), (other, sub)):
        item = {"PK": f"USER#{mine}", "SK": f"FRIEND#{theirs}", "text": "canary"}
        stack.aws("dynamodb").put_item(
            TableName=stack.outputs["usersTableName"],
            Item={name: {"S": value} for name, value in item.items()},
        )


def sort_keys(stack, sub):
    return [item["SK"]["S"] for item in stack.items(sub)]


def test_administrator_erases_a_user_everywhere(client, stack, admin_token, eventually, run):
    user, friend = client.create_confirmed_user(), client.create_confirmed_user()
    add_friend(stack, user.sub, friend.sub)
    bucket = upload(stack, f"claimed/avatars/{user.sub}/0123456789abcdef0123456789abcdef")

    response = client.request("POST", f"/users/{user.sub}/erase", admin_token)

    assert response.status_code == 202
    receipt = eventually(
        "the receipt", lambda: (item := receipt_of(stack, user.sub)).get("state") == {"S": "DONE"} and item
    )
    assert "openPK" not in receipt
    assert versions(stack, bucket, user.sub) == []
    assert pool_users(stack, user.sub) == []
    assert sort_keys(stack, user.sub) == ["ACCOUNT#MAIN", "PROFILE#MAIN"]
    assert sort_keys(stack, friend.sub) == ["ACCOUNT#MAIN", "PROFILE#MAIN"]
    counts = {name: int(entry["M"]["found"]["N"]) for name, entry in receipt["stores"]["M"].items()}
    assert counts == {"record": 2, "items": 2, "files": 2, "answers": 0, "user": 1}

    code, result = run("audit", "verify", user.sub)
    assert (code, result["status"]) == (0, "erased")
    assert user.email not in str(stack.audit_rows(user.sub))


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
        items = dynamodb.scan(TableName="restored")["Items"]
        kinds = {item["entityType"]["S"] for item in items if item["PK"]["S"] == f"USER#{user.sub}"}
        assert kinds == {"TOMBSTONE"}
        assert any(item["PK"]["S"] == f"USER#{other.sub}" for item in items)
    finally:
        dynamodb.delete_table(TableName="restored")

    receipt = receipt_of(stack, user.sub)
    assert receipt["runs"] == {"N": "2"}
    code, listed = run("erase", "list")
    assert code == 0
    assert user.sub in [entry["sub"] for entry in listed["receipts"]]
