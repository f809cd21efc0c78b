"""`userprofiles reconcile`: differences, fixes, the guard against a wrong pool, exit codes, personal data."""

import json
import os
import re
import signal

import pytest
from userprofiles import settings, template
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.limits import Limits
from userprofiles.commands import reconcile_command
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import audit
from userprofiles.table.store_errors import StoreError

POOL_ID = "us-east-1_abc"
CANARY = "canary"
OPTIONS = ("--user-pool-id", POOL_ID, "--users-table", "users", "--audit-table", "audit")
FAST = ("--requests-per-second", "1000")
TRIGGER = "arn:aws:lambda:us-east-1:000000000000:function:post-confirmation:live"


class ListingCognito:
    """The fake Cognito of all tests, with ListUsers in pages of two users."""

    def __init__(self, cognito):
        self._cognito = cognito
        self.errors = []
        self.pages = 0

    def __getattr__(self, name):
        return getattr(self._cognito, name)

    def describe_user_pool(self, *, UserPoolId):  # noqa: N803
        assert UserPoolId == POOL_ID
        return {"UserPool": {"LambdaConfig": {"PostConfirmation": TRIGGER}, "EstimatedNumberOfUsers": 5}}

    def list_users(self, *, UserPoolId, Limit, PaginationToken="0"):  # noqa: N803
        assert (UserPoolId, Limit) == (POOL_ID, 60)
        if self.errors:
            raise self.errors.pop()
        self.pages += 1
        start = int(PaginationToken)
        users = list(self._cognito.users.values())
        page = [{**user, "Attributes": user["UserAttributes"]} for user in users[start : start + 2]]
        token = {"PaginationToken": str(start + 2)} if start + 2 < len(users) else {}
        return {"Users": page, **token}


class FunctionConfiguration:
    """A client of Lambda with the post-confirmation function."""

    def __init__(self):
        self.variables = {"USERS_TABLE": "users", "AUDIT_TABLE": "audit", "TEMPLATE": "marketplace"}

    def get_function_configuration(self, *, FunctionName, Qualifier):  # noqa: N803
        assert (FunctionName, Qualifier) == ("post-confirmation", "live")
        return {
            "Handler": "userprofiles.handlers.post_confirmation.handler",
            "Environment": {"Variables": self.variables},
        }


@pytest.fixture
def pool(cognito):
    return ListingCognito(cognito)


@pytest.fixture
def function():
    return FunctionConfiguration()


@pytest.fixture
def run(run, pool, function, tables, monkeypatch):
    """Return a function that reconciles the fake pool with the tables."""
    clients = {"cognito-idp": pool, "lambda": function, "dynamodb": tables.client._client}
    monkeypatch.setattr(Stack, "client", lambda _, service: clients[service])
    return lambda *arguments: run("reconcile", *OPTIONS, *FAST, *arguments)


@pytest.fixture
def add_user(pool, store):
    """Return a function that adds a user to the pool, and registers the user."""

    def add(sub, *, status="CONFIRMED", enabled=True, is_registered=True, **attributes):
        values = {"sub": sub, "email": f"{CANARY}-{sub}@example.com", "email_verified": "true", **attributes}
        pool.add(f"{CANARY}-{sub}", values, status, enabled)
        if is_registered:
            document = template.load("marketplace")
            registrar = Registrar(store, document, settings.roles({}, document), "test")
            registrar.register(CognitoUser(sub, sub, POOL_ID, values, status))
        return sub

    return add


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
}


def differences(document):
    return {(user["userId"], user["difference"], user.get("detail", "")) for user in document["users"]}


@pytest.mark.usefixtures("mixed_users")
def test_each_difference_is_named(run, capsys, tables):
    before = tables.items(), tables.audit_rows()

    code = run("--json")

    document = json.loads(capsys.readouterr().out)
    assert code == 2
    assert differences(document) == DIFFERENCES
    assert len(document["users"]) == len(DIFFERENCES)
    assert (document["poolUsers"], document["usersWithoutProfile"], document["accounts"]) == (10, 2, 6)
    assert document["differences"] == {
        "missing": 3, "contact": 1, "erased": 1, "orphan": 1, "duplicate": 1,
    }  # fmt: skip
    assert (tables.items(), tables.audit_rows()) == before


def test_equal_pool_and_table(add_user, run, capsys, pool):
    for number in range(5):
        add_user(f"u{number}")

    assert run() == 0
    assert capsys.readouterr().out == (
        "Users in the pool: 5, of them disabled or not confirmed: 0. Accounts: 5.\n"
        "Differences: 0 missing, 0 contact, 0 erased, 0 orphan, 0 duplicate.\n"
    )
    assert pool.pages == 3


