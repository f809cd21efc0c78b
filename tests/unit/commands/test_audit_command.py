"""`userprofiles audit`: rows of a user, broken chains, exit codes, and no personal data in any output."""

import json
import os
import signal

import pytest
from erasure_world import World, create_receipts_table
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.limits import Limits
from userprofiles.commands import audit_command
from userprofiles.lifecycle.audit.audit_reader import AuditReader
from userprofiles.lifecycle.erasure.receipts import Receipt
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.table.attribute_value import serialize_item

TABLES = ("--users-table", "users", "--audit-table", "audit", "--region", "us-east-1")
CANARY = "canary"


@pytest.fixture
def users(register, tables):
    """Register three users and erase one of them; a fourth user is backfilled."""
    for sub in ("u1", "u2", "u3"):
        register(sub, name=CANARY, email=f"{CANARY}-{sub}@example.com", phone_number="+491701234567")
    tables.put({"PK": "USER#u3", "SK": "ACCOUNT#MAIN", "entityType": "TOMBSTONE"})
    tables.put({"PK": "USER#u4", "SK": "ACCOUNT#MAIN", "email": f"{CANARY}@example.com"})
    tables.put({"PK": "USER#u1", "SK": "CONTENT#1", "text": CANARY})


@pytest.fixture
def delete_rows(tables):
    """Return a function that deletes the audit rows of a user."""

    def delete(sub):
        for row in tables.audit_rows():
            if row["PK"] == f"USER#{sub}":
                key = serialize_item({"PK": row["PK"], "SK": row["SK"]})
                tables.client.delete_item(TableName="audit", Key=key)

    return delete


def test_list_shows_the_rows_of_one_user(users, run, capsys, tables):
    assert run("audit", "list", "u1", *TABLES) == 0

    header, line = capsys.readouterr().out.splitlines()
    [row] = [row for row in tables.audit_rows() if row["PK"] == "USER#u1"]
    assert header.split() == ["time", "action", "source", "version", "fields"]
    assert line.split() == [row["SK"].partition("#")[0], "REGISTERED", "test", "1"]


def test_list_as_json_has_the_names_of_fields_and_the_request_id(users, run, capsys, tables):
    row = {
        "PK": "USER#u1",
        "SK": "2099-01-01T00:00:00.000Z#1",
        "action": "PROFILE_UPDATED",
        "source": "api",
        "fields": ["profile.language"],
        "version": 2,
        "requestId": "r-1",
    }
    tables.put(row, tables.audit)

    assert run("audit", "list", "u1", *TABLES, "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["userId"] == "u1"
    assert document["rows"][1] == {
        "time": "2099-01-01T00:00:00.000Z",
        "action": "PROFILE_UPDATED",
        "source": "api",
        "version": 2,
        "fields": ["profile.language"],
        "requestId": "r-1",
    }
    assert run("audit", "list", "u1", *TABLES) == 0
    assert "requestId" in capsys.readouterr().out


def test_list_of_a_backfilled_user_has_no_rows(users, run, capsys):
    assert run("audit", "list", "u4", *TABLES) == 0
    assert capsys.readouterr().out.startswith("No audit rows:")


def test_list_replaces_control_characters(users, run, capsys, tables):
    tables.put({"PK": "USER#u1", "SK": "2099#1", "action": "\x1b[2J", "version": 2}, tables.audit)

    run("audit", "list", "u1", *TABLES)

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["list", "verify"])
def test_unknown_user_is_refused(users, run, capsys, command):
    assert run("audit", command, "nobody", *TABLES) == 5
    assert "do not have this user. Pass the sub of a user" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sub", "line"),
    [
        ("u1", "ok      u1: 1 audit rows\n"),
        ("u3", "erased  u3: 1 audit rows\n"),
        ("u4", "ok      u4: 0 audit rows\n"),
    ],
)
def test_verify_of_one_user(users, run, capsys, sub, line):
    assert run("audit", "verify", sub, *TABLES) == 0
    assert capsys.readouterr().out == line


def test_verify_of_a_cut_off_chain(users, run, capsys, delete_rows):
    delete_rows("u1")

    assert run("audit", "verify", "u1", *TABLES) == 2
    assert capsys.readouterr().out == (
        "broken  u1: 0 audit rows; cut-off tail: the row of the account's head (version 1) is missing; "
        "there are no rows\n"
    )


def test_verify_of_all_users(users, run, capsys):
    assert run("audit", "verify", *TABLES) == 0
    assert capsys.readouterr().out == "Users: 4. Complete chains: 3, erased users: 1, broken chains: 0.\n"


def test_verify_of_all_users_names_each_broken_chain(users, run, capsys, tables, delete_rows):
    [row] = [row for row in tables.audit_rows() if row["PK"] == "USER#u1"]
    tables.put({**row, "source": "other"}, tables.audit)
    delete_rows("u2")

    assert run("audit", "verify", *TABLES) == 2
    out = capsys.readouterr().out
    assert f"broken  u1: 1 audit rows; changed row: row {row['SK']} (version 1) was changed" in out
    assert "broken  u2: 0 audit rows; cut-off tail" in out
    assert out.endswith("Users: 4. Complete chains: 1, erased users: 1, broken chains: 2.\n")

    assert run("audit", "verify", *TABLES, "--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert {name: document[name] for name in ("ok", "users", "erased", "broken")} == {
        "ok": False,
        "users": 4,
        "erased": 1,
        "broken": 2,
    }
    assert sorted(chain["userId"] for chain in document["brokenChains"]) == ["u1", "u2"]


