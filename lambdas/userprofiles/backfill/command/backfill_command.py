"""The backfill as a command: starts or resumes a run, shows and reports it, and returns an exit code."""

import dataclasses
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from userprofiles.backfill import report, source
from userprofiles.backfill.calls import Calls
from userprofiles.backfill.command.checkpoint import Checkpoint, CheckpointFolder, StoredRun, state_directory
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillError, CannotGoOnError, ErrorKind, RefusedError, error_json
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import TableShape


@dataclass(frozen=True)
class CommandOptions:
    """The options of the command, except the job.

    Attributes:
        region: The region; None for the region of the environment or profile.
        endpoint_url: The endpoint; None for the usual endpoint.
        report: The file for the report.
        as_json: Whether standard output has only the report, as JSON.
        resume: Whether to resume a stopped run.
        has_connection_options: Whether messages name the options for region and endpoint.
        resume_command: The command line that resumes the run after a stop.
    """

    region: str | None = None
    endpoint_url: str | None = None
    report: Path | None = None
    as_json: bool = False
    resume: bool = False
    has_connection_options: bool = False
    resume_command: str = ""


class _Observer:
    """Passes a run's results to the view, the failure log and the checkpoint."""

    def __init__(
        self, view: View, failures: report.FailureLog, checkpoint: Checkpoint | None, started_at: float
    ) -> None:
        self._view = view
        self._failures = failures
        self._checkpoint = checkpoint
        self._started_at = started_at

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started_at

    def record_results(self, results: Sequence[UserResult]) -> None:
        for failure in report.list_failures(results):
            self._failures.append(failure)
        self._view.show_results(results)

    def save(self, states: Iterable[SegmentState], *, is_last: bool) -> None:
        states = list(states)
        if self._checkpoint:
            self._checkpoint.save(states, self._failures, self.seconds, at_once=is_last)
        self._view.show_progress(states, is_last=is_last)

    def warn(self, message: str) -> None:
        self._view.show_message(message)


