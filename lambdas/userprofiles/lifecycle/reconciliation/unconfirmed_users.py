"""Removes users who never confirmed their sign-up, so that nobody can block the owner of an address.

A user may confirm at the moment of the removal. Therefore: disable the user, read the user again, and delete
the user only if the status is still UNCONFIRMED, otherwise enable the user again. AWS does not document
whether ConfirmSignUp accepts a disabled user; to be tried on AWS. If it does not, no user can confirm between
the second read and the deletion.

The journal has an entry from before the user is disabled until the user is deleted or enabled. A run that is
stopped in between leaves the entry, and the next run completes the removal.
"""

from dataclasses import dataclass

from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.lifecycle.reconciliation.inventory import Result
from userprofiles.table.removal_journal import RemovalJournal


@dataclass(frozen=True)
class UnconfirmedUsers:
    """Removes unconfirmed users.

    Attributes:
        pool: The user pool.
        journal: The open removals.
    """

    pool: PoolReader
    journal: RemovalJournal

    def remove(self, sub: str, name: str) -> Result:
        """Remove a user who is still unconfirmed, or complete an open removal.

        Args:
            sub: The user's sub.
            name: The user's name in the pool. A later user can have the same name, but never the same sub.

        Returns:
            REMOVED; UNNECESSARY if the user was deleted, disabled or confirmed in the meantime.

        Raises:
            userprofiles.table.store_errors.StoreError, BackfillFailedError, StoppedError: The next run
            completes the removal.
        """
        is_open = self.journal.is_open(sub)
        user = self.pool.find(name)
        if user is None or user.user.sub != sub:
            return self._close(sub, Result.UNNECESSARY, is_open=is_open)
        if is_open and not user.is_enabled:
            return self._complete(sub, name, is_unconfirmed=user.is_unconfirmed)
        if not user.is_enabled or not user.is_unconfirmed:
            return self._close(sub, Result.UNNECESSARY, is_open=is_open)
        self.journal.open(sub, name)
        self.pool.disable(name)
        user = self.pool.find(name)
        if user is None:
            return self._close(sub, Result.UNNECESSARY, is_open=True)
        return self._complete(sub, name, is_unconfirmed=user.is_unconfirmed and user.user.sub == sub)

    def complete_open_removals(self) -> dict[str, Result]:
        """Complete the removals of runs that were stopped, and return the results by sub."""
        return {sub: self.remove(sub, name) for sub, name in self.journal.entries().items()}

    def _complete(self, sub: str, name: str, *, is_unconfirmed: bool) -> Result:
        """Delete a disabled user who is unconfirmed, and enable one who is not."""
        if is_unconfirmed:
            self.pool.delete(name)
            return self._close(sub, Result.REMOVED, is_open=True)
        self.pool.enable(name)
        return self._close(sub, Result.UNNECESSARY, is_open=True)

    def _close(self, sub: str, result: Result, *, is_open: bool) -> Result:
        if is_open:
            self.journal.close(sub)
        return result
