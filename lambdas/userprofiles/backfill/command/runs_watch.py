"""`userprofiles runs watch`: shows the progress of a run until it ends."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_command import LOCAL_ENGINE
from userprofiles.backfill.command.output import printable
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.command.runs_view import (
    Activity,
    describe_state,
    find_activity,
    format_counts,
    format_progress,
    format_units,
    table_name,
)
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.ledger.ledger_session import build_counts
from userprofiles.backfill.review.orphan_units import add_orphan_states
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import RunRecord, RunState
from userprofiles.table.record import timestamp

_FAILURES = ("failed", "conflict", "differing", "missing", "orphaned", "unaccounted", "kept")
_DAMAGES = (ValueError, KeyError, TypeError, AttributeError)


class Watch:
    """Shows a run on standard error: a table on a terminal, else a line for each change.

    Args:
        ledger: The ledger of the run.
        stop: Ends the watch, not the run.
        every_s: Seconds between two reads of the ledger.
        stream: Standard error.
        is_execution_running: Returns whether the execution with an ARN is running.
        now: Returns the current time.
    """

    def __init__(
        self,
        ledger: Ledger,
        stop: Stop,
        every_s: float,
        stream: TextIO | None = None,
        *,
        is_execution_running: Callable[[str], bool] = lambda _: False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._is_execution_running = is_execution_running
        self._now = now
        self._ledger = ledger
        self._stop = stop
        self._every_s = every_s
        self._stream = stream or sys.stderr
        self._lines_on_screen = 0
        self._last_text = ""

    def run(self, run_id: str) -> tuple[RunRecord, ExitCode]:
        """Show a run until it ends. Return its record, and the exit code that its command would have.

        Raises:
            BackfillError: The ledger can't be read.
            StoppedError: Ctrl-C. The run continues.
        """
        while True:
            with ledger_errors():
                run = self._ledger.read(run_id)
                run, activity = find_activity(self._ledger, run, self._is_execution_running)
                units = self._read_units(run)
            state = describe_state(run, activity)
            counts = _count_users(run, units)
            has_ended = activity is Activity.NONE
            self._show(run, state, counts, [] if has_ended else units)
            if has_ended:
                return run, exit_code_of_run(run, counts)
            if self._stop.wait(self._every_s):
                command = command_line(self._ledger, "runs", "stop", run_id)
                raise StoppedError(f"Stopped watching. Run {run_id} continues. To stop it:\n  {command}")

    def _read_units(self, run: RunRecord) -> list[Mapping[str, Any]]:
        """Return the progress of the units if it is shown, or if only the units have the counts."""
        if run.engine == LOCAL_ENGINE and not self._stream.isatty():
            return []
        return [document for _, document in self._ledger.read_units(run.run_id)]

    def _show(
        self, run: RunRecord, state: str, counts: Mapping[str, Any], units: Sequence[Mapping[str, Any]]
    ) -> None:
        if not self._stream.isatty():
            text = format_progress(run.updated_at, state, counts)
            if text != self._last_text:
                # The workers of the state machine save their counts more often than they update the record.
                is_working = run.state is RunState.RUNNING
                time = timestamp(self._now()) if is_working else run.updated_at
                write_error(self._stream, format_progress(time, state, counts) + "\n")
            self._last_text = text
            return
        title = f"run {run.run_id} ({run.kind}, {run.engine}) on {table_name(run)}"
        lines = [
            f"{printable(title)}: {state}, {run.seconds:,.0f} s",
            format_counts(counts),
            *format_units(units),
        ]
        back = f"\x1b[{self._lines_on_screen}F\x1b[J" if self._lines_on_screen else ""
        write_error(self._stream, back + "\n".join(lines) + "\n")
        self._lines_on_screen = len(lines)


def exit_code_of_run(run: RunRecord, counts: Mapping[str, Any]) -> ExitCode:
    """Return the exit code that the command of a run has or would have."""
    if run.state is RunState.FAILED:
        return ExitCode.FAILED
    if run.state in (RunState.STOPPED, RunState.RUNNING):
        return ExitCode.STOPPED
    other = counts.get("other")
    outcomes = {**counts, **(other if isinstance(other, Mapping) else {})}
    return ExitCode.SOME_FAILED if any(outcomes.get(name) for name in _FAILURES) else ExitCode.DONE


def _count_users(run: RunRecord, units: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the counts of a run. While the state machine works on it, only its units have them."""
    if run.state is not RunState.RUNNING or run.engine == LOCAL_ENGINE:
        return run.counts
    try:
        job = Job.from_json(run.job)
        states = {number: SegmentState(number) for number in job.segment_numbers}
        states |= {int(unit["segment"]): SegmentState.from_json(unit) for unit in units}
        return build_counts(add_orphan_states(job, list(states.values())), {})
    except _DAMAGES:
        return run.counts
