"""Accounts and differences of a reconciliation, with little memory."""

import tracemalloc

import pytest
from userprofiles.lifecycle.reconciliation.inventory import DifferenceKind, Inventory, Result


def listed(inventory):
    return [(difference.kind, difference.sub, difference.detail) for difference in inventory.differences()]


def test_orphans_are_the_accounts_that_are_not_in_the_pool():
    with Inventory() as inventory:
        inventory.add_accounts([("b", None), ("a", None), ("c", None)])
        inventory.mark_in_pool(["b", "unknown"])
        inventory.add_orphans()

        assert inventory.accounts == 3
        assert listed(inventory) == [(DifferenceKind.ORPHAN, "a", ""), (DifferenceKind.ORPHAN, "c", "")]


def test_duplicates_name_the_first_account_of_the_address():
    with Inventory() as inventory:
        inventory.add_accounts([("c", "x@example.com"), ("a", " X@example.com"), ("b", "x@EXAMPLE.com")])
        inventory.add_accounts([("d", "y@example.com"), ("e", None), ("f", None), ("g", "")])
        inventory.add_duplicates()

        assert listed(inventory) == [
            (DifferenceKind.DUPLICATE, "b", "a"),
            (DifferenceKind.DUPLICATE, "c", "a"),
        ]


def test_results_are_set_while_differences_are_read():
    with Inventory() as inventory:
        for sub in ("a", "b", "c"):
            inventory.add_difference(DifferenceKind.MISSING, sub)
        for difference in inventory.differences():
            inventory.set_result(difference, "failed: Code" if difference.sub == "b" else Result.CREATED)

        assert [inventory.count_result(result) for result in (Result.CREATED, Result.FAILED)] == [2, 1]
        assert [difference.result for difference in inventory.differences()] == [
            "created",
            "failed: Code",
            "created",
        ]


@pytest.mark.long
def test_memory_does_not_grow_with_the_number_of_accounts():
    tracemalloc.start()
    with Inventory() as inventory:
        inventory.add_accounts((f"sub-{number}", f"{number}@example.com") for number in range(30_000))
        inventory.mark_in_pool(f"sub-{number}" for number in range(15_000))
        inventory.add_orphans()
        inventory.add_duplicates()
        assert sum(1 for _ in inventory.differences()) == 15_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 200_000
