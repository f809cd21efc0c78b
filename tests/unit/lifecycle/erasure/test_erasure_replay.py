"""Erased users after a restore of the users table: found, erased again, with one chain and a new receipt."""

import copy
from datetime import timedelta

import pytest
from kill_switch import KilledError
from userprofiles.lifecycle.audit.audit_chain import UserStatus, check_chain
from userprofiles.lifecycle.audit.receipt_check import check_receipt
from userprofiles.lifecycle.erasure.erasure_replay import find_returned_users
from userprofiles.lifecycle.erasure.erasure_result import Outcome
from userprofiles.table.record import partition_key

SUB = "11111111-1111-4111-8111-111111111111"


def returned(world):
    subs = find_returned_users(world.erasure, lambda: None, lambda _: None)
    return [receipt.sub for receipt in subs]


def check(world, sub):
    """Return the status of a user's chain, compared with the receipt."""
    rows = [row for row in world.tables.audit_rows() if row["PK"] == partition_key(sub)]
    result = check_chain(sub, rows, world.store.read(sub).account)
    [item] = [item for item in world.tables.items_of("receipts") if item["sub"] == sub]
    return check_receipt(result, rows, item).status


def backup(world):
    return copy.deepcopy(world.tables.client.tables["users"])


def restore(world, items):
    world.tables.client.tables["users"] = copy.deepcopy(items)
    world.now += timedelta(hours=1)


@pytest.fixture
def backups(world):
    """Erase a user, and return backups of the users table from before, by their time."""
    items = {"before the sign-up": backup(world)}
    world.add_user(SUB, is_marked=False)
    items["before the deletion"] = backup(world)
    world.mark(SUB, world.now - timedelta(days=30))
    items["before the erasure"] = backup(world)
    world.erase_completely(SUB)
    items["after the erasure"] = backup(world)
    return items


@pytest.mark.parametrize("time", ["before the sign-up", "before the deletion", "before the erasure"])
def test_restored_user_is_erased_again(world, backups, time):
    assert returned(world) == []
    restore(world, backups[time])

    assert returned(world) == [SUB]
    world.erasure.erase(SUB, "operator")
    world.answer()
    result = world.erasure.erase(SUB, "operator")

    assert (result.outcome, result.receipt.runs) == (Outcome.ERASED, 2)
    assert world.remains(SUB) == []
    assert returned(world) == []
    assert check(world, SUB) is UserStatus.ERASED


def test_restored_user_who_was_changed_before_the_replay_has_one_chain(world, backups):
    """The audit trail has two ends: that of the first erasure, and that of the restored account."""
    restore(world, backups["before the deletion"])
    world.mark(SUB, world.now)

    world.erasure.erase(SUB, "operator")
    world.answer()
    world.erasure.erase(SUB, "operator")

    assert world.remains(SUB) == []
    assert check(world, SUB) is UserStatus.ERASED


def test_backup_after_the_erasure_has_nothing_to_repeat(world, backups):
    restore(world, backups["after the erasure"])

    assert returned(world) == []
    assert check(world, SUB) is UserStatus.ERASED


def test_user_who_is_due_in_the_backup_is_erased_by_the_sweep_too(world, backups):
    restore(world, backups["before the erasure"])

    world.erase_completely(SUB)

    assert world.receipts.read(SUB).runs == 2
    assert check(world, SUB) is UserStatus.ERASED


@pytest.mark.long
def test_killed_after_every_call_the_repetition_resumes(world, backups):
    def item():
        [item] = world.tables.items_of("receipts")  # without a counted call
        return item

    number = kills = 0
    while kills == number:
        number += 1
        restore(world, backups["before the deletion"])
        runs = item()["runs"]
        world.calls.kill_after = world.calls.count + number
        while item()["runs"] == runs or item()["state"] == "OPEN":
            try:
                world.erasure.erase(SUB, "operator")
                world.answer()
            except KilledError:
                kills += 1
        world.calls.kill_after = None
        world.now += timedelta(hours=1)
        assert world.remains(SUB) == [], number
        assert check(world, SUB) is UserStatus.ERASED
    assert number > 20


def test_table_is_restored_while_the_erasure_is_open(world, backups):
    restore(world, backups["before the erasure"])
    world.erasure.erase_due(SUB)
    assert world.receipts.read(SUB).is_open
    restore(world, backups["before the deletion"])

    world.erasure.erase_due(SUB)
    world.answer()
    world.erasure.erase_due(SUB)

    assert world.remains(SUB) == []
    assert check(world, SUB) is UserStatus.ERASED
