"""New addresses that wait for the code that was sent to them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pending:
    """A new address.

    Attributes:
        value: The address.
        code: The code that was sent to it.
        sent: When, in seconds of a clock that only moves forward.
    """

    value: str
    code: str
    sent: float


@dataclass
class Changes:
    """Codes that were sent to new addresses.

    Attributes:
        clock: Seconds that only move forward.
        pending: By pool, user name and attribute.
    """

    clock: Callable[[], float] = time.monotonic
    pending: dict[tuple[str, str, str], Pending] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget all, after the emulator was reset."""
        self.pending.clear()
