"""The result of the check of a restored table as JSON and as text: subs and names, never values of users."""

import json
from collections.abc import Iterator
from typing import Any

from userprofiles.lifecycle.backup_comparison import BackupComparison
from userprofiles.lifecycle.backup_inventory import (
    BackupDifference,
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


def json_pieces(header: dict[str, Any], inventory: BackupInventory) -> Iterator[str]:
    """Yield the pieces of a JSON document: the members of `header`, and `users`."""
    yield json.dumps(header, indent=2).removesuffix("\n}") + ',\n  "users": ['
    separator = "\n    "
    for difference in inventory.differences():
        yield separator + json.dumps(_to_json(difference))
        separator = ",\n    "
    yield "\n  ]\n}\n"


def _to_json(difference: BackupDifference) -> dict[str, str]:
    values = {
        "userId": difference.sub,
        "difference": str(difference.kind),
        "detail": difference.detail,
        "result": difference.result,
    }
    return {name: value for name, value in values.items() if value}


def text_pieces(header: dict[str, Any], inventory: BackupInventory) -> Iterator[str]:
    """Yield one line for each difference, and the totals."""
    for difference in inventory.differences():
        text = _TEXTS[difference.kind].format(detail=difference.detail)
        result = f" ({difference.result})" if difference.result else ""
        yield _printable(f"{difference.kind:<9}  {difference.sub}: {text}{result}") + "\n"
    yield (
        f"Users in the pool: {header['poolUsers']:,}. Accounts in the restored table: "
        f"{header['accounts']:,}. Erased users: {header['erasedUsers']:,}.\n"
    )
    yield f"Differences: {_format_counts(header['differences'])}.\n"
    if header["fix"]:
        yield f"Results: {_format_counts(header['results'])}.\n"


def _format_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _printable(text: str) -> str:
    """Replace control characters, which could change the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
