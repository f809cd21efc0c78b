"""Ends a run: writes its report and summary, says how to go on, and decides the exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.command.checkpoint import Checkpoint
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.backfill.failures.failure_log import FailureLog
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.counted import counted


@dataclass(frozen=True)
class RunResult:
    """The result of a run.

    Attributes:
        job: The task of the run.
        states: The progress of its segments.
        seconds: Its duration.
        failures: Its failure log.
        checkpoint: Its checkpoint, or None.
        error: The error that ended it, or None.
    """

    job: Job
    states: Sequence[SegmentState]
    seconds: float
    failures: FailureLog
    checkpoint: Checkpoint | None
    error: BackfillError | None

    @property
    def is_complete(self) -> bool:
        """Whether all users are processed."""
        return all(state.done for state in self.states)


class ResultWriter:
    """Writes the result of a run.

    Args:
        view: Shows messages on standard error.
        out: Standard output.
        report: The file for the report, or None.
        as_json: Whether standard output has only the report, as JSON.
        resume_command: The command line that resumes the run.
    """

    def __init__(
        self, view: View, out: Output, *, report: Path | None, as_json: bool, resume_command: str
    ) -> None:
        self._view = view
        self._out = out
        self._report = report
        self._as_json = as_json
        self._resume_command = resume_command

    def write(self, result: RunResult) -> ExitCode:
        """Write the report and the summary, explain how to go on, and return the exit code."""
        tally, meter = report.add_up(result.states)
        totals = report.build_totals(result.job, tally, meter, result.seconds)
        report_errors = self._write_reports(totals, result.failures)
        summary_errors = self._write_summary(report.format_summary(tally, is_complete=result.is_complete))
        can_resume = _keep_checkpoint(result, is_needed=not result.is_complete or bool(report_errors))
        errors = [*([result.error] if result.error else []), *report_errors, *summary_errors]
        for message in dict.fromkeys(str(error) for error in errors if error.kind is not ErrorKind.STOPPED):
            self._view.show_message(f"Error: {message}")
        if not result.is_complete:
            self._view.show_message(self._stopped_message(result, tally.processed, can_resume=can_resume))
        elif report_errors:
            self._view.show_message(self._lost_report_message(can_resume=can_resume))
        if errors:
            return exit_code_of(errors[0])
        if not result.is_complete:
            return ExitCode.STOPPED
        return ExitCode.SOME_FAILED if tally.failed else ExitCode.DONE

    def _write_reports(self, totals: dict[str, Any], failures: FailureLog) -> list[BackfillError]:
        """Write the report to the file and, as JSON, to standard output. Return the errors."""
        errors: list[BackfillError] = []
        if self._report:
            try:
                report.write_file(self._report, report.serialize(totals, failures))
            except OSError as error:
                message = f"The report can't be written to {self._report}: {error.strerror}."
                errors.append(BackfillFailedError(ErrorKind.REPORT, message))
        if self._as_json:
            try:
                self._out.write_all(report.serialize(totals, failures))
            except BackfillError as error:
                errors.append(error)
        return errors

    def _write_summary(self, summary: str) -> list[BackfillError]:
        """Write the summary to standard output or, after an error, to standard error. Return the error."""
        if self._as_json:
            return []
        try:
            self._out.write(summary + "\n")
        except BackfillError as error:
            self._view.show_message(summary)
            return [error]
        return []

    def _stopped_message(self, result: RunResult, users: int, *, can_resume: bool) -> str:
        stopped = f"Stopped after {counted(users, 'user')}."
        if result.job.dry_run:
            return f"{stopped} A dry run writes nothing and can't be resumed: run it again."
        if can_resume:
            return f"{stopped} To resume:\n  {self._resume_command}"
        return f"{stopped} Run it again: users who have a profile are not changed."

    def _lost_report_message(self, *, can_resume: bool) -> str:
        if can_resume:
            return f"All users are processed. To write the report again:\n  {self._resume_command}"
        return (
            "All users are processed. For a report, run it again: users who have a profile are not changed."
        )


def _keep_checkpoint(result: RunResult, *, is_needed: bool) -> bool:
    """Delete the checkpoint unless it is needed and has progress. Return whether it is kept."""
    if result.checkpoint is None:
        return False
    has_progress = any(state.has_progress for state in result.states)
    if is_needed and has_progress and result.checkpoint.is_stored:
        return True
    result.checkpoint.remove()
    return False
