"""`userprofiles restore check`: differences of a restored table, fixes, exit codes, personal data."""

import json
import os
import re
import signal
import tracemalloc

import pytest
from userprofiles import settings, template
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.limits import Limits
from userprofiles.commands import restore_command
from userprofiles.lifecycle.audit.audit_chain import check_chain
from userprofiles.lifecycle.restore.backup_inventory import BackupInventory, ItemState, RestoredAccount
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.stack_setup.stack import Stack
from userprofiles.table import audit, deletion, record
from userprofiles.table.audit import Action
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreError

POOL_ID = "us-east-1_abc"
CANARY = "canary"
RESTORED, RECEIPTS = "restored", "receipts"
OPTIONS = (
    *("--restored-table", RESTORED, "--user-pool-id", POOL_ID, "--users-table", "users"),
    *("--audit-table", "audit", "--requests-per-second", "1000"),
)
WITH_RECEIPTS = ("--receipts-table", RECEIPTS)


class ListingCognito:
    """A Cognito client with ListUsers."""

    def __init__(self, cognito):
        self._cognito = cognito
        self.pages = 0

    def list_users(self, *, UserPoolId, Limit):  # noqa: N803
        assert (UserPoolId, Limit) == (POOL_ID, 60)
        self.pages += 1
        users = self._cognito.users.values()
        return {"Users": [{**user, "Attributes": user["UserAttributes"]} for user in users]}


@pytest.fixture
def pool(cognito):
    return ListingCognito(cognito)


@pytest.fixture
def run(run, pool, tables, monkeypatch):
    """Return a function that checks the table `restored`."""
    indexes = {"list": "listPK", "status-list": "statusListPK"}
    tables._create(RESTORED, ("PK", "SK"), indexes)
    tables._create(RECEIPTS, ("PK",), {})
    clients = {"cognito-idp": pool, "dynamodb": tables.client._client}
    monkeypatch.setattr(Stack, "client", lambda _, service: clients[service])
    return lambda *arguments: run("restore", "check", *OPTIONS, *arguments)


class Users:
    """Users of a pool, of the users table, and of a table that is restored from its backup."""

    def __init__(self, cognito, tables, now):
        self.cognito = cognito
        self.tables = tables
        self.now = now
        self.current = self._store(tables.users)
        self.restored = self._store(RESTORED)

    def _store(self, table):
        return Store(self.tables.client, table, self.tables.audit, sleep=lambda _: None)

    def sign_up(self, *subs, status="CONFIRMED"):
        for sub in subs:
            values = {"sub": sub, "email": f"{CANARY}-{sub}@example.com", "email_verified": "true"}
            self.cognito.add(f"{CANARY}-{sub}", values, status)
            if status == "CONFIRMED":
                self.register(sub, self.current)

    def register(self, sub, store):
        document = template.load("marketplace")
        registrar = Registrar(store, document, settings.roles({}, document), "test")
        values = {"sub": sub, "email": f"{CANARY}-{sub}@example.com", "email_verified": "true"}
        registrar.register(CognitoUser(sub, sub, POOL_ID, values, "CONFIRMED"))

    def back_up(self):
        for item in self.tables.items():
            self.tables.put(item, RESTORED)

    def write(self, store, sub, action, **arguments):
        user = store.read(sub)
        changes = arguments.pop("changes", ())
        row = audit.create_row(
            sub, action, account=user.account, moment=self.now, **{"source": "api"} | arguments
        )
        assert store.change(user, {"account": changes}, row)

    def change(self, sub, *fields):
        fields = fields or ("profile.language",)
        self.write(self.current, sub, Action.PROFILE_UPDATED, fields=fields)

    def mark(self, sub, source="api"):
        request = deletion.DeletionRequest(record.timestamp(self.now), "2026-03-06T16:00:00Z", "user")
        changes = deletion.mark_changes(sub, self.current.read(sub).account, request)
        self.write(self.current, sub, Action.DELETION_REQUESTED, changes=changes, source=source)

    def withdraw(self, sub):
        changes = deletion.restore_changes(self.current.read(sub).account)
        self.write(self.current, sub, Action.RESTORED, changes=changes)

    def erase(self, sub, *, has_receipt=True):
        self.replace_with_tombstones(sub, self.current, self.tables.users)
        self.cognito.users.pop(f"{CANARY}-{sub}", None)
        if has_receipt:
            self.tables.put({"PK": f"USER#{sub}", "sub": sub, "state": "DONE"}, RECEIPTS)

    def replace_with_tombstones(self, sub, store, table):
        account = store.read(sub).account
        row = audit.create_row(sub, Action.ERASURE_STARTED, source="user", account=account, moment=self.now)
        self.tables.put(row, self.tables.audit)
        for item in record.tombstones(sub, row).values():
            self.tables.put(item, table)

    def check_chain(self, sub):
        rows = [row for row in self.tables.audit_rows() if row["PK"] == f"USER#{sub}"]
        return check_chain(sub, rows, self.restored.read(sub).account)


