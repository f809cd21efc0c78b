"""Which batch operations a run may use."""

import threading
from collections.abc import Callable

from userprofiles.backfill.limits import Limits


class BatchPermissions:
    """Whether the caller may use the batch operations. Shared by all threads of a run.

    Args:
        warn: Receives one message for each missing permission.
        limits: The sizes of a batch, for the messages.
    """

    def __init__(self, warn: Callable[[str], None], limits: Limits) -> None:
        self.can_batch_read = True
        self.can_batch_insert = True
        self._warn = warn
        self._limits = limits
        self._lock = threading.Lock()

    def record_denied_batch_read(self) -> None:
        """Record that BatchGetItem was denied."""
        with self._lock:
            if self.can_batch_read:
                self.can_batch_read = False
                self._warn(
                    "dynamodb:BatchGetItem is denied. The run continues with one GetItem for each user. "
                    "With this permission on the table, it would read "
                    f"{self._limits.read_batch_keys} keys in a call."
                )

    def record_denied_batch_insert(self) -> None:
        """Record that BatchExecuteStatement was denied."""
        with self._lock:
            if self.can_batch_insert:
                self.can_batch_insert = False
                self._warn(
                    "dynamodb:PartiQLInsert is denied. The run continues with one conditional PutItem for "
                    "each profile. With this permission on the table, it would insert "
                    f"{self._limits.insert_batch_items} profiles in a call."
                )
