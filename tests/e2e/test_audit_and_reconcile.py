"""`userprofiles audit` and `userprofiles reconcile` as processes, on the deployed stack."""

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


def test_audit_of_a_user_who_signed_up_and_changed_the_profile(run, client):
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    assert client.patch_profile(token, {"profile": {"language": "de"}}).status_code == 200

    list_code, rows = run("audit", "list", user.sub)
    verify_code, result = run("audit", "verify", user.sub)

    assert (list_code, verify_code) == (0, 0)
    assert rows["rows"][0]["source"] == "PostConfirmation_ConfirmSignUp"
    assert user.email not in json.dumps(rows)
    assert rows["rows"][1]["fields"] == ["profile.language"]
    assert (result["status"], result["rows"]) == ("ok", 2)


@pytest.mark.long
def test_audit_names_a_row_that_was_deleted(run, client, stack):
    user = client.create_confirmed_user()
    [row] = stack.audit_rows(user.sub)
    stack.aws("dynamodb").delete_item(
        TableName=stack.outputs["auditTableName"], Key={"PK": row["PK"], "SK": row["SK"]}
    )

    code, result = run("audit", "verify", user.sub)

    assert code == 2
    assert [problem["kind"] for problem in result["problems"]] == ["cut-off tail"]


def differences_of(document, *subs):
    return {
        user["userId"]: (user["difference"], user.get("detail"), user.get("result"))
        for user in document["users"]
        if user["userId"] in subs
    }


def has_unfixed_users(document):
    """Return whether other tests of the stack have left users whom only an operator can fix."""
    return any(document["differences"][kind] for kind in ("erased", "duplicate"))


@pytest.mark.long
def test_reconcile_creates_what_is_missing_and_marks_orphans(run, client, stack):
    missing, orphan, moved = (client.create_confirmed_user() for _ in range(3))
    pool_id, idp = stack.outputs["userPoolId"], stack.aws("cognito-idp")
    for item in stack.items(missing.sub):
        stack.aws("dynamodb").delete_item(
            TableName=stack.outputs["usersTableName"], Key={"PK": item["PK"], "SK": item["SK"]}
        )
    idp.admin_delete_user(UserPoolId=pool_id, Username=orphan.email)
    idp.admin_update_user_attributes(
        UserPoolId=pool_id,
        Username=moved.email,
        UserAttributes=[
            {"Name": "email", "Value": f"new-{moved.email}"},
            {"Name": "email_verified", "Value": "true"},
        ],
    )
    subs = (missing.sub, orphan.sub, moved.sub)

    refused_code, refused = run("reconcile", "--fix", "--max-removals", "0")
    assert refused_code == 5
    assert differences_of(refused, *subs) == {
        missing.sub: ("missing", "account, profile", None),
        moved.sub: ("contact", "account.email", None),
        orphan.sub: ("orphan", None, None),
    }
    assert stack.items(missing.sub) == []

    code, document = run("reconcile", "--fix", "--max-removals", "100")
    assert code == (2 if has_unfixed_users(document) else 0)
    assert differences_of(document, *subs) == {
        missing.sub: ("missing", "account, profile", "created"),
        moved.sub: ("contact", "account.email", "updated"),
        orphan.sub: ("orphan", None, "marked"),
    }
    assert [row["action"]["S"] for row in stack.audit_rows(orphan.sub)][-1] == "DELETION_REQUESTED"
    assert stack.items(moved.sub)[0]["email"]["S"] == f"new-{moved.email}"
    assert len(stack.items(missing.sub)) == 2

    code, second = run("reconcile", "--fix", "--max-removals", "100")
    assert code == (2 if has_unfixed_users(second) else 0)
    assert differences_of(second, *subs) == {}
    assert second["pendingDeletion"] >= 1
    assert set(second["results"].values()) == {0}
    assert "@" not in json.dumps([refused, document, second])