@pytest.fixture
def users(run, cognito, tables, now):
    return Users(cognito, tables, now)


@pytest.fixture
def mixed_users(users, tables):
    """Create one user of each kind."""
    users.sign_up("same", "changed", "marked", "withdrawn", "erased", "erased-2", "orphan", "erased-before")
    users.mark("withdrawn")
    users.erase("erased-before")
    users.back_up()
    users.sign_up("new", "no-profile", "new-erased", "new-erased-2")
    users.sign_up("new-unconfirmed", status="UNCONFIRMED")
    tables.put(users.current.read("no-profile").account, RESTORED)
    users.change("changed", "profile.language", "account.status")
    users.mark("marked")
    users.withdraw("withdrawn")
    users.erase("erased")
    users.erase("erased-2", has_receipt=False)
    users.erase("new-erased")
    users.erase("new-erased-2", has_receipt=False)
    del users.cognito.users[f"{CANARY}-orphan"]
    return users


DIFFERENCES = {
    ("erased", "erased", "live again"),
    ("erased-2", "erased", "live again, no receipt"),
    ("new-erased", "erased", "no tombstone"),
    ("new", "missing", "account, profile"),
    ("no-profile", "missing", "profile"),
    ("changed", "changed", "account.status, profile.language"),
    ("marked", "deletion", "2026-02-04T16:00:00.000Z"),
    ("withdrawn", "withdrawn", "2026-02-04T16:00:00.000Z"),
    ("orphan", "orphan", ""),
}


def differences(document):
    return {(user["userId"], user["difference"], user.get("detail", "")) for user in document["users"]}


@pytest.mark.usefixtures("mixed_users")
def test_each_difference_is_named(run, capsys, tables):
    before = tables.items(RESTORED), tables.audit_rows()

    code = run("--json", *WITH_RECEIPTS)

    document = json.loads(capsys.readouterr().out)
    assert code == 2
    assert differences(document) == DIFFERENCES
    assert len(document["users"]) == len(DIFFERENCES)
    assert (document["accounts"], document["poolUsers"], document["erasedUsers"]) == (8, 7, 5)
    assert document["differences"] == {
        "erased": 3, "missing": 2, "changed": 1, "deletion": 1, "withdrawn": 1, "orphan": 1,
    }  # fmt: skip
    assert document["receiptsTable"] == RECEIPTS
    assert (tables.items(RESTORED), tables.audit_rows()) == before


@pytest.mark.usefixtures("mixed_users")
def test_without_receipts_the_audit_trail_names_erased_users(run, capsys):
    assert run() == 2

    captured = capsys.readouterr()
    assert "erased     erased: erased user, live again, no receipt\n" in captured.out
    assert "Warning: no --receipts-table: erased users are read from the audit trail only.\n" in captured.err


def test_text_has_one_line_for_each_difference(run, users, capsys):
    users.sign_up("changed")
    users.back_up()
    users.change("changed")
    users.sign_up("new")

    assert run(*WITH_RECEIPTS) == 2
    assert capsys.readouterr().out == (
        "missing    new: user of the pool without account, profile\n"
        "changed    changed: changed since the backup: profile.language\n"
        "Users in the pool: 2. Accounts in the restored table: 1. Erased users: 0.\n"
        "Differences: 0 erased, 1 missing, 1 changed, 0 deletion, 0 withdrawn, 0 orphan.\n"
    )


def test_backup_of_the_same_moment_has_no_difference(run, users):
    users.sign_up("a", "b", "c")
    users.change("a")
    users.mark("b")
    users.erase("c")
    users.back_up()

    assert run(*WITH_RECEIPTS) == 0


