"""`userprofiles erase`: users, replay after a restore, receipts, confirmation, exit codes, personal data."""

import io
import json
import signal

import pytest
from erasure_world import CANARY, ENVIRONMENT, TEAM_STORES, World, aws_error
from memory_dynamodb import MemoryTables
from userprofiles import cli
from userprofiles.commands import erase_command
from userprofiles.stack_setup.stack import Stack
from userprofiles.stack_setup.table_checks import INDEXES
from userprofiles.table import record

SUB = "11111111-1111-4111-8111-111111111111"
OPTIONS = ("--function-name", "erasure", "--region", "us-east-1")


class FunctionConfiguration:
    """The client of Lambda that describes the erasure function."""

    def __init__(self):
        self.handler = "userprofiles.handlers.erasure.handler"
        self.variables = dict(ENVIRONMENT)

    def get_function_configuration(self, *, FunctionName):  # noqa: N803
        assert FunctionName == "erasure"
        return {"Handler": self.handler, "Environment": {"Variables": self.variables}}


class TableDescriptions:
    """The client of DynamoDB that describes the tables of a stack."""

    def describe_table(self, *, TableName):  # noqa: N803
        if TableName == "missing":
            raise aws_error("ResourceNotFoundException")
        table = {"TableStatus": "ACTIVE", "KeySchema": keys({"PK": "HASH", "SK": "RANGE"})}
        if "users" in TableName:
            table["GlobalSecondaryIndexes"] = [
                {"IndexName": name, "IndexStatus": "ACTIVE", "KeySchema": keys(index)}
                for name, index in INDEXES.items()
            ]
        return {"Table": table}


def keys(types):
    return [{"AttributeName": name, "KeyType": type_} for name, type_ in types.items()]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def world(aws_environment):
    return World(MemoryTables())


@pytest.fixture
def function():
    return FunctionConfiguration()


@pytest.fixture
def run(world, function, monkeypatch):
    """Return a function that runs `erase` on the stores in memory."""
    stack_clients = {"lambda": function, "dynamodb": TableDescriptions()}
    monkeypatch.setattr(Stack, "client", lambda _, service: stack_clients[service])
    monkeypatch.setattr(erase_command, "create_client", world.create_client)
    return lambda *arguments: cli.main(["erase", *arguments, *OPTIONS])


