"""Both engines of the migration: the command line and the state machine write the same items."""

import hashlib
import json
import os
import signal
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from userprofiles import cli
from userprofiles.backfill.command.exit_code import ExitCode

pytestmark = pytest.mark.backends("embedded")

TABLE = "v_users_dev"
TEMPLATE = "marketplace"
IGNORED = {"createdAt", "updatedAt", "migrationRunId", "listSK"}
"""Attributes that differ between two runs."""


def row(user_id, sort_key="METADATA", **attributes):
    item = {"PK": {"S": user_id}, "SK": {"S": sort_key}, "userId": {"S": user_id}}
    return {name: value for name, value in {**item, **attributes}.items() if value is not None}


def account(sub, **attributes):
    values = {"userId": {"S": sub}, "status": {"S": "active"}} | attributes
    return row(f"USER#{sub}", "ACCOUNT#MAIN", **values)


def profile(user_id, **attributes):
    return row(f"USER#{user_id}", "PROFILE#MAIN", **{"userId": {"S": user_id}} | attributes)


def plain():
    return [row(f"user{n}", firstName={"S": f"First {n}"}, lastName={"S": f"Last {n}"}) for n in range(60)]


def accounts():
    """Accounts of which a third has a profile, and one was erased."""
    items = [account(f"sub{n}") for n in range(60)]
    items += [profile(f"sub{n}", language={"S": "de"}) for n in range(0, 60, 3)]
    return [*items, account("gone", entityType={"S": "TOMBSTONE"})]


def skipped():
    states = [{"status": {"S": "Inactive"}}, {"isDeleted": {"BOOL": True}}, {"deletedAt": {"S": "2026"}}, {}]
    return [row(f"user{n}", **states[n % 4]) for n in range(40)] + [profile("user3", language={"S": "fr"})]


def hostile():
    """Rows without a usable ID, with long names, in other scripts, and with other types."""
    return [
        row("number", userId={"N": "7"}),
        row("empty", userId={"S": ""}),
        row("long", firstName={"S": "x" * 300_000}),
        row("too-long", firstName={"S": "x" * 399_000}),
        row("list", firstName={"L": []}),
        row("flag", isDeleted={"S": "perhaps"}),
        *(row(name, firstName={"S": name}) for name in ("Ωmega", "名前", "a'b\"c", "👩‍👩‍👧", "a#b")),
        *(row(f"user{n}") for n in range(20)),
    ]


def several_rows():
    """Users with several rows, so that two segments create the same profile."""
    return [
        row(f"row{n}-{copy}", f"SK{copy}", userId={"S": f"user{n}"}) for n in range(20) for copy in range(3)
    ]


SHAPES = {
    "plain": plain,
    "accounts": accounts,
    "skipped": skipped,
    "hostile": hostile,
    "several": several_rows,
}


