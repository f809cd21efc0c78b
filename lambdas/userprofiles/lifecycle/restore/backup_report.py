"""The result of the check of a restored table: counts and text, with subs and names, never values."""

from collections.abc import Iterator
from typing import Any

from userprofiles.lifecycle.difference_report import format_counts, text_lines
from userprofiles.lifecycle.restore.backup_comparison import BackupComparison
from userprofiles.lifecycle.restore.backup_inventory import (
    BackupDifferenceKind,
    BackupInventory,
    BackupResult,
)

_TEXTS = {
    BackupDifferenceKind.ERASED: "erased user, {detail}",
    BackupDifferenceKind.MISSING: "user of the pool without {detail}",
    BackupDifferenceKind.CHANGED: "changed since the backup: {detail}",
    BackupDifferenceKind.DELETION: "deletion request of {detail} is lost",
    BackupDifferenceKind.WITHDRAWN: "deletion request is back, withdrawn at {detail}",
    BackupDifferenceKind.ORPHAN: "account without a user in the pool",
}


def totals(comparison: BackupComparison) -> dict[str, Any]:
    """Return the counts of a comparison."""
    inventory = comparison.inventory
    return {
        "poolUsers": comparison.pool_users,
        "accounts": inventory.accounts,
        "erasedUsers": inventory.erased_users,
        "differences": {str(kind): inventory.count(kind) for kind in BackupDifferenceKind},
        "results": {str(result): inventory.count_result(result) for result in BackupResult},
    }


def text_pieces(header: dict[str, Any], inventory: BackupInventory) -> Iterator[str]:
    """Yield one line for each difference, and the totals."""
    yield from text_lines(inventory.differences(), _TEXTS)
    yield (
        f"Users in the pool: {header['poolUsers']:,}. Accounts in the restored table: "
        f"{header['accounts']:,}. Erased users: {header['erasedUsers']:,}.\n"
    )
    yield f"Differences: {format_counts(header['differences'])}.\n"
    if header["fix"]:
        yield f"Results: {format_counts(header['results'])}.\n"
