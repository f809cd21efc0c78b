"""`userprofiles export`: files, refusals, exit codes, and no personal data in any output."""

import json
import os
import re
import signal
import stat
from pathlib import Path

import pytest
from userprofiles import template
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.limits import Limits
from userprofiles.commands import export_command
from userprofiles.stack_setup.stack import Stack

ROOT = Path(__file__).parents[3]
POOL_ID = "us-east-1_abc"
CANARY = "canary"
TABLES = ("--user-pool-id", POOL_ID, "--users-table", "users", "--audit-table", "audit")
OPTIONS = (*TABLES, "--avatar-bucket", "pictures")
TRIGGER = "arn:aws:lambda:us-east-1:000000000000:function:post-confirmation:live"


class Pool:
    """The fake Cognito of all tests, with the operations that only commands use."""

    def __init__(self, cognito):
        self._cognito = cognito

    def __getattr__(self, name):
        return getattr(self._cognito, name)

    def describe_user_pool(self, *, UserPoolId):  # noqa: N803
        assert UserPoolId == POOL_ID
        return {"UserPool": {"LambdaConfig": {"PostConfirmation": TRIGGER}}}

    def list_users(self, *, UserPoolId, Filter, Limit):  # noqa: N803
        assert (UserPoolId, Limit) == (POOL_ID, 1)
        users = self._cognito.users.values()
        return {
            "Users": [
                user
                for user in users
                for entry in user["UserAttributes"]
                if entry["Name"] == "sub" and Filter == f'sub = "{entry["Value"]}"'
            ]
        }


class FunctionConfiguration:
    """A client of Lambda with the post-confirmation function."""

    def __init__(self):
        self.variables = {"USERS_TABLE": "users", "AUDIT_TABLE": "audit", "TEMPLATE": "marketplace"}

    def get_function_configuration(self, **_):
        return {
            "Handler": "userprofiles.handlers.post_confirmation.handler",
            "Environment": {"Variables": self.variables},
        }


@pytest.fixture
def function():
    return FunctionConfiguration()


@pytest.fixture
def run(*, run, cognito, function, bucket, tables, monkeypatch):
    """Return a function that runs a command with the fakes of all services."""
    clients = {"cognito-idp": Pool(cognito), "lambda": function, "dynamodb": tables.client._client}
    monkeypatch.setattr(Stack, "client", lambda _, service: clients[service])
    monkeypatch.setattr("userprofiles.api.avatars.client", lambda *_: bucket)
    return lambda *arguments: run("export", *arguments)


@pytest.fixture
def user(register, cognito, tables):
    """Register a user of an identity provider, whose user name is not the sub."""
    register("u1", name=CANARY, email=f"{CANARY}@example.com")
    cognito.add(f"idp_{CANARY}", {"sub": "u1", "email": f"{CANARY}@example.com"})
    tables.put({"PK": "USER#u1", "SK": "CONTENT#1", "text": CANARY, "tags": {"a", "b"}})
    return "u1"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "bundle.json"


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_user_is_written_to_a_file_that_only_its_owner_can_read(run, user, file, bucket, capsys):
    bucket.put_object(Bucket="pictures", Key="avatars/u1/1", Body=b"png")

    assert run("user", user, "--file", file, *OPTIONS) == 0

    bundle = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bundle["manifest"]["template"] == "marketplace"
    assert bundle["parts"]["cognito"]["userName"] == f"idp_{CANARY}"
    assert [item["SK"] for item in bundle["parts"]["items"]] == [{"S": "CONTENT#1"}]
    assert list(bundle["links"]) == ["avatars/u1/1"]
    output = capsys.readouterr()
    assert output.out == (
        f"{file}: {file.stat().st_size:,} bytes, account, profile and 1 items.\n"
        "The bundle has links to 1 files. Download them within an hour.\n"
    )
    assert CANARY not in output.err
    assert names(file.parent) == ["bundle.json"]


