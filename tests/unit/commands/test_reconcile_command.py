"""`userprofiles reconcile`: differences, fixes, the guard against a wrong pool, exit codes, personal data."""

import json
import os
import re
import signal

import pytest
from reconcile_fixtures import CANARY, FAST, OPTIONS
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.limits import Limits
from userprofiles.commands import reconcile_command
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit
from userprofiles.table.store_errors import StoreError


def change_in_cognito(pool, sub, **attributes):
    user = pool.users[f"{CANARY}-{sub}"]
    values = {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]} | attributes
    user["UserAttributes"] = [{"Name": name, "Value": value} for name, value in values.items()]


def delete_item(tables, sub, sort_key):
    tables.delete({"PK": f"USER#{sub}", "SK": sort_key})


@pytest.fixture
def mixed_users(add_user, pool, tables):
    """Create one user of each kind."""
    add_user("same")
    add_user("unconfirmed", status="UNCONFIRMED", is_registered=False)
    add_user("disabled", enabled=False, is_registered=False)
    add_user("missing", is_registered=False, **{"custom:role": "vendor"})
    add_user("no-profile")
    delete_item(tables, "no-profile", "PROFILE#MAIN")
    add_user("no-account")
    delete_item(tables, "no-account", "ACCOUNT#MAIN")
    add_user("contact")
    change_in_cognito(pool, "contact", email=f"{CANARY}-new@example.com")
    add_user("twin-1", email=f"{CANARY}-twin@example.com")
    add_user("twin-2", email=f"{CANARY}-TWIN@example.com")
    add_user("erased")
    for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
        tables.put({"PK": "USER#erased", "SK": sort_key, "entityType": "TOMBSTONE"})
    add_user("orphan")
    del pool.users[f"{CANARY}-orphan"]


DIFFERENCES = {
    ("missing", "missing", "account, profile"),
    ("no-profile", "missing", "profile"),
    ("no-account", "missing", "account"),
    ("contact", "contact", "account.email"),
    ("twin-2", "duplicate", "twin-1"),
    ("erased", "erased", ""),
    ("orphan", "orphan", ""),
    ("unconfirmed", "unconfirmed", "since 2026-01-01"),
}


def differences(document):
    return {(user["userId"], user["difference"], user.get("detail", "")) for user in document["users"]}


@pytest.mark.usefixtures("mixed_users")
def test_each_difference_is_named(reconcile, capsys, tables):
    before = tables.items(), tables.audit_rows()

    code = reconcile("--json")

    document = json.loads(capsys.readouterr().out)
    assert code == 2
    assert differences(document) == DIFFERENCES
    assert len(document["users"]) == len(DIFFERENCES)
    assert (document["poolUsers"], document["usersWithoutProfile"], document["accounts"]) == (10, 2, 6)
    assert document["differences"] == {
        "missing": 3, "contact": 1, "erased": 1, "orphan": 1, "duplicate": 1, "unconfirmed": 1,
    }  # fmt: skip
    assert (tables.items(), tables.audit_rows()) == before


def test_equal_pool_and_table(add_user, reconcile, capsys, pool):
    for number in range(5):
        add_user(f"u{number}")

    assert reconcile() == 0
    assert capsys.readouterr().out == (
        "Users in the pool: 5, of them disabled or not confirmed: 0. Accounts: 5, others pending "
        "deletion: 0.\n"
        "Differences: 0 missing, 0 contact, 0 erased, 0 orphan, 0 duplicate, 0 unconfirmed.\n"
    )
    assert pool.pages == 3


@pytest.mark.usefixtures("mixed_users")
def test_fix_creates_and_updates_and_a_second_fix_does_nothing(reconcile, capsys, tables, pool):
    assert reconcile("--fix", "--json", "--max-removals", "50") == 2

    document = json.loads(capsys.readouterr().out)
    results = {user["userId"]: user.get("result") for user in document["users"]}
    assert results == {
        "missing": "created",
        "no-profile": "created",
        "no-account": "created",
        "contact": "updated",
        "twin-2": None,
        "erased": None,
        "orphan": "marked",
        "unconfirmed": "removed",
    }
    items = {(item["PK"], item["SK"]): item for item in tables.items()}
    assert items["USER#contact", "ACCOUNT#MAIN"]["email"] == f"{CANARY}-new@example.com"
    assert items["USER#missing", "ACCOUNT#MAIN"]["role"] == "vendor"
    assert "USER#unconfirmed" not in {item["PK"] for item in tables.items()}
    assert "USER#disabled" not in {item["PK"] for item in tables.items()}
    assert items["USER#erased", "ACCOUNT#MAIN"].keys() == {"PK", "SK", "entityType"}
    assert items["USER#orphan", "ACCOUNT#MAIN"]["entityType"] == "USER_ACCOUNT"
    assert f"{CANARY}-unconfirmed" not in pool.users
    rows = [row for row in tables.audit_rows() if row["source"] == "reconciler"]
    assert sorted((row["PK"], row["action"]) for row in rows) == [
        ("USER#contact", "CONTACT_UPDATED"),
        ("USER#missing", "REGISTERED"),
        ("USER#no-account", "REPAIRED"),
        ("USER#no-profile", "REPAIRED"),
        ("USER#orphan", "DELETION_REQUESTED"),
    ]
    [run_id] = {row["requestId"] for row in rows}
    assert run_id
    contact_rows = [row for row in tables.audit_rows() if row["PK"] == "USER#contact"]
    assert audit.verify(contact_rows, items["USER#contact", "ACCOUNT#MAIN"]["auditHead"]) == 2

    before = tables.items(), tables.audit_rows()
    assert reconcile("--fix", "--json", "--max-removals", "50") == 2
    second = json.loads(capsys.readouterr().out)
    assert {user["difference"] for user in second["users"]} == {"erased", "duplicate"}
    assert second["pendingDeletion"] == 1
    assert (tables.items(), tables.audit_rows()) == before


