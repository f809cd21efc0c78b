"""The scheduled reconciliation: what it changes and reports, and that it can be stopped at any call."""

import dataclasses
import io
import json
import tracemalloc
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from fake_pool import POOL_ID, FakePool
from kill_switch import KilledError
from log_lines import create_logger
from userprofiles.backfill.errors import BackfillFailedError
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.key_hashes import KeyHashes, hash_keys
from userprofiles.lifecycle.reconciliation import reconciler_settings
from userprofiles.lifecycle.reconciliation.reconciler_settings import ReconcilerSettings
from userprofiles.lifecycle.reconciliation.reconciler_state import LeaseLostError, StateTable
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.settings import SettingsError
from userprofiles.table import deletion
from userprofiles.table.audit import Action, create_row
from userprofiles.table.removal_journal import RemovalJournal
from userprofiles.table.store import Store, UserItems
from userprofiles.table.store_errors import StoreError
from userprofiles.telemetry import Report

CANARY = "canary"
STATE = "state"
START = datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)
SECONDS = 900


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


class Reconciler:
    """Invokes the reconciliation as the function does."""

    def __init__(self, tables, pool, switch, registrar, monkeypatch):
        self.clock = Clock()
        monkeypatch.setattr(reconciler_settings, "_now", self.clock)
        self.log = io.StringIO()
        self.report = Report(create_logger(self.log))
        self.pool = pool
        dynamodb = switch.wrap(tables.client)
        store = Store(dynamodb, tables.users, tables.audit, sleep=lambda _: None)
        self.settings = ReconcilerSettings(
            dynamodb=dynamodb,
            cognito=switch.wrap(pool),
            registrar=Registrar(store, registrar.template, registrar.roles, "reconciler", self.clock),
            users_table=tables.users,
            state_table=STATE,
            pool_id=POOL_ID,
            interval_hours=24,
            unconfirmed_days=7,
            requests_per_second=100_000,
        )
        self.state = StateTable(tables.client, STATE)

    def invoke(self, deadline=float("inf")):
        reconciliation = self.settings.create_reconciliation(
            self.report, owner=uuid.uuid4().hex, deadline=deadline
        )
        return reconciliation.run(SECONDS)

    def invoke_later(self, hours=0.25, **options):
        self.clock.now += timedelta(hours=hours)
        return self.invoke(**options)

    def lines(self, message):
        records = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [record for record in records if record["message"] == message]

    def reported(self):
        return sorted((line["difference"], line["sub"]) for line in self.lines("difference"))


@pytest.fixture
def reconciler(tables, pool, switch, create_registrar, monkeypatch):
    tables._create(STATE, ("PK", "SK"), {})
    return Reconciler(tables, pool, switch, create_registrar("reconciler"), monkeypatch)


@pytest.fixture
def add_user(pool, create_registrar):
    """Return a function that adds a user to the pool, and registers the user."""

    def add(sub, status="CONFIRMED", *, enabled=True, is_registered=True):
        values = {"sub": sub, "email": f"{CANARY}-{sub}@example.com", "email_verified": "true"}
        pool.add(f"{CANARY}-{sub}", values, status, enabled)
        if is_registered:
            create_registrar("test").register(CognitoUser(sub, sub, POOL_ID, values, status))

    return add


@pytest.fixture
def mixed_users(add_user, pool, tables):
    """Create one user of each kind."""
    add_user("same")
    add_user("missing", is_registered=False)
    add_user("unconfirmed", "UNCONFIRMED", is_registered=False)
    add_user("contact")
    email = next(
        value for value in pool.users[f"{CANARY}-contact"]["UserAttributes"] if value["Name"] == "email"
    )
    email["Value"] = f"{CANARY}-new@example.com"
    add_user("disabled", enabled=False)
    add_user("erased")
    for sort_key in ("ACCOUNT#MAIN", "PROFILE#MAIN"):
        tables.put({"PK": "USER#erased", "SK": sort_key, "entityType": "TOMBSTONE"})
    add_user("orphan")
    del pool.users[f"{CANARY}-orphan"]


DIFFERENCES = [
    ("contact", "contact"),
    ("erased", "erased"),
    ("missing", "missing"),
    ("orphan", "orphan"),
    ("unconfirmed", "unconfirmed"),
]
COUNTS = {
    "poolUsers": 6,
    "usersWithoutProfile": 2,
    "accounts": 5,
    "missing": 1,
    "created": 1,
    "contact": 1,
    "erased": 1,
    "orphan": 1,
    "unconfirmed": 1,
    "removed": 1,
    "restarts": 0,
}


