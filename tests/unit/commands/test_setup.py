"""Options, output and refusals of `userprofiles setup`."""

import json

import pytest
from userprofiles.commands.check_output import format_result
from userprofiles.stack_setup.check_result import CheckResult, Status
from userprofiles.stack_setup.stack import Stack, read_outputs

OUTPUTS = {
    "userPoolId": "us-east-1_abc",
    "userPoolClientId": "client",
    "usersTableName": "users",
    "auditTableName": "audit",
    "profileApiUrl": "https://example.com",
    "endpoint": "an output of the program itself",
}


@pytest.fixture
def outputs(tmp_path):
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(OUTPUTS))
    return file


def test_outputs_of_the_stack_are_read(outputs):
    assert read_outputs(outputs) == {
        "user_pool_id": "us-east-1_abc",
        "client_id": "client",
        "users_table": "users",
        "audit_table": "audit",
    }


def test_outputs_of_a_local_aws_are_read_with_its_endpoint(outputs):
    outputs.write_text(json.dumps({"endpoint": "http://127.0.0.1:4566", "outputs": OUTPUTS}))

    assert read_outputs(outputs) == {
        "user_pool_id": "us-east-1_abc",
        "client_id": "client",
        "users_table": "users",
        "audit_table": "audit",
        "endpoint_url": "http://127.0.0.1:4566",
    }


def test_endpoint_of_the_outputs_is_used_unless_the_option_is_set(run, capsys, outputs):
    outputs.write_text(json.dumps({"endpoint": "local", "outputs": OUTPUTS}))

    assert run("setup", "check", "--outputs", outputs) == 1
    assert "Invalid endpoint: local\n" in capsys.readouterr().err
    assert run("setup", "check", "--outputs", outputs, "--endpoint-url", "other") == 1
    assert "Invalid endpoint: other\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["check"], "required: --user-pool-id, --users-table, --audit-table, or --outputs"),
        (
            ["test", "--users-table", "t"],
            "required: --user-pool-id, --audit-table, --client-id, or --outputs",
        ),
        (["check", "--outputs", "missing.json"], "the file can't be read: No such file or directory"),
        (["check", "--template", "carer"], "Template 'carer' doesn't exist"),
        (["test", "--timeout", "0"], "--timeout must be above 0 and at most 600, got 0"),
        (["check", "--bogus"], "unrecognized arguments: --bogus"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_usage(run, capsys, arguments, problem):
    with pytest.raises(SystemExit) as error:
        run("setup", *arguments)

    assert error.value.code == 64
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("text", ["no JSON", "[]", "{", "1"])
def test_outputs_must_be_a_json_object(run, capsys, outputs, text):
    outputs.write_text(text)

    with pytest.raises(SystemExit) as error:
        run("setup", "check", "--outputs", outputs)

    assert error.value.code == 64
    assert "must be a JSON object, as `pulumi stack output --json` writes it" in capsys.readouterr().err


def test_test_needs_yes_without_a_local_endpoint(run, capsys, outputs, monkeypatch):
    class Test:
        def __init__(self, *_):
            pass

        def describe(self):
            return "The test creates, and then deletes: nothing\n"

    monkeypatch.setattr("userprofiles.commands.setup_command.SignUpTest", Test)

    code = run("setup", "test", "--outputs", outputs, "--region", "us-east-1", "--json")

    captured = capsys.readouterr()
    assert code == 5
    assert captured.err.startswith("The test creates, and then deletes:")
    assert "the endpoint is not local.\nTo run the test, add --yes." in captured.err
    assert json.loads(captured.out)["error"]["kind"] == "refused"


@pytest.mark.parametrize(
    ("endpoint_url", "is_local"),
    [
        (None, False),
        ("http://127.0.0.1:4566", True),
        ("http://localhost:4566", True),
        ("http://[::1]:4566", True),
        ("https://localhost.localstack.cloud:4566", True),
        ("https://localhost.example.com", False),
        ("https://dynamodb.eu-west-1.amazonaws.com", False),
        ("http://10.0.0.1:4566", False),
    ],
)
def test_local_endpoint(endpoint_url, is_local):
    stack = Stack("pool", "", "users", "audit", region="us-east-1", endpoint_url=endpoint_url)

    assert stack.is_local is is_local


def test_missing_region_is_reported_with_the_fix(run, capsys, outputs, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")

    assert run("setup", "check", "--outputs", outputs) == 1
    assert "No AWS region is set" in capsys.readouterr().err


def test_wrong_endpoint_is_reported_with_the_fix(run, capsys, outputs):
    assert run("setup", "check", "--outputs", outputs, "--endpoint-url", "localhost") == 1
    assert "An endpoint URL must have a scheme and a host" in capsys.readouterr().err


def test_line_is_green_on_a_terminal_or_has_its_fix():
    good = CheckResult("users table", Status.OK, "users")
    bad = CheckResult("audit table", Status.FAILED, "it is missing", "Deploy the stack.")

    assert format_result(good, has_colors=False) == "ok           users table: users\n"
    assert format_result(good, has_colors=True) == "\x1b[32mok         \x1b[0m  users table: users\n"
    assert format_result(bad, has_colors=False) == (
        "failed       audit table: it is missing\n             Fix: Deploy the stack.\n"
    )