@pytest.mark.usefixtures("mixed_users")
def test_fix_creates_and_updates_and_a_second_fix_does_nothing(run, capsys, tables):
    assert run("--fix", "--json", "--max-removals", "50") == 2

    document = json.loads(capsys.readouterr().out)
    results = {user["userId"]: user.get("result") for user in document["users"]}
    assert results == {
        "missing": "created",
        "no-profile": "created",
        "no-account": "created",
        "contact": "updated",
        "twin-2": None,
        "erased": None,
        "orphan": None,
    }
    items = {(item["PK"], item["SK"]): item for item in tables.items()}
    assert items["USER#contact", "ACCOUNT#MAIN"]["email"] == f"{CANARY}-new@example.com"
    assert items["USER#missing", "ACCOUNT#MAIN"]["role"] == "vendor"
    assert "USER#unconfirmed" not in {item["PK"] for item in tables.items()}
    assert "USER#disabled" not in {item["PK"] for item in tables.items()}
    assert items["USER#erased", "ACCOUNT#MAIN"].keys() == {"PK", "SK", "entityType"}
    assert items["USER#orphan", "ACCOUNT#MAIN"]["entityType"] == "USER_ACCOUNT"
    rows = [row for row in tables.audit_rows() if row["source"] == "reconciler"]
    assert sorted((row["PK"], row["action"]) for row in rows) == [
        ("USER#contact", "CONTACT_UPDATED"),
        ("USER#missing", "REGISTERED"),
        ("USER#no-account", "REPAIRED"),
        ("USER#no-profile", "REPAIRED"),
    ]
    [run_id] = {row["requestId"] for row in rows}
    assert run_id
    contact_rows = [row for row in tables.audit_rows() if row["PK"] == "USER#contact"]
    assert audit.verify(contact_rows, items["USER#contact", "ACCOUNT#MAIN"]["auditHead"]) == 2

    before = tables.items(), tables.audit_rows()
    assert run("--fix", "--json", "--max-removals", "50") == 2
    second = json.loads(capsys.readouterr().out)
    assert {user["difference"] for user in second["users"]} == {"erased", "orphan", "duplicate"}
    assert (tables.items(), tables.audit_rows()) == before


def test_exit_code_is_0_if_everything_is_fixed(add_user, run):
    add_user("u1")
    add_user("u2", is_registered=False)

    assert [run("--fix"), run("--fix")] == [0, 0]


def test_repaired_profile_is_created_with_current_contact_data(add_user, run, pool, tables, capsys):
    """One run fixes both, so that a second run has nothing to do."""
    add_user("u1")
    delete_item(tables, "u1", "PROFILE#MAIN")
    change_in_cognito(pool, "u1", email=f"{CANARY}-new@example.com")

    assert run("--fix") == 0
    assert run() == 0


def test_role_outside_the_allow_list_of_the_stack_becomes_the_default(add_user, run, function, tables):
    function.variables["SIGN_UP_ROLES"] = "customer"
    add_user("u1", is_registered=False, **{"custom:role": "vendor"})

    assert run("--fix") == 0
    assert tables.items()[0]["role"] == "customer"


def test_wrong_pool_changes_nothing(add_user, run, pool, tables, capsys):
    """The trigger names the right tables, but the pool has other users."""
    for number in range(4):
        add_user(f"u{number}")
    pool.users.clear()
    add_user("other", is_registered=False)
    before = tables.items(), tables.audit_rows()

    assert run("--fix") == 5

    captured = capsys.readouterr()
    assert "Nothing was changed: 4 of 4 accounts have no user in the pool us-east-1_abc" in captured.err
    assert "orphan     u0: account without a user in the pool\n" in captured.out
    assert (tables.items(), tables.audit_rows()) == before


def test_largest_share_of_orphans(add_user, run, pool, tables):
    for number in range(4):
        add_user(f"u{number}")
    del pool.users[f"{CANARY}-u0"]
    add_user("new", is_registered=False)

    assert run("--fix", "--max-removals", "24.9") == 5
    assert "USER#new" not in {item["PK"] for item in tables.items()}
    assert run("--fix", "--max-removals", "25") == 2
    assert "USER#new" in {item["PK"] for item in tables.items()}


