"""One run from the command line's point of view: start or resume, show, report, and end with an exit code."""

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
from userprofiles.backfill.command.checkpoint import Checkpoint, Checkpoints, StoredRun, state_directory
from userprofiles.backfill.command.connection import connect
from userprofiles.backfill.command.exit_code import Exit
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillError, CannotGoOnError, ErrorKind, RefusedError, error_json
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import UserResult
from userprofiles.backfill.run import Run
from userprofiles.backfill.segment import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.table_shape import Shape


@dataclass(frozen=True)
class Options:
    """What the command line asks for besides the job.

    Attributes:
        region: Overrides the region of the environment.
        endpoint_url: Overrides the endpoint.
        report: A file for the report.
        as_json: Print the report, and nothing else, on standard output.
        resume: Go on with a stopped run.
        place_options: Whether the command has options for region and endpoint; messages then name them.
        resume_command: What to type to go on after a stop.
    """

    region: str | None = None
    endpoint_url: str | None = None
    report: Path | None = None
    as_json: bool = False
    resume: bool = False
    place_options: bool = False
    resume_command: str = ""


class _Observer:
    """Passes a run's results to the view, the failure log and the checkpoint."""

    def __init__(
        self, view: View, failures: report.FailureLog, checkpoint: Checkpoint | None, began: float
    ) -> None:
        self._view = view
        self._failures = failures
        self._checkpoint = checkpoint
        self._began = began

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def results(self, results: Sequence[UserResult]) -> None:
        for failure in report.failures(results):
            self._failures.append(failure)
        self._view.results(results)

    def saved(self, states: Iterable[SegmentState], *, last: bool) -> None:
        states = list(states)
        if self._checkpoint:
            self._checkpoint.save(states, self._failures, self.seconds, at_once=last)
        self._view.progress(states, last=last)

    def tell(self, message: str) -> None:
        self._view.tell(message)


