"""The result of a reconciliation as JSON and as text: subs and names of fields, never values of users."""

import json
from collections.abc import Iterator
from typing import Any

from userprofiles.lifecycle.inventory import Difference, DifferenceKind, Inventory, Result
from userprofiles.lifecycle.reconciliation import Counts

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


def json_pieces(header: dict[str, Any], inventory: Inventory) -> Iterator[str]:
    """Yield the pieces of a JSON document: the members of `header`, and `users`."""
    yield json.dumps(header, indent=2).removesuffix("\n}") + ',\n  "users": ['
    separator = "\n    "
    for difference in inventory.differences():
        yield separator + json.dumps(_to_json(difference))
        separator = ",\n    "
    yield "\n  ]\n}\n"


def _to_json(difference: Difference) -> dict[str, str]:
    values = {
        "userId": difference.sub,
        "difference": str(difference.kind),
        "detail": difference.detail,
        "result": difference.result,
    }
    return {name: value for name, value in values.items() if value}


def text_pieces(header: dict[str, Any], inventory: Inventory) -> Iterator[str]:
    """Yield one line for each difference, and the totals."""
    for difference in inventory.differences():
        text = _TEXTS[difference.kind].format(detail=difference.detail)
        result = f" ({difference.result})" if difference.result else ""
        yield _printable(f"{difference.kind:<11}  {difference.sub}: {text}{result}") + "\n"
    yield (
        f"Users in the pool: {header['poolUsers']:,}, of them disabled or not confirmed: "
        f"{header['usersWithoutProfile']:,}. Accounts: {header['accounts']:,}, others pending deletion: "
        f"{header['pendingDeletion']:,}.\n"
    )
    yield f"Differences: {_format_counts(header['differences'])}.\n"
    if header["fix"]:
        yield f"Results: {_format_counts(header['results'])}.\n"


def _format_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _printable(text: str) -> str:
    """Replace control characters, which could change the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
