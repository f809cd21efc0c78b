"""The backfill as a command: starts or resumes a run, shows and reports it, and returns an exit code."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from userprofiles.backfill.command.checkpoint import Checkpoint
from userprofiles.backfill.command.checkpoint_folder import (
    CheckpointFolder,
    StoredRun,
    delete_old_checkpoints,
    state_directory,
)
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.command.rate_option import resolve_rate
from userprofiles.backfill.command.run_observer import RunObserver, state_error
from userprofiles.backfill.command.run_result import ResultWriter, RunResult
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillError, ErrorKind, RefusedError, error_json
from userprofiles.backfill.failures.failure_log import FailureLog
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.shape_detection import detect_shape, read_first_shapes
from userprofiles.jobs.rate import Rate


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
        rate: The highest rate of the writes; None for no limit. A resumed run may have another one.
        resume_command: The command line that resumes the run after a stop.
    """

    region: str | None = None
    endpoint_url: str | None = None
    report: Path | None = None
    as_json: bool = False
    resume: bool = False
    has_connection_options: bool = False
    rate: Rate | None = None
    resume_command: str = ""


class BackfillCommand:
    """Runs one job for one command.

    Args:
        job: The task of the run.
        options: The options of the command.
        view: Shows the progress of the run.
        limits: Sizes and times of the run.
        on_start: Called with the calls, the job and its states before the first user is processed.
        out: Standard output.
    """

    def __init__(
        self,
        job: Job,
        options: CommandOptions,
        view: View,
        limits: Limits,
        *,
        on_start: Callable[[Calls, Job, Sequence[SegmentState]], None] | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._job = job
        self._options = options
        self._view = view
        self._limits = limits
        self._on_start = on_start
        self._out = out
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
            Output(self._out).write(error_json(error.kind, str(error)) + "\n")
        return exit_code_of(error)

    def _execute(self) -> ExitCode:
        started_at = time.monotonic()
        client, location = create_client(
            self._job.table,
            limits=self._limits,
            region=self._options.region,
            endpoint_url=self._options.endpoint_url,
            has_connection_options=self._options.has_connection_options,
        )
        rate = resolve_rate(self._options.rate, client, location)
        delete_old_checkpoints(state_directory(), self._limits.checkpoint_days)
        checkpoints = CheckpointFolder(location, state_directory())
        stored_run = checkpoints.find(self._job, self._view.show_message) if self._options.resume else None
        states = stored_run.states if stored_run else [SegmentState(n) for n in self._job.segment_numbers]
        calls = Calls(client, location, self._stop, self._limits)
        job = self._check_shape(calls, stored_run.job) if stored_run else self._detect_shape(calls, states)
        job = dataclasses.replace(job, rate=rate)
        if self._on_start:
            self._on_start(calls, job, states)
        states[0].meter.add(calls.take_meter())
        with self._open_files(checkpoints, job, stored_run) as (failures, checkpoint):
            seconds_before = stored_run.seconds if stored_run else 0.0
            observer = RunObserver(self._view, failures, checkpoint, self._stop, started_at - seconds_before)
            run = Run(job, client, location, states, stop=self._stop, observer=observer, limits=self._limits)
            error = self._run(run, observer, states) or observer.output_error
            result = RunResult(job, states, observer.seconds, failures, checkpoint, error)
            return self._result_writer().write(result)

    def _run(self, run: Run, observer: RunObserver, states: Sequence[SegmentState]) -> BackfillError | None:
        """Execute the run, and return the error that ended it."""
        try:
            observer.save_now(states)
            run.execute()
        except BackfillError as error:
            return error
        return None

    def _result_writer(self) -> ResultWriter:
        return ResultWriter(
            self._view,
            Output(self._out),
            report=self._options.report,
            as_json=self._options.as_json,
            resume_command=self._options.resume_command,
        )

    def _detect_shape(self, calls: Calls, states: Sequence[SegmentState]) -> Job:
        """Return the job with the table's shape. This also checks that the table can be read."""
        if self._job.is_shape_explicit:
            read_first_shapes(calls, self._limits.probe_rows)
            return self._job
        shape = detect_shape(calls, states, self._job.segments, self._limits, self._stop)
        return dataclasses.replace(self._job, shape=shape or self._job.shape)

    def _check_shape(self, calls: Calls, job: Job) -> Job:
        """Return the job of a stopped run, after a check that the table is still the same."""
        shapes = read_first_shapes(calls, self._limits.probe_rows)
        if not job.is_shape_explicit and shapes and job.shape not in shapes:
            raise RefusedError(
                f"Table {job.table!r} had the {job.shape} shape when the run was stopped and has the "
                f"{', '.join(shapes)} shape now: it is another table.\nRun without --resume."
            )
        self._view.show_message(f"Resuming run {job.run_id}.")
        return job

    @contextmanager
    def _open_files(
        self, checkpoints: CheckpointFolder, job: Job, stored_run: StoredRun | None
    ) -> Iterator[tuple[FailureLog, Checkpoint | None]]:
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
        try:
            failures = failures or FailureLog()
        except OSError as error:
            raise state_error(error) from error
        with failures:
            try:
                yield failures, checkpoint
            finally:
                if checkpoint:
                    checkpoint.close()