class Front:
    """Runs one job for one command.

    Args:
        job: What to do.
        options: How to go about it.
        view: What is shown meanwhile.
        limits: Sizes and times of the run.
        before: Called with the calls and the shape before the work begins.
        out: Standard output.
    """

    def __init__(
        self,
        job: Job,
        options: Options,
        view: View,
        limits: Limits,
        *,
        before: Callable[[Calls, Shape], None] | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._job = job
        self._options = options
        self._view = view
        self._limits = limits
        self._before = before
        self._out = out or sys.stdout
        self._stop = Stop()

    def execute(self) -> Exit:
        """Run to the end, to a stop or to an error that is printed; return the exit code."""
        with stop_on_signals(self._stop.ask):
            try:
                return self._execute()
            except BackfillError as error:
                return self._report_error(error)

    def _report_error(self, error: BackfillError) -> Exit:
        """Print an error from before the work began."""
        self._view.tell(str(error) if error.kind is ErrorKind.STOPPED else f"Error: {error}")
        if self._options.as_json:
            print(error_json(error.kind, str(error)), file=self._out)
        return _exit_of(error)

    def _execute(self) -> Exit:
        began = time.monotonic()
        client, place = connect(
            self._job.table,
            limits=self._limits,
            region=self._options.region,
            endpoint_url=self._options.endpoint_url,
            options=self._options.place_options,
        )
        checkpoints = Checkpoints(place, state_directory())
        stored_run = checkpoints.find(self._job) if self._options.resume else None
        calls = Calls(client, place, self._stop, self._limits)
        job = self._begin(calls, stored_run)
        with self._records(checkpoints, job, stored_run) as (failures, checkpoint):
            states = stored_run.states if stored_run else [SegmentState(number) for number in job.numbers]
            states[0].meter.add(calls.take_meter())
            observer = _Observer(
                self._view, failures, checkpoint, began - (stored_run.seconds if stored_run else 0.0)
            )
            error: BackfillError | None = None
            try:
                Run(
                    job,
                    client,
                    place,
                    states,
                    stop=self._stop,
                    observer=observer,
                    limits=self._limits,
                ).execute()
            except BackfillError as problem:
                error = problem
            return self._end(job, states, observer, failures=failures, checkpoint=checkpoint, error=error)

    def _begin(self, calls: Calls, stored_run: StoredRun | None) -> Job:
        """Find out the table's shape, and with it that the table can be read at all."""
        job = stored_run.job if stored_run else self._job
        shape = source.probe(calls, self._limits.probe_rows, expected=job.shape if job.shape_given else None)
        if job.shape is None:
            job = dataclasses.replace(job, shape=shape or Shape.PLAIN)
        elif shape not in {None, job.shape}:
            raise RefusedError(
                f"Table {job.table!r} had the {job.shape} shape when the run was stopped and has the {shape} "
                "shape now: it is another table.\nRun without --resume."
            )
        if self._before:
            self._before(calls, job.shape or Shape.PLAIN)
        if stored_run:
            self._view.tell(f"Going on with run {job.run_id}.")
        return job

    @contextmanager
    def _records(
        self, checkpoints: Checkpoints, job: Job, stored_run: StoredRun | None
    ) -> Iterator[tuple[report.FailureLog, Checkpoint | None]]:
        """Give the run's failure log and checkpoint; a dry run has no checkpoint, since it writes nothing."""
        checkpoint = None if job.dry_run else Checkpoint(checkpoints, job, self._limits.checkpoint_every_s)
        failures = None
        if checkpoint:
            try:
                failures = checkpoint.open(stored_run.failure_bytes if stored_run else 0)
            except OSError as error:
                self._view.tell(
                    f"Warning: no checkpoint can be kept in {checkpoints.folder} ({error.strerror}). Once "
                    "stopped, the run will start again. Set XDG_STATE_HOME to a folder that can be written."
                )
                checkpoint = None
        with failures or report.FailureLog() as log:
            try:
                yield log, checkpoint
            finally:
                if checkpoint:
                    checkpoint.close()

    def _end(
        self,
        job: Job,
        states: Sequence[SegmentState],
        observer: _Observer,
        *,
        failures: report.FailureLog,
        checkpoint: Checkpoint | None,
        error: BackfillError | None,
    ) -> Exit:
        """Write the report and the summary, say how to go on, and choose the exit code."""
        tally, meter = report.total(states)
        complete = error is None and all(state.done for state in states)
        document = report.numbers(job, tally, meter, observer.seconds)
        if self._options.report:
            try:
                report.write(self._options.report, report.as_text(document, failures))
            except OSError as problem:
                self._view.tell(f"Error: the report can't be written to {self._options.report}: {problem}")
                error = error or CannotGoOnError(ErrorKind.REPORT, str(problem))
        if self._options.as_json:
            self._out.writelines(report.as_text(document, failures))
        else:
            self._out.write(report.summary(tally, complete=complete) + "\n")
        self._out.flush()
        if checkpoint and (complete or not any(state.cursor or state.done for state in states)):
            checkpoint.remove()
            checkpoint = None
        if error:
            self._view.tell(f"Error: {error}")
        if not complete:
            self._view.tell(self._how_to_go_on(job, checkpoint, tally.processed))
        if error:
            return _exit_of(error)
        if not complete:
            return Exit.STOPPED
        return Exit.SOME_FAILED if tally.failed else Exit.DONE

    def _how_to_go_on(self, job: Job, checkpoint: Checkpoint | None, users: int) -> str:
        if job.dry_run:
            return f"Stopped after {users:,} users. A dry run writes nothing: to go on, run it again."
        if checkpoint is None:
            return f"Stopped after {users:,} users. Run it again: users who have a profile are passed over."
        return f"Stopped after {users:,} users. To go on from there:\n  {self._options.resume_command}"


def _exit_of(error: BackfillError) -> Exit:
    exits = {ErrorKind.REFUSED: Exit.REFUSED, ErrorKind.STOPPED: Exit.STOPPED}
    return exits.get(error.kind, Exit.CANNOT_GO_ON)