class ReplacedTable:
    """The only table besides the stack's own that the worker may use."""

    def __init__(self, dynamodb):
        self._dynamodb = dynamodb

    def create(self, items):
        self._dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK")],
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
        )
        for item in items:
            self._dynamodb.put_item(TableName=TABLE, Item=item)

    def delete(self):
        if TABLE in self._dynamodb.list_tables()["TableNames"]:
            self._dynamodb.delete_table(TableName=TABLE)

    def items(self):
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=TABLE)
        return [item for page in pages for item in page["Items"]]

    def digest(self):
        """Return a digest of all items, without the attributes that differ between two runs."""
        lines = sorted(
            json.dumps({name: value for name, value in item.items() if name not in IGNORED}, sort_keys=True)
            for item in self.items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.fixture
def table(stack):
    replaced_table = ReplacedTable(stack.aws("dynamodb"))
    yield replaced_table
    replaced_table.delete()


@pytest.fixture
def execute(stack, monkeypatch, capsys, tmp_path):
    """Return a function that runs `userprofiles` and returns its exit code and its JSON output."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("USERPROFILES_STATE_MACHINE", stack.outputs["migrationStateMachineArn"])
    monkeypatch.setenv("USERPROFILES_LEDGER_TABLE", stack.outputs["migrationLedgerTableName"])

    def run(*arguments):
        connection = ["--region", stack.region, "--endpoint-url", stack.endpoint, "--json"]
        code = cli.main([*map(str, arguments), *connection])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out.strip() else captured.err

    return run


def counts(result):
    return {name: result[name] for name in ("processed", "existed", "created", "failed", "skipped")}


@pytest.fixture
def apply_plan(execute, table, tmp_path):
    """Return a function that creates the table, plans and applies, and returns counts and digest."""

    def apply(items, engine):
        table.delete()
        table.create(items)
        path = tmp_path / f"{engine}.json"
        code, plan = execute(
            *("backfill", "plan", "--table-name", TABLE, "--template", TEMPLATE, "--segments", 4),
            *("--out", path),
        )
        assert code == ExitCode.DONE, plan
        code, result = execute("backfill", "apply", path, "--no-backup", "--engine", engine)
        assert code in (ExitCode.DONE, ExitCode.SOME_FAILED), result
        return plan["planId"], counts(result), table.digest()

    return apply


@pytest.mark.parametrize(
    "shape",
    ["accounts", *(pytest.param(name, marks=pytest.mark.long) for name in SHAPES if name != "accounts")],
)
@pytest.mark.long
def test_both_engines_give_the_same_digest(apply_plan, execute, shape):
    items = SHAPES[shape]()

    _, local_counts, local_digest = apply_plan(items, "local")
    run_id, machine_counts, machine_digest = apply_plan(items, "stepfunctions")

    assert machine_digest == local_digest
    if shape != "several":  # which segment creates the profile and which one finds it depends on the order
        assert machine_counts == local_counts
    code, run = execute("runs", "show", run_id)
    assert (code, run["engine"], run["state"]) == (ExitCode.DONE, "stepfunctions", "done")


@pytest.fixture
def grant(stack, request):
    """Return a function that gives the worker a right on the old table for one test."""
    iam = stack.aws("iam")

    def give(action):
        arn = stack.aws("dynamodb").describe_table(TableName=TABLE)["Table"]["TableArn"]
        role = stack.get_resource_id("aws:iam/role:Role", "migration-worker")
        policy = {"RoleName": role, "PolicyName": "granted-by-test"}
        statement = {"Effect": "Allow", "Action": [action], "Resource": arn}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        request.addfinalizer(lambda: iam.delete_role_policy(**policy))

    return give


@pytest.fixture
def import_users(execute, table, tmp_path):
    """Return a function that plans and applies an import from a source into an empty table."""

    def run(engine, *source):
        table.delete()
        table.create([])
        path = tmp_path / f"import-{engine}.json"
        options = ("--table-name", TABLE, "--template", TEMPLATE, "--out", path)
        code, plan = execute("backfill", "plan", *options, *source)
        assert code == ExitCode.DONE, plan
        code, result = execute("backfill", "apply", path, "--no-backup", "--engine", engine)
        assert code == ExitCode.DONE, result
        return counts(result), table.digest()

    return run


@pytest.mark.long
def test_both_engines_import_the_same_users_from_a_file_in_s3(import_users, stack, tmp_path):
    bucket, key = stack.outputs["migrationBucketName"], "sources/users.csv"
    lines = [f"sub-{n},user{n}@example.com,First {n}" for n in range(30)]
    body = "\n".join(["cognito_sub,mail,first_name", *lines, ""]).encode()
    stack.aws("s3").put_object(Bucket=bucket, Key=key, Body=body)
    mapping = tmp_path / "mapping.json"
    columns = {"id": "cognito_sub", "email": "mail", "given_name": "first_name"}
    mapping.write_text(json.dumps({"format": "userprofiles-mapping", "version": 1, "columns": columns}))
    source = ("--source", f"csv:s3://{bucket}/{key}", "--mapping", mapping, "--segments", 2)

    local = import_users("local", *source)

    assert import_users("stepfunctions", *source) == local
    assert local[0]["created"] == 30


@pytest.mark.long
def test_both_engines_import_the_same_users_from_a_pool(import_users, stack, client):
    client.create_confirmed_user(given_name="Ada")
    source = ("--source", f"pool:{stack.outputs['userPoolId']}")

    local = import_users("local", *source)

    assert import_users("stepfunctions", *source) == local
    assert local[0]["created"] >= 1


@pytest.mark.long
def test_state_machine_verifies_a_run_and_undoes_it(apply_plan, execute, table, grant):
    """F39, F40: a rollback without the right removes nothing; with the right, it continues."""
    items = SHAPES["accounts"]()
    run_id, _, _ = apply_plan(items, "stepfunctions")

    code, result = execute("backfill", "verify", run_id, "--engine", "stepfunctions")
    assert (code, result["other"]["matching"]) == (ExitCode.DONE, 40)
    assert (result["createdByRun"], result["unaccounted"]) == (40, 0)
    code, result = execute("backfill", "verify", run_id, "--engine", "stepfunctions", "--sample", 10)
    assert (code, 0 < result["other"]["matching"] < 40) == (ExitCode.DONE, True)

    rollback = ("backfill", "rollback", run_id, "--yes", "--engine", "stepfunctions")
    code, result = execute(*rollback)
    assert (code, len(table.items())) == (ExitCode.REFUSED, len(items) + 40)
    assert "migrationAllowRollback" in json.dumps(result)
    assert execute("runs", "show", run_id)[1]["state"] == "done"

    grant("dynamodb:DeleteItem")
    code, result = execute(*rollback)
    assert (code, result["other"]["removed"]) == (ExitCode.DONE, 40)
    assert len(table.items()) == len(items)
    assert execute("runs", "show", run_id)[1]["state"] == "rolled back"


def _delete_user(stack, user_id):
    key = {"PK": {"S": user_id}, "SK": {"S": "METADATA"}}
    stack.aws("dynamodb").delete_item(TableName=TABLE, Key=key)


@pytest.mark.long
def test_verification_by_the_state_machine_finds_a_profile_without_a_user(apply_plan, execute, stack):
    """The user and the profile are in different segments. The report is in the bucket, also as a page."""
    run_id, _, _ = apply_plan(plain(), "stepfunctions")
    _delete_user(stack, "user7")

    code, result = execute("backfill", "verify", run_id, "--engine", "stepfunctions")

    assert (code, result["other"]) == (ExitCode.SOME_FAILED, {"matching": 59, "orphaned": 1})
    bucket, folder = stack.outputs["migrationBucketName"], f"runs/{result['runId']}"
    objects = {
        name: stack.aws("s3").get_object(Bucket=bucket, Key=f"{folder}/{name}")["Body"].read().decode()
        for name in ("report.json", "report.html")
    }
    assert [entry["userId"] for entry in json.loads(objects["report.json"])["failures"]] == ["user7"]
    assert objects["report.html"].startswith("<!DOCTYPE html>")
    code, report = execute("backfill", "report", run_id)
    assert (code, report["engine"], report["created"]) == (ExitCode.DONE, "stepfunctions", 60)
    assert sum(part["calls"] for part in report["timeline"]["buckets"]) == sum(report["calls"].values())


def _worker_processes(stack, function):
    """Return the processes of a function: only those of this local AWS, which has an address of its own."""
    variables = {f"AWS_LAMBDA_FUNCTION_NAME={function}", f"AWS_ENDPOINT_URL={stack.endpoint}"}
    numbers = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended in the meantime, or of another user
            if variables <= set((folder / "environ").read_bytes().decode(errors="replace").split("\0")):
                numbers.append(int(folder.name))
    return numbers


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes in /proc")
def test_killed_processes_of_the_worker_lose_and_repeat_nothing(
    *, apply_plan, execute, table, stack, eventually
):
    """F21, F37: the retrier invokes the worker again. It continues when the lease of its segment has ended.

    The short version is `test_worker_that_is_killed_at_some_calls_continues_from_its_last_save`.
    """
    items = [row(f"user{n:03d}", firstName={"S": "x" * 1_500}) for n in range(300)]
    _, expected_counts, expected_digest = apply_plan(items, "local")
    table.delete()
    table.create(items)
    function = stack.get_resource_id("aws:lambda/function:Function", "migration-worker")
    document = {"table": TABLE, "segments": 2, "runId": f"killed-{uuid.uuid4().hex[:8]}", "rate": 60}
    arn = stack.aws("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["migrationStateMachineArn"], input=json.dumps(document)
    )["executionArn"]
    eventually("the first profiles", lambda: len(table.items()) > 340, 60)
    processes = _worker_processes(stack, function)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    assert len(processes) >= 2

    def find_execution():
        execution = stack.aws("stepfunctions").describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None

    execution = eventually("the end of the execution", find_execution, 220)
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert counts(json.loads(execution["output"])) == expected_counts
    assert table.digest() == expected_digest
    code, report = execute("backfill", "report", document["runId"])
    assert (code, report["state"], counts(report)) == (ExitCode.DONE, "done", expected_counts)


@pytest.mark.long
def test_stopped_run_is_resumed_by_a_new_execution(execute, table, stack, tmp_path, eventually):
    """The stop is a flag in the ledger; `runs resume` starts a new execution with the same run."""
    table.create([row(f"user{n:03d}", firstName={"S": "x" * 2_000}) for n in range(600)])
    path = tmp_path / "plan.json"
    options = ("--template", TEMPLATE, "--segments", 8, "--rate", 100, "--out", path)
    _, plan = execute("backfill", "plan", "--table-name", TABLE, *options)
    run_id = plan["planId"]
    document = {"job": plan["job"], "startedBy": "test"}
    arn = stack.aws("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["migrationStateMachineArn"], input=json.dumps(document)
    )["executionArn"]
    eventually("the first profiles", lambda: len(table.items()) > 610, 60)

    code, _ = execute("runs", "stop", run_id)
    assert code == ExitCode.DONE

    def find_status():
        status = stack.aws("stepfunctions").describe_execution(executionArn=arn)["status"]
        return status if status != "RUNNING" else None

    assert eventually("the end of the execution", find_status, 60) == "SUCCEEDED"
    code, run = execute("runs", "show", run_id)
    assert (run["state"], run["counts"]["created"] < 600) == ("stopped", True)
    code, result = execute("runs", "resume", run_id)
    assert (code, result["created"], result["state"]) == (ExitCode.DONE, 600, "done")
    assert len(table.items()) == 1200