def test_marked_account_without_a_user_is_no_orphan(run, users):
    users.sign_up("a")
    users.mark("a")
    users.back_up()
    users.cognito.users.clear()

    assert run(*WITH_RECEIPTS) == 0


def test_empty_restored_table(run, users, capsys):
    users.sign_up("a")

    assert run(*WITH_RECEIPTS) == 2
    assert "missing    a: user of the pool without account, profile\n" in capsys.readouterr().out


def test_fix_puts_requests_back_and_completes_the_chains(run, capsys, tables, mixed_users):
    assert run("--fix", "--json", *WITH_RECEIPTS) == 2

    document = json.loads(capsys.readouterr().out)
    results = {user["userId"]: user.get("result") for user in document["users"]}
    fixed_users = {sub for sub, result in results.items() if result == "fixed"}
    assert fixed_users == {"changed", "marked", "withdrawn"}
    marked = mixed_users.restored.read("marked").account
    assert deletion.find_request(marked) == deletion.DeletionRequest(
        "2026-02-04T16:00:00Z", "2026-03-06T16:00:00Z", "user"
    )
    assert marked["listPK"].startswith("LIST#DELETION#")
    withdrawn = mixed_users.restored.read("withdrawn").account
    assert deletion.find_request(withdrawn) is None
    assert withdrawn["listPK"].startswith("LIST#customer#")
    for sub in ("same", "changed", "marked", "withdrawn"):
        assert mixed_users.check_chain(sub).problems == ()
    rows = [row for row in tables.audit_rows() if row["action"] == "TABLE_RESTORED"]
    [row] = [row for row in rows if row["PK"] == "USER#changed"]
    assert (row["source"], row["fields"]) == ("operator", ["account.status", "profile.language"])
    assert len(row["requestId"]) == 32

    before = tables.items(RESTORED), tables.audit_rows()
    assert run("--fix", "--json", *WITH_RECEIPTS) == 2
    second = json.loads(capsys.readouterr().out)
    assert {user["difference"] for user in second["users"]} == {"erased", "missing", "orphan"}
    assert (tables.items(RESTORED), tables.audit_rows()) == before


def test_nothing_is_left_after_all_fixes(run, users):
    """Replayed erasures and users who were created again end in complete chains, too."""
    users.sign_up("changed", "erased")
    users.back_up()
    users.sign_up("new", "new-erased")
    users.change("changed")
    users.change("new")
    users.erase("erased")
    users.erase("new-erased")
    users.replace_with_tombstones("erased", users.restored, RESTORED)
    users.replace_with_tombstones("new-erased", users.restored, RESTORED)
    users.register("new", users.restored)

    assert run("--fix", *WITH_RECEIPTS) == 0
    assert run(*WITH_RECEIPTS) == 0
    for sub in ("changed", "erased", "new", "new-erased"):
        assert users.check_chain(sub).problems == ()


def test_request_of_an_administrator_has_no_grace_period(run, users):
    users.sign_up("a")
    users.back_up()
    users.mark("a", source="admin:b")

    assert run("--fix", *WITH_RECEIPTS) == 0
    assert deletion.find_request(users.restored.read("a").account) == deletion.DeletionRequest(
        "2026-02-04T16:00:00Z", "2026-02-04T16:00:00Z", "admin:b"
    )


def test_grace_days(run, users):
    users.sign_up("a")
    users.back_up()
    users.mark("a")

    assert run("--fix", "--grace-days", "1", *WITH_RECEIPTS) == 0
    assert deletion.find_request(users.restored.read("a").account).erase_at == "2026-02-05T16:00:00Z"


def test_account_of_before_the_first_write_is_fixed(run, users, tables):
    users.sign_up("a")
    for row in tables.audit_rows():
        tables.client.delete_item(TableName="audit", Key={key: {"S": row[key]} for key in ("PK", "SK")})
    account = users.current.read("a").account
    tables.put({name: value for name, value in account.items() if name not in ("auditHead", "version")})
    users.back_up()
    users.change("a")

    assert run("--fix", *WITH_RECEIPTS) == 0
    assert run(*WITH_RECEIPTS) == 0
    assert users.check_chain("a").problems == ()