def test_result_as_json(run, user, file, capsys):
    assert run("user", user, "--file", file, *OPTIONS, "--json") == 0

    result = json.loads(capsys.readouterr().out)
    assert (result["userId"], result["file"], result["bytes"]) == ("u1", str(file), file.stat().st_size)
    assert [part["name"] for part in result["parts"]] == ["account", "profile", "items", "cognito", "files"]
    assert CANARY not in json.dumps(result)


def test_user_without_a_user_in_the_pool_is_exported(run, user, file, cognito):
    cognito.users.clear()

    assert run("user", user, "--file", file, *OPTIONS) == 0
    assert json.loads(file.read_text())["parts"]["cognito"] == {}


def test_existing_file_is_replaced_only_with_force(run, user, file, capsys):
    file.write_text("mine")

    assert run("user", user, "--file", file, *OPTIONS) == 5
    assert (file.read_text(), "the file exists" in capsys.readouterr().err) == ("mine", True)
    assert run("user", user, "--file", file, *OPTIONS, "--force") == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["manifest"]["userId"] == "u1"


def test_file_that_appears_during_the_export_is_not_replaced(run, user, file, bucket, monkeypatch):
    def list_objects(**_):
        file.write_text("mine")
        return {}

    monkeypatch.setattr(bucket, "list_objects_v2", list_objects)

    assert run("user", user, "--file", file, *OPTIONS) == 5
    assert (file.read_text(), names(file.parent)) == ("mine", ["bundle.json"])


@pytest.mark.parametrize("path", ["/dev/null", "/nowhere/bundle.json", "/tmp"])
def test_path_that_is_no_file_is_wrong_usage(run, user, path, capsys):
    with pytest.raises(SystemExit, match="64"):
        run("user", user, "--file", path, *OPTIONS, "--force")
    assert "--file" in capsys.readouterr().err


@pytest.mark.parametrize("case", ["unknown", "erased", "without profile"])
def test_user_without_data_is_refused(*, run, user, file, tables, capsys, case):
    if case == "erased":
        tables.erase()
    if case == "without profile":
        tables.delete({"PK": "USER#u1", "SK": "PROFILE#MAIN"})

    assert run("user", "u2" if case == "unknown" else user, "--file", file, *OPTIONS) == 5
    assert not file.exists()
    assert ("was erased" if case == "erased" else "no account and profile") in capsys.readouterr().err


def test_missing_options_and_e_mail_addresses_are_wrong_usage(run, user, file, capsys):
    with pytest.raises(SystemExit, match="64"):
        run("user", user, "--file", file, *TABLES)
    assert "--avatar-bucket" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="64"):
        run("user", f"{CANARY}@example.com", "--file", file, *OPTIONS)
    assert CANARY not in capsys.readouterr().err


def test_failed_call_to_aws_is_exit_code_1(*, run, user, file, bucket, aws_error, monkeypatch, capsys):
    def fail(**_):
        raise aws_error("AccessDenied")

    monkeypatch.setattr(bucket, "list_objects_v2", fail)

    assert run("user", user, "--file", file, *OPTIONS, "--json") == 1
    output = capsys.readouterr()
    assert "A call to AWS failed: AccessDenied" in output.err
    assert json.loads(output.out)["error"]["kind"] == "service"
    assert not file.exists()


def test_stopped_export_writes_no_file(*, run, user, file, bucket, capsys, monkeypatch):
    def stop(**_):
        os.kill(os.getpid(), signal.SIGTERM)
        return {"UserPool": {"LambdaConfig": {"PostConfirmation": TRIGGER}}}

    monkeypatch.setattr(Pool, "describe_user_pool", lambda _, **arguments: stop(**arguments))

    assert run("user", user, "--file", file, *OPTIONS) == 3
    assert names(file.parent) == []


def test_progress_of_a_long_export_is_shown(run, user, file, capsys):
    parser = CommandParser()
    export_command.add_parsers(parser.add_subparsers())
    values = parser.parse_args(["export", "user", user, "--file", str(file), *OPTIONS])

    assert export_command.run_user(parser, values, Limits(line_every_s=0, bar_every_s=0)) == 0
    assert "1 items, " in capsys.readouterr().err


