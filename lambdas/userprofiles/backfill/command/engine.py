"""Carries out a job by the state machine: starts an execution, and watches its run in the ledger."""

import argparse
import json
import os
import re
import sys
import time
from contextlib import suppress

from userprofiles import aws
from userprofiles.backfill import report
from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.executions import StateMachine, is_execution_running
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_options import ledger_table
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.command.quarantine_place import failed_users_message
from userprofiles.backfill.command.runs_view import format_counts
from userprofiles.backfill.command.runs_watch import Watch
from userprofiles.backfill.errors import (
    RefusedError,
    StoppedError,
)
from userprofiles.backfill.job import Job
from userprofiles.backfill.job_report import review_figures
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.limits import WORKER
from userprofiles.backfill.sources.source_kinds import refuse_local_source
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tally import Meter, Tally
from userprofiles.jobs.counted import counted
from userprofiles.jobs.errors import RunNotFoundError
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import STATE_MACHINE, RunRecord, RunState

LOCAL = "local"
STEP_FUNCTIONS = STATE_MACHINE
STATE_MACHINE_VARIABLE = "USERPROFILES_STATE_MACHINE"

_STATE_MACHINE = re.compile(r"arn:[a-z0-9-]+:states:[a-z0-9-]+:\d{12}:stateMachine:[\w-]{1,80}")
_START_POLL_S = 0.5
_WATCH_S = 1.0


def add_engine_options(parser: CommandParser) -> None:
    """Add `--engine` and `--state-machine`. The parser also needs the options of the ledger."""
    parser.add_argument(
        "--engine",
        choices=[LOCAL, STEP_FUNCTIONS],
        default=LOCAL,
        help="what carries out the job: this process or the state machine of the stack (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--state-machine",
        metavar="ARN",
        help="state machine of --engine stepfunctions, the output migrationStateMachineArn of the stack "
        f"(default: the environment variable {STATE_MACHINE_VARIABLE})",
    )


def uses_state_machine(values: argparse.Namespace) -> bool:
    """Return whether the options choose the state machine. Exit with the usage if they don't fit together."""
    arn = _state_machine(values)
    if values.engine == LOCAL:
        if values.state_machine:
            values.parser.error("--state-machine requires --engine stepfunctions")
        return False
    if not arn:
        values.parser.error(
            "--engine stepfunctions requires --state-machine ARN: the output migrationStateMachineArn of the "
            "stack"
        )
    if not _STATE_MACHINE.fullmatch(arn):
        values.parser.error(
            f"--state-machine {arn}: must be the ARN of a state machine, such as "
            "arn:aws:states:eu-west-1:111122223333:stateMachine:NAME"
        )
    if not ledger_table(values):
        values.parser.error(
            "--engine stepfunctions requires --ledger-table NAME: the output migrationLedgerTableName of the "
            "stack"
        )
    return True


def check_state_machine_job(job: Job) -> None:
    """Check that the state machine can carry out a job.

    Raises:
        RefusedError: It can't read the source.
        ValueError: The job has too many segments.
    """
    refuse_local_source(job.source)
    if job.segments > WORKER.worker_segments:
        raise ValueError(
            f"--segments {job.segments}: the state machine processes at most {WORKER.worker_segments:,} "
            "segments. Make a plan with fewer."
        )


def refuse_options(values: argparse.Namespace, *names: str) -> None:
    """Exit with the usage if one of these options, which are for this process only, is given."""
    for name in names:
        if getattr(values, name):
            values.parser.error(
                f"--{name.replace('_', '-')} can't be used with --engine stepfunctions: the state machine "
                "writes its report to its own bucket. Leave it out, or use --engine local."
            )


def _state_machine(values: argparse.Namespace) -> str:
    return values.state_machine or os.environ.get(STATE_MACHINE_VARIABLE, "")