def test_tombstone_without_a_head_has_no_difference(run, users, tables):
    users.sign_up("a")
    tables.erase()
    users.back_up()

    assert run(*WITH_RECEIPTS) == 0


@pytest.mark.usefixtures("mixed_users")
def test_no_output_and_no_row_has_a_value_of_a_user(run, capsys, tmp_path, tables, caplog):
    report = tmp_path / "report.json"

    run(*WITH_RECEIPTS)
    run("--fix", "--report", str(report), *WITH_RECEIPTS)

    captured = capsys.readouterr()
    text = captured.out + captured.err + report.read_text() + caplog.text + json.dumps(tables.audit_rows())
    assert "changed since the backup" in text
    assert CANARY not in text.lower()
    assert "@" not in text


@pytest.mark.usefixtures("mixed_users")
def test_report_is_the_same_document_as_the_output(run, capsys, tmp_path):
    report = tmp_path / "report.json"

    run("--json", "--report", str(report), *WITH_RECEIPTS)

    assert json.loads(report.read_text()) == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--restored-table", "audit"], "--restored-table 'audit' is another table of the stack"),
        (["--restored-table", RECEIPTS], f"table '{RECEIPTS}' has the keys PK, not PK and SK"),
        (["--restored-table", "idempotency"], "table 'idempotency' has the keys id, not PK and SK"),
        (["--restored-table", "none"], "table 'none' doesn't exist"),
        (["--restored-table", "other"], "The table 'other' is not a users table: none of its 1 rows"),
    ],
)
def test_other_table_is_refused(run, tables, capsys, arguments, message):
    tables._create("other", ("PK", "SK"), {})
    tables.put({"PK": "ORDER#1", "SK": "ORDER"}, "other")

    assert run(*arguments) == 5
    assert message in capsys.readouterr().err


def test_table_that_is_still_restored_is_refused(run, tables, monkeypatch, capsys):
    describe = tables.client._client.describe_table

    def describe_table(**parameters):
        response = describe(**parameters)
        response["Table"]["TableStatus"] = "CREATING"
        return response

    monkeypatch.setattr(tables.client._client, "describe_table", describe_table)

    assert run() == 5
    assert (
        "has the status CREATING.\nPass the restored users table. It must be ACTIVE"
        in capsys.readouterr().err
    )


def test_table_that_may_not_be_described(run, tables, monkeypatch, capsys, aws_error):
    def describe_table(**_):
        raise aws_error("AccessDeniedException")

    monkeypatch.setattr(tables.client._client, "describe_table", describe_table)

    assert run() == 1
    assert "your credentials may not call dynamodb:DescribeTable" in capsys.readouterr().err


def test_users_table_and_missing_index_are_warnings(run, users, tables, capsys):
    users.sign_up("a")

    assert run("--restored-table", "users", *WITH_RECEIPTS) == 0
    assert "Warning: table 'users' is also the users table of the stack.\n" in capsys.readouterr().err

    tables._create("bare", ("PK", "SK"), {})
    assert run("--restored-table", "bare", *WITH_RECEIPTS) == 2
    assert "Warning: table 'bare': the index 'list' is missing." in capsys.readouterr().err


@pytest.fixture
def changed_users(users):
    """Create three users who were changed after the backup."""
    users.sign_up("a", "b", "c")
    users.back_up()
    for sub in ("a", "b", "c"):
        users.change(sub)
    return users


@pytest.mark.usefixtures("changed_users")
def test_failing_user_does_not_stop_the_others(run, monkeypatch, capsys):
    write = Store.write

    def fail_for_one(self, actions, row):
        if row["PK"] == "USER#b":
            raise StoreError("AccessDeniedException")
        return write(self, actions, row)

    monkeypatch.setattr(Store, "write", fail_for_one)

    assert run("--fix", *WITH_RECEIPTS) == 2
    out = capsys.readouterr().out
    assert "b: changed since the backup: profile.language (failed: AccessDeniedException)\n" in out
    assert out.endswith("Results: 2 fixed, 1 failed.\n")


def test_many_failures_in_a_row_end_the_run(run, users, monkeypatch, capsys):
    subs = [f"u{number}" for number in range(21)]
    users.sign_up(*subs)
    users.back_up()
    for sub in subs:
        users.change(sub)

    def fail(*_):
        raise StoreError("AccessDeniedException")

    monkeypatch.setattr(Store, "write", fail)

    assert run("--fix", *WITH_RECEIPTS) == 1
    assert "20 users in a row could not be fixed" in capsys.readouterr().err


