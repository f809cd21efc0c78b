"""`userprofiles reconcile --fix`: the deletion of orphans and the removal of unconfirmed users."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from reconcile_fixtures import CANARY
from userprofiles.table import audit, deletion
from userprofiles.table.removal_journal import RemovalJournal

ALL = ("--max-removals", "100")


def account_of(tables, sub):
    [account] = [
        item for item in tables.items() if (item["PK"], item["SK"]) == (f"USER#{sub}", "ACCOUNT#MAIN")
    ]
    return account


@pytest.fixture
def orphan(add_user, pool):
    add_user("present")
    add_user("orphan")
    del pool.users[f"{CANARY}-orphan"]


@pytest.mark.usefixtures("orphan")
def test_orphan_is_marked_in_one_transaction_and_a_second_run_has_nothing_to_do(
    reconcile, tables, capsys, store
):
    before = datetime.now(UTC)

    assert reconcile("--fix", *ALL) == 0

    assert "orphan       orphan: account without a user in the pool (marked)\n" in capsys.readouterr().out
    account = account_of(tables, "orphan")
    request = deletion.find_request(account)
    grace = datetime.fromisoformat(request.erase_at) - datetime.fromisoformat(request.requested_at)
    assert (request.requested_by, grace) == ("reconciler", timedelta(days=30))
    assert datetime.fromisoformat(request.requested_at) >= before - timedelta(seconds=1)
    rows = [row for row in tables.audit_rows() if row["PK"] == "USER#orphan"]
    assert [(row["action"], row["source"]) for row in rows] == [
        ("REGISTERED", "test"),
        ("DELETION_REQUESTED", "reconciler"),
    ]
    assert audit.verify(rows, account["auditHead"]) == 2
    assert store.read("orphan").is_complete

    items = tables.items()
    assert [reconcile(), reconcile("--fix", "--json")] == [0, 0]
    assert tables.items() == items
    assert json.loads(capsys.readouterr().out.partition("{")[2].join(["{", ""]))["pendingDeletion"] == 1


@pytest.mark.usefixtures("orphan")
def test_grace_days(reconcile, tables):
    assert reconcile("--fix", *ALL, "--grace-days", "0") == 0

    assert deletion.find_request(account_of(tables, "orphan")).is_due(datetime.now(UTC))


@pytest.mark.usefixtures("orphan")
def test_orphan_without_a_profile_is_marked(reconcile, tables):
    tables.delete({"PK": "USER#orphan", "SK": "PROFILE#MAIN"})

    assert reconcile("--fix", *ALL) == 0
    assert deletion.ATTRIBUTE in account_of(tables, "orphan")


@pytest.mark.parametrize(
    ("name", "is_filter_late"),
    [("google_1", False), (f"{CANARY}-late", True)],
    ids=["federated user", "local user"],
)
@pytest.mark.usefixtures("orphan")
def test_account_whose_user_the_list_omitted_is_not_marked(
    *, reconcile, pool, tables, capsys, name, is_filter_late
):
    """ListUsers is eventually consistent. AdminGetUser does not find federated users by their sub."""
    list_users = pool.list_users

    def list_without_user(**parameters):
        if "Filter" in parameters:
            return {"Users": []} if is_filter_late else list_users(**parameters)
        response = list_users(**parameters)
        pool.add(name, {"sub": "orphan"}, enabled=False)
        return response

    pool.list_users = list_without_user

    assert reconcile("--fix", *ALL) == 0
    assert "orphan: account without a user in the pool (unnecessary)\n" in capsys.readouterr().out
    assert deletion.ATTRIBUTE not in account_of(tables, "orphan")


def test_disabled_user_is_no_orphan(add_user, reconcile, pool):
    add_user("disabled")
    pool.users[f"{CANARY}-disabled"]["Enabled"] = False

    assert reconcile("--fix", "--max-removals", "0") == 0


@pytest.fixture
def mark(store):
    """Return a function that marks a user for deletion, as the API does."""

    def mark(sub):
        items = store.read(sub)
        now = datetime.now(UTC)
        request = deletion.create_request(now, timedelta(days=30), "user")
        row = audit.create_row(
            sub, audit.Action.DELETION_REQUESTED, source="api", account=items.account, moment=now
        )
        store.change(items, {"account": deletion.mark_changes(sub, items.account, request)}, row)

    return mark


def test_account_of_the_pool_that_is_marked_is_no_difference(add_user, reconcile, tables, mark):
    """The user has requested the deletion: the profile is not repaired, the address not updated."""
    add_user("leaving")
    mark("leaving")
    tables.delete({"PK": "USER#leaving", "SK": "PROFILE#MAIN"})
    before = tables.items()

    assert [reconcile(), reconcile("--fix")] == [0, 0]
    assert tables.items() == before


def test_account_that_is_marked_during_the_run_is_not_repaired(add_user, reconcile, tables, pool, mark):
    add_user("leaving")
    tables.delete({"PK": "USER#leaving", "SK": "PROFILE#MAIN"})
    pool.hooks["admin_get_user"] = lambda: mark("leaving")

    assert reconcile("--fix") == 0
    assert [item["SK"] for item in tables.items()] == ["ACCOUNT#MAIN"]


@pytest.mark.parametrize(
    ("age", "options", "is_removed"),
    [
        (timedelta(days=8), (), True),
        (timedelta(days=6), (), False),
        (timedelta(days=6), ("--unconfirmed-days", "5"), True),
        (timedelta(days=400), ("--unconfirmed-days", "0"), False),
    ],
)
def test_age_of_unconfirmed_users(add_user, reconcile, pool, *, age, options, is_removed):
    sub = add_user("waiting", status="UNCONFIRMED", is_registered=False)
    pool.users[f"{CANARY}-{sub}"]["UserCreateDate"] = datetime.now(UTC) - age

    assert reconcile(*options) == (2 if is_removed else 0)
    assert reconcile("--fix", *options) == 0
    assert pool.users.keys() == (set() if is_removed else {f"{CANARY}-waiting"})
    assert reconcile(*options) == 0


def test_unconfirmed_user_whom_an_operator_disabled_stays(add_user, reconcile, pool):
    add_user("blocked", status="UNCONFIRMED", enabled=False, is_registered=False)

    assert reconcile("--fix") == 0
    assert f"{CANARY}-blocked" in pool.users


@pytest.mark.parametrize("days", ["7", "0"])
def test_interrupted_removal_is_a_difference_and_is_completed(
    add_user, reconcile, pool, tables, capsys, *, days
):
    """A run was killed after it had disabled the user, who then confirmed."""
    add_user("confirmed")
    pool.users[f"{CANARY}-confirmed"]["Enabled"] = False
    RemovalJournal(tables.client, tables.users).open("confirmed", f"{CANARY}-confirmed")

    assert reconcile("--unconfirmed-days", days) == 2
    assert (
        "unconfirmed  confirmed: sign-up that was not confirmed, its removal was interrupted\n"
        in capsys.readouterr().out
    )
    assert reconcile("--unconfirmed-days", days, "--fix") == 0
    assert pool.users[f"{CANARY}-confirmed"]["Enabled"]
    assert reconcile("--unconfirmed-days", days) == 0


def test_many_unconfirmed_users_do_not_count_as_removals(add_user, reconcile, pool):
    add_user("present")
    for number in range(4):
        add_user(f"waiting-{number}", status="UNCONFIRMED", is_registered=False)

    assert reconcile("--fix", "--max-removals", "0") == 0
    assert pool.users.keys() == {f"{CANARY}-present"}
