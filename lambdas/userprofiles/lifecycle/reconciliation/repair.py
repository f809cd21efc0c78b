"""Fixes differences: creates missing items, updates contact data, marks orphans, removes unconfirmed users.

Each write to the tables is one transaction under conditions. A repair can stop at any call and run again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.lifecycle.reconciliation.inventory import (
    FIXED_KINDS,
    Difference,
    DifferenceKind,
    Inventory,
    Result,
)
from userprofiles.lifecycle.reconciliation.orphans import OrphanDeletion
from userprofiles.lifecycle.reconciliation.unconfirmed_users import UnconfirmedUsers
from userprofiles.registration import contact_data
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import deletion, record
from userprofiles.table.attribute_value import AttributeValueError
from userprofiles.table.store_errors import StoreBusyError, StoreError
from userprofiles.telemetry import error_code

SOURCE = "reconciler"
_ATTEMPTS = 3
_MAX_FAILURES_IN_A_ROW = 20


@dataclass(frozen=True)
class Repair:
    """Fixes differences.

    Attributes:
        registrar: Creates the missing items.
        pool: Reads each user again, because the list may be old.
        orphans: Marks accounts without a user for deletion.
        unconfirmed_users: Removes unconfirmed users.
        inventory: The differences. It receives the results.
    """

    registrar: Registrar
    pool: PoolReader
    orphans: OrphanDeletion
    unconfirmed_users: UnconfirmedUsers
    inventory: Inventory

    def fix_all(self, on_user: Callable[[int], None]) -> None:
        """Fix all differences that can be fixed. A failing user does not stop the others.

        Args:
            on_user: Called after each user with the number of users so far.

        Raises:
            BackfillFailedError: The pool can't be read, or many users in a row failed.
            StoppedError: A stop was requested. The users before it are fixed.
        """
        users = failures_in_a_row = 0
        for difference in self.inventory.differences():
            if difference.kind not in FIXED_KINDS:
                continue
            result = self._fix(difference)
            self.inventory.set_result(difference, result)
            users += 1
            on_user(users)
            failures_in_a_row = failures_in_a_row + 1 if result.startswith(Result.FAILED) else 0
            if failures_in_a_row == _MAX_FAILURES_IN_A_ROW:
                raise BackfillFailedError(
                    ErrorKind.SERVICE,
                    f"{failures_in_a_row} users in a row could not be fixed; the last result is {result}.\n"
                    "Check the permissions in `userprofiles reconcile --help`, the network and the capacity "
                    "of the tables. Then run the command again: fixed users stay fixed.",
                )

    def _fix(self, difference: Difference) -> str:
        try:
            match difference.kind:
                case DifferenceKind.ORPHAN:
                    return self.orphans.request(difference.sub)
                case DifferenceKind.UNCONFIRMED:
                    return self.unconfirmed_users.remove(difference.sub, difference.user_name)
            user = self.pool.get(difference.user_name)
            if user is None or user.sub != difference.sub:
                return Result.UNNECESSARY
            return self._fix_user(user)
        except (StoreError, AttributeValueError) as error:
            return f"{Result.FAILED}: {error_code(error)}"

    def _fix_user(self, user: CognitoUser) -> Result:
        is_created = False
        items = self.registrar.store.read(user.sub)
        if deletion.find_request(items.account):
            return Result.UNNECESSARY
        if not items.is_erased and not items.is_complete:
            self.registrar.register(user)
            is_created = True
            items = self.registrar.store.read(user.sub)
        if items.is_erased:
            return Result.UNNECESSARY
        is_updated = self._update_contact_data(user)
        if is_created:
            return Result.CREATED
        return Result.UPDATED if is_updated else Result.UNNECESSARY

    def _update_contact_data(self, user: CognitoUser) -> bool:
        """Write new contact data; return False if there is none."""
        registrar = self.registrar
        for _ in range(_ATTEMPTS):
            items = registrar.store.read(user.sub)
            moment = registrar.clock()
            update = contact_data.find_update(
                registrar.template, items, user.attributes, record.timestamp(moment)
            )
            if update is None or items.is_erased or not items.is_complete:
                return False
            is_written = contact_data.write_update(
                registrar.store, items, update, sub=user.sub, source=SOURCE, moment=moment
            )
            if is_written:
                return True
        raise StoreBusyError("ContactConflict")