def test_exit_code_is_0_if_everything_is_fixed(add_user, reconcile):
    add_user("u1")
    add_user("u2", is_registered=False)

    assert [reconcile("--fix"), reconcile("--fix")] == [0, 0]


def test_repaired_profile_is_created_with_current_contact_data(add_user, reconcile, pool, tables, capsys):
    """One run fixes both, so that a second run has nothing to do."""
    add_user("u1")
    delete_item(tables, "u1", "PROFILE#MAIN")
    change_in_cognito(pool, "u1", email=f"{CANARY}-new@example.com")

    assert reconcile("--fix") == 0
    assert reconcile() == 0


def test_role_outside_the_allow_list_of_the_stack_becomes_the_default(add_user, reconcile, function, tables):
    function.variables["SIGN_UP_ROLES"] = "customer"
    add_user("u1", is_registered=False, **{"custom:role": "vendor"})

    assert reconcile("--fix") == 0
    assert tables.items()[0]["role"] == "customer"


def test_wrong_pool_changes_nothing(add_user, reconcile, pool, tables, capsys):
    """The trigger names the right tables, but the pool has other users."""
    for number in range(4):
        add_user(f"u{number}")
    pool.users.clear()
    add_user("other", is_registered=False)
    before = tables.items(), tables.audit_rows()

    assert reconcile("--fix") == 5

    captured = capsys.readouterr()
    assert "Nothing was changed: 4 of 4 accounts have no user in the pool us-east-1_abc" in captured.err
    assert "orphan       u0: account without a user in the pool\n" in captured.out
    assert (tables.items(), tables.audit_rows()) == before


def test_largest_share_of_orphans(add_user, reconcile, pool, tables):
    for number in range(4):
        add_user(f"u{number}")
    del pool.users[f"{CANARY}-u0"]
    add_user("new", is_registered=False)

    assert reconcile("--fix", "--max-removals", "24.9") == 5
    assert "USER#new" not in {item["PK"] for item in tables.items()}
    assert reconcile("--fix", "--max-removals", "25") == 0
    assert "USER#new" in {item["PK"] for item in tables.items()}


def test_pool_of_other_tables_is_refused(add_user, reconcile, function, tables, capsys):
    add_user("u1", is_registered=False)
    function.variables["USERS_TABLE"] = "other"

    assert reconcile("--fix") == 5
    assert "USERS_TABLE of post-confirmation is 'other', not 'users'" in capsys.readouterr().err
    assert tables.items() == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("hiking-club",), "The stack uses a template of its own, 'hiking-club'. Pass its file"),
        (("marketplace", "--template", "basic"), "The stack uses the template 'marketplace', not 'basic'"),
        (("marketplace", "--template", "none"), "Template 'none' doesn't exist"),
    ],
)
def test_other_template_is_refused(reconcile, function, capsys, names, message):
    function.variables["TEMPLATE"], *options = names

    assert reconcile(*options) == 5
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("mixed_users")
def test_no_output_and_no_row_has_a_value_of_a_user(reconcile, capsys, tmp_path, tables, caplog):
    report = tmp_path / "report.json"

    reconcile()
    reconcile("--json")
    reconcile("--fix", "--report", str(report), "--max-removals", "50")

    captured = capsys.readouterr()
    text = captured.out + captured.err + report.read_text() + caplog.text + json.dumps(tables.audit_rows())
    assert "contact" in text
    assert CANARY not in text.lower()
    assert "@" not in text


@pytest.mark.usefixtures("mixed_users")
def test_report_is_the_same_document_as_the_output(reconcile, capsys, tmp_path):
    report = tmp_path / "report.json"

    reconcile("--json", "--report", str(report))

    assert json.loads(report.read_text()) == json.loads(capsys.readouterr().out)