def answer(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", Terminal(text))


def receipt_of(capsys):
    return json.loads(capsys.readouterr().out)


def test_user_is_erased_with_a_receipt(run, world, capsys):
    world.add_user(SUB, is_marked=False)

    assert run(SUB, "--yes", "--json") == 0

    document = receipt_of(capsys)
    assert (document["userId"], document["result"]) == (SUB, "erased")
    assert document["receipt"]["state"] == "DONE"
    assert document["receipt"]["requestedBy"] == "operator"
    assert document["receipt"]["stores"]["items"]["found"] == 16
    assert world.remains(SUB) == ["search", "mails"]  # the team's stores are not registered
    rows = [row for row in world.tables.audit_rows() if row["action"].startswith("ERAS")]
    assert {row["source"] for row in rows} == {"operator"}
    assert len({row["requestId"] for row in rows}) == 1


def test_user_is_found_by_name(run, world, capsys):
    world.add_user(SUB)

    assert run(f"name-{SUB}", "--yes") == 0

    assert f"{SUB}: erased" in capsys.readouterr().out
    assert world.pool.users == {}


@pytest.mark.parametrize("missing", ["account", "profile", "user"])
def test_incomplete_user_is_erased(run, world, missing):
    world.add_user(SUB, is_marked=False)
    if missing == "user":
        world.pool.users.clear()
    else:
        world.tables.delete(record.key(SUB, missing))

    assert run(SUB, "--yes") == 0
    assert world.pool.users == {}
    assert world.store.read(SUB).is_erased


def test_erased_user_is_not_erased_again(run, world, capsys):
    world.add_user(SUB)
    assert run(SUB, "--yes") == 0
    rows = world.tables.audit_rows()
    capsys.readouterr()

    assert run(SUB, "--yes", "--json") == 0
    assert receipt_of(capsys)["result"] == "already erased"
    assert world.tables.audit_rows() == rows


def test_unknown_user_is_refused_without_repeating_the_name(run, world, capsys):
    assert run(f"{CANARY}@example.com", "--yes", "--json") == 5

    output = capsys.readouterr()
    assert json.loads(output.out)["error"]["kind"] == "refused"
    assert CANARY not in output.out + output.err
    assert world.tables.items() == []


def test_registered_stores_are_waited_for(run, world, function, capsys):
    function.variables["ERASURE_STORES"] = json.dumps(TEAM_STORES)
    world.add_user(SUB)

    assert run(SUB, "--yes") == 2
    assert "mails: 0 items, not complete" in capsys.readouterr().out
    world.answer()
    assert run(SUB, "--yes") == 0
    assert world.remains(SUB) == []
    assert world.counts(SUB) == world.EXPECTED_COUNTS


def test_failing_store_is_reported(run, world, capsys):
    world.add_user(SUB)
    world.bucket.errors = ["InternalError"]

    assert run(SUB, "--yes") == 2
    assert "failed: files: InternalError" in capsys.readouterr().out
    assert run(SUB, "--yes") == 0


def test_confirmation(run, world, monkeypatch, capsys):
    world.add_user(SUB)
    answer(monkeypatch, "no\n")
    assert run(SUB) == 5
    assert "Type yes to continue" in capsys.readouterr().err
    assert world.store.read(SUB).account["email"]

    answer(monkeypatch, "yes\n")
    assert run(SUB) == 0


def test_ctrl_c_at_the_confirmation(run, world, monkeypatch, capsys):
    class Interrupted(Terminal):
        def readline(self):
            signal.raise_signal(signal.SIGINT)

    world.add_user(SUB)
    monkeypatch.setattr("sys.stdin", Interrupted())

    assert run(SUB) == 3
    assert "Nothing was erased" in capsys.readouterr().err


def test_ctrl_c_during_the_erasure_is_resumed_by_the_next_run(run, world, capsys):
    world.add_user(SUB)

    def stop(operation):
        if operation == "list_object_versions":
            world.calls.before_each = lambda _: None
            signal.raise_signal(signal.SIGINT)

    world.calls.before_each = stop
    assert run(SUB, "--yes") == 3
    assert "Run the command again" in capsys.readouterr().err
    assert world.receipts.read(SUB).is_open

    assert run(SUB, "--yes") == 0
    assert world.counts(SUB) == {
        name: count for name, count in world.EXPECTED_COUNTS.items() if name not in {"search", "mails"}
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SUB,), "without a terminal, pass --yes"),
        (("replay",), "without a terminal, pass --yes"),
        ((SUB, "--yes", "--dry-run"), "--dry-run is only for"),
        (("list", "--users-table", "t"), "--users-table is only for"),
        ((), "USER|replay|list"),
        ((SUB, "--yes", "--unknown"), "unrecognized arguments: --unknown"),
        ((SUB, "--yes", "--outputs", "/does/not/exist"), "the file can't be read"),
    ],
)
def test_wrong_usage(run, capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        run(*arguments)

    assert caught.value.code == 64
    assert message in capsys.readouterr().err


def test_missing_function_name_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["erase", "list"])

    assert caught.value.code == 64
    assert "erasureFunctionName" in capsys.readouterr().err


def test_another_function_is_refused(run, function, capsys):
    function.handler = "userprofiles.handlers.outbox.handler"

    assert run("list") == 5
    assert "not 'userprofiles.handlers.erasure.handler'" in capsys.readouterr().err


def test_function_without_a_setting_is_refused(run, function, capsys):
    del function.variables["RECEIPTS_TABLE"]

    assert run("list") == 5
    assert "RECEIPTS_TABLE is not set" in capsys.readouterr().err


def test_denied_call_is_an_actionable_error(run, world, capsys):
    world.add_user(SUB)
    world.pool.errors = ["AccessDeniedException"]

    assert run("name", "--yes") == 1
    error = capsys.readouterr().err
    assert "AccessDeniedException (Operation)" in error
    assert "canary" not in error


def test_missing_table_or_pool_is_named(run, world, capsys):
    world.pool.errors = ["ResourceNotFoundException"]

    assert run("name", "--yes") == 1
    assert (
        "The users table 'users', the receipts table or the user pool doesn't exist."
        in capsys.readouterr().err
    )


@pytest.fixture
def restored(world):
    """Erase two of three users, and restore the users table from a backup made before."""
    for sub in ("gone-1", "gone-2", "stays"):
        world.add_user(sub, is_marked=False, other="other")
    backup = {table: dict(world.tables.client.tables[table]) for table in ("users",)}
    erasure = world.create_erasure(has_team_stores=False)
    for sub in ("gone-1", "gone-2"):
        erasure.erase(sub, "operator")
    world.tables.client.tables |= backup
    return world


