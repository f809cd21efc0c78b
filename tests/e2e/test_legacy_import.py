"""`userprofiles import` on the stack: users, content and links of an old application."""

import json
import os
import random
import signal
import subprocess
import sys
import uuid

import pytest
from userprofiles import cli
from userprofiles.backfill.command.exit_code import ExitCode

pytestmark = pytest.mark.backends("embedded")

USERS, CONTENT = "authapp_usermodel", "biographapp_biographmodel"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class OldApplication:
    """An export of an old application whose users nobody else has."""

    def __init__(self, folder, users):
        self.folder = folder / "export"
        self.folder.mkdir()
        self.mark = uuid.uuid4().hex[:10]
        first = random.randrange(10**7, 9 * 10**7)
        self.users = [
            {
                "_id": f"{self.mark}{number}",
                "phone_number": f"151{first + number}",
                "country_code": "49",
                "username": f"{self.mark}-{number}",
                "name": f"Name {number}",
                "friends": [f"{self.mark}{(number + 1) % users}", "nobody"],
            }
            for number in range(users)
        ]
        self.content = [
            {
                "_id": f"c{self.mark}{number}",
                "user_id": f"{self.mark}{number}",
                "title": f"Day {number}",
                "record_text": "A text.",
                "record_time": "2021-05-06T07:08:09Z",
            }
            for number in range(users)
        ]
        self.write()

    def write(self):
        for name, documents in ((USERS, self.users), (CONTENT, self.content)):
            lines = "".join(json.dumps(document) + "\n" for document in documents)
            (self.folder / f"{name}.json").write_text(lines)


class Commands:
    """Runs the commands of an import as an operator does."""

    def __init__(self, stack, folder, capsys):
        self.outputs = folder / "outputs.json"
        self.outputs.write_text(json.dumps({"endpoint": stack.endpoint, "outputs": stack.outputs}))
        self.ledger = folder / "ledger"
        self.plan_file = folder / "plan.json"
        self.capsys = capsys

    def arguments(self, command, *words):
        options = ["--outputs", self.outputs, "--cognito-share", "1"]
        if command != "plan":
            options += ["--ledger-dir", self.ledger]
        return [str(word) for word in ("import", command, *words, *options)]

    def run(self, command, *words):
        """Run a command in this process, and return exit code and JSON document."""
        code = cli.main([*self.arguments(command, *words), "--json"])
        return code, json.loads(self.capsys.readouterr().out)

    def plan(self, application):
        return self.run("plan", "--source", f"export:{application.folder}", "--output", self.plan_file)


@pytest.fixture
def commands(stack, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return Commands(stack, tmp_path, capsys)


@pytest.fixture
def items_of_run(stack):
    """Return a function that returns all items of a run."""

    def find(run_id):
        pages = (
            stack.aws("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=stack.outputs["usersTableName"],
                FilterExpression="migrationRunId = :run",
                ExpressionAttributeValues={":run": {"S": run_id}},
            )
        )
        return {(item["PK"]["S"], item["SK"]["S"]) for page in pages for item in page["Items"]}

    return find


def find_user(stack, application, number):
    """Return the state of a user in Cognito; None if there is none."""
    user = application.users[number]
    cognito = stack.aws("cognito-idp")
    try:
        return cognito.admin_get_user(
            UserPoolId=stack.outputs["userPoolId"], Username=f"+49{user['phone_number']}"
        )["UserStatus"]
    except cognito.exceptions.UserNotFoundException:
        return None


@pytest.mark.long
def test_import_is_verified_brought_up_to_date_and_undone(commands, stack, items_of_run, tmp_path):
    """Users are confirmed, with content and links. A delta brings a new user. A rollback leaves nothing."""
    application = OldApplication(tmp_path, 4)
    code, plan = commands.plan(application)
    assert (code, plan["units"][0]["outcomes"]) == (0, {"created": 4})

    code, report = commands.run("apply", commands.plan_file)
    run_id = report["runId"]
    assert (code, [stage["outcomes"] for stage in report["stages"][:3]]) == (0, 3 * [{"created": 4}])
    assert report["numbers"]["edges in"] == 8
    assert report["numbers"]["edges dangling"] == 4
    assert find_user(stack, application, 0) == "CONFIRMED"
    assert commands.run("verify", run_id)[1]["differences"] == 0

    application.users.append(application.users[0] | {"_id": f"{application.mark}new", "phone_number": "1"})
    application.users[-1]["phone_number"] = str(int(application.users[3]["phone_number"]) + 1)
    application.write()
    code, delta = commands.run("delta", commands.plan_file)
    assert (code, delta["stages"][0]["outcomes"]) == (0, {"created": 1, "existed": 4})

    assert commands.run("rollback", delta["runId"], "--yes")[0] == 0
    assert find_user(stack, application, 4) is None
    assert find_user(stack, application, 0) == "CONFIRMED"
    items = items_of_run(run_id)
    dry_code, preview = commands.run("rollback", run_id, "--dry-run")
    assert (dry_code, items_of_run(run_id)) == (0, items)
    code, report = commands.run("rollback", run_id, "--yes")
    assert (code, report["outcomes"]) == (0, preview["outcomes"])
    assert find_user(stack, application, 0) is None
    assert items_of_run(run_id) | items_of_run(delta["runId"]) == set()


def apply_and_kill(commands, seconds):
    """Start `apply`, and kill it after a time. Return its exit code and report; None if it was killed."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "userprofiles.cli",
            *commands.arguments("apply", commands.plan_file),
            "--json",
        ],
        env=os.environ | KEYS,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        document, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
        return None
    return process.returncode, json.loads(document)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("ends_with", ["resume", "rollback"])
def test_killed_import_ends_like_an_unbroken_one(commands, stack, items_of_run, tmp_path, ends_with):
    """An import that is killed again and again loses and duplicates nobody, and can be undone at any time."""
    application = OldApplication(tmp_path, 120)
    commands.plan(application)
    run_id = json.loads(commands.plan_file.read_text())["planId"]
    kills, ended = 0, None
    while kills < 6 and not (ended := apply_and_kill(commands, random.uniform(1.0, 2.5))):
        kills += 1

    if ends_with == "resume":
        code, report = ended or commands.run("apply", commands.plan_file)
        # The last kill can hit a process that has done all work, and is about to print its report.
        was_done = code == ExitCode.REFUSED and "which is done" in report["error"]["message"]
        if not was_done:
            assert code == 0, report
            assert [stage["outcomes"] for stage in report["stages"][:3]] == 3 * [{"created": 120}]
            assert report["numbers"]["edges in"] == 240
        code, verification = commands.run("verify", run_id)
        assert (code, verification["differences"]) == (0, 0)

    assert kills > 1
    assert commands.run("rollback", run_id, "--yes")[0] == 0
    assert items_of_run(run_id) == set()
    assert {find_user(stack, application, number) for number in range(120)} == {None}
