"""The Python library on the deployed stack, together with sign-up and API; analytics of its table."""

import json
import subprocess
import sys

import pytest
from userprofiles.library import ErrorKind, ProfileIntegration, ProfileManager, connect

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def library_client(stack, localaws, monkeypatch):
    for name, value in localaws.environment({}).items():
        monkeypatch.setenv(name, value)
    return connect(
        users_table=stack.outputs["usersTableName"],
        audit_table=stack.outputs["auditTableName"],
        user_pool_id=stack.outputs["userPoolId"],
        region=stack.region,
        endpoint_url=stack.endpoint,
    )


def test_library_and_api_see_the_same_profile(client, stack, library_client):
    user = client.create_confirmed_user()
    manager = ProfileManager(library_client, testing_mode=False)

    created = manager.create_profile_automatically(user.sub)
    changed = manager.update_profile(user.sub, {"language": "fr"})

    assert (created.error_kind, changed.success) == (ErrorKind.ALREADY_EXISTS, True)
    assert client.get_profile(client.get_access_token(user)).json()["profile"]["language"] == "fr"
    assert sorted(row["source"]["S"] for row in stack.audit_rows(user.sub)) == [
        "PostConfirmation_ConfirmSignUp",
        "library",
    ]


def test_testing_mode_creates_the_profile_before_the_confirmation(client, stack, library_client):
    user = client.sign_up()

    before = ProfileIntegration(library_client, False).handle_user_registration(
        user.sub, {"email": user.email}
    )
    result = ProfileIntegration(library_client, True).handle_user_registration(
        user.sub, {"email": user.email}
    )

    assert (before.success, before.profile_id) == (True, None)
    assert (result.success, result.profile_id) == (True, user.sub)
    client.confirm(user)
    assert len(stack.audit_rows(user.sub)) == 1


def test_unknown_user_is_not_found(library_client):
    result = ProfileManager(library_client, False).create_profile_automatically(
        "6f1c2f7e-0000-4000-8000-000000000000"
    )

    assert result.error_kind is ErrorKind.USER_NOT_FOUND


@pytest.mark.long
def test_analytics_counts_the_users_of_the_table_and_sends_the_metric(client, stack, localaws, tmp_path):
    user = client.create_confirmed_user(role="vendor")
    table, page = stack.outputs["usersTableName"], tmp_path / "page.html"

    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "userprofiles.cli",
            "analytics",
            "--table-name",
            table,
            "--json",
            "--html",
            str(page),
            "--snapshots",
            str(tmp_path / "days.jsonl"),
            "--put-metric",
        ],
        env=localaws.environment({}),
        capture_output=True,
        text=True,
        check=False,
    )

    document = json.loads(result.stdout)
    scan = stack.aws("dynamodb").get_paginator("scan").paginate(TableName=table)
    accounts = [item for items in scan for item in items["Items"] if item["SK"]["S"] == "ACCOUNT#MAIN"]
    metrics = stack.aws("cloudwatch").list_metrics(MetricName="ProfileCompletionRate")["Metrics"]
    assert (result.returncode, result.stderr) == (0, "")
    assert document["users"] + document["erased"] == len(accounts)
    assert document["roles"]["vendor"] >= 1
    assert [metric["Dimensions"] for metric in metrics] == [[{"Name": "table", "Value": table}]]
    assert user.email not in page.read_text()