def test_dry_run_of_replay_only_names_the_users(run, restored, capsys):
    rows = restored.tables.audit_rows()

    assert run("replay", "--dry-run", "--json") == 0
    assert receipt_of(capsys) == {
        "table": "users",
        "dryRun": True,
        "users": [{"userId": "gone-1", "result": ""}, {"userId": "gone-2", "result": ""}],
    }
    assert restored.tables.audit_rows() == rows


def test_replay_erases_them_again_and_nobody_else(run, restored, capsys):
    stays = restored.remains("stays")

    assert run("replay", "--yes") == 0

    assert "Erased users who exist again: 2. erased: 2" in capsys.readouterr().out
    for sub in ("gone-1", "gone-2"):
        receipt = restored.receipts.read(sub)
        assert restored.remains(sub) == ["search", "mails"]  # the team's stores are not registered
        assert (receipt.runs, receipt.state) == (2, "DONE")
        assert receipt.hash == receipt.compute_hash()
        assert receipt.stores["items"]["found"] == 16
    assert restored.remains("stays") == stays
    assert run("replay", "--dry-run", "--json") == 0
    assert receipt_of(capsys)["users"] == []


def test_replay_on_another_table(run, restored, function, capsys):
    function.variables["USERS_TABLE"] = "other"

    assert run("replay", "--dry-run", "--json", "--users-table", "users") == 0
    assert receipt_of(capsys)["table"] == "users"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("audit", "'audit' is another table of the stack"),
        ("receipts", "'receipts' is another table of the stack"),
        ("audit-of-another-stack", "'audit-of-another-stack' can't be used: the index 'list' is missing"),
        ("missing", "table 'missing' doesn't exist"),
    ],
)
def test_replay_on_a_table_that_is_not_a_users_table_is_refused(run, restored, capsys, table, message):
    rows = restored.tables.audit_rows()

    assert run("replay", "--yes", "--users-table", table) == 5

    assert message in capsys.readouterr().err
    assert restored.tables.audit_rows() == rows


def test_replay_erases_a_user_who_is_back_in_the_pool(run, world, capsys):
    world.add_user(SUB)
    assert run(SUB, "--yes") == 0
    world.pool.add("again", SUB)

    assert run("replay", "--yes") == 0
    assert world.pool.users == {}
    assert world.receipts.read(SUB).runs == 2


def test_replay_continues_an_erasure_that_was_open_at_the_restore(run, world):
    world.add_user(SUB)
    backup = dict(world.tables.client.tables["users"])
    world.bucket.errors = ["InternalError"]
    assert run(SUB, "--yes") == 2
    world.tables.client.tables["users"] = backup

    assert run("replay", "--yes") == 0
    assert world.store.read(SUB).is_erased
    assert world.receipts.read(SUB).state == "DONE"


def test_replay_confirms_and_stops(run, restored, monkeypatch, capsys):
    answer(monkeypatch, "\n")
    assert run("replay") == 5

    restored.calls.before_each = lambda name: (
        signal.raise_signal(signal.SIGINT) if name == "batch_write_item" else None
    )
    assert run("replay", "--yes") == 3
    restored.calls.before_each = lambda _: None
    assert run("replay", "--yes") == 0


def test_one_failing_user_does_not_stop_the_others(run, restored, capsys):
    restored.bucket.put("avatars/gone-1/0")
    restored.bucket.errors = ["InternalError"]

    assert run("replay", "--yes") == 2
    output = capsys.readouterr().out
    assert "gone-1  failed: files: InternalError" in output
    assert "gone-2  erased" in output


def test_list_shows_all_receipts(run, world, function, capsys):
    function.variables["ERASURE_STORES"] = json.dumps(TEAM_STORES[1:])
    world.add_user(SUB)
    assert run(SUB, "--yes") == 2
    capsys.readouterr()

    assert run("list") == 0
    line, summary = capsys.readouterr().out.splitlines()
    assert SUB in line
    assert line.endswith("not complete: mails")
    assert summary == "Receipts: 1. Open: 1."

    assert run("list", "--json") == 0
    [receipt] = receipt_of(capsys)["receipts"]
    assert receipt["state"] == "OPEN"
    assert CANARY not in str(receipt)