@pytest.fixture
def bundle(run, user, file, tables, capsys):
    """Export the user to the file, and delete the user from the table."""
    assert run("user", user, "--file", file, *OPTIONS) == 0
    for item in tables.items():
        tables.delete(item)
    capsys.readouterr()
    return file


def test_check_of_a_valid_bundle(run, bundle, capsys):
    assert run("check", bundle) == 0
    assert capsys.readouterr().out == f"{bundle}: valid. User u1, template marketplace, 1 items.\n"
    assert run("check", bundle, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(bundle), "valid": True, "problems": []}


def test_program_in_the_documentation_checks_the_hashes(bundle, monkeypatch):
    document = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    [program] = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    monkeypatch.chdir(bundle.parent)

    exec(program, {})
    bundle.write_text(bundle.read_text().replace("CONTENT#1", "CONTENT#2"))
    with pytest.raises(AssertionError):
        exec(program, {})


@pytest.fixture
def tampered(bundle):
    document = json.loads(bundle.read_text())
    document["parts"]["account"]["role"] = "admin"
    bundle.write_text(json.dumps(document))
    return bundle


@pytest.mark.parametrize("command", ["check", "import"])
def test_changed_bundle_has_exit_code_2(run, tampered, capsys, tables, command):
    options = TABLES if command == "import" else ()

    assert run(command, tampered, *options) == 2
    output = capsys.readouterr()
    assert output.out.startswith(f"{tampered}: parts.account was changed: sha256 is ")
    assert output.err == "2 problems.\n"
    assert run(command, tampered, *options, "--json") == 2
    assert json.loads(capsys.readouterr().out)["valid"] is False
    assert tables.items() == []


@pytest.mark.parametrize("command", ["check", "import"])
@pytest.mark.parametrize("content", [None, "{"], ids=["missing", "not JSON"])
def test_file_that_can_not_be_read_has_exit_code_1(run, file, capsys, command, content):
    if content is not None:
        file.write_text(content)

    assert run(command, file, *(TABLES if command == "import" else ())) == 1
    assert str(file) in capsys.readouterr().err


def test_import_creates_the_user_again(run, bundle, tables, capsys, tmp_path):
    assert run("import", bundle, *TABLES, "--json") == 0

    assert json.loads(capsys.readouterr().out) == {"userId": "u1", "result": "imported", "items": 1}
    rows = [row for row in tables.audit_rows() if row["action"] == "IMPORTED"]
    assert [len(row["requestId"]) for row in rows] == [32]
    second = tmp_path / "second.json"
    assert run("user", "u1", "--file", second, *OPTIONS) == 0
    first_bundle, second_bundle = (json.loads(file.read_text()) for file in (bundle, second))
    assert second_bundle["parts"] == first_bundle["parts"]


@pytest.mark.parametrize("case", ["exists", "erased", "another template"])
def test_refused_import_has_exit_code_5_and_changes_nothing(*, run, bundle, tables, function, capsys, case):
    if case == "another template":
        function.variables["TEMPLATE"] = "social"
    else:
        assert run("import", bundle, *TABLES) == 0
    if case == "erased":
        tables.erase()
    before = tables.items()

    assert run("import", bundle, *TABLES) == 5
    assert {"exists": "exists", "erased": "was erased"}.get(case, "belongs to the template") in (
        capsys.readouterr().err
    )
    assert tables.items() == before


def test_name_of_an_own_template_is_that_of_the_function(*, run, user, file, function, tmp_path, capsys):
    """The functions call every template of a file `custom`."""
    function.variables["TEMPLATE"] = "custom"
    own = tmp_path / "own.json"
    own.write_text(json.dumps(template.load("marketplace").document))
    options = ("--template", own)

    assert run("user", user, "--file", file, *OPTIONS, *options) == 0

    assert json.loads(file.read_text())["manifest"]["template"] == "custom"
    assert run("import", file, *TABLES, *options) == 5
    assert "exists" in capsys.readouterr().err


def test_schema_is_that_of_the_document(run, capsys):
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Export of a user"
