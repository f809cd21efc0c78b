"""The claim of an old user, and its mirror. Pure functions.

    PK `LEGACY#<source>#<old ID>`, SK `CLAIM#MAIN`               the claim
    PK `USER#<sub>`,               SK `LEGACY#<source>#<old ID>` the mirror

The mirror finds the old ID of a user, and the claim the user of an old ID. The erasure of the user derives
the claim's partition from the mirror (`userprofiles.lifecycle.erasure.links`).

| Attribute of the claim | Value                                                                           |
|------------------------|---------------------------------------------------------------------------------|
| `entityType`           | `LEGACY_CLAIM` (`LEGACY_USER` in the mirror)                                    |
| `state`                | `claimed`: an import will create or bind the user; `bound`; `conflict`          |
| `sub`                  | the user; only in the state `bound`                                             |
| `createdUser`          | whether the import created the Cognito user                                     |
| `addressHash`          | hash of the verified address, never the address                                 |
| `addressSalt`          | the salt of that hash                                                           |
| `digest`               | digest of the imported values                                                   |
| `updatedAt`            | when the claim was last written: ISO 8601 in UTC, to the second                 |
| `migrationRunId`       | the run, in both items                                                          |
"""

import re
from collections.abc import Mapping

from userprofiles.table import record
from userprofiles.table.record import Item

PREFIX = "LEGACY#"
CLAIM_SORT_KEY = "CLAIM#MAIN"
CLAIM_TYPE = "LEGACY_CLAIM"
MIRROR_TYPE = "LEGACY_USER"
ERASED_TYPE = "LEGACY_ERASED"

CLAIMED = "claimed"
BOUND = "bound"
CONFLICT = "conflict"
STATES = (CLAIMED, BOUND, CONFLICT)

_SOURCE = re.compile("[a-z0-9][a-z0-9_-]{0,31}")
_MAX_ID_BYTES = 512


def legacy_name(source: str, old_id: str) -> str:
    """Return `LEGACY#<source>#<old ID>`: the partition of the claim, and the sort key of the mirror.

    Args:
        source: Name of the old application: lower-case letters, digits, `_` and `-`.
        old_id: The user's ID there, at most 512 bytes.

    Raises:
        ValueError: An argument can't be a part of the key.
    """
    if not _SOURCE.fullmatch(source):
        raise ValueError("The name of a source must have 1 to 32 lower-case letters, digits, _ and -.")
    if not old_id or len(old_id.encode(errors="surrogatepass")) > _MAX_ID_BYTES:
        raise ValueError(f"An old ID must have 1 to {_MAX_ID_BYTES} bytes.")
    return f"{PREFIX}{source}#{old_id}"


def claim_key(source: str, old_id: str) -> dict[str, str]:
    """Return the primary key of a claim."""
    return {"PK": legacy_name(source, old_id), "SK": CLAIM_SORT_KEY}


def legacy_mirror_key(sub: str, source: str, old_id: str) -> dict[str, str]:
    """Return the primary key of the mirror in the user's partition."""
    return {"PK": record.partition_key(sub), "SK": legacy_name(source, old_id)}


def claim_item(
    source: str,
    old_id: str,
    *,
    address_hash: str,
    address_salt: str,
    digest: str,
    updated_at: str,
    run_id: str,
) -> Item:
    """Return a new claim, in the state `claimed`. A later update binds it to a user.

    Args:
        source: Name of the old application.
        old_id: The user's ID there.
        address_hash: Hash of the verified address.
        address_salt: The salt of that hash.
        digest: Digest of the imported values.
        updated_at: The result of `record.timestamp`.
        run_id: The run.
    """
    return {
        **claim_key(source, old_id),
        "entityType": CLAIM_TYPE,
        "state": CLAIMED,
        "createdUser": False,
        "addressHash": address_hash,
        "addressSalt": address_salt,
        "digest": digest,
        "updatedAt": updated_at,
        record.RUN_ID: run_id,
    }


def erased_claim_item(key: Mapping[str, str]) -> Item:
    """Return the empty item that replaces the claim of an erased user.

    The old database may still have the user. The item prevents that a later import or delta pass brings the
    user back, as a tombstone does for a late write.
    """
    return {"PK": key["PK"], "SK": key["SK"], "entityType": ERASED_TYPE}


def legacy_mirror_item(sub: str, source: str, old_id: str, *, run_id: str) -> Item:
    """Return the mirror in the user's partition."""
    return {
        **legacy_mirror_key(sub, source, old_id),
        "entityType": MIRROR_TYPE,
        record.RUN_ID: run_id,
    }
