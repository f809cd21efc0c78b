"""What a run of an erasure did."""

from dataclasses import dataclass
from enum import StrEnum

from userprofiles.lifecycle.erasure.receipts import Receipt


class Outcome(StrEnum):
    """What an erasure did."""

    ERASED = "erased"
    ALREADY_ERASED = "already erased"
    WAITING = "waiting for a store"
    PAUSED = "paused"
    NOT_DUE = "not due"
    UNKNOWN = "unknown user"


@dataclass(frozen=True)
class ErasureResult:
    """The result of one run.

    Attributes:
        outcome: What it did.
        receipt: The receipt; None if there is none.
    """

    outcome: Outcome
    receipt: Receipt | None = None


class ErasureFailedError(Exception):
    """Some stores could not be emptied. The others were. A later run continues.

    Args:
        failures: AWS's error code, or a code of our own, for each failed store.
    """

    def __init__(self, failures: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {code}" for name, code in failures.items()))
        self.failures = failures
        self.code = next(iter(failures.values()))