@pytest.mark.usefixtures("mixed_users")
def test_pass_creates_and_removes_and_reports(reconciler, tables, pool, capsys):
    orphan = [item for item in tables.items() if item["PK"] == "USER#orphan"]

    result = reconciler.invoke()

    assert result == {
        "status": "done",
        "startedAt": "2026-02-04T16:00:00Z",
        "endedAt": "2026-02-04T16:00:00Z",
        "counts": COUNTS,
    }
    assert reconciler.reported() == DIFFERENCES
    assert f"{CANARY}-unconfirmed" not in pool.users
    items = {(item["PK"], item["SK"]): item for item in tables.items()}
    assert items["USER#missing", "ACCOUNT#MAIN"]["createdBy"] == "reconciler"
    assert items["USER#contact", "ACCOUNT#MAIN"]["email"] == f"{CANARY}-contact@example.com"
    assert [item for item in tables.items() if item["PK"] == "USER#orphan"] == orphan
    rows = [row for row in tables.audit_rows() if row["source"] == "reconciler"]
    assert [(row["PK"], row["action"]) for row in rows] == [("USER#missing", "REGISTERED")]
    output = capsys.readouterr().out
    for kind in ("Missing", "Contact", "Erased", "Orphan", "Unconfirmed"):
        assert output.count(f'"Reconcile{kind}":[1.0]') == 1
    assert CANARY not in (reconciler.log.getvalue() + output + json.dumps(reconciler.state.read().last))


@pytest.mark.usefixtures("mixed_users")
def test_next_pass_begins_an_interval_after_the_last_one_began(reconciler):
    assert reconciler.invoke()["status"] == "done"
    assert reconciler.invoke_later()["status"] == "idle"
    assert reconciler.invoke_later(23.5)["status"] == "idle"

    result = reconciler.invoke_later()

    assert result["status"] == "done"
    counts = {name: result["counts"].get(name, 0) for name in ("missing", "unconfirmed", "created", "orphan")}
    assert counts == {"missing": 0, "unconfirmed": 0, "created": 0, "orphan": 1}


def test_account_that_is_marked_for_deletion_is_no_orphan(reconciler, add_user, pool, store):
    add_user("leaving")
    pool.users.clear()
    account = store.read("leaving").account
    moment = reconciler.clock()
    row = create_row("leaving", Action.DELETION_REQUESTED, source="test", account=account, moment=moment)
    request = deletion.create_request(moment, timedelta(days=30), "user")
    changes = {"account": deletion.mark_changes("leaving", account, request)}
    assert store.change(store.read("leaving"), changes, row)

    counts = reconciler.invoke()["counts"]

    assert (counts.get("orphan", 0), counts["pendingDeletion"], reconciler.reported()) == (0, 1, [])


def test_empty_pool_and_table(reconciler):
    assert reconciler.invoke()["counts"] == {"restarts": 0, "poolUsers": 0, "usersWithoutProfile": 0}


@pytest.mark.usefixtures("mixed_users")
def test_stopped_pass_is_continued_with_its_page_token(reconciler, pool, monkeypatch):
    """The deadline passes at the end of the first page, of the second, and so on."""
    stops = []
    add_subs = StateTable.add_subs

    def add_subs_and_stop(self, *arguments):
        add_subs(self, *arguments)
        stops.append(True)

    monkeypatch.setattr(StateTable, "add_subs", add_subs_and_stop)
    monkeypatch.setattr(Stop, "is_requested", property(lambda _: bool(stops)))
    results = []
    for _ in range(3):
        stops.clear()
        results.append(reconciler.invoke_later())

    assert [result["status"] for result in results] == ["stopped"] * 3
    assert (pool.pages, reconciler.state.read().running_pass.phase) == (3, "accounts")
    stops.clear()
    assert reconciler.invoke_later()["counts"] == COUNTS
    assert (pool.pages, reconciler.reported()) == (3, DIFFERENCES)


def final_state(tables, pool):
    """Return what a pass leaves, without times, hashes and IDs of audit rows."""
    items = {
        (item["PK"], item["SK"]): (item.get("email"), item.get("version"), item.get("entityType"))
        for item in tables.items()
    }
    rows = sorted((row["PK"], row["action"], row["source"]) for row in tables.audit_rows())
    users = {name: (user["UserStatus"], user["Enabled"]) for name, user in pool.users.items()}
    return items, rows, users


@pytest.mark.usefixtures("mixed_users")
@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["kill_before", "kill_after"])
def test_pass_that_is_killed_at_any_call_has_the_same_result(reconciler, tables, pool, switch, *, kind, step):
    """Each time, the pass starts from a copy of pool and tables, and is killed at a later call."""
    first = (
        {name: dict(user) for name, user in pool.users.items()},
        tables.items(),
        tables.audit_rows(),
    )
    reconciler.invoke()
    calls = len(switch.calls)
    expected = final_state(tables, pool)
    assert calls > 30

    for number in range(1 if kind == "kill_before" else 4, calls + 1, step):
        pool.users = {name: dict(user) for name, user in first[0].items()}
        reset(tables, tables.users, first[1])
        reset(tables, tables.audit, first[2])
        reset(tables, STATE, [])
        switch.calls.clear()
        setattr(switch, kind, number)
        with pytest.raises(KilledError):
            reconciler.invoke()
        setattr(switch, kind, None)

        # The killed invocation still has the lease until its time-out.
        assert reconciler.invoke_later(0.1)["status"] in {"busy", "done", "idle"}
        reconciler.invoke_later()
        assert final_state(tables, pool) == expected
        assert reconciler.state.read().last["counts"]["orphan"] == 1


