"""The scheduled reconciliation as the deployed function with its own role, and the ways into the pool."""

import json
import subprocess
import sys
import uuid

import pytest
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.backfill.stop import Stop
from userprofiles.lifecycle.reconciliation.inventory import Result
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.table.removal_journal import RemovalJournal

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def invoke(stack):
    """Return a function that invokes the reconciler for a new pass and returns its result."""
    function = stack.get_resource_id("aws:lambda/function:Function", "reconciler-worker")

    def invoke():
        stack.aws("dynamodb").delete_item(
            TableName=stack.outputs["reconcilerStateTableName"],
            Key={"PK": {"S": "STATE"}, "SK": {"S": "STATE"}},
        )
        response = stack.aws("lambda").invoke(FunctionName=function, Qualifier="live")
        payload = response["Payload"].read().decode()
        assert "FunctionError" not in response, payload
        return json.loads(payload)

    return invoke


def delete_items(stack, sub):
    for item in stack.items(sub):
        stack.aws("dynamodb").delete_item(
            TableName=stack.outputs["usersTableName"], Key={"PK": item["PK"], "SK": item["SK"]}
        )


@pytest.mark.long
def test_pass_creates_missing_users_and_reports_orphans(client, stack, invoke, localaws, tmp_path):
    missing, orphan = (client.create_confirmed_user() for _ in range(2))
    delete_items(stack, missing.sub)
    stack.aws("cognito-idp").admin_delete_user(UserPoolId=client.pool_id, Username=orphan.email)
    orphan_items = stack.items(orphan.sub)

    result = invoke()

    assert result["status"] == "done"
    # Other tests may have left such users in the pool of the shared stack.
    assert result["counts"]["missing"] >= 1
    assert result["counts"]["created"] == result["counts"]["missing"]
    assert result["counts"]["orphan"] >= 1
    account, _ = stack.items(missing.sub)
    assert account["createdBy"] == {"S": "reconciler"}
    [row] = stack.audit_rows(missing.sub)[-1:]
    assert (row["source"]["S"], "requestId" in row) == ("reconciler", True)
    assert stack.items(orphan.sub) == orphan_items

    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "userprofiles.cli",
            "reconcile",
            "--last",
            "--json",
            "--outputs",
            str(outputs),
        ],
        env=localaws.environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    last = json.loads(process.stdout)
    assert (process.returncode, last["results"]["created"]) == (2, result["counts"]["created"])


def test_unconfirmed_user_is_removed_and_the_address_is_free_again(client, stack):
    user = client.sign_up()
    pool = PoolReader(
        stack.aws("cognito-idp"), client.pool_id, requests_per_second=100, stop=Stop(), limits=COMMAND_LINE
    )
    journal = RemovalJournal(stack.aws("dynamodb"), stack.outputs["usersTableName"])

    assert UnconfirmedUsers(pool, journal).remove(user.sub, user.sub) is Result.REMOVED

    assert pool.has_sub(user.sub) is False
    assert journal.entries() == {}
    client.confirm(client.sign_up(user.email))


def create_by_admin(client, stack):
    email = f"{uuid.uuid4().hex}@example.com"
    response = stack.aws("cognito-idp").admin_create_user(
        UserPoolId=client.pool_id,
        Username=email,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )
    [sub] = [entry["Value"] for entry in response["User"]["Attributes"] if entry["Name"] == "sub"]
    return client.pool_user(email, sub)


def created_by(stack, user):
    account, profile = stack.items(user.sub)
    assert (account["SK"]["S"], profile["SK"]["S"]) == ("ACCOUNT#MAIN", "PROFILE#MAIN")
    return account["createdBy"]["S"]


def test_admin_confirm_sign_up_ends_in_one_profile(client, stack):
    user = client.sign_up()

    stack.aws("cognito-idp").admin_confirm_sign_up(UserPoolId=client.pool_id, Username=user.email)

    assert created_by(stack, user) == "sign_up"


@pytest.mark.long
def test_admin_create_user_ends_in_one_profile_at_the_first_access(client, stack):
    user = create_by_admin(client, stack)
    assert stack.items(user.sub) == []
    stack.aws("cognito-idp").admin_set_user_password(
        UserPoolId=client.pool_id, Username=user.email, Password=client.password, Permanent=True
    )

    assert client.get_profile(client.get_access_token(user)).status_code == 200

    assert created_by(stack, user) == "first_access"


@pytest.mark.long
def test_admin_create_user_without_a_sign_in_ends_in_one_profile_at_the_next_pass(client, stack, invoke):
    user = create_by_admin(client, stack)

    assert invoke()["counts"]["created"] >= 1

    assert created_by(stack, user) == "reconciler"
