"""Users table and stack outputs have the same option in all commands; the former options still work."""

import pytest
from userprofiles import cli


def help_of(capsys, *words):
    with pytest.raises(SystemExit):
        cli.main([*words, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("admin", "grant"),
        ("admin", "revoke"),
        ("analytics",),
        ("audit", "list"),
        ("audit", "verify"),
        ("reconcile",),
        ("restore", "check"),
        ("setup", "check"),
        ("setup", "test"),
    ],
)
def test_name_of_the_users_table(capsys, words):
    assert "--users-table T, --table-name T" in help_of(capsys, *words)


def test_file_with_stack_outputs(capsys):
    assert "--outputs FILE, --stack-file FILE" in help_of(capsys, "outputs")


@pytest.mark.parametrize("option", ["--users-table", "--table-name"])
def test_both_names_of_the_users_table(run, register, option):
    register("u1")

    assert run("analytics", option, "users") == 0


@pytest.mark.parametrize("option", ["--outputs", "--stack-file"])
def test_both_names_of_the_stack_outputs(tmp_path, capsys, option):
    assert cli.main(["outputs", "--format", "env", option, str(tmp_path / "none")]) == 1
    assert f"--outputs {tmp_path / 'none'} can't be read" in capsys.readouterr().err


def test_stack_outputs_name_the_users_table(run, register, tmp_path):
    register("u1")
    outputs = tmp_path / "outputs.json"
    outputs.write_text('{"usersTableName": "users"}')

    assert run("analytics", "--outputs", outputs) == 0
