"""`userprofiles setup check` and `setup test` as processes, on the deployed stack."""

import json
import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def start(localaws, stack, tmp_path):
    """Return a function that starts a setup command with the outputs of the stack."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))

    def start(command, *options):
        return subprocess.Popen(
            [sys.executable, "-m", "userprofiles.cli", "setup", command, "--outputs", str(outputs), *options],
            env=localaws.environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def run(start):
    """Return a function that runs a setup command and returns exit code, output and errors."""

    def run(*arguments):
        process = start(*arguments)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return run


def count_everything(stack):
    """Return the number of users and items."""
    users = stack.aws("cognito-idp").list_users(UserPoolId=stack.outputs["userPoolId"])["Users"]
    items = [
        stack.aws("dynamodb").scan(TableName=stack.outputs[name], Select="COUNT")["Count"]
        for name in ("usersTableName", "auditTableName")
    ]
    return len(users), *items


def test_check_of_the_deployed_stack_is_ok(run):
    code, out, err = run("check", "--json")

    document = json.loads(out)
    assert [check for check in document["checks"] if check["status"] != "ok"] == []
    assert (code, document["ok"], err) == (0, True, "")
    assert {"users table", "PreTokenGeneration invoke permission", "dead-letter queue"} <= {
        check["name"] for check in document["checks"]
    }


@pytest.mark.long
def test_check_names_missing_rights_with_their_fix(run, deny):
    deny("sqs:SendMessage")

    code, out, _ = run("check")

    assert code == 2
    [failed_line, fix_line] = [line for line in out.splitlines() if not line.startswith("ok  ")]
    assert failed_line.startswith("failed       rights on the outbox: the role ")
    assert "may not sqs:SendMessage on arn:aws:sqs" in failed_line
    assert fix_line == "             Fix: Deploy the stack again (`pulumi up`)."


@pytest.mark.long
def test_test_creates_a_profile_and_deletes_everything(run, stack):
    before = count_everything(stack)

    code, out, err = run("test", "--timeout", "45")

    assert (code, out.count("ok ")) == (0, 7)
    assert "The test creates, and then deletes:" in err
    assert count_everything(stack) == before


@pytest.mark.long
def test_test_deletes_everything_after_a_failure(run, stack, deny):
    before = count_everything(stack)
    deny("dynamodb:*", "sqs:*")

    code, out, _ = run("test", "--timeout", "0.5")

    assert code == 2
    assert "failed       account and profile: the table has no ACCOUNT#MAIN, PROFILE#MAIN" in out
    assert "ok           deletion of the user" in out
    assert count_everything(stack) == before


@pytest.mark.long
def test_test_deletes_everything_after_ctrl_c(start, stack):
    before = count_everything(stack)
    process = start("test")
    process.stdout.readline()

    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 3
    assert "deletion of the user" in out
    assert err.endswith("Stopped. The results say what was deleted.\n")
    assert count_everything(stack) == before


@pytest.mark.long
def test_test_is_refused_on_a_pool_without_our_trigger(run, stack):
    idp = stack.aws("cognito-idp")
    pool_id = idp.create_user_pool(PoolName="other", UsernameAttributes=["email"])["UserPool"]["Id"]
    try:
        code, out, err = run("test", "--user-pool-id", pool_id)
    finally:
        idp.delete_user_pool(UserPoolId=pool_id)

    assert (code, out) == (5, "")
    assert "The test is refused: the pool has no PostConfirmation trigger." in err
