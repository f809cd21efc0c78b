"""`userprofiles backfill rollback`: options, output, ledger and exit codes."""

import io
import json
import os
from contextlib import contextmanager
from dataclasses import replace

import pytest
from backfill_fixtures import plain_user, profile
from command_fixtures import Terminal
from kill_switch import KilledError
from review_fixtures import change, create_profiles, store_run, user, users
from userprofiles import cli
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.tables.table_shape import TableShape
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunState

PLAIN, STACK = TableShape.PLAIN, TableShape.STACK
LATER = {"S": "2026-03-01T00:00:00Z"}


def stored_runs(folder):
    """Return the records of the rollback and of the run."""
    runs = {run.kind: run for run in FileLedger(folder).list_runs()}
    return runs["rollback"], runs["backfill"]


def release_locks(ledger):
    """Release the locks of a ledger, as the end of its process does."""
    for descriptor in ledger._held.values():
        os.close(descriptor)
    ledger._held.clear()


@pytest.fixture
def ledgers(monkeypatch):
    """Collect the ledgers that the command opens."""
    opened = []

    class CollectedLedger(FileLedger):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            opened.append(self)

    monkeypatch.setattr("userprofiles.backfill.command.ledger_options.FileLedger", CollectedLedger)
    return opened


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "ledger"


@pytest.fixture
def run_in_ledger(create_table, folder):
    """Return a function that creates profiles with a run whose record is in a ledger."""

    def create(*rows, shape=PLAIN, **settings):
        table = create_table(*rows)
        store_run(folder, create_profiles(table, shape), **settings)
        return table

    return create


@pytest.fixture
def command(capsys, monkeypatch, folder):
    """Return a function that runs a command on a table in moto."""

    def run(table, *arguments, limits=COMMAND_LINE):
        monkeypatch.setattr(
            "userprofiles.backfill.command.connection.create_client",
            lambda name, **_: (table.client, table.location),
        )
        monkeypatch.setattr(
            "userprofiles.backfill.command.rollback_command.find_operator", lambda *_: "operator"
        )
        code = cli.main([*arguments, "--ledger-dir", str(folder)], limits)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def roll_back(command):
    return lambda table, *options, **settings: command(
        table, "backfill", "rollback", "run-1", *options, **settings
    )


@pytest.mark.parametrize("shape", list(TableShape))
def test_rollback_is_a_run_of_its_own_and_marks_the_run(run_in_ledger, roll_back, folder, shape):
    table = run_in_ledger(*users(shape, 4), profile("user0000"), shape=shape)
    change(table, "user0003", language={"S": "fr"}, updatedAt=LATER)

    code, out, err = roll_back(table, "--yes")

    assert (code, err) == (0, "")
    assert out == (
        "Run run-1 in table v_users_dev\n"
        "  removed                      2\n"
        "  kept                         1\n"
        "  already gone                 0\n"
        "  user0003: kept: changed since the run\n"
    )
    assert set(table.profiles()) == {"USER#user0000", "USER#user0003"}
    rollback, run = stored_runs(folder)
    assert (run.run_id, run.state) == ("run-1", RunState.ROLLED_BACK)
    assert (rollback.kind, rollback.state, rollback.started_by) == ("rollback", RunState.DONE, "operator")
    assert (rollback.table, rollback.job["ofRun"]) == (run.table, "run-1")
    assert run.message == f"Rolled back by run {rollback.run_id}."


def test_second_rollback_is_refused(run_in_ledger, roll_back):
    table = run_in_ledger(*users(PLAIN, 1))
    roll_back(table, "--yes")

    code, _, err = roll_back(table, "--yes")

    assert code == 5
    assert "Run run-1 was rolled back already, by run " in err


def test_dry_run_needs_no_confirmation_and_makes_no_record(run_in_ledger, roll_back, folder):
    table = run_in_ledger(*users(PLAIN, 3))
    digest = table.digest()

    code, out, _ = roll_back(table, "--dry-run", "--json")

    document = json.loads(out)
    assert code == 0
    assert (document["removed"], document["kept"], document["gone"]) == (3, 0, 0)
    assert (document["dryRun"], document["rollbackId"], document["complete"]) == (True, None, True)
    assert table.digest() == digest
    assert [run.state for run in FileLedger(folder).list_runs()] == [RunState.DONE]


@pytest.mark.parametrize(("answer", "code"), [("yes\n", 0), ("no\n", 5), ("", 5)])
def test_confirmation_on_a_terminal(run_in_ledger, roll_back, monkeypatch, answer, code):
    table = run_in_ledger(*users(PLAIN, 2))
    monkeypatch.setattr("sys.stdin", Terminal(io.StringIO(answer)))

    actual, _, err = roll_back(table)

    assert actual == code
    assert "Remove what run run-1 created in table v_users_dev (2 users)" in err
    assert ("Not confirmed. Nothing was removed." in err) == bool(code)
    assert len(table.profiles()) == (2 if code else 0)


def test_without_a_terminal_yes_is_required(run_in_ledger, roll_back, monkeypatch, capsys):
    table = run_in_ledger()
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(SystemExit) as error:
        roll_back(table)

    assert error.value.code == 64
    assert "without a terminal, pass --yes" in capsys.readouterr().err


def test_running_run_is_refused_with_the_command_that_stops_it(run_in_ledger, roll_back, folder):
    """F40: a rollback of a running run would race with it."""
    table = run_in_ledger(*users(PLAIN, 2))
    ledger = FileLedger(folder)
    _, lease = ledger.acquire("run-1")

    code, _, err = roll_back(table, "--yes")

    assert code == 5
    assert "Run run-1 is still running" in err
    assert f"  userprofiles runs stop run-1 --ledger-dir {folder}\n" in err
    assert len(table.profiles()) == 2
    ledger.release(lease, state=RunState.STOPPED)
    assert roll_back(table, "--yes")[0] == 0
    assert table.profiles() == {}


