"""The audit trail: one row for each write, chained by hashes.

Functions hold PutItem alone on the trail's table, so nobody reads it to append: the head of each user's chain
stands on the account, and every transaction moves it under condition. A row names fields, never values.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from userprofiles import record

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
    previous: str | None,
    version: int,
    moment: datetime,
    fields: Iterable[str] = (),
) -> Row:
    """Make an audit row.

    Args:
        sub: The user's sub.
        action: What happened.
        source: Through what: a trigger source, `api` or `outbox`.
        previous: Hash of the user's row before, as `chain_head` tells it.
        version: Version of the account that the same transaction writes.
        moment: When it happened.
        fields: Names of the changed fields, such as `profile.language`.
    """
    instant = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made: Row = {
        "PK": record.partition_key(sub),
        "SK": f"{instant}#{uuid.uuid4().hex}",
        "action": str(action),
        "source": source,
        "previousHash": previous,
        "version": version,
    }
    changed = sorted(fields)
    if changed:
        made["fields"] = changed
    return {**made, "hash": digest(made)}


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
