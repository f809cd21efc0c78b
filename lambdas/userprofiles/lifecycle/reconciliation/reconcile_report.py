"""The result of a reconciliation: counts and text, with subs and names of fields, never values of users."""

from collections.abc import Iterator
from typing import Any

from userprofiles.lifecycle.difference_report import format_counts, text_lines
from userprofiles.lifecycle.reconciliation.inventory import DifferenceKind, Inventory, Result
from userprofiles.lifecycle.reconciliation.reconciliation import Counts

_TEXTS = {
    DifferenceKind.MISSING: "user without {detail}",
    DifferenceKind.CONTACT: "changed contact data: {detail}",
    DifferenceKind.ERASED: "user of the pool who was erased from the table",
    DifferenceKind.ORPHAN: "account without a user in the pool",
    DifferenceKind.DUPLICATE: "same e-mail address as {detail}",
    DifferenceKind.UNCONFIRMED: "sign-up that was not confirmed, {detail}",
}


def totals(inventory: Inventory, counts: Counts) -> dict[str, Any]:
    """Return the counts of a comparison."""
    return {
        "poolUsers": counts.pool_users,
        "usersWithoutProfile": counts.users_without_profile,
        "accounts": inventory.accounts,
        "pendingDeletion": counts.pending_deletions,
        "differences": {str(kind): inventory.count(kind) for kind in DifferenceKind},
        "results": {str(result): inventory.count_result(result) for result in Result},
    }


def text_pieces(header: dict[str, Any], inventory: Inventory) -> Iterator[str]:
    """Yield one line for each difference, and the totals."""
    yield from text_lines(inventory.differences(), _TEXTS)
    yield (
        f"Users in the pool: {header['poolUsers']:,}, of them disabled or not confirmed: "
        f"{header['usersWithoutProfile']:,}. Accounts: {header['accounts']:,}, others pending deletion: "
        f"{header['pendingDeletion']:,}.\n"
    )
    yield f"Differences: {format_counts(header['differences'])}.\n"
    if header["fix"]:
        yield f"Results: {format_counts(header['results'])}.\n"
