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
}
_NOUNS = {
    "users": "user",
    "links": "links of user",
    "premium": "paid plan of user",
    "counters": "counters of user",
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
        """Show a line for each user, and for each failed record of other stages."""
        if not self._is_verbose:
            return
        lines = [line for result in results if (line := _format_line(unit, result))]
        if lines:
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


def _format_line(unit: Unit, result: RecordResult) -> str:
    """Return the line of a record; empty for a record without one."""
    record_id, reason = printable(result.record_id), printable(result.reason)
    if result.outcome is Outcome.FAILED:
        return f"Error migrating {_NOUNS.get(unit.stage, unit.stage)} {record_id}: {reason}"
    if unit.stage != USERS_STAGE:
        return ""
    return f"{_SENTENCES.get(result.outcome, result.outcome.value)}: {record_id}" + (
        f" ({reason})" if reason else ""
    )
