"""The erasure of a user: tombstones first, then all stores, then the finished receipt.

    tombstones + audit row ERASURE_STARTED + receipt OPEN   one transaction; nobody can restore the user now
    each store: count, delete, check, record in the receipt
    tombstones' head + audit row ERASED + receipt DONE      one transaction

It can be killed at any step, and several runs can work on the same user at the same time: the next run reads
the receipt and continues. A restored table can have erased users again; for them, the sequence runs again.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.lifecycle.erasure.erasure_result import ErasureFailedError, ErasureResult, Outcome
from userprofiles.lifecycle.erasure.receipts import OPEN, ErasureReplacedError, Receipt, Receipts
from userprofiles.lifecycle.erasure.stores.pool_user import PoolUserStore
from userprofiles.lifecycle.erasure.stores.registered import QueueStore
from userprofiles.lifecycle.erasure.stores.store import (
    CheckStop,
    ErasurePausedError,
    ErasureStore,
    StoreFailedError,
    StoreWork,
)
from userprofiles.table import audit, deletion, record, tombstones
from userprofiles.table.audit import Action
from userprofiles.table.record import Item
from userprofiles.table.store import Store, UserItems
from userprofiles.table.store_errors import StoreBusyError, StoreError
from userprofiles.telemetry import error_code

OPERATOR = "operator"
RECORD = "record"
"""Name in the receipt of account and profile, which the first transaction replaces."""

_ATTEMPTS = 5


def never_stop() -> None:
    """Don't stop."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Erasure:
    """Erases users.

    Attributes:
        store: The users table and the audit table.
        users_table: Name of the users table.
        receipts: The receipts table.
        pool_user: The store with the Cognito user.
        stores: All stores in their order, with that of the Cognito user.
        clock: Returns the current time.
    """

    store: Store
    users_table: str
    receipts: Receipts
    pool_user: PoolUserStore
    stores: Sequence[ErasureStore]
    clock: Callable[[], datetime] = _now

    def erase_due(self, sub: str, check_stop: CheckStop = never_stop) -> ErasureResult:
        """Erase a user whose grace period is over, or continue an erasure. All others stay unchanged.

        Args:
            sub: The user.
            check_stop: Raises an `ErasurePausedError` if the erasure must stop.

        Raises:
            ErasureFailedError: Some stores could not be emptied.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        return self._run(sub, None, check_stop)

    def erase(self, sub: str, requested_by: str, check_stop: CheckStop = never_stop) -> ErasureResult:
        """Erase a user at once, marked or not, also one who is only in the pool or only in the table.

        Args:
            sub: The user.
            requested_by: `operator` or `admin:<sub>`.
            check_stop: Raises an `ErasurePausedError` if the erasure must stop.

        Raises:
            ErasureFailedError: Some stores could not be emptied.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: Cognito can't be read.
        """
        return self._run(sub, requested_by, check_stop)

    def is_erased(self, receipt: Receipt) -> bool:
        """Return whether the user of a receipt has both tombstones, and no user in the pool.

        Raises:
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError,
            botocore.exceptions.BotoCoreError: A call to AWS failed.
        """
        if not tombstones.is_complete(self.store.read(receipt.sub)):
            return False
        return receipt.is_open or self.pool_user.find_name(receipt.sub) is None

    def record_answer(self, sub: str, store_name: str, count: int, erasure_id: str | None) -> bool:
        """Record the answer of a registered queue store.

        An answer without an ID can be late, and belong to an erasure before a restore. It counts only if the
        store was asked in the open erasure.

        Returns:
            Whether the answer belongs to an open erasure. Others are ignored.

        Raises:
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        receipt = self.receipts.read(sub)
        is_queue = any(store.name == store_name and isinstance(store, QueueStore) for store in self.stores)
        if receipt is None or not receipt.is_open or not is_queue or store_name not in receipt.stores:
            return False
        is_asked = "sentAt" in receipt.stores[store_name]
        if erasure_id != receipt.erasure_id and (erasure_id is not None or not is_asked):
            return False
        work = StoreWork(receipt, store_name, self.receipts, self.clock, never_stop)
        try:
            work.record_count(count)
            work.record_done()
        except ErasureReplacedError:
            return False
        return True

    def _run(self, sub: str, requested_by: str | None, check_stop: CheckStop) -> ErasureResult:
        for _ in range(_ATTEMPTS):
            start = self._start(sub, requested_by)
            if not isinstance(start, Receipt):
                return start
            try:
                result = self._continue(start, check_stop)
            except ErasureReplacedError:
                continue
            except ErasurePausedError:
                return ErasureResult(Outcome.PAUSED, start)
            if result is not None:
                return result
        raise StoreBusyError("ErasureConflict")

    def _start(self, sub: str, requested_by: str | None) -> Receipt | ErasureResult:
        """Write the tombstones and return the open receipt, or the result if there is nothing to start."""
        for _ in range(_ATTEMPTS):
            receipt = self.receipts.read(sub)
            user = self.store.read(sub)
            has_tombstones = tombstones.is_complete(user)
            if receipt is not None and receipt.is_open and has_tombstones:
                return receipt
            result = self._reason_not_to_start(sub, user, receipt, is_forced=requested_by is not None)
            if result is not None:
                return result
            new_receipt = self._write_start(sub, user, receipt, requested_by)
            if new_receipt is not None:
                return new_receipt
        raise StoreBusyError("ErasureConflict")

    def _reason_not_to_start(
        self, sub: str, user: UserItems, receipt: Receipt | None, *, is_forced: bool
    ) -> ErasureResult | None:
        if receipt is not None and receipt.is_open:
            return None  # the table was restored while the erasure was open
        is_erased = receipt is not None and tombstones.is_complete(user)
        if not is_forced:
            request = deletion.find_request(user.account)
            if is_erased:
                return ErasureResult(Outcome.ALREADY_ERASED, receipt)
            return None if request and request.is_due(self.clock()) else ErasureResult(Outcome.NOT_DUE)
        is_in_pool = self.pool_user.find_name(sub) is not None
        if is_erased and not is_in_pool:
            return ErasureResult(Outcome.ALREADY_ERASED, receipt)
        is_unknown = not is_in_pool and receipt is None and user.account is None and user.profile is None
        return ErasureResult(Outcome.UNKNOWN) if is_unknown else None

    def _write_start(
        self, sub: str, user: UserItems, receipt: Receipt | None, requested_by: str | None
    ) -> Receipt | None:
        """Write tombstones, audit row and receipt; return None if another write was faster."""
        moment = self.clock()
        now = record.timestamp(moment)
        request = deletion.find_request(user.account)
        requested_by = requested_by or (request.requested_by if request else OPERATOR)
        row = audit.create_row(
            sub,
            Action.ERASURE_STARTED,
            source=requested_by,
            account=user.account,
            moment=moment,
            lost_heads=_lost_heads(user.account, receipt),
        )
        live_items = [item for item in (user.account, user.profile) if item and not record.is_tombstone(item)]
        new_receipt = Receipt(
            sub=sub,
            erasure_id=uuid.uuid4().hex,
            state=OPEN,
            requested_by=requested_by,
            started_at=now,
            audit_head=row["hash"],
            runs=receipt.runs + 1 if receipt else 1,
            stores={
                RECORD: {"found": len(live_items), "doneAt": now},
                **{store.name: {} for store in self.stores},
            },
        )
        actions = [
            *tombstones.put_actions(self.users_table, sub, user, row),
            self.receipts.put_action(new_receipt, receipt),
        ]
        return new_receipt if self.store.write(actions, row) else None

    def _continue(self, receipt: Receipt, check_stop: CheckStop) -> ErasureResult | None:
        """Empty the stores and finish; return None if another run changed the receipt."""
        failures: dict[str, str] = {}
        for store in self.stores:
            check_stop()
            if receipt.is_store_done(store.name):
                continue
            if store.name not in receipt.stores:
                self.receipts.add_store(receipt, store.name)
            work = StoreWork(receipt, store.name, self.receipts, self.clock, check_stop)
            try:
                if store.erase(work):
                    work.record_done()
            except (StoreFailedError, StoreError, ClientError, BotoCoreError) as error:
                failures[store.name] = error_code(error)
        if failures:
            raise ErasureFailedError(failures)
        current = self.receipts.read(receipt.sub)
        if current is None or current.erasure_id != receipt.erasure_id:
            return None
        if not current.is_open:
            return ErasureResult(Outcome.ERASED, current)
        if not all(current.is_store_done(store.name) for store in self.stores):
            return ErasureResult(Outcome.WAITING, current)
        return self._finish(current)

    def _finish(self, receipt: Receipt) -> ErasureResult | None:
        user = self.store.read(receipt.sub)
        if not tombstones.is_complete(user):
            return None
        moment = self.clock()
        finished = receipt.finish(moment)
        row = audit.create_row(
            receipt.sub,
            Action.ERASED,
            source=receipt.requested_by,
            account=user.account,
            moment=moment,
            receipt=finished.hash,
        )
        finished = replace(finished, audit_head=row["hash"])
        actions: list[Any] = [
            *tombstones.put_actions(self.users_table, receipt.sub, user, row),
            self.receipts.put_action(finished, receipt),
        ]
        return ErasureResult(Outcome.ERASED, finished) if self.store.write(actions, row) else None


def _lost_heads(account: Item | None, receipt: Receipt | None) -> list[str]:
    """Return the end of the former run's audit rows, if it is not the account's head.

    The audit table is not restored with the users table: it has rows that a restored account doesn't contain.
    """
    if receipt is None or (account or {}).get("auditHead") == receipt.audit_head:
        return []
    return [receipt.audit_head]
