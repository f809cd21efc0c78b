"""`userprofiles outputs`: what a client needs of a stack's outputs, in two formats."""

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from userprofiles import cli
from userprofiles.commands import client_outputs

OUTPUTS = {
    "userPoolId": "eu-central-1_aB3dE5fG7",
    "userPoolClientId": "3n4b5urk1ft4fl3mg5e62d9ado",
    "furtherUserPoolClientIds": {"admin-web": "5urk1ft4fl3mg5e62d9ado3n4b"},
    "profileApiUrl": "https://abc.execute-api.eu-central-1.amazonaws.com",
    "usernameAttributes": ["email"],
    "passwordPolicy": {
        "minLength": 14.0,
        "requireLowercase": True,
        "requireNumbers": True,
        "requireSymbols": False,
        "requireUppercase": True,
    },
}


@pytest.fixture
def stack_file(tmp_path):
    """Return a function that writes outputs to a file and returns its path."""

    def write(content):
        path = tmp_path / "outputs.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def outputs(*arguments):
    return cli.main(["outputs", *arguments])


def test_env_file(stack_file, capsys):
    assert outputs("--format", "env", "--stack-file", stack_file(OUTPUTS)) == 0
    assert capsys.readouterr().out == (
        "AWS_REGION=eu-central-1\n"
        "USER_POOL_ID=eu-central-1_aB3dE5fG7\n"
        "USER_POOL_CLIENT_ID=3n4b5urk1ft4fl3mg5e62d9ado\n"
        "PROFILE_API_URL=https://abc.execute-api.eu-central-1.amazonaws.com\n"
    )


def test_file_of_a_local_aws_has_its_endpoint(stack_file, capsys):
    document = {"endpoint": "http://127.0.0.1:4566", "outputs": OUTPUTS}

    outputs("--format", "env", "--stack-file", stack_file(document), "--prefix", "VITE_")

    assert capsys.readouterr().out.splitlines()[-1] == "VITE_AWS_ENDPOINT_URL=http://127.0.0.1:4566"


def test_further_client_replaces_the_first(stack_file, capsys):
    outputs("--format", "env", "--stack-file", stack_file(OUTPUTS), "--client", "admin-web")

    assert "USER_POOL_CLIENT_ID=5urk1ft4fl3mg5e62d9ado3n4b\n" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["http://a/$HOME", "http://a/`id`", 'http://a/"b" #c', "http://a b\\c"])
def test_a_shell_reads_the_value_unchanged(url):
    text = client_outputs.env_file(client_outputs.parse(json.dumps({**OUTPUTS, "profileApiUrl": url})))

    result = subprocess.run(
        ["sh", "-c", f'{text}printf %s "$PROFILE_API_URL"'], capture_output=True, text=True, check=True
    )
    assert result.stdout == url
    assert f"PROFILE_API_URL={url}" in shlex.split(text)


@pytest.mark.parametrize("url", ["http://it's", "http://a\nB=c"])
def test_value_that_no_env_file_can_contain_is_refused(stack_file, capsys, url):
    assert outputs("--format", "env", "--stack-file", stack_file({**OUTPUTS, "profileApiUrl": url})) == 1
    assert "PROFILE_API_URL contains a single quote" in capsys.readouterr().err


def test_amplify_file(stack_file, capsys):
    assert outputs("--format", "amplify", "--stack-file", stack_file(OUTPUTS)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "version": "1.4",
        "auth": {
            "aws_region": "eu-central-1",
            "user_pool_id": "eu-central-1_aB3dE5fG7",
            "user_pool_client_id": "3n4b5urk1ft4fl3mg5e62d9ado",
            "username_attributes": ["email"],
            "user_verification_types": ["email"],
            "password_policy": {
                "min_length": 14,
                "require_lowercase": True,
                "require_numbers": True,
                "require_symbols": False,
                "require_uppercase": True,
            },
        },
        "custom": {
            "API": {
                "profile": {
                    "endpoint": "https://abc.execute-api.eu-central-1.amazonaws.com",
                    "region": "eu-central-1",
                    "apiName": "profile",
                }
            }
        },
    }
    assert isinstance(document["auth"]["password_policy"]["min_length"], int)


def test_amplify_file_of_a_stack_without_optional_outputs(stack_file, capsys):
    required = {name: OUTPUTS[name] for name in ("userPoolId", "userPoolClientId", "profileApiUrl")}

    outputs("--format", "amplify", "--stack-file", stack_file(required))

    auth = json.loads(capsys.readouterr().out)["auth"]
    assert auth.keys() == {"aws_region", "user_pool_id", "user_pool_client_id"}


def test_standard_input_is_the_default(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(OUTPUTS)))

    assert outputs("--format", "env") == 0
    assert capsys.readouterr().out.startswith("AWS_REGION=")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["not JSON", "pulumi stack output --json"]),
        ("[" * 100_000, ["not JSON"]),
        ([], ["JSON object", "list"]),
        ({}, ["lack userPoolId, userPoolClientId, profileApiUrl", "none"]),
        ({**OUTPUTS, "profileApiUrl": None}, ["lack profileApiUrl"]),
        ({**OUTPUTS, "userPoolClientId": "[secret]"}, ["userPoolClientId is a secret", "--show-secrets"]),
        ({**OUTPUTS, "userPoolId": "pool"}, ["userPoolId", "'pool'", "eu-central-1_"]),
        ({"endpoint": "x", "outputs": {}}, ["lack userPoolId"]),
    ],
)
def test_unusable_outputs_get_one_message(stack_file, capsys, content, parts):
    assert outputs("--format", "env", "--stack-file", stack_file(content)) == 1
    captured = capsys.readouterr()
    assert [part for part in parts if part not in captured.err] == []
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_file_that_is_missing_or_no_text(tmp_path, capsys):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")

    for path, message in ((tmp_path, "can't be read"), (tmp_path / "no", "No such file"), (binary, "UTF-8")):
        assert outputs("--format", "env", "--stack-file", str(path)) == 1
        assert message in capsys.readouterr().err


def test_unknown_client_is_refused(stack_file, capsys):
    assert outputs("--format", "env", "--stack-file", stack_file(OUTPUTS), "--client", "web") == 1
    assert "Available: admin-web" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--format"),
        (["--format", "yaml"], "amplify"),
        (["--format", "env", "--prefix", "A-"], "letters, digits and underscores"),
        (["--format", "amplify", "--prefix", "VITE_"], "--prefix can be used only with --format env"),
        (["--format", "env", "--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_wrong_usage_exits_with_64(capsys, arguments, message):
    with pytest.raises(SystemExit) as raised:
        outputs(*arguments)

    assert raised.value.code == 64
    assert message in capsys.readouterr().err


def test_terminal_without_a_file_is_wrong_usage(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())

    with pytest.raises(SystemExit):
        outputs("--format", "env")

    assert "--outputs is missing" in capsys.readouterr().err


def test_help_describes_formats_and_exit_codes(capsys):
    with pytest.raises(SystemExit):
        outputs("--help")

    text = capsys.readouterr().out
    assert "amplify_outputs.json" in text
    assert "exit codes:" in text


def test_documentation_shows_the_command():
    text = (Path(__file__).parents[3] / "docs" / "triggers.md").read_text()

    assert "userprofiles outputs --format amplify" in text
