"""Tables in the emulator, IAM users with permissions on them, and the backfill's commands."""

import hashlib
import json
import os
import subprocess
import sys
import uuid
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from userprofiles import cli
from userprofiles.backfill.command import migrate_user_profiles

README_PERMISSIONS = ("Scan", "GetItem", "PutItem")
BATCH_PERMISSIONS = ("Scan", "BatchGetItem", "PartiQLInsert")
COMMANDS = {
    "userprofiles": ["-m", "userprofiles.cli", "backfill", "run"],
    "migrate-user-profiles": ["-m", "userprofiles.backfill.command.migrate_user_profiles"],
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
    """A table of the old script."""

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

    def count_items(self):
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self.name, Select="COUNT")
        return sum(page["Count"] for page in pages)

    def profiles(self):
        return {item["PK"]["S"]: item for item in self.items() if item["SK"]["S"] == "PROFILE#MAIN"}

    def digest(self):
        """Return a digest of all items, without the times of creation."""
        lines = sorted(
            json.dumps({k: v for k, v in item.items() if k not in {"createdAt", "updatedAt"}}, sort_keys=True)
            for item in self.items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.fixture
def create_table(localaws):
    """Return a function that creates a table.

    By default, a tenth of its users is inactive, and a quarter has a profile.
    """
    tables = []

    def create(users=40, items=None):
        rows = [user(n) for n in range(users)] + [profile(n) for n in range(0, users, 4)]
        tables.append(OldTable(localaws.client("dynamodb"), rows if items is None else items))
        return tables[-1]

    yield create
    for table in tables:
        localaws.client("dynamodb").delete_table(TableName=table.name)


@pytest.fixture
def create_caller(localaws):
    """Return a function that creates an IAM user with permissions on one table.

    It returns the environment of the user's processes.
    """
    iam = localaws.client("iam")
    names = []

    def create(table, actions):
        name = f"caller-{uuid.uuid4().hex[:8]}"
        names.append(name)
        iam.create_user(UserName=name)
        arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{table.name}"
        statement = {
            "Effect": "Allow",
            "Action": [f"dynamodb:{action}" for action in actions],
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="permissions", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    yield create
    for name in names:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=name, PolicyName="permissions")
        iam.delete_user(UserName=name)


@pytest.fixture
def start_command(localaws, tmp_path):
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
def run_command(localaws, tmp_path, capsys):
    """Return a function that runs a command in this process, which takes less time than a new one."""

    def run(command, table, *options, **variables):
        arguments = ["--table-name", table.name, *options]
        environment = localaws.environment({"XDG_STATE_HOME": str(tmp_path / "state"), **variables})
        capsys.readouterr()
        with patch.dict(os.environ, environment, clear=True):
            if command == "userprofiles":
                returncode = cli.main(["backfill", "run", *arguments])
            else:
                returncode = migrate_user_profiles.main(arguments)
        output = capsys.readouterr()
        return SimpleNamespace(returncode=returncode, out=output.out, err=output.err)

    return run


@pytest.fixture
def run_backfill(localaws, monkeypatch, tmp_path, capsys):
    """Return a function that runs a command of `userprofiles backfill` in the process of the test."""
    own_environment = {"XDG_STATE_HOME": str(tmp_path / "state")}

    def run(*arguments, **environment):
        with monkeypatch.context() as patch:
            for name, value in localaws.environment({**own_environment, **environment}).items():
                if name.startswith(("AWS_", "XDG_")):
                    patch.setenv(name, value)
            capsys.readouterr()
            code = cli.main(["backfill", *map(str, arguments)])
        output = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=output.out, stderr=output.err)

    return run
