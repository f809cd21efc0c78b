"""Which of the fast calls a run may use."""

import threading
from collections.abc import Callable

from userprofiles.backfill.limits import Limits


class Rights:
    """The fast calls that are allowed, shared by a run's threads.

    Args:
        tell: Receives one message for each missing right.
        limits: The sizes of a batch, for the messages.
    """

    def __init__(self, tell: Callable[[str], None], limits: Limits) -> None:
        self.batch_read = True
        self.batch_insert = True
        self._tell = tell
        self._limits = limits
        self._lock = threading.Lock()

    def lose_batch_read(self) -> None:
        """Record that BatchGetItem was denied."""
        with self._lock:
            if self.batch_read:
                self.batch_read = False
                self._tell(
                    "dynamodb:BatchGetItem is denied: going on with one GetItem for each user. With this "
                    f"right on the table the run would read {self._limits.read_batch_keys} keys in a call."
                )

    def lose_batch_insert(self) -> None:
        """Record that BatchExecuteStatement was denied."""
        with self._lock:
            if self.batch_insert:
                self.batch_insert = False
                self._tell(
                    "dynamodb:PartiQLInsert is denied: going on with a conditional PutItem for each profile. "
                    "With this right on the table the run would insert "
                    f"{self._limits.insert_batch_items} profiles in a call."
                )
