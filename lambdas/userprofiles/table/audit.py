"""The audit trail: one row for each write, in one hash chain for each user.

On the audit table, functions have only PutItem and can't read the last row. The account item therefore
stores the hash of that row (the head). Each transaction replaces the head if it is unchanged. A row contains
names of fields, never values.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from userprofiles.table import record
from userprofiles.telemetry import request_id

AuditRow = dict[str, Any]


class Action(StrEnum):
    """What a write did."""

    REGISTERED = "REGISTERED"
    REPAIRED = "REPAIRED"
    PROFILE_UPDATED = "PROFILE_UPDATED"
    CONTACT_UPDATED = "CONTACT_UPDATED"
    ROLE_CHANGED = "ROLE_CHANGED"
    STATUS_CHANGED = "STATUS_CHANGED"
    VENDOR_STATUS_CHANGED = "VENDOR_STATUS_CHANGED"
    DELETION_REQUESTED = "DELETION_REQUESTED"
    RESTORED = "RESTORED"
    ERASURE_STARTED = "ERASURE_STARTED"
    ERASED = "ERASED"
    IMPORTED = "IMPORTED"
    TABLE_RESTORED = "TABLE_RESTORED"


class BrokenChainError(ValueError):
    """The rows of a user don't form one chain. The message names the row's sort key."""


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON (sorted names, no spaces) in hexadecimal."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def chain_head(account: Mapping[str, Any] | None) -> str | None:
    """Return the `previousHash` of the next row of a user.

    Args:
        account: The current item of the account, None if there is none yet.

    Returns:
        The account's audit head; the digest of a backfilled account, which has no head yet; None at the
        beginning of a chain.
    """
    if account is None:
        return None
    head: str | None = account.get("auditHead")
    return head or digest(account)


def create_row(
    sub: str,
    action: Action,
    *,
    source: str,
    account: Mapping[str, Any] | None,
    moment: datetime,
    fields: Iterable[str] = (),
    receipt: str | None = None,
    lost_heads: Iterable[str] = (),
) -> AuditRow:
    """Create the audit row of a write, the next one in the user's chain.

    Args:
        sub: The user's sub.
        action: What the write does.
        source: The cause of the write: a trigger source, `api`, `outbox`, `admin:<sub>` (an administrator) or
            `operator`.
        account: The account's item before the write, None if there is none yet. The row refers to its head
            and contains the account's next version.
        moment: The time of the write.
        fields: Names of the changed fields, such as `profile.language`.
        receipt: SHA-256 of the receipt of an erasure, None for other actions.
        lost_heads: Hashes of the last rows that a restored or imported account does not contain.
    """
    row: AuditRow = {
        "PK": record.partition_key(sub),
        "SK": f"{record.timestamp(moment, 'milliseconds')}#{uuid.uuid4().hex}",
        "action": str(action),
        "source": source,
        "previousHash": chain_head(account),
        "version": int((account or {}).get("version", 0)) + 1,
    }
    field_names = sorted(fields)
    if field_names:
        row["fields"] = field_names
    if receipt is not None:
        row["receipt"] = receipt
    hashes = sorted(lost_heads)
    if hashes:
        row["lostHeads"] = hashes
    if request_id.get():
        row["requestId"] = request_id.get()
    return {**row, "hash": digest(row)}


def verify(rows: Iterable[Mapping[str, Any]], head: str) -> int:
    """Check that rows form one complete chain that ends in a head.

    Args:
        rows: A user's rows, in any order.
        head: `auditHead` of the account.

    Returns:
        The number of rows in the chain.

    Raises:
        BrokenChainError: A row was changed, is missing, or doesn't belong to the chain.
    """
    rows_by_hash = {}
    for row in rows:
        if digest({name: value for name, value in row.items() if name != "hash"}) != row.get("hash"):
            raise BrokenChainError(f"Audit row {row.get('SK')!r} was changed after it was written.")
        rows_by_hash[row["hash"]] = row
    length = 0
    next_hash: str | None = head
    while next_hash in rows_by_hash:
        next_hash = rows_by_hash.pop(next_hash)["previousHash"]
        length += 1
    if rows_by_hash:
        keys = ", ".join(sorted(row["SK"] for row in rows_by_hash.values()))
        raise BrokenChainError(f"{len(rows_by_hash)} audit rows don't lead to the account's head: {keys}.")
    if not length:
        raise BrokenChainError("No audit row has the account's head as its hash.")
    return length