def test_verify_pages_through_users(register, run, tables, capsys):
    for number in range(25):
        register(f"u{number}")

    values = ["audit", "verify", *TABLES]
    limits = Limits(page_rows=4, line_every_s=0)
    parser = CommandParser()
    audit_command.add_parsers(parser.add_subparsers())
    code = audit_command.run_verify(parser, parser.parse_args(values), limits)

    captured = capsys.readouterr()
    assert code == 0
    assert captured.out.startswith("Users: 25. Complete chains: 25,")
    assert len(captured.err.splitlines()) > 5


def test_user_who_changes_during_the_check_is_checked_again(users, run, tables, register, monkeypatch):
    """A write between the reads of account and rows is not a broken chain."""
    rows = AuditReader.rows
    calls = []

    def rows_of_a_user_who_changes(self, sub):
        if not calls:
            items = {(item["PK"], item["SK"]): item for item in tables.items()}
            account = items["USER#u1", "ACCOUNT#MAIN"]
            tables.delete(items["USER#u1", "PROFILE#MAIN"])
            assert account["version"] == 1
            register("u1")
        calls.append(sub)
        return rows(self, sub)

    monkeypatch.setattr(AuditReader, "rows", rows_of_a_user_who_changes)

    assert run("audit", "verify", "u1", *TABLES) == 0
    assert calls == ["u1", "u1"]


def test_no_output_has_a_value_of_a_user(users, run, capsys, tables, delete_rows):
    delete_rows("u2")
    for arguments in (["list", "u1"], ["verify"], ["verify", "u2"]):
        for options in ([], ["--json"]):
            run("audit", *arguments, *TABLES, *options)
    with pytest.raises(SystemExit):
        run("audit", "list", f"{CANARY}@example.com", *TABLES)

    captured = capsys.readouterr()
    assert "u2" in captured.out
    assert CANARY not in captured.out + captured.err
    assert "+49170" not in captured.out + captured.err


def test_ctrl_c_stops_the_check(users, run, capsys, monkeypatch):
    pages = TableReader.pages

    def interrupted_pages(self, *arguments, **parameters):
        if not self.stop.is_requested:
            os.kill(os.getpid(), signal.SIGINT)
        return pages(self, *arguments, **parameters)

    monkeypatch.setattr(TableReader, "pages", interrupted_pages)

    assert run("audit", "verify", *TABLES) == 3
    assert "Stopped after 0 users" in capsys.readouterr().err


def test_missing_table_is_reported(tables, run, capsys):
    assert run("audit", "verify", "--users-table", "none", *TABLES[2:]) == 1
    assert "Table not found: 'none'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["list", *TABLES], "the following arguments are required: USER"),
        (["list", "a b", *TABLES], "argument USER: must be the sub of a user"),
        (["verify", "--users-table", "t"], "required: --audit-table, or --outputs"),
        (["verify", *TABLES, "--user-pool-id", "x"], "unrecognized arguments"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_usage(run, capsys, arguments, problem):
    with pytest.raises(SystemExit) as error:
        run("audit", *arguments)

    assert error.value.code == 64
    assert problem in capsys.readouterr().err


@pytest.fixture
def erase(tables):
    """Return a function that erases a user with a receipt."""
    create_receipts_table(tables.client)
    world = World(tables)
    erasure = world.create_erasure(has_team_stores=False)

    def erase(sub):
        world.add_user(sub, with_canaries=False)
        erasure.erase_due(sub)

    return erase


def verify(run, capsys, sub, *options):
    code = run("audit", "verify", sub, *TABLES, "--json", *options)
    result = json.loads(capsys.readouterr().out)
    return code, result["status"], [problem["kind"] for problem in result["problems"]]


@pytest.mark.long
def test_receipts_of_erased_users_are_compared_with_the_trail(erase, run, capsys, tables):
    receipts = ("--receipts-table", "receipts")
    for sub in ("same", "removed", "changed", "forged", "cut"):
        erase(sub)
    items = {item["sub"]: item for item in tables.items_of("receipts")}
    tables.client.delete_item(TableName="receipts", Key={"PK": {"S": "USER#removed"}})
    tables.put({**items["changed"], "runs": 9}, "receipts")
    tables.put({**items["cut"], "stores": {}}, "receipts")
    forged = Receipt.from_item({**items["forged"], "requestedBy": "user-2"})
    tables.put({**items["forged"], "requestedBy": "user-2", "hash": forged.compute_hash()}, "receipts")

    assert verify(run, capsys, "same", *receipts) == (0, "erased", [])
    assert verify(run, capsys, "removed", *receipts) == (2, "broken", ["missing receipt"])
    assert verify(run, capsys, "changed", *receipts) == (2, "broken", ["changed receipt"])
    assert verify(run, capsys, "forged", *receipts) == (2, "broken", ["changed receipt"])
    assert verify(run, capsys, "cut", *receipts) == (2, "broken", ["changed receipt"])
    assert verify(run, capsys, "removed") == (0, "erased", [])


def test_receipts_table_comes_from_the_outputs(erase, run, capsys, tables, tmp_path):
    erase("removed")
    tables.client.delete_item(TableName="receipts", Key={"PK": {"S": "USER#removed"}})
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"receiptsTableName": "receipts"}))

    assert verify(run, capsys, "removed", "--outputs", str(outputs)) == (2, "broken", ["missing receipt"])
    assert run("audit", "verify", *TABLES, "--outputs", str(outputs)) == 2


def test_tombstones_without_an_erasure_need_no_receipt(users, erase, run, capsys):
    assert verify(run, capsys, "u3", "--receipts-table", "receipts")[1:] == ("erased", [])