def test_throttled_list_is_repeated(add_user, reconcile, pool, aws_error):
    add_user("u1")
    pool.errors = [aws_error("TooManyRequestsException"), aws_error("InternalErrorException")]

    assert reconcile() == 0


def test_pool_that_cannot_be_read_is_reported_without_a_value(add_user, reconcile, pool, aws_error, capsys):
    add_user("u1")
    pool.errors = [aws_error("NotAuthorizedException")]

    assert reconcile() == 1
    error = capsys.readouterr().err
    assert "The user pool us-east-1_abc can't be read or changed: NotAuthorizedException." in error
    assert "the permission cognito-idp:Operation.\n" in error  # the operation of the simulated error
    assert "CANARY" not in error


def test_failing_user_does_not_stop_the_others(add_user, reconcile, monkeypatch, capsys):
    register = Registrar.register

    def fail_for_one(self, user):
        if user.sub == "u1":
            raise StoreError("AccessDeniedException")
        return register(self, user)

    monkeypatch.setattr(Registrar, "register", fail_for_one)
    for sub in ("u0", "u1", "u2"):
        add_user(sub, is_registered=False)

    assert reconcile("--fix") == 2
    out = capsys.readouterr().out
    assert "u1: user without account, profile (failed: AccessDeniedException)\n" in out
    assert out.endswith("Results: 2 created, 0 updated, 0 marked, 0 removed, 0 unnecessary, 1 failed.\n")


def test_many_failures_in_a_row_end_the_run(add_user, reconcile, monkeypatch, capsys):
    def fail(*_):
        raise StoreError("AccessDeniedException")

    monkeypatch.setattr(Registrar, "register", fail)
    for number in range(21):
        add_user(f"u{number}", is_registered=False)

    assert reconcile("--fix") == 1
    assert "20 users in a row could not be fixed" in capsys.readouterr().err


@pytest.mark.usefixtures("mixed_users")
def test_ctrl_c_during_the_comparison_changes_nothing(reconcile, pool, tables, capsys, monkeypatch):
    before = tables.items()
    list_users = pool.list_users

    def list_and_interrupt(**parameters):
        if pool.pages == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return list_users(**parameters)

    monkeypatch.setattr(pool, "list_users", list_and_interrupt, raising=False)

    assert reconcile("--fix", "--max-removals", "50") == 3
    assert "Stopped. Nothing was changed. Run the command again." in capsys.readouterr().err
    assert tables.items() == before


def test_ctrl_c_during_the_fix_keeps_complete_users_and_a_rerun_ends_it(
    add_user, reconcile, tables, capsys, monkeypatch
):
    for number in range(5):
        add_user(f"u{number}", is_registered=False)
    register = Registrar.register

    def register_and_interrupt(self, user):
        if user.sub == "u1":
            os.kill(os.getpid(), signal.SIGINT)
        return register(self, user)

    monkeypatch.setattr(Registrar, "register", register_and_interrupt)

    assert reconcile("--fix") == 3
    captured = capsys.readouterr()
    assert "Stopped. The changes so far are complete." in captured.err
    assert captured.out.count("(created)") == 2
    assert len(tables.items()) == 4

    monkeypatch.setattr(Registrar, "register", register)
    assert [reconcile("--fix"), reconcile()] == [0, 0]
    assert len(tables.items()) == 10


def test_progress_has_no_user(add_user, reconcile, pool, tables, capsys):
    for number in range(5):
        add_user(f"u{number}")
    parser = CommandParser()
    reconcile_command.add_parser(parser.add_subparsers())
    values = parser.parse_args(["reconcile", *OPTIONS, *FAST])

    code = reconcile_command.run_parsed(parser, values, Limits(line_every_s=0, page_rows=4))

    error = capsys.readouterr().err
    assert code == 0
    assert re.search(r"^2 of about 5 users, .* users/s, ETA 0:00:0\d, reading the pool$", error, re.MULTILINE)
    assert "reading the table" in error


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--max-removals", "101"], "--max-removals must be from 0 to 100, got 101"),
        (["--max-removals", "nan"], "--max-removals must be from 0 to 100, got nan"),
        (["--requests-per-second", "0"], "--requests-per-second must be above 0 and at most 1,000, got 0"),
        (["--report", "/"], "--report /: must be a file in a directory"),
        (["--users-table", ""], "required: --users-table, or --outputs"),
        (["--delete"], "unrecognized arguments: --delete"),
        (["--grace-days", "-1"], "--grace-days must be from 0 to 365, got -1"),
        (["--unconfirmed-days", "366"], "--unconfirmed-days must be from 0 to 365, got 366"),
        (["--last", "--fix"], "--last can't be used with --fix or --report"),
        (["--last"], "required: --state-table, or --outputs"),
    ],
)
def test_wrong_usage(reconcile, capsys, arguments, problem):
    with pytest.raises(SystemExit) as error:
        reconcile(*arguments)

    assert error.value.code == 64
    assert problem in capsys.readouterr().err