def reset(tables, name, items):
    for item in tables.items(name):
        key = {"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}}
        tables.client.delete_item(TableName=name, Key=key)
    for item in items:
        tables.put(item, name)


def test_refused_page_token_starts_the_pass_again(reconciler, add_user, pool, aws_error):
    for number in range(5):
        add_user(f"u{number}")
    list_users = pool.list_users
    refusals = [aws_error("InvalidParameterException")]

    def refuse_once(**parameters):
        if "PaginationToken" in parameters and refusals:
            raise refusals.pop()
        return list_users(**parameters)

    pool.list_users = refuse_once

    counts = reconciler.invoke()["counts"]

    assert (counts["poolUsers"], counts["accounts"], counts["restarts"]) == (5, 5, 1)
    assert len(reconciler.lines("page token refused; the pass starts again")) == 1


def test_refused_first_page_is_an_error(reconciler, pool, aws_error):
    pool.errors = [aws_error("InvalidParameterException")]

    with pytest.raises(BackfillFailedError, match="InvalidParameterException"):
        reconciler.invoke()
    assert reconciler.invoke()["status"] == "done"


def test_pass_that_is_too_old_starts_again(reconciler, add_user, monkeypatch, pool):
    add_user("u0")
    monkeypatch.setattr(Stop, "is_requested", property(lambda _: True))
    assert reconciler.invoke()["status"] == "stopped"
    first = reconciler.state.read().running_pass
    assert reconciler.invoke_later(24)["status"] == "stopped"
    assert reconciler.state.read().running_pass == first

    assert reconciler.invoke_later(24 * 6)["status"] == "stopped"
    assert reconciler.state.read().running_pass.id != first.id


def test_two_invocations_do_not_run_at_the_same_time(reconciler, add_user, pool):
    add_user("u0")
    inner = []
    pool.hooks["admin_get_user"] = lambda: inner.append(reconciler.invoke())
    add_user("u1", is_registered=False)

    assert reconciler.invoke()["status"] == "done"
    assert inner == [{"status": "busy"}]


def test_invocation_that_lost_its_lease_stops(reconciler, add_user, pool, tables):
    """Its process was frozen for longer than the lease, and another invocation has taken over."""
    add_user("u0", is_registered=False)
    other = []

    def take_over():
        pool.hooks.clear()
        reconciler.clock.now += timedelta(seconds=SECONDS)
        other.append(reconciler.invoke())

    pool.hooks["admin_get_user"] = take_over

    with pytest.raises(LeaseLostError):
        reconciler.invoke()
    assert other[0]["status"] == "done"
    assert len(tables.items()) == 2
    assert reconciler.state.read().running_pass is None


def test_interrupted_removal_is_completed_at_once(reconciler, add_user, pool, tables):
    """Also between two passes: the user is confirmed and can't sign in."""
    reconciler.invoke()
    add_user("u0")
    pool.users[f"{CANARY}-u0"]["Enabled"] = False
    RemovalJournal(tables.client, tables.users).open("u0", f"{CANARY}-u0")

    assert reconciler.invoke_later()["status"] == "idle"
    assert pool.users[f"{CANARY}-u0"]["Enabled"]
    [line] = reconciler.lines("interrupted removal completed")
    assert (line["sub"], line["result"]) == ("u0", "unnecessary")


def test_no_user_is_removed_or_enabled_if_removals_are_off(reconciler, add_user, pool, tables, switch):
    reconciler.settings = dataclasses.replace(reconciler.settings, unconfirmed_days=0)
    add_user("unconfirmed", "UNCONFIRMED", is_registered=False)
    add_user("disabled", enabled=False)
    RemovalJournal(tables.client, tables.users).open("disabled", f"{CANARY}-disabled")

    assert reconciler.invoke()["status"] == "done"
    assert len(pool.users) == 2
    assert {call for call in switch.calls if call.startswith("admin")} == set()


def test_account_of_a_user_who_signed_up_during_the_pass_is_no_orphan(reconciler, add_user, pool):
    add_user("u0")
    list_users = pool.list_users

    def sign_up_after_the_list(**parameters):
        response = list_users(**parameters)
        if "u1" not in str(pool.users):
            add_user("u1")
        return response

    pool.list_users = sign_up_after_the_list

    counts = reconciler.invoke()["counts"]

    assert (counts["poolUsers"], counts["accounts"], counts.get("orphan")) == (1, 2, None)


def test_failing_user_does_not_stop_the_others(reconciler, add_user, tables, monkeypatch, capsys):
    register = Registrar.register

    def fail_for_one(self, user):
        if user.sub == "u1":
            raise StoreError("AccessDeniedException")
        return register(self, user)

    for sub in ("u0", "u1", "u2"):
        add_user(sub, is_registered=False)
    monkeypatch.setattr(Registrar, "register", fail_for_one)

    counts = reconciler.invoke()["counts"]

    assert (counts["missing"], counts["created"], counts["failed"]) == (3, 2, 1)
    [line] = reconciler.lines("fix failed")
    assert (line["sub"], line["error"]) == ("u1", "AccessDeniedException")
    assert capsys.readouterr().out.count('"ReconcileFailed":[1.0]') == 1


def test_many_failures_in_a_row_end_the_invocation(reconciler, add_user, monkeypatch):
    def fail(*_):
        raise StoreError("AccessDeniedException")

    for number in range(20):
        add_user(f"u{number}", is_registered=False)
    monkeypatch.setattr(Registrar, "register", fail)

    with pytest.raises(BackfillFailedError, match="20 users in a row could not be fixed"):
        reconciler.invoke()


class ManyUsers(FakePool):
    """A pool with many users, which creates them page by page."""

    number = 20_000

    def list_users(self, *, PaginationToken="0", **_):  # noqa: N803
        start = int(PaginationToken)
        entries = [self._user(f"sub-{number}") for number in range(start, start + 60)]
        is_last = start + 60 >= self.number
        return {
            "Users": [{**entry, "Attributes": entry["UserAttributes"]} for entry in entries],
            **({} if is_last else {"PaginationToken": str(start + 60)}),
        }

    def _user(self, name):
        return {
            "Username": name,
            "UserAttributes": [{"Name": "sub", "Value": name}],
            "UserStatus": "CONFIRMED",
            "UserCreateDate": START,
        }


@pytest.mark.long
def test_memory_is_flat_with_20000_users(reconciler, monkeypatch):
    """8 bytes and the room for growth of an array for each user, and one page of users."""
    complete = UserItems({"PK": "a", "templateVersion": "1.0"}, {"PK": "p"})
    monkeypatch.setattr(Store, "read", lambda *_: complete)
    monkeypatch.setattr("userprofiles.lifecycle.reconciliation.scheduled_steps.compare", lambda *_: None)
    accounts = (
        {"Items": [{"PK": {"S": f"USER#sub-{number}"}, "SK": {"S": "ACCOUNT#MAIN"}}]}
        for number in range(20_000)
    )
    monkeypatch.setattr(TableReader, "account_pages", lambda *_: accounts)
    pages = {}
    monkeypatch.setattr(StateTable, "save", lambda *_: None)
    monkeypatch.setattr(
        StateTable, "add_subs", lambda _, a_pass, hashes, __: pages.update({a_pass.page: hashes})
    )
    monkeypatch.setattr(StateTable, "read_subs", lambda *_: read_all(pages))
    reconciler.pool.__class__ = ManyUsers

    tracemalloc.start()
    counts = reconciler.invoke()["counts"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (counts["poolUsers"], counts["accounts"], counts.get("orphan")) == (20_040, 20_000, None)
    assert peak < 3_000_000


def read_all(pages):
    subs = KeyHashes()
    for hashes in pages.values():
        subs.add_all(hashes)
    return subs


def test_hashes_of_subs():
    subs = KeyHashes()
    subs.add_all(hash_keys(f"sub-{number}" for number in range(5_000)))
    subs.add_all(hash_keys(["sub-1"]))

    assert all(f"sub-{number}" in subs for number in range(5_000))
    assert not any(f"other-{number}" in subs for number in range(5_000))


ENVIRONMENT = {
    "USERS_TABLE": "users",
    "AUDIT_TABLE": "audit",
    "STATE_TABLE": "state",
    "USER_POOL_ID": POOL_ID,
    "INTERVAL_HOURS": "24",
    "UNCONFIRMED_DAYS": "0",
    "REQUESTS_PER_SECOND": "10",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [("INTERVAL_HOURS", "0"), ("UNCONFIRMED_DAYS", "-1"), ("REQUESTS_PER_SECOND", "x"), ("STATE_TABLE", "")],
)
def test_wrong_environment_is_named(name, value):
    reconciler_settings.from_environment(ENVIRONMENT, dynamodb=None, cognito=None)

    with pytest.raises(SettingsError, match=name):
        reconciler_settings.from_environment(ENVIRONMENT | {name: value}, dynamodb=None, cognito=None)
