"""`userprofiles audit` as a process, on the deployed stack."""

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
            [
                *(sys.executable, "-m", "userprofiles.cli", *arguments),
                *("--outputs", str(outputs), "--json"),
            ],
            env=localaws.environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.stdout, process.stderr
        return process.returncode, json.loads(process.stdout)

    return run


def test_audit_of_a_user_who_signed_up_and_changed_the_profile(run, client, stack):
    user = client.create_confirmed_user()
    profile = client.get_access_token(user)
    client.patch_profile(profile, {"language": "de"})

    list_code, rows = run("audit", "list", user.sub)
    verify_code, result = run("audit", "verify", user.sub)

    assert (list_code, verify_code) == (0, 0)
    assert rows["rows"][0]["source"] == "PostConfirmation_ConfirmSignUp"
    assert user.email not in json.dumps(rows)
    assert (result["status"], result["rows"]) == ("ok", len(rows["rows"]))


def test_audit_names_a_row_that_was_deleted(run, client, stack):
    user = client.create_confirmed_user()
    [row] = stack.audit_rows(user.sub)
    stack.aws("dynamodb").delete_item(
        TableName=stack.outputs["auditTableName"], Key={"PK": row["PK"], "SK": row["SK"]}
    )

    code, result = run("audit", "verify", user.sub)

    assert code == 2
    assert [problem["kind"] for problem in result["problems"]] == ["cut-off tail"]
