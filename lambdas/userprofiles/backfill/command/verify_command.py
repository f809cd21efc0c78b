"""`userprofiles backfill verify`: compares the profiles of a run, or of a table, with their users."""

import argparse
import dataclasses
import secrets
import time
from typing import Any

from userprofiles import template as templates
from userprofiles.backfill.command import connection
from userprofiles.backfill.command.engine import (
    add_engine_options,
    execute_run,
    refuse_options,
    uses_state_machine,
)
from userprofiles.backfill.command.error_report import run_with_error_report
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.job_options import (
    add_connection_options,
    add_profile_options,
    add_segment_options,
    create_job,
)
from userprofiles.backfill.command.ledger_command import find_operator, new_record
from userprofiles.backfill.command.ledger_options import add_ledger_options, open_ledger
from userprofiles.backfill.command.report_option import add_report_option, check_report_option
from userprofiles.backfill.command.review_view import ReviewObserver, ReviewView, write_result
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import StoppedError
from userprofiles.backfill.job import Job, Operation, new_run_id
from userprofiles.backfill.ledger.ledger_errors import ledger_errors
from userprofiles.backfill.outcome import Outcome
from userprofiles.backfill.review.difference_log import DifferenceLog
from userprofiles.backfill.review.review import Review, Sample
from userprofiles.backfill.review.run_history import RunHistory, read_history
from userprofiles.backfill.review.verification import Verification, VerificationResult, format_verification
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.shape_detection import detect_shape, read_first_shapes
from userprofiles.jobs.counted import counted

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} no differences
  {ExitCode.FAILED:<3} could not continue: credentials, table, permissions, network, disk
  {ExitCode.SOME_FAILED:<3} differences, or users whose row can't be read
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM: run it again
  {ExitCode.REFUSED:<3} rejected: the ledger has no such run, or the table has user rows of both shapes
  {ExitCode.USAGE:<3} wrong usage

