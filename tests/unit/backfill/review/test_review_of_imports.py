"""Verification and rollback of users from another source: account and profile belong together."""

from dataclasses import replace
from datetime import UTC, datetime

import backfill_fixtures
import pytest
from backfill_fixtures import LIMITS, account, profile
from review_fixtures import change, create_profiles, delete, roll_back, verify
from source_fixtures import person, write_lines
from userprofiles.backfill.tables.table_shape import TableShape

STACK = TableShape.STACK
LATER = {"S": "2026-03-01T00:00:00Z"}
SUBS = ("u1", "u2", "u3")


@pytest.fixture
def source(tmp_path):
    return write_lines(tmp_path / "users.jsonl", *(person(sub, kind="vendor") for sub in SUBS))


@pytest.fixture
def import_users(source):
    """Return a function that imports the users of a file, and returns what the ledger knows about it."""

    def run(table, template="marketplace", source=source):
        return create_profiles(table, STACK, source=source, template=template, segments=1)

    return run


def verify_import(table, history):
    job = history.job
    return verify(table, STACK, history, source=job.source, template=job.template, segments=1)


@pytest.mark.parametrize("template", ["basic", "social", "career", "marketplace"])
@pytest.mark.sample(2)
def test_imported_users_match_and_are_removed_together(create_table, import_users, template):
    table = create_table()
    history = import_users(table, template)
    assert len(table.items()) == 6

    assert verify_import(table, history).count("matching") == 3
    assert roll_back(table, history) == dict.fromkeys(SUBS, ("removed", ""))
    assert table.items() == []
    assert {operation for operation, _ in table.client.calls} >= {"TransactWriteItems"}


def test_corrupted_items_are_found(create_table, import_users):
    table = create_table()
    history = import_users(table)
    change(table, "u1", kind="account", status={"S": "x"})
    change(table, "u2", language={"S": "x"}, extra={"N": "1"})

    assert verify_import(table, history).users("differing") == {
        "u1": "account.status",
        "u2": "profile.extra, profile.language",
    }


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("account", {"auditHead": {"S": "hash"}, "version": {"N": "2"}}),
        ("profile", {"language": {"S": "fr"}, "updatedAt": LATER}),
    ],
)
def test_user_who_has_changed_since_is_kept_as_a_whole(create_table, import_users, kind, changes):
    table = create_table()
    history = import_users(table)
    change(table, "u2", kind=kind, **changes)

    result = verify_import(table, history)
    assert (result.count("matching"), result.count("changed"), result.count("differing")) == (2, 1, 0)
    assert roll_back(table, history)["u2"] == ("kept", "changed since the run")
    assert {item["PK"]["S"] for item in table.items()} == {"USER#u2"}
    assert len(table.items()) == 2


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("account", {"auditHead": {"S": "hash"}}), ("profile", {"updatedAt": LATER})],
)
def test_user_who_changes_during_the_rollback_wins(create_table, import_users, kind, changes):
    """F40: neither item is removed if one of them has changed."""
    table = create_table()
    history = import_users(table)

    def change_first(operation, parameters):
        if operation == "TransactWriteItems":
            table.client.hooks.clear()
            key = parameters["TransactItems"][0]["Delete"]["Key"]["PK"]["S"]
            change(table, key.removeprefix("USER#"), kind=kind, **changes)

    table.client.hooks = [change_first]

    assert min(roll_back(table, history).values()) == ("kept", "changed during the rollback")
    assert len(table.items()) == 2


