"""The audit trail: one row for each write, chained by hashes.

Functions hold PutItem alone on the trail's table, so nobody reads it to append: the head of each user's chain
stands on the account, and every transaction moves it under condition. A row names fields, never values.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from userprofiles.table import record

Row = dict[str, Any]


class Action(StrEnum):
    """What happened to a user."""

    REGISTERED = "REGISTERED"
    REPAIRED = "REPAIRED"
    PROFILE_UPDATED = "PROFILE_UPDATED"


class BrokenChainError(ValueError):
    """A trail whose rows don't fit together. The message names the row's sort key."""


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON (sorted names, no spaces), in hex."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def chain_head(account: Mapping[str, Any] | None) -> str | None:
    """Return what the next row of a user has to name as its predecessor.

    Args:
        account: The account's item as it stands, None where there is none yet.

    Returns:
        The head that stands on the account; the digest of an item that was backfilled and has no head yet;
        None at the beginning of a chain.
    """
    if account is None:
        return None
    head: str | None = account.get("auditHead")
    return head or digest(account)


def row(
    sub: str,
    action: Action,
    *,
    source: str,
    account: Mapping[str, Any] | None,
    moment: datetime,
    fields: Iterable[str] = (),
) -> Row:
    """Create the audit row of a write, the next in the user's chain.

    Args:
        sub: The user's sub.
        action: What happened.
        source: Through what: a trigger source, `api` or `outbox`.
        account: The account's item before the write; None where there is none yet. The row names its head,
            and has the version that the write gives to the account.
        moment: When it happened.
        fields: Names of the changed fields, such as `profile.language`.
    """
    content: Row = {
        "PK": record.partition_key(sub),
        "SK": f"{record.timestamp(moment, 'milliseconds')}#{uuid.uuid4().hex}",
        "action": str(action),
        "source": source,
        "previousHash": chain_head(account),
        "version": int((account or {}).get("version", 0)) + 1,
    }
    field_names = sorted(fields)
    if field_names:
        content["fields"] = field_names
    return {**content, "hash": digest(content)}


def verify(rows: Iterable[Mapping[str, Any]], head: str) -> int:
    """Check that rows form one unbroken chain that ends in a head.

    Args:
        rows: A user's rows, in any order.
        head: `auditHead` of the account.

    Returns:
        How many rows the chain has.

    Raises:
        BrokenChainError: A row was changed, is missing, or doesn't belong to the chain.
    """
    by_hash = {}
    for found in rows:
        if digest({name: value for name, value in found.items() if name != "hash"}) != found.get("hash"):
            raise BrokenChainError(f"Audit row {found.get('SK')!r} was changed after it was written.")
        by_hash[found["hash"]] = found
    length = 0
    wanted: str | None = head
    while wanted in by_hash:
        wanted = by_hash.pop(wanted)["previousHash"]
        length += 1
    if by_hash:
        strays = ", ".join(sorted(stray["SK"] for stray in by_hash.values()))
        raise BrokenChainError(f"{len(by_hash)} audit rows don't lead to the account's head: {strays}.")
    if not length:
        raise BrokenChainError("No audit row has the account's head as its hash.")
    return length