Required permissions: dynamodb:Scan and dynamodb:GetItem on the table, and those of the source. With
dynamodb:BatchGetItem, the verification is faster. It writes nothing to the table or to a ledger."""


def add_parser(commands: Any) -> None:
    """Add the command `verify`."""
    verify = commands.add_parser(
        "verify",
        help="compare the profiles of a run with their users",
        description="Build the profile of each user again, and compare it with the stored one. Find users\n"
        "without a profile, and profiles without a user. Differences are listed by user and names of\n"
        "attributes. A profile that was changed since the run is counted, and is not a difference.\n"
        "With --table-name instead of RUN, compare all profiles of a table.",
        epilog=_EPILOG,
    )
    verify.add_argument("run", nargs="?", metavar="RUN", help="ID of the run")
    verify.add_argument("--table-name", metavar="T", help="verify all profiles of this table, without a run")
    verify.add_argument(
        "--sample",
        type=_sample_size,
        metavar="N",
        help="compare only about N users, chosen by a hash of their IDs (default: all users)",
    )
    verify.add_argument(
        "--seed", metavar="TEXT", help="repeat the sample of another verification, which shows its seed"
    )
    add_ledger_options(verify)
    add_engine_options(verify)
    add_connection_options(verify)
    add_report_option(verify)
    verify.add_argument(
        "--json", action="store_true", help="print only the report on standard output, as JSON"
    )
    group = verify.add_argument_group("with --table-name")
    add_segment_options(group)
    add_profile_options(group)
    verify.set_defaults(execute=_execute, parser=verify)


def _sample_size(text: str) -> int:
    """Read the size of a sample.

    Raises:
        argparse.ArgumentTypeError: It is not a whole number above 0.
    """
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"must be a whole number of users, at least 1, got {text!r}. Leave the option out for all users."
        )
    return int(text)


def _execute(values: argparse.Namespace) -> ExitCode:
    parser = values.parser
    if bool(values.run) == bool(values.table_name):
        parser.error("give either the ID of a run, or --table-name for all profiles of a table")
    if values.run:
        _reject_table_options(values)
    if values.seed and not values.sample:
        parser.error("--seed needs --sample: without a sample, all users are compared")
    check_report_option(parser, values)
    if uses_state_machine(values):
        refuse_options(values, "report")
    view = ReviewView(values.limits, (Outcome.MATCHING, Outcome.DIFFERING, Outcome.MISSING))
    stop = Stop()

    def verify() -> ExitCode:
        try:
            job, history = _create_job(values)
        except ValueError as error:
            parser.error(str(error))
        if uses_state_machine(values):
            return _verify_by_state_machine(values, job, history, stop)
        return _verify(values, job, history, view, stop)

    with stop_on_signals(stop.request):
        return run_with_error_report(verify, view.show_message, as_json=values.json)


def _reject_table_options(values: argparse.Namespace) -> None:
    """Exit with the usage if an option is given that only `--table-name` has."""
    for option in ("segments", "only", "shape", "template", "status_values", "flags"):
        if getattr(values, option):
            name = option.replace("_", "-")
            values.parser.error(
                f"--{name} can't be used with RUN: a run is verified with its own settings. "
                "Leave it out, or use --table-name"
            )


def _create_job(values: argparse.Namespace) -> tuple[Job, RunHistory | None]:
    if values.table_name:
        return create_job(values, new_run_id(), operation=Operation.VERIFY), None
    with ledger_errors():
        history = read_history(open_ledger(values, values.limits), values.run)
    templates.load(history.job.template)
    job = dataclasses.replace(
        history.job,
        run_id=new_run_id(),
        operation=Operation.VERIFY,
        of_run=values.run,
        dry_run=False,
        rate=None,
        plan_hash="",
    )
    return job, history


def _verify_by_state_machine(
    values: argparse.Namespace, job: Job, history: RunHistory | None, stop: Stop
) -> ExitCode:
    """Verify a run or a table by the state machine."""
    client, location = _create_client(values, job)
    sample = _create_sample(values, history, Calls(client, location, stop, values.limits))
    job = dataclasses.replace(job, sample=sample.to_json() if sample else None)
    operator = find_operator(values.region, values.endpoint_url)
    record = new_record(job, kind=Operation.VERIFY, table_arn="", started_by=operator)
    record = record.replace(code_version="", template_version="")
    values.allow_parallel = True  # it writes nothing to the table
    return execute_run(values, record, open_ledger(values, values.limits), stop)


def _verify(
    values: argparse.Namespace, job: Job, history: RunHistory | None, view: ReviewView, stop: Stop
) -> ExitCode:
    started_at = time.monotonic()
    limits = values.limits
    client, location = _create_client(values, job)
    calls = Calls(client, location, stop, limits)
    if not job.creates_accounts:
        if job.is_shape_explicit or history:
            read_first_shapes(calls, limits.probe_rows)
        else:
            # New states: the detection moves them past pages that the verification must read.
            states = [SegmentState(number) for number in job.segment_numbers]
            shape = detect_shape(calls, states, job.segments, limits, stop)
            job = dataclasses.replace(job, shape=shape or job.shape)
    view.start(calls.item_count)
    sample = _create_sample(values, history, calls)
    with Review(history, sample) as review, DifferenceLog(review) as differences:
        observer = ReviewObserver(view, differences)
        verification = Verification(client, location, stop=stop, limits=limits)
        result = verification.execute(job, review, differences, observer)
        seconds = time.monotonic() - started_at
        _write(values, job, result, sample, differences=differences, seconds=seconds)
    if not result.is_complete:
        raise StoppedError("Stopped. A verification writes nothing and can't be resumed: run it again.")
    return ExitCode.SOME_FAILED if result.has_differences else ExitCode.DONE


def _create_client(values: argparse.Namespace, job: Job) -> tuple[Any, TableLocation]:
    return connection.create_client(
        job.table,
        limits=values.limits,
        region=values.region,
        endpoint_url=values.endpoint_url,
        has_connection_options=True,
    )


def _create_sample(values: argparse.Namespace, history: RunHistory | None, calls: Calls) -> Sample | None:
    if not values.sample:
        return None
    total = int(history.counts.get("processed", 0)) if history else calls.item_count()
    return Sample(values.sample, max(total or 0, 1), values.seed or secrets.token_hex(4))


def _write(
    values: argparse.Namespace,
    job: Job,
    result: VerificationResult,
    sample: Sample | None,
    *,
    differences: DifferenceLog,
    seconds: float,
) -> None:
    document = {
        "runId": job.of_run or None,
        "table": job.table,
        "sample": {"size": sample.size, "total": sample.total, "seed": sample.seed} if sample else None,
        "complete": result.is_complete,
        **result.counts(),
        "seconds": round(seconds, 3),
        **result.meter.to_json(),
    }
    subject = f"Run {job.of_run} in table {job.table}" if job.of_run else f"Table {job.table}"
    mode = (
        f"a sample of about {counted(sample.size, 'user')}, --seed {sample.seed}" if sample else "all users"
    )
    summary = format_verification(f"{subject}: {mode}", result)
    write_result(document, differences, summary, as_json=values.json, path=values.report)
