"""Checks the receipt of an erased user against the audit trail. No AWS calls."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from userprofiles.lifecycle.audit.audit_chain import ChainResult, Problem, ProblemKind, UserStatus
from userprofiles.lifecycle.erasure.receipts import Receipt
from userprofiles.lifecycle.restore.lost_changes import row_time
from userprofiles.table.audit import Action


def check_receipt(
    result: ChainResult, rows: Sequence[Mapping[str, Any]], item: Mapping[str, Any] | None
) -> ChainResult:
    """Add the problem of the receipt to the result of an erased user's chain. Other results stay unchanged.

    The hash of the receipt is computed again, and compared with the last audit row ERASED.

    Args:
        result: The result of the check of the chain.
        rows: All audit rows of the user, in any order.
        item: The item of the receipts table, None if there is none.
    """
    if result.status is not UserStatus.ERASED:
        return result
    actions = {Action.ERASURE_STARTED, Action.ERASED}
    erasure_rows = [row for row in rows if row.get("action") in actions]
    problem = _find_problem(erasure_rows, item)
    if problem is None:
        return result
    return replace(result, status=UserStatus.BROKEN, problems=(problem,))


def _find_problem(rows: Sequence[Mapping[str, Any]], item: Mapping[str, Any] | None) -> Problem | None:
    if item is None:
        if not rows:
            return None  # tombstones without an erasure of this version
        return Problem(ProblemKind.MISSING_RECEIPT, "the receipts table has no receipt of the erased user")
    try:
        detail = _compare(rows, Receipt.from_item(item))
    except KeyError as error:
        detail = f"the receipt has no attribute {error}"
    return Problem(ProblemKind.CHANGED_RECEIPT, detail) if detail else None


def _compare(rows: Sequence[Mapping[str, Any]], receipt: Receipt) -> str:
    """Return how a receipt differs from the trail; an empty text if it does not, or if it is open."""
    if receipt.is_open:
        return ""
    if receipt.hash != receipt.compute_hash():
        return "the receipt does not match its own hash"
    # After a restore of the users table, versions begin again at that of the restored account.
    last_row = max(rows, key=lambda row: (row_time(row), int(row.get("version", 0))), default={})
    if last_row.get("receipt") != receipt.hash:
        return "the last audit row of the erasure has another hash of the receipt"
    return ""
