"""Finds erased users who exist again after a restore from a backup."""

from collections.abc import Callable, Iterator

from userprofiles.lifecycle.erasure.erasure import Erasure
from userprofiles.lifecycle.erasure.receipts import Receipt
from userprofiles.lifecycle.erasure.stores.store import CheckStop


def find_returned_users(
    erasure: Erasure, check_stop: CheckStop, on_receipt: Callable[[int], None]
) -> Iterator[Receipt]:
    """Yield the receipts whose user has no tombstones in the table, or exists in the pool again.

    An open erasure is only checked against the table: its user may still be in the pool.

    Args:
        erasure: Reads the receipts, the users table and the pool.
        check_stop: Raises an `ErasurePausedError` if a stop was requested.
        on_receipt: Called after each receipt with the number of receipts so far.

    Raises:
        userprofiles.table.store_errors.StoreError, botocore.exceptions.ClientError,
        botocore.exceptions.BotoCoreError: A call to AWS failed.
    """
    for number, receipt in enumerate(erasure.receipts.all(), 1):
        check_stop()
        if not erasure.is_erased(receipt):
            yield receipt
        on_receipt(number)