@pytest.mark.parametrize("page_rows", [1, 2, 100])
@pytest.mark.sample(3)
def test_user_is_decided_once(create_table, import_users, page_rows):
    """Account and profile are two rows, which can be in two chunks: the second one must not decide again.

    Here, the user has changed when the first is read, and not any more when the second is read.
    """
    table = create_table()
    history = import_users(table)
    change(table, "u2", kind="account", version={"N": "2"})
    reads = []

    def undo_change(operation, parameters):
        if operation == "BatchGetItem":
            keys = [key["PK"]["S"] for key in parameters["RequestItems"][table.name]["Keys"]]
            if "USER#u2" in reads:
                change(table, "u2", kind="account", version={"N": "1"})
            reads.extend(keys)

    table.client.hooks = [undo_change]
    results = roll_back(table, history, limits=replace(LIMITS, page_rows=page_rows, chunk_rows=1))

    assert results == {
        "u1": ("removed", ""),
        "u2": ("kept", "changed since the run"),
        "u3": ("removed", ""),
    }
    assert len([key for key in reads if key == "USER#u2"]) == 2  # account and profile, in one request
    assert {item["PK"]["S"] for item in table.items()} == {"USER#u2"}
    assert len(table.items()) == 2
    assert table.client.count("TransactWriteItems") == 2


def test_account_of_somebody_else_stays(create_table, import_users):
    """The import found an account without a profile, and created only the profile."""
    existing = account("u1", auditHead={"S": "hash"}, version={"N": "3"})
    table = create_table(existing)
    history = import_users(table)

    assert verify_import(table, history).count("matching") == 3
    assert roll_back(table, history) == dict.fromkeys(SUBS, ("removed", ""))
    assert table.items() == [existing]


@pytest.mark.parametrize("page_rows", [2, 3, 100])
@pytest.mark.parametrize("sort_key", ["LINK#1", "Z"])
@pytest.mark.sample(3)
def test_user_with_other_items_is_kept(create_table, import_users, page_rows, sort_key):
    """The other item may be on the page after that of account and profile."""
    table = create_table()
    history = import_users(table)
    table.put({"PK": {"S": "USER#u1"}, "SK": {"S": sort_key}})
    limits = replace(LIMITS, page_rows=page_rows)

    results = roll_back(table, history, limits=limits)

    assert results["u1"] == ("kept", "the user has other items")
    assert len(table.items()) == 3


def test_missing_and_orphaned_users(create_table, import_users, tmp_path):
    table = create_table(profile("signed-up"))
    history = import_users(table)
    delete(table, "u1")
    delete(table, "u1", "account")
    delete(table, "u2")
    other_source = write_lines(tmp_path / "users.jsonl", person("u1"), person("u2"), person("u4"))
    history = replace(history, job=replace(history.job, source=other_source))

    result = verify_import(table, history)

    assert set(result.users("missing")) == {"u1", "u2", "u4"}
    assert set(result.users("orphaned")) == {"u3"}


def test_two_rows_of_a_user(create_table, import_users, tmp_path):
    """The profile names the row that it was created from."""
    source = write_lines(tmp_path / "two.jsonl", person("u1"), person("u1", name="Another"))
    table = create_table()
    history = import_users(table, source=source)

    result = verify_import(table, history)

    assert (result.count("matching"), result.count("existed"), result.users("differing")) == (1, 1, {})


def test_account_that_an_earlier_session_created_matches(create_table, import_users, monkeypatch):
    """A stop between the inserts of accounts and profiles: the profiles have a later time."""
    table = create_table()
    with monkeypatch.context() as earlier:
        earlier.setattr(backfill_fixtures, "NOW", "2026-02-04T15:30:00Z")
        import_users(table)
    for sub in SUBS:
        delete(table, sub)
    history = replace(import_users(table), started_at=datetime(2026, 2, 4, 15, tzinfo=UTC))

    assert verify_import(table, history).count("matching") == 3

    change(table, "u2", kind="account", createdAt={"S": "2026-02-04T14:00:00Z"})  # before the run
    change(table, "u3", kind="account", createdAt=LATER)
    differences = verify_import(table, history).users("differing")
    assert {user: names.split(", ")[0] for user, names in differences.items()} == {
        "u2": "account.createdAt",
        "u3": "account.createdAt",
    }


def test_interrupted_import_without_the_profile_is_removed(create_table, import_users):
    table = create_table()
    history = import_users(table)
    delete(table, "u1")

    assert roll_back(table, history)["u1"] == ("removed", "")
    assert table.items() == []