def test_pool_of_other_tables_is_refused(add_user, run, function, tables, capsys):
    add_user("u1", is_registered=False)
    function.variables["USERS_TABLE"] = "other"

    assert run("--fix") == 5
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
def test_other_template_is_refused(run, function, capsys, names, message):
    function.variables["TEMPLATE"], *options = names

    assert run(*options) == 5
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("mixed_users")
def test_no_output_and_no_row_has_a_value_of_a_user(run, capsys, tmp_path, tables, caplog):
    report = tmp_path / "report.json"

    run()
    run("--json")
    run("--fix", "--report", str(report), "--max-removals", "50")

    captured = capsys.readouterr()
    text = captured.out + captured.err + report.read_text() + caplog.text + json.dumps(tables.audit_rows())
    assert "contact" in text
    assert CANARY not in text.lower()
    assert "@" not in text


@pytest.mark.usefixtures("mixed_users")
def test_report_is_the_same_document_as_the_output(run, capsys, tmp_path):
    report = tmp_path / "report.json"

    run("--json", "--report", str(report))

    assert json.loads(report.read_text()) == json.loads(capsys.readouterr().out)


def test_throttled_list_is_repeated(add_user, run, pool, aws_error):
    add_user("u1")
    pool.errors = [aws_error("TooManyRequestsException"), aws_error("InternalErrorException")]

    assert run() == 0


def test_pool_that_cannot_be_read_is_reported_without_a_value(add_user, run, pool, aws_error, capsys):
    add_user("u1")
    pool.errors = [aws_error("NotAuthorizedException")]

    assert run() == 1
    error = capsys.readouterr().err
    assert "The user pool us-east-1_abc can't be read: NotAuthorizedException." in error
    assert "CANARY" not in error


def test_failing_user_does_not_stop_the_others(add_user, run, monkeypatch, capsys):
    register = Registrar.register

    def fail_for_one(self, user):
        if user.sub == "u1":
            raise StoreError("AccessDeniedException")
        return register(self, user)

    monkeypatch.setattr(Registrar, "register", fail_for_one)
    for sub in ("u0", "u1", "u2"):
        add_user(sub, is_registered=False)

    assert run("--fix") == 2
    out = capsys.readouterr().out
    assert "u1: user without account, profile (failed: AccessDeniedException)\n" in out
    assert out.endswith("Results: 2 created, 0 updated, 0 unnecessary, 1 failed.\n")


def test_many_failures_in_a_row_end_the_run(add_user, run, monkeypatch, capsys):
    def fail(*_):
        raise StoreError("AccessDeniedException")

    monkeypatch.setattr(Registrar, "register", fail)
    for number in range(21):
        add_user(f"u{number}", is_registered=False)

    assert run("--fix") == 1
    assert "20 users in a row could not be fixed" in capsys.readouterr().err


@pytest.mark.usefixtures("mixed_users")
def test_ctrl_c_during_the_comparison_changes_nothing(run, pool, tables, capsys, monkeypatch):
    before = tables.items()
    list_users = pool.list_users

    def list_and_interrupt(**parameters):
        if pool.pages == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return list_users(**parameters)

    monkeypatch.setattr(pool, "list_users", list_and_interrupt, raising=False)

    assert run("--fix", "--max-removals", "50") == 3
    assert "Stopped. Nothing was changed. Run the command again." in capsys.readouterr().err
    assert tables.items() == before


def test_ctrl_c_during_the_fix_keeps_complete_users_and_a_rerun_ends_it(
    add_user, run, tables, capsys, monkeypatch
):
    for number in range(5):
        add_user(f"u{number}", is_registered=False)
    register = Registrar.register

    def register_and_interrupt(self, user):
        if user.sub == "u1":
            os.kill(os.getpid(), signal.SIGINT)
        return register(self, user)

    monkeypatch.setattr(Registrar, "register", register_and_interrupt)

    assert run("--fix") == 3
    captured = capsys.readouterr()
    assert "Stopped. The changes so far are complete." in captured.err
    assert captured.out.count("(created)") == 2
    assert len(tables.items()) == 4

    monkeypatch.setattr(Registrar, "register", register)
    assert [run("--fix"), run()] == [0, 0]
    assert len(tables.items()) == 10


def test_progress_has_no_user(add_user, run, pool, tables, capsys):
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
    ],
)
def test_wrong_usage(run, capsys, arguments, problem):
    with pytest.raises(SystemExit) as error:
        run(*arguments)

    assert error.value.code == 64
    assert problem in capsys.readouterr().err
