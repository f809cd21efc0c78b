"""Starts the deletion of accounts without a user in the pool. Such an account is restorable for some time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.lifecycle.reconciliation.inventory import Result
from userprofiles.table import audit, deletion
from userprofiles.table.audit import Action
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreBusyError

_ATTEMPTS = 3


@dataclass(frozen=True)
class OrphanDeletion:
    """Marks orphans for deletion.

    Attributes:
        store: The tables.
        pool: Confirms that the pool does not have the user.
        grace: The time between the mark and the erasure.
        source: The requester, in the mark and in audit rows.
        clock: Returns the current time.
    """

    store: Store
    pool: PoolReader
    grace: timedelta
    source: str
    clock: Callable[[], datetime]

    def request(self, sub: str) -> Result:
        """Mark an account for deletion, in one transaction with an audit row.

        Returns:
            MARKED; UNNECESSARY if the pool has the user, or the account is marked or erased.

        Raises:
            userprofiles.table.store_errors.StoreError: Nothing was written, or the result is unknown.
            BackfillFailedError, StoppedError: The pool can't be read, or a stop was requested.
        """
        if self.pool.has_sub(sub):
            return Result.UNNECESSARY
        for _ in range(_ATTEMPTS):
            items = self.store.read(sub)
            if items.account is None or items.is_erased or deletion.find_request(items.account):
                return Result.UNNECESSARY
            moment = self.clock()
            request = deletion.create_request(moment, self.grace, self.source)
            audit_row = audit.create_row(
                sub, Action.DELETION_REQUESTED, source=self.source, account=items.account, moment=moment
            )
            changes = deletion.mark_changes(sub, items.account, request)
            if self.store.change(items, {"account": changes}, audit_row) is not None:
                return Result.MARKED
        raise StoreBusyError("DeletionConflict")
