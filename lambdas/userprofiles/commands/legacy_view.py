"""The output while an import runs: a bar on a terminal, else lines; with `--verbose` a line per user."""

import sys
from collections.abc import Callable, Sequence

from userprofiles.backfill.command.output import printable
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.limits import Limits
from userprofiles.legacy.job.import_report import USERS_STAGE
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.job.unit_state import Unit, UnitState, add_outcomes

_SENTENCES = {
    Outcome.CREATED: "Migrated user",
    Outcome.UPDATED: "Updated user",
    Outcome.EXISTED: "User already exists",
    Outcome.SKIPPED: "Skipped user",
    Outcome.CONFLICT: "User needs a decision",
    Outcome.FAILED: "Error migrating user",
}


class ImportView:
    """Shows an import on standard error.

    Args:
        limits: The times between two updates.
        is_verbose: Whether each user has a line: the ID in the old application, without other values.
    """

    def __init__(self, limits: Limits, *, is_verbose: bool = False) -> None:
        self._line = ProgressLine(limits, unit="records")
        self._is_verbose = is_verbose

    def start(self, records: int, count_records: Callable[[], int | None]) -> None:
        """Start the clock, as `ProgressLine.start` does."""
        self._line.start(records, count_records)

    def record_results(self, unit: Unit, results: Sequence[RecordResult]) -> None:
        """Show a line for each user."""
        if not self._is_verbose or unit.stage != USERS_STAGE:
            return
        lines = [
            f"{_SENTENCES.get(result.outcome, result.outcome.value)}: {printable(result.record_id)}"
            + (f" ({printable(result.reason)})" if result.reason else "")
            for result in results
        ]
        self._line.clear()
        write_error(sys.stderr, "".join(line + "\n" for line in lines))

    def show_progress(self, states: Sequence[UnitState], *, is_last: bool) -> None:
        """Show the bar or a line, if the last update is old enough."""
        if is_last:
            self._line.clear()
        elif self._line.is_due:
            stage = next((state.unit.stage for state in states if not state.done), "")
            counts = ", ".join(f"{count:,} {name}" for name, count in sorted(add_outcomes(states).items()))
            self._line.show(sum(state.processed for state in states), f"{stage}: {counts or 'reading'}")

    def warn(self, message: str) -> None:
        """Show a message in place of the bar."""
        self._line.show_message(message)
