"""The backfill's commands as processes, against the emulator's own PartiQL, IAM and metering."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

pytestmark = pytest.mark.backends("embedded")

README_RIGHTS = ("Scan", "GetItem", "PutItem")
FAST_RIGHTS = ("Scan", "BatchGetItem", "PartiQLInsert")
COMMANDS = {
    "userprofiles": ["-m", "userprofiles.cli", "backfill", "run"],
    "migrate-user-profiles": ["-m", "userprofiles.migration.migrate_user_profiles"],
}


def user(number):
    row = {
        "PK": {"S": f"user{number}"},
        "SK": {"S": "METADATA"},
        "userId": {"S": f"user{number}"},
        "email": {"S": f"user{number}@example.com"},
        "firstName": {"S": f"First{number}"},
        "lastName": {"S": f"Last{number}"},
    }
    if number % 10 == 1:
        row["status"] = {"S": "inactive"}
    return row


def profile(number):
    return {"PK": {"S": f"USER#user{number}"}, "SK": {"S": "PROFILE#MAIN"}, "language": {"S": "de"}}


class OldTable:
    """A table of the old shape: a tenth of its users is inactive, a quarter has a profile."""

    def __init__(self, dynamodb, items):
        self.name = f"old-{uuid.uuid4().hex[:8]}"
        self._dynamodb = dynamodb
        dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
        )
        for start in range(0, len(items), 25):
            batch = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            dynamodb.batch_write_item(RequestItems={self.name: batch})

    def items(self):
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self.name)
        return [item for page in pages for item in page["Items"]]

    def profiles(self):
        return {item["PK"]["S"]: item for item in self.items() if item["SK"]["S"] == "PROFILE#MAIN"}

    def digest(self):
        """Return a digest of all items, without the times of the run."""
        lines = sorted(
            json.dumps({k: v for k, v in item.items() if k not in {"createdAt", "updatedAt"}}, sort_keys=True)
            for item in self.items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.fixture
def make_table(localaws):
    made = []

    def make(users=40, items=None):
        rows = [user(n) for n in range(users)] + [profile(n) for n in range(0, users, 4)]
        made.append(OldTable(localaws.client("dynamodb"), rows if items is None else items))
        return made[-1]

    yield make
    for table in made:
        localaws.client("dynamodb").delete_table(TableName=table.name)


@pytest.fixture
def make_caller(localaws):
    """An IAM user with the given rights on one table; returns the environment of its processes."""
    iam = localaws.client("iam")
    names = []

    def make(table, actions):
        name = f"caller-{uuid.uuid4().hex[:8]}"
        names.append(name)
        iam.create_user(UserName=name)
        arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{table.name}"
        statement = {"Effect": "Allow", "Action": [f"dynamodb:{a}" for a in actions], "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    yield make
    for name in names:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=name, PolicyName="rights")
        iam.delete_user(UserName=name)


@pytest.fixture
def start(localaws, tmp_path):
    def start(command, table, *options, **environment):
        return subprocess.Popen(
            [sys.executable, *COMMANDS[command], "--table-name", table.name, *options],
            env=localaws.environment({"XDG_STATE_HOME": str(tmp_path / "state"), **environment}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def command(start):
    def run(*arguments, **environment):
        process = start(*arguments, **environment)
        process.out, process.err = process.communicate(timeout=60)
        return process

    return run


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


@pytest.mark.parametrize("missing", README_RIGHTS)
def test_missing_right_is_told(make_table, make_caller, command, missing):
    table = make_table(4)
    rights = [right for right in README_RIGHTS if right != missing]

    done = command("migrate-user-profiles", table, **make_caller(table, rights))

    assert done.returncode == 1
    assert f"Access Denied (dynamodb:{missing} on table" in done.err
    assert "Traceback" not in done.err


def test_dry_run_needs_the_reading_rights_only_and_writes_nothing(make_table, make_caller, command, tmp_path):
    table = make_table()
    before = table.digest()

    done = command("userprofiles", table, "--dry-run", "--json", **make_caller(table, ("Scan", "GetItem")))

    assert (done.returncode, json.loads(done.out)["created"]) == (0, 26)
    assert table.digest() == before
    assert list(tmp_path.iterdir()) == []


def test_wrong_secret_is_told(make_table, make_caller, command):
    table = make_table(4)
    caller = make_caller(table, README_RIGHTS) | {"AWS_SECRET_ACCESS_KEY": "wrong"}

    done = command("migrate-user-profiles", table, **caller)

    assert done.returncode == 1
    assert "AWS does not accept the credentials" in done.err


def test_missing_credentials_are_told(make_table, command):
    done = command("migrate-user-profiles", make_table(4), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")

    assert done.returncode == 1
    assert "Unable to locate credentials\nConfigure AWS credentials:\n  aws configure\n" in done.err


def test_missing_table_is_told(make_table, command):
    table = make_table(4)
    name, table.name = table.name, "no-such-table"

    done = command("migrate-user-profiles", table)

    table.name = name
    assert done.returncode == 1
    assert "Table not found: 'no-such-table'" in done.err
    assert "aws dynamodb describe-table --table-name no-such-table" in done.err


@pytest.fixture
def other_server():
    """Something that speaks HTTP and is not DynamoDB."""

    class Page(BaseHTTPRequestHandler):
        status = 200

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(Page.status)
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"<html></html>")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Page, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 404, 502])
def test_something_else_at_the_endpoint_is_told(make_table, command, other_server, status):
    page, url = other_server
    page.status = status

    done = command("userprofiles", make_table(4), "--endpoint-url", url)

    assert done.returncode == 1
    assert f"What answers at {url} is not DynamoDB" in done.err


def test_nobody_at_the_endpoint_is_told(make_table, command, unused_port):
    done = command("userprofiles", make_table(4), "--endpoint-url", f"http://127.0.0.1:{unused_port}")

    assert done.returncode == 1
    assert f"Could not connect to DynamoDB at http://127.0.0.1:{unused_port}" in done.err


@pytest.fixture
def unused_port():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


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


def test_profile_that_dynamodb_finds_too_large_fails_alone(make_table, command):
    big = user(2) | {"firstName": {"S": "x" * 204_000}, "lastName": {"S": "y" * 205_350}}
    table = make_table(items=[user(3), big, user(4)])

    done = command("userprofiles", table, "--json")

    report = json.loads(done.out)
    assert (done.returncode, report["created"], report["failed"]) == (2, 2, 1)
    assert report["failures"][0]["userId"] == "user2"
    assert "400 KB" in report["failures"][0]["reason"]
