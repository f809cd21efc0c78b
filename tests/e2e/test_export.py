"""All data of a user: small in the response, large as a link to S3, and from a file into the table again."""

import hashlib
import json
import subprocess
import sys

import pytest
import requests
from userprofiles.lifecycle.export import export_check

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def put_item(stack):
    """Return a function that writes an item of a user."""

    def put(user, sort_key, **values):
        item = {"PK": {"S": f"USER#{user.sub}"}, "SK": {"S": sort_key}, **values}
        stack.aws("dynamodb").put_item(TableName=stack.outputs["usersTableName"], Item=item)

    return put


@pytest.fixture
def run(localaws, stack, tmp_path):
    """Return a function that runs a command with the outputs of the stack."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))

    def run(*arguments):
        process = subprocess.run(
            [sys.executable, "-m", "userprofiles.cli", "export", *arguments, "--outputs", str(outputs)],
            env=localaws.environment({}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stderr

    return run


def upload_picture(client, token):
    form = client.request("POST", "/me/avatar", token, json={"contentType": "image/png"}).json()
    uploaded = requests.post(form["url"], data=form["fields"], files={"file": ("x.png", b"png")}, timeout=15)
    assert uploaded.status_code == 204
    return form["key"]


def test_small_export_is_in_the_response_and_a_large_one_in_s3(client, put_item):
    user = client.create_confirmed_user()
    token = client.get_access_token(user)
    key = upload_picture(client, token)
    put_item(user, "CONTENT#1", text={"S": "Zoë"}, data={"B": b"\x00\xff"}, tags={"SS": ["b", "a"]})

    small = client.request("GET", "/me/export", token)

    assert small.status_code == 200, small.text
    bundle = small.json()
    assert export_check.check(bundle).sub == user.sub
    assert bundle["parts"]["cognito"]["attributes"]["email"] == user.email
    assert bundle["parts"]["items"][0]["data"] == {"B": "AP8="}
    assert bundle["parts"]["files"] == [{"key": key, "bytes": 3}]
    assert requests.get(bundle["links"][key], timeout=15).content == b"png"

    for number in range(4):
        put_item(user, f"ORDER#{number}", text={"S": "x" * 350_000})
    large = client.request("GET", "/me/export", token)

    assert large.status_code == 202, large.text
    stored = requests.get(large.json()["url"], timeout=15).content
    assert (large.json()["bytes"], large.json()["sha256"]) == (
        len(stored),
        hashlib.sha256(stored).hexdigest(),
    )
    assert [item["SK"]["S"] for item in export_check.check(json.loads(stored)).items] == [
        *("CONTENT#1", "ORDER#0", "ORDER#1", "ORDER#2", "ORDER#3")
    ]
    assert requests.get(large.json()["url"].split("?")[0], timeout=15).status_code == 403


@pytest.mark.long
def test_user_who_is_lost_in_the_table_is_imported_from_a_file(client, stack, put_item, run, tmp_path):
    user = client.create_confirmed_user()
    put_item(user, "CONTENT#1", number={"N": "1.5"}, numbers={"NS": ["1", "2"]})
    first, second = tmp_path / "first.json", tmp_path / "second.json"

    run("user", user.sub, "--file", str(first))
    for item in stack.items(user.sub):
        key = {"PK": item["PK"], "SK": item["SK"]}
        stack.aws("dynamodb").delete_item(TableName=stack.outputs["usersTableName"], Key=key)
    run("import", str(first))
    run("user", user.sub, "--file", str(second))

    first_bundle, second_bundle = (json.loads(file.read_text()) for file in (first, second))
    assert second_bundle["parts"] == first_bundle["parts"]
    assert second_bundle["manifest"]["createdBy"] == "import"
    assert client.get_profile(client.get_access_token(user)).status_code == 200
    assert stack.audit_rows(user.sub)[-1]["action"] == {"S": "IMPORTED"}