class StepFunctionsEngine:
    """Carries out jobs by a state machine.

    Args:
        values: The options of the command.
        ledger: The ledger of the state machine.
        stop: Ends the watch, not the run.
        arn: The ARN of the state machine; None for that of the options.
    """

    def __init__(
        self, values: argparse.Namespace, ledger: Ledger, stop: Stop, arn: str | None = None
    ) -> None:
        self._values = values
        self._ledger = ledger
        self._stop = stop
        self._client = aws.client(
            "stepfunctions", region=values.region, endpoint_url=values.endpoint_url, connect_s=5, read_s=20
        )
        self._machine = StateMachine(self._client, arn or _state_machine(values))

    def execute(self, record: RunRecord, *, allow_parallel: bool) -> tuple[RunRecord, ExitCode]:
        """Start an execution and watch its run until it ends.

        Args:
            record: The record of the run as it starts now: its job and who starts it. The versions of code
                and template are those of the plan, or empty.
            allow_parallel: Whether another run may write to the same table at the same time.

        Raises:
            RefusedError: Another process works on the run.
            StoppedError: Ctrl-C ended the watch. The run continues.
            BackfillError: The execution can't be started or was rejected, or the ledger can't be read.
        """
        self._refuse_locked_run(record.run_id)
        self._explain_wait(record.run_id)
        execution_arn = self._machine.start(record, allow_parallel=allow_parallel)
        run_id = record.run_id
        try:
            self._wait_for_run(run_id, execution_arn)
            return Watch(
                self._ledger,
                self._stop,
                _WATCH_S,
                is_execution_running=lambda arn: is_execution_running(self._client, arn),
            ).run(run_id)
        except StoppedError as error:
            raise StoppedError(
                f"Stopped watching. Run {run_id} continues in the state machine. To watch it again, or to "
                f"stop it:\n{self._control_commands(run_id)}"
            ) from error

    def _control_commands(self, run_id: str) -> str:
        commands = (command_line(self._ledger, "runs", word, run_id) for word in ("watch", "stop"))
        return "\n".join(f"  {command}" for command in commands)

    def _refuse_locked_run(self, run_id: str) -> None:
        """Refuse a run that is locked. Its execution would fail, and raise the alarm of the state machine.

        Raises:
            RefusedError: Another process works on the run.
        """
        with ledger_errors(), suppress(RunNotFoundError):
            if self._ledger.is_locked(run_id):
                raise RefusedError(
                    f"Another process is working on run {run_id}.\nTo watch it, or to stop it:\n"
                    f"{self._control_commands(run_id)}\n"
                    "If its execution was aborted, the run can be resumed when its lease has ended, after at "
                    "most six minutes."
                )

    def _explain_wait(self, run_id: str) -> None:
        """Say how long the execution waits for segments that killed workers have not released."""
        with ledger_errors(), suppress(RunNotFoundError):
            seconds = round(self._ledger.units_locked_until(run_id) - time.time())
            if seconds > 0:
                write_error(
                    sys.stderr,
                    f"Workers of run {run_id} were killed. Their segments continue when the leases of these "
                    f"workers have ended, in at most {counted(seconds, 'second')}.\n",
                )

    def _wait_for_run(self, run_id: str, execution_arn: str) -> None:
        """Wait until the first step of an execution has recorded its run.

        Raises:
            StoppedError: Ctrl-C ended the watch.
            BackfillError: The execution ended before that.
        """
        while not self._is_recorded(run_id, execution_arn):
            failure = self._machine.find_failure(execution_arn)
            if failure is not None and not self._is_recorded(run_id, execution_arn):
                raise failure
            if self._stop.wait(_START_POLL_S):
                raise StoppedError("stopped")

    def _is_recorded(self, run_id: str, execution_arn: str) -> bool:
        with ledger_errors():
            try:
                return self._ledger.read(run_id).execution_arn == execution_arn
            except RunNotFoundError:
                return False


def execute_run(
    values: argparse.Namespace, record: RunRecord, ledger: Ledger, stop: Stop, arn: str | None = None
) -> ExitCode:
    """Carry out a run by the state machine, print its result, and return the exit code.

    Args:
        values: The options of the command.
        record: The record of the run as it starts now.
        ledger: The ledger of the state machine.
        stop: Ends the watch, not the run.
        arn: The ARN of the state machine; None for that of the options.

    Raises:
        BackfillError: The run could not start, or the watch ended.
    """
    engine = StepFunctionsEngine(values, ledger, stop, arn)
    run, code = engine.execute(record, allow_parallel=values.allow_parallel)
    _print_result(values, run)
    _show_next_commands(ledger, run)
    return code


def _print_result(values: argparse.Namespace, run: RunRecord) -> None:
    tally = Tally.from_json(run.counts) if run.counts else Tally()
    if values.json:
        meter = Meter.from_json(run.counts) if run.counts else Meter()
        totals = report.build_totals(Job.from_json(run.job), tally, meter, run.seconds)
        totals |= {**review_figures(Job.from_json(run.job), run), "state": str(run.state)}
        totals |= {"report": run.report}
        Output().write(json.dumps(totals, indent=2) + "\n")
        return
    if run.kind == "backfill":
        lines = [report.format_summary(tally, is_complete=run.state is RunState.DONE)]
    else:
        lines = [f"{run.kind} {run.run_id}: {run.state}", format_counts(run.counts)]
        if unaccounted := run.counts.get("unaccounted"):
            lines.append(f"{unaccounted:,} of the profiles that the run created were not found.")
        if sample := Job.from_json(run.job).sample:
            lines.append(f"A sample of about {counted(sample['size'], 'user')}, --seed {sample['seed']}")
    lines += [f"{name}: {text}" for name, text in [("Message", run.message), ("Report", run.report)] if text]
    Output().write("\n".join(lines) + "\n")


def _show_next_commands(ledger: Ledger, run: RunRecord) -> None:
    """Show the commands for failed users and for an unfinished run on standard error."""
    failed = run.counts.get("failed", 0)
    if run.kind == "backfill" and failed:
        write_error(sys.stderr, failed_users_message(ledger, run.run_id, failed, None) + "\n")
    if run.state in (RunState.STOPPED, RunState.FAILED, RunState.RUNNING):
        command = command_line(ledger, "runs", "resume", run.run_id)
        write_error(sys.stderr, f"The run is {run.state}. To resume it:\n  {command}\n")