@pytest.mark.parametrize("shape", list(TableShape))
@pytest.mark.parametrize("command_words", [("backfill", "rollback", "run-1", "--yes"), ("runs", "resume")])
@pytest.mark.sample(4)
def test_killed_rollback_is_resumed_and_reports_what_it_kept(  # noqa: PLR0917 - fixtures are given by name
    run_in_ledger, roll_back, command, folder, ledgers, shape, command_words
):
    table = run_in_ledger(*users(shape, 6), shape=shape)
    change(table, "user0002", language={"S": "fr"}, updatedAt=LATER)
    deletes = []

    def kill(operation, parameters):
        if operation == "DeleteItem":
            deletes.append(operation)
            if len(deletes) == 3:
                raise KilledError

    table.client.hooks = [kill]
    with pytest.raises(KilledError):
        roll_back(table, "--yes")
    table.client.hooks = []
    for ledger in ledgers:
        release_locks(ledger)
    rollback, run = stored_runs(folder)
    assert run.state is RunState.ROLLED_BACK
    words = command_words if len(command_words) > 2 else (*command_words, rollback.run_id)

    code, out, err = command(table, *words, "--json")

    document = json.loads(out)
    assert code == 0
    assert f"Resuming run {rollback.run_id}." in err
    assert (document["rollbackId"], document["complete"]) == (rollback.run_id, True)
    assert document["removed"] + document["gone"] == 5
    assert [entry["userId"] for entry in document["users"]] == ["user0002"]
    assert set(table.profiles()) == {"USER#user0002"}
    assert len(list(FileLedger(folder).list_runs())) == 2


def _stop_on_item(operation, parameters, requests):
    """Request a stop with the first delete of an item; the check of the permission has no values."""
    if operation == "DeleteItem" and "ExpressionAttributeValues" in parameters:
        requests[-1]()


def test_stopped_rollback_continues_with_the_same_command(run_in_ledger, roll_back, monkeypatch, folder):
    table = run_in_ledger(*users(PLAIN, 4))
    requests = []

    @contextmanager
    def stop_on_delete(request_stop):
        requests.append(request_stop)
        yield

    monkeypatch.setattr("userprofiles.backfill.command.rollback_command.stop_on_signals", stop_on_delete)
    table.client.hooks = [lambda operation, parameters: _stop_on_item(operation, parameters, requests)]

    code, out, err = roll_back(table, "--yes", limits=replace(COMMAND_LINE, chunk_rows=1, threads=1))

    assert code == 3
    assert f"To continue it:\n  userprofiles backfill rollback run-1 --yes --ledger-dir {folder}\n" in err
    assert "  removed                      1\n" in out
    assert len(table.profiles()) == 3
    table.client.hooks = []
    code, out, _ = roll_back(table, "--yes", "--rate", "250")
    assert (code, table.profiles()) == (0, {})
    assert "  removed                      4\n" in out
    assert stored_runs(folder)[0].job["rate"] == 250


def test_interrupted_run_can_be_rolled_back(run_in_ledger, roll_back):
    table = run_in_ledger(*users(PLAIN, 2), state=RunState.FAILED)

    assert roll_back(table, "--yes")[0] == 0
    assert table.profiles() == {}


def test_profile_without_its_user_row_is_kept_and_listed(run_in_ledger, roll_back):
    table = run_in_ledger(*users(PLAIN, 2))
    row = plain_user("user0001")
    table.moto.delete_item(TableName=table.name, Key={name: row[name] for name in ("PK", "SK")})

    _, out, _ = roll_back(table, "--yes")

    assert "  kept                         1\n" in out
    assert out.endswith("  user0001: kept: its user row does not exist any more\n")


def test_profile_that_was_deleted_and_created_again_is_kept(run_in_ledger, roll_back):
    table = run_in_ledger(*users(PLAIN, 1), started_at="2026-02-04T15:59:00Z")
    again = {"S": "2099-01-01T00:00:00Z"}
    change(table, "user0000", createdAt=again, updatedAt=again)

    _, out, _ = roll_back(table, "--yes")

    assert out.endswith("  user0000: kept: its time of creation is not that of the run\n")
    assert len(table.profiles()) == 1


def test_missing_permission(run_in_ledger, roll_back, folder):
    table = run_in_ledger(*users(STACK, 1), shape=STACK)
    table.client.denied = {"DeleteItem"}

    code, _, err = roll_back(table, "--yes")

    assert code == 1
    assert "dynamodb:DeleteItem on table 'v_users_dev'" in err
    [run] = FileLedger(folder).list_runs()
    assert run.state is RunState.DONE, "the run can still be resumed, verified and rolled back"
    table.client.denied = set()
    assert roll_back(table, "--yes")[0] == 0


def test_rollback_of_a_rollback_is_refused(run_in_ledger, roll_back, command, folder):
    table = run_in_ledger(*users(PLAIN, 1))
    roll_back(table, "--yes")
    rollback, _ = stored_runs(folder)

    code, _, err = command(table, "backfill", "rollback", rollback.run_id, "--yes")

    assert code == 5
    assert "is a rollback, not a run that creates profiles" in err


def test_unknown_run_is_refused(create_table, command, tmp_path):
    (tmp_path / "ledger").mkdir()
    code, _, err = command(create_table(user(PLAIN, "a")), "backfill", "rollback", "run-7", "--yes")

    assert code == 5
    assert "run-7" in err