def test_account_that_changes_at_the_same_time_is_not_fixed(run, changed_users, monkeypatch, capsys):
    read = Store.read

    def read_and_change(self, sub):
        items = read(self, sub)
        monkeypatch.setattr(Store, "read", read)
        changed_users.write(changed_users.restored, sub, Action.PROFILE_UPDATED)
        return items

    monkeypatch.setattr(Store, "read", read_and_change)

    assert run("--fix", *WITH_RECEIPTS) == 2
    assert capsys.readouterr().out.count("(failed: changed at the same time)") == 1
    assert run("--fix", *WITH_RECEIPTS) == 0


@pytest.mark.usefixtures("mixed_users")
def test_ctrl_c_during_the_comparison_changes_nothing(run, pool, tables, capsys, monkeypatch):
    before = tables.items(RESTORED)
    list_users = pool.list_users

    def list_and_interrupt(**parameters):
        os.kill(os.getpid(), signal.SIGINT)
        return list_users(**parameters)

    monkeypatch.setattr(pool, "list_users", list_and_interrupt)

    assert run("--fix", *WITH_RECEIPTS) == 3
    assert "Stopped. Nothing was changed. Run the command again." in capsys.readouterr().err
    assert tables.items(RESTORED) == before


@pytest.mark.usefixtures("changed_users")
def test_ctrl_c_during_the_fix_keeps_complete_users(run, monkeypatch, capsys):
    write = Store.write

    def write_and_interrupt(self, actions, row):
        os.kill(os.getpid(), signal.SIGINT)
        return write(self, actions, row)

    monkeypatch.setattr(Store, "write", write_and_interrupt)

    assert run("--fix", *WITH_RECEIPTS) == 3
    captured = capsys.readouterr()
    assert "Stopped. The changes so far are complete. Run the command again." in captured.err
    assert captured.out.count("(fixed)") == 1

    monkeypatch.setattr(Store, "write", write)
    assert [run("--fix", *WITH_RECEIPTS), run(*WITH_RECEIPTS)] == [0, 0]


@pytest.mark.usefixtures("mixed_users")
def test_progress_has_no_user(capsys):
    parser = CommandParser()
    restore_command.add_parsers(parser.add_subparsers())
    values = parser.parse_args(["restore", "check", *OPTIONS, *WITH_RECEIPTS])

    code = restore_command.run_check(parser, values, Limits(line_every_s=0, page_rows=4))

    lines = capsys.readouterr().err.splitlines()
    assert code == 2
    texts = [re.sub(r"[0-9,.:]+", "N", line) for line in lines]
    assert "N of about N rowsN N rows/sN ETA N reading the audit trail" in texts
    assert "N usersN N users/sN reading the pool" in texts
    for text in ("reading the restored table", "reading the receipts", "comparing changed accounts"):
        assert any(line.endswith(text) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--requests-per-second", "0"], "--requests-per-second must be above 0 and at most 1,000, got 0"),
        (["--grace-days", "366"], "--grace-days must be from 0 to 365, got 366"),
        (["--grace-days", "-1"], "--grace-days must be from 0 to 365, got -1"),
        (["--report", "/"], "--report /: must be a file in a directory"),
        (["--audit-table", ""], "required: --audit-table, or --outputs"),
        (["--delete"], "unrecognized arguments: --delete"),
    ],
)
def test_wrong_usage(run, capsys, arguments, problem):
    with pytest.raises(SystemExit) as error:
        run(*arguments)

    assert error.value.code == 64
    assert problem in capsys.readouterr().err


@pytest.mark.long
def test_memory_does_not_grow_with_the_number_of_users():
    tracemalloc.start()
    with BackupInventory() as inventory:
        for number in range(20_000):
            sub = f"sub-{number}"
            inventory.add_account(RestoredAccount(sub, ItemState.LIVE, "hash", 1, is_marked=False))
            inventory.count_audit_row(sub)
        inventory.add_pool_users((f"sub-{number}", True) for number in range(10_000, 30_000))
        inventory.add_differences_of_users()
        assert sum(1 for _ in inventory.differences()) == 30_000
        assert list(inventory.accounts_with_other_rows()) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 200_000