class BackfillCommand:
    """Runs one job for one command.

    Args:
        job: The task of the run.
        options: The options of the command.
        view: Shows the progress of the run.
        limits: Sizes and times of the run.
        on_start: Called with the calls and the table's shape before the first row is processed.
        out: Standard output.
    """

    def __init__(
        self,
        job: Job,
        options: CommandOptions,
        view: View,
        limits: Limits,
        *,
        on_start: Callable[[Calls, TableShape], None] | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._job = job
        self._options = options
        self._view = view
        self._limits = limits
        self._on_start = on_start
        self._out = out or sys.stdout
        self._stop = Stop()

    def execute(self) -> ExitCode:
        """Run until the end, a stop or an error, which is printed. Return the exit code."""
        with stop_on_signals(self._stop.request):
            try:
                return self._execute()
            except BackfillError as error:
                return self._report_error(error)

    def _report_error(self, error: BackfillError) -> ExitCode:
        """Print an error that occurred before the first row was processed."""
        self._view.show_message(str(error) if error.kind is ErrorKind.STOPPED else f"Error: {error}")
        if self._options.as_json:
            print(error_json(error.kind, str(error)), file=self._out)
        return _exit_code_of(error)

    def _execute(self) -> ExitCode:
        started_at = time.monotonic()
        client, location = create_client(
            self._job.table,
            limits=self._limits,
            region=self._options.region,
            endpoint_url=self._options.endpoint_url,
            has_connection_options=self._options.has_connection_options,
        )
        checkpoints = CheckpointFolder(location, state_directory())
        stored_run = checkpoints.find(self._job) if self._options.resume else None
        calls = Calls(client, location, self._stop, self._limits)
        job = self._decide_job(calls, stored_run)
        with self._open_files(checkpoints, job, stored_run) as (failures, checkpoint):
            states = (
                stored_run.states if stored_run else [SegmentState(number) for number in job.segment_numbers]
            )
            states[0].meter.add(calls.take_meter())
            observer = _Observer(
                self._view, failures, checkpoint, started_at - (stored_run.seconds if stored_run else 0.0)
            )
            error: BackfillError | None = None
            try:
                Run(
                    job,
                    client,
                    location,
                    states,
                    stop=self._stop,
                    observer=observer,
                    limits=self._limits,
                ).execute()
            except BackfillError as run_error:
                error = run_error
            return self._report_run(
                job, states, observer, failures=failures, checkpoint=checkpoint, error=error
            )

    def _decide_job(self, calls: Calls, stored_run: StoredRun | None) -> Job:
        """Return the job with the table's shape. This also checks that the table can be read."""
        job = stored_run.job if stored_run else self._job
        shape = source.detect_shape(calls, self._limits.probe_rows, expected=job.requested_shape) or job.shape
        if stored_run and shape is not job.shape:
            raise RefusedError(
                f"Table {job.table!r} had the {job.shape} shape when the run was stopped and has the {shape} "
                "shape now: it is another table.\nRun without --resume."
            )
        if self._on_start:
            self._on_start(calls, shape)
        if stored_run:
            self._view.show_message(f"Resuming run {job.run_id}.")
        return dataclasses.replace(job, shape=shape)

    @contextmanager
    def _open_files(
        self, checkpoints: CheckpointFolder, job: Job, stored_run: StoredRun | None
    ) -> Iterator[tuple[report.FailureLog, Checkpoint | None]]:
        """Open the failure log and the checkpoint of the run. A dry run has no checkpoint."""
        checkpoint = None if job.dry_run else Checkpoint(checkpoints, job, self._limits.checkpoint_every_s)
        failures = None
        if checkpoint:
            try:
                failures = checkpoint.open(stored_run.failure_bytes if stored_run else 0)
            except OSError as error:
                self._view.show_message(
                    f"Warning: the checkpoint can't be written to {checkpoints.folder} ({error.strerror}). "
                    "After a stop, this run can't be resumed. Set XDG_STATE_HOME to a writable directory."
                )
                checkpoint = None
        with failures or report.FailureLog() as log:
            try:
                yield log, checkpoint
            finally:
                if checkpoint:
                    checkpoint.close()

    def _report_run(
        self,
        job: Job,
        states: Sequence[SegmentState],
        observer: _Observer,
        *,
        failures: report.FailureLog,
        checkpoint: Checkpoint | None,
        error: BackfillError | None,
    ) -> ExitCode:
        """Write the report and the summary, explain how to resume, and return the exit code."""
        tally, meter = report.add_up(states)
        is_complete = error is None and all(state.done for state in states)
        totals = report.build_totals(job, tally, meter, observer.seconds)
        if self._options.report:
            try:
                report.write_file(self._options.report, report.serialize(totals, failures))
            except OSError as write_error:
                self._view.show_message(
                    f"Error: the report can't be written to {self._options.report}: {write_error}"
                )
                error = error or CannotGoOnError(ErrorKind.REPORT, str(write_error))
        if self._options.as_json:
            self._out.writelines(report.serialize(totals, failures))
        else:
            self._out.write(report.format_summary(tally, is_complete=is_complete) + "\n")
        self._out.flush()
        if checkpoint and (is_complete or not any(state.cursor or state.done for state in states)):
            checkpoint.remove()
            checkpoint = None
        if error:
            self._view.show_message(f"Error: {error}")
        if not is_complete:
            self._view.show_message(self._resume_hint(job, checkpoint, tally.processed))
        if error:
            return _exit_code_of(error)
        if not is_complete:
            return ExitCode.STOPPED
        return ExitCode.SOME_FAILED if tally.failed else ExitCode.DONE

    def _resume_hint(self, job: Job, checkpoint: Checkpoint | None, users: int) -> str:
        if job.dry_run:
            return (
                f"Stopped after {users:,} users. A dry run writes nothing and can't be resumed: run it again."
            )
        if checkpoint is None:
            return f"Stopped after {users:,} users. Run it again: users who have a profile are not changed."
        return f"Stopped after {users:,} users. To resume:\n  {self._options.resume_command}"


def _exit_code_of(error: BackfillError) -> ExitCode:
    exit_codes = {ErrorKind.REFUSED: ExitCode.REFUSED, ErrorKind.STOPPED: ExitCode.STOPPED}
    return exit_codes.get(error.kind, ExitCode.CANNOT_GO_ON)
