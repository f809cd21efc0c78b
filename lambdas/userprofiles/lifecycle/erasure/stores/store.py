"""A store with data of a user, and the work of one erasure on it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from userprofiles.lifecycle.erasure.receipts import Receipt, Receipts
from userprofiles.table import record

CheckStop = Callable[[], None]
"""Raises an `ErasurePausedError` if the erasure must stop. A later run continues it."""

_PASSES = 3


class ErasurePausedError(Exception):
    """The time is over or a stop was requested. A later run continues the erasure."""


class StoreFailedError(Exception):
    """A store could not be emptied. A later run can succeed.

    Args:
        code: AWS's error code, or a code of our own.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class StoreWork:
    """The work of one erasure on one store.

    Attributes:
        receipt: The receipt of the erasure.
        name: Name of the store.
        receipts: Records the progress.
        clock: Returns the current time.
        check_stop: Raises an `ErasurePausedError` if the erasure must stop.
    """

    receipt: Receipt
    name: str
    receipts: Receipts
    clock: Callable[[], datetime]
    check_stop: CheckStop

    @property
    def sub(self) -> str:
        """The user."""
        return self.receipt.sub

    @property
    def entry(self) -> Any:
        """What the receipt says about the store."""
        return self.receipt.stores.get(self.name, {})

    def record_count(self, count: int) -> None:
        """Record how many items the store has. A resumed run keeps the first count."""
        self.receipts.record(self.receipt, self.name, "found", count)

    def record_done(self) -> None:
        """Record that the store has nothing of the user any more."""
        self.receipts.record(self.receipt, self.name, "doneAt", record.timestamp(self.clock()))

    def record_sent(self) -> None:
        """Record that the store was asked now."""
        self.receipts.replace(self.receipt, self.name, "sentAt", record.timestamp(self.clock()))


class ErasureStore(Protocol):
    """A store with data of users."""

    @property
    def name(self) -> str:
        """Its name in the receipt."""

    def erase(self, work: StoreWork) -> bool:
        """Delete everything of a user. It can run again after any interruption.

        Returns:
            Whether the store has nothing of the user any more. False if its answer comes later.

        Raises:
            ErasurePausedError: The erasure must stop.
            StoreFailedError: The store could not be emptied.
            userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError,
            botocore.exceptions.BotoCoreError: A call to AWS failed.
        """


class CountedStore(ABC):
    """A store that counts before it deletes, so that a resumed run keeps the right count."""

    name: str

    @abstractmethod
    def count(self, sub: str, check_stop: CheckStop) -> int:
        """Return how many items of a user the store has."""

    @abstractmethod
    def delete(self, sub: str, check_stop: CheckStop) -> None:
        """Delete all items of a user."""

    def erase(self, work: StoreWork) -> bool:
        """Delete everything of a user, and check that nothing is left. See `ErasureStore.erase`."""
        remaining = self.count(work.sub, work.check_stop)
        if "found" not in work.entry:
            work.record_count(remaining)
        for _ in range(_PASSES):
            if not remaining:
                return True
            self.delete(work.sub, work.check_stop)
            remaining = self.count(work.sub, work.check_stop)
        if remaining:
            raise StoreFailedError("ItemsRemain")
        return True
