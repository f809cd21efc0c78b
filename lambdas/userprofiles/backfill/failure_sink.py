"""Where a run in a ledger records its failed users."""

from collections.abc import Iterable
from typing import Any, Protocol


class FailureSink(Protocol):
    """Keeps failures. A run that resumes after a kill can add a failure again: a reader counts it once."""

    def extend(self, failures: Iterable[dict[str, Any]]) -> None:
        """Add failures, as `report.list_failures` returns them: all of them, or none.

        Raises:
            OSError: They can't be written.
        """
