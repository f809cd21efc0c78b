"""Removal of unconfirmed users: a user who confirms is never lost, whenever a run is stopped."""

import functools

import pytest
from fake_pool import POOL_ID
from kill_switch import KilledError
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.backfill.stop import Stop
from userprofiles.lifecycle.reconciliation.inventory import Result
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.table.removal_journal import RemovalJournal


@pytest.fixture
def create(tables, pool, switch):
    """Return a function that creates the removal of a new run."""

    def create():
        reader = PoolReader(
            switch.wrap(pool), POOL_ID, requests_per_second=1000, stop=Stop(), limits=COMMAND_LINE
        )
        return UnconfirmedUsers(reader, RemovalJournal(switch.wrap(tables.client), tables.users))

    return create


def add(pool, sub="s-1", status="UNCONFIRMED", **options):
    pool.add(f"name-{sub}", {"sub": sub}, status, **options)
    return pool.users[f"name-{sub}"]


def test_unconfirmed_user_is_removed(create, pool, tables, switch):
    add(pool)

    assert create().remove("s-1", "name-s-1") is Result.REMOVED
    assert (pool.users, tables.items()) == ({}, [])
    assert switch.calls == [
        "get_item",
        "admin_get_user",
        "put_item",
        "admin_disable_user",
        "admin_get_user",
        "admin_delete_user",
        "delete_item",
    ]


def test_user_who_confirms_before_the_second_read_is_enabled_again(create, pool, tables):
    user = add(pool)
    pool.hooks["admin_disable_user"] = lambda: user.update(UserStatus="CONFIRMED")

    assert create().remove("s-1", "name-s-1") is Result.UNNECESSARY
    assert (user["UserStatus"], user["Enabled"], tables.items()) == ("CONFIRMED", True, [])


@pytest.mark.parametrize(
    ("status", "enabled"), [("CONFIRMED", True), ("CONFIRMED", False), ("UNCONFIRMED", False)]
)
def test_user_in_another_state_is_not_touched(create, pool, switch, status, enabled):
    """An operator has disabled the user, or the list was old."""
    user = add(pool, status=status, enabled=enabled)
    before = dict(user)

    assert create().remove("s-1", "name-s-1") is Result.UNNECESSARY
    assert user == before
    assert set(switch.calls) == {"get_item", "admin_get_user"}


def test_later_user_of_the_same_name_is_not_touched(create, pool):
    user = add(pool)
    before = dict(user)

    assert create().remove("s-2", "name-s-1") is Result.UNNECESSARY
    assert user == before


def test_name_that_changes_its_user_during_the_removal(create, pool, tables):
    """The unconfirmed user was deleted, and another one signed up with the name."""
    add(pool)
    pool.hooks["admin_disable_user"] = lambda: pool.add(
        "name-s-1", {"sub": "s-2"}, "UNCONFIRMED", enabled=False
    )

    assert create().remove("s-1", "name-s-1") is Result.UNNECESSARY
    assert (pool.users["name-s-1"]["Enabled"], tables.items()) == (True, [])


def test_user_who_is_gone(create, tables):
    assert create().remove("s-1", "name-s-1") is Result.UNNECESSARY
    assert tables.items() == []


@pytest.mark.parametrize("confirms", [False, True], ids=["stays unconfirmed", "confirms when disabled"])
@pytest.mark.parametrize("kind", ["kill_before", "kill_after"])
def test_next_run_completes_a_removal_that_was_killed_at_any_call(
    create, pool, tables, switch, *, confirms, kind
):
    for number in range(1, 8):
        user = add(pool)
        if confirms:
            pool.hooks["admin_disable_user"] = functools.partial(user.update, UserStatus="CONFIRMED")
        switch.calls.clear()
        setattr(switch, kind, number)

        with pytest.raises(KilledError):
            create().remove("s-1", "name-s-1")
        setattr(switch, kind, None)
        removal = create()
        removal.complete_open_removals()
        removal.remove("s-1", "name-s-1")

        assert tables.items() == []
        if confirms:
            assert (user["UserStatus"], user["Enabled"]) == ("CONFIRMED", True)
        else:
            assert pool.users == {}


def test_open_removal_of_a_user_who_confirmed_meanwhile(create, pool, tables):
    """The run was killed after it disabled the user, and the user confirmed later."""
    user = add(pool, status="CONFIRMED", enabled=False)
    RemovalJournal(tables.client, tables.users).open("s-1", "name-s-1")

    assert create().complete_open_removals() == {"s-1": Result.UNNECESSARY}
    assert (user["Enabled"], tables.items()) == (True, [])


def test_all_open_removals_are_read(tables):
    journal = RemovalJournal(tables.client, tables.users)
    for number in range(3):
        journal.open(f"s-{number}", f"name-{number}")

    assert journal.entries() == {"s-0": "name-0", "s-1": "name-1", "s-2": "name-2"}
    assert [journal.is_open("s-1"), journal.is_open("s-9")] == [True, False]
