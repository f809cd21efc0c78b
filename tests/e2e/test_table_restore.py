"""`userprofiles restore check` on a users table that was restored from a backup."""

import json
import uuid

import pytest
from userprofiles import aws, cli, settings, template
from userprofiles.registration import cognito_user
from userprofiles.registration.registrar import Registrar
from userprofiles.table.store import Store

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture
def run(localaws, stack, tmp_path, monkeypatch, capsys):
    """Return a function that runs a command with the outputs of the stack and returns code and document."""
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(stack.outputs))
    for name, value in localaws.environment({}).items():
        monkeypatch.setenv(name, value)
    aws._session.cache_clear()

    def run(*arguments):
        code = cli.main([*arguments, "--outputs", str(outputs), "--json"])
        return code, json.loads(capsys.readouterr().out)

    yield run
    aws._session.cache_clear()


@pytest.fixture
def restore(stack, eventually, request):
    """Return a function that restores the users table to a new table, and returns its name."""
    dynamodb = stack.aws("dynamodb")

    def status(table):
        return dynamodb.describe_table(TableName=table)["Table"]["TableStatus"]

    def restore(backup):
        table = f"restored-{uuid.uuid4().hex}"
        dynamodb.restore_table_from_backup(TargetTableName=table, BackupArn=backup["BackupArn"])
        request.addfinalizer(lambda: dynamodb.delete_table(TableName=table))
        eventually("the restored table", lambda: status(table) == "ACTIVE")
        return table

    return restore


@pytest.fixture
def backup_users(stack):
    """Return a function that creates a backup of the users table."""

    def backup_users():
        return stack.aws("dynamodb").create_backup(
            TableName=stack.outputs["usersTableName"], BackupName="before-the-loss"
        )["BackupDetails"]

    return backup_users


def differences_of(document, *subs):
    return {
        user["userId"]: (user["difference"], user.get("detail"), user.get("result"))
        for user in document["users"]
        if user["userId"] in subs
    }


def register_again(stack, table, user):
    """Create the items of a user as `reconcile --fix` does after the switch to the restored table."""
    document = template.load("marketplace")
    store = Store(stack.aws("dynamodb"), table, stack.outputs["auditTableName"])
    registrar = Registrar(store, document, settings.roles({}, document), "reconciler")
    pool_user = cognito_user.get_user(stack.aws("cognito-idp"), stack.outputs["userPoolId"], user.email)
    registrar.register(pool_user)


@pytest.mark.long
def test_each_difference_of_a_restored_table_is_named_and_fixed(run, client, stack, backup_users, restore):
    changed, marked, erased, same = (client.create_confirmed_user() for _ in range(4))
    backup = backup_users()
    new = client.create_confirmed_user()
    patch = {"profile": {"language": "de"}}
    assert client.patch_profile(client.get_access_token(changed), patch).status_code == 200
    assert client.request("DELETE", "/me", client.get_access_token(marked)).status_code == 202
    assert run("erase", erased.sub, "--yes")[0] == 0
    table = restore(backup)
    subs = (changed.sub, marked.sub, erased.sub, same.sub, new.sub)

    code, document = run("restore", "check", "--restored-table", table)
    assert code == 2
    differences = differences_of(document, *subs)
    requested_at = differences[marked.sub][1]
    assert differences == {
        changed.sub: ("changed", "profile.language", None),
        marked.sub: ("deletion", requested_at, None),
        erased.sub: ("erased", "live again", None),
        new.sub: ("missing", "account, profile", None),
    }

    assert run("erase", "replay", "--users-table", table, "--yes")[0] == 0
    register_again(stack, table, new)
    _, fixed = run("restore", "check", "--restored-table", table, "--fix")
    results = {sub: result for sub, (_, _, result) in differences_of(fixed, *subs).items()}
    assert results == dict.fromkeys((changed.sub, marked.sub, new.sub), "fixed")

    _, second = run("restore", "check", "--restored-table", table)
    assert differences_of(second, *subs) == {}
    statuses = {sub: run("audit", "verify", sub, "--users-table", table)[1]["status"] for sub in subs}
    assert statuses == dict.fromkeys(subs, "ok") | {erased.sub: "erased"}
    assert "@" not in json.dumps([document, fixed, second])
