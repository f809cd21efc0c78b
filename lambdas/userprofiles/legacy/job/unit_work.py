"""What a run does with its units, and who watches it."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from userprofiles.legacy.job.record_reader import WorkPage
from userprofiles.legacy.job.stage import RecordResult
from userprofiles.legacy.job.unit_state import Unit, UnitState


class UnitWork(Protocol):
    """What a run does with its units."""

    def units(self) -> Sequence[Unit]:
        """Return the units in their order."""

    def pages(self, state: UnitState) -> Iterator[WorkPage]:
        """Yield the pages of a unit that are not done. One thread calls this."""

    def process(self, unit: Unit, page: WorkPage) -> list[RecordResult]:
        """Process a page, in any thread."""

    def threads(self, unit: Unit) -> int | None:
        """Return the number of threads for a unit; None for that of the limits."""

    def keys(self, unit: Unit, results: Sequence[RecordResult]) -> list[str]:
        """Return what the ledger lists of results."""

    def check(self, states: Sequence[UnitState]) -> None:
        """Check the counts after a page.

        Raises:
            BackfillError: The run must end.
        """


class ImportObserver(Protocol):
    """Shows or logs the progress of a run. Its methods are called by one thread."""

    def record_results(self, unit: Unit, results: Sequence[RecordResult]) -> None:
        """Show the results of a page."""

    def show_progress(self, states: Sequence[UnitState], *, is_last: bool) -> None:
        """Show the progress."""

    def warn(self, message: str) -> None:
        """Show a message."""
