"""Deletion requests: a marked account stays restorable until `eraseAt`, then it is erased.

The request is the attribute `deletion` of ACCOUNT#MAIN. A marked account leaves the lists of its role and is
in the list `LIST#DELETION#<shard>`, sorted by `eraseAt`, so that the sweep finds due accounts without a scan.
Roles have lower-case names, so no role has this list. Pure functions: no clock, no AWS calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from userprofiles.table import record
from userprofiles.table.update_expression import REMOVED, Change

ATTRIBUTE = "deletion"
LIST = "DELETION"
_LIST_KEYS = ("listPK", "listSK", "statusListPK")


@dataclass(frozen=True)
class DeletionRequest:
    """A request to delete a user.

    Attributes:
        requested_at: The time of the request, as `record.timestamp` formats it.
        erase_at: The end of the grace period. The user is erased at the first sweep after it.
        requested_by: `user`, `reconciler`, `operator` or `admin:<sub>`.
    """

    requested_at: str
    erase_at: str
    requested_by: str

    def is_due(self, moment: datetime) -> bool:
        """Return whether the grace period has ended: the user can't be restored any more."""
        return self.erase_at <= record.timestamp(moment)


def create_request(moment: datetime, grace: timedelta, requested_by: str) -> DeletionRequest:
    """Create a request at a time, with a grace period."""
    return DeletionRequest(record.timestamp(moment), record.timestamp(moment + grace), requested_by)


def find_request(account: Mapping[str, Any] | None) -> DeletionRequest | None:
    """Return the deletion request of an account; None if there is none."""
    document = (account or {}).get(ATTRIBUTE)
    if not isinstance(document, Mapping):
        return None
    return DeletionRequest(document["requestedAt"], document["eraseAt"], document["requestedBy"])


def mark_changes(sub: str, account: Mapping[str, Any], request: DeletionRequest) -> list[Change]:
    """Return the changes that mark an account, or that give a marked account another request."""
    former = account.get(ATTRIBUTE)
    lists = former["lists"] if former else {name: account[name] for name in _LIST_KEYS if name in account}
    document = {
        "requestedAt": request.requested_at,
        "eraseAt": request.erase_at,
        "requestedBy": request.requested_by,
        "lists": lists,
    }
    return [
        Change((ATTRIBUTE,), document),
        Change(("listPK",), record.list_partition(record.list_shard(sub), LIST)),
        Change(("listSK",), f"{request.erase_at}#{sub}"),
        Change(("statusListPK",), REMOVED),
    ]


def restore_changes(account: Mapping[str, Any]) -> list[Change]:
    """Return the changes that remove the deletion request, and put the account back into its lists."""
    lists = account[ATTRIBUTE]["lists"]
    return [
        Change((ATTRIBUTE,), REMOVED),
        *(Change((name,), lists.get(name, REMOVED)) for name in _LIST_KEYS),
    ]
