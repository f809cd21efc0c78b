"""Shows the result of an applied plan: report, summary and exit code."""

import argparse
import shlex
from collections.abc import Iterable
from typing import Any

from userprofiles.backfill import report
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_view import View
from userprofiles.backfill.command.quarantine_place import failed_users_message
from userprofiles.backfill.command.report_files import ReportFiles
from userprofiles.backfill.errors import BackfillError, ErrorKind
from userprofiles.backfill.job_report import JobReport
from userprofiles.backfill.ledger.ledger_run import LedgerRunResult
from userprofiles.backfill.plan.apply import PreparedRun
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.jobs.counted import counted
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.quarantine import Quarantine
from userprofiles.jobs.run_record import RunRecord


class ApplyResultWriter:
    """Writes the result of an applied plan.

    Args:
        values: The options of the command.
        view: Shows messages on standard error.
        prepared: The run, and how its counts are compared with the plan.
        ledger: The ledger of the run.
        quarantine: The failed users of the run.
    """

    def __init__(
        self,
        values: argparse.Namespace,
        view: View,
        prepared: PreparedRun,
        ledger: Ledger,
        quarantine: Quarantine,
    ) -> None:
        self._ledger = ledger
        self._values = values
        self._view = view
        self._prepared = prepared
        self._quarantine = quarantine

    def write(self, run: LedgerRunResult, record: RunRecord) -> ExitCode:
        """Write everything, explain how to go on, and return the exit code.

        Args:
            run: The result of the run.
            record: Its record as the ledger has it now; that of the dry run without a ledger.
        """
        tally, _ = report.add_up(run.states)
        errors = [run.error] if run.error else []
        report_errors = self._write_reports(run, record)
        errors += report_errors
        for error in errors:
            if error.kind is not ErrorKind.STOPPED:
                self._view.show_message(f"Error: {error}")
        if report_errors and run.is_complete and not self._values.dry_run:
            words = ("backfill", "report", record.run_id, "--report", "FILE.json")
            command = command_line(self._ledger, *words)
            self._view.show_message(f"To write the report again, also to another file:\n  {command}")
        is_refused = run.error is not None and run.error.kind is ErrorKind.REFUSED
        if not run.is_complete and not is_refused:
            self._view.show_message(self._stopped_message(tally.processed))
        if tally.failed and not self._values.dry_run:
            bucket = self._values.bucket
            self._view.show_message(failed_users_message(self._ledger, record.run_id, tally.failed, bucket))
        has_drifted = run.is_complete and self.warn_of_drift(run.states)
        if errors:
            return exit_code_of(errors[0])
        if not run.is_complete:
            return ExitCode.STOPPED
        return ExitCode.SOME_FAILED if tally.failed or has_drifted else ExitCode.DONE

    def warn_of_drift(self, states: Iterable[SegmentState]) -> bool:
        """Warn if the counts of a complete run differ too much and nobody has accepted it; return that."""
        drift = self._prepared.drift
        differences = [] if drift.accepted else drift.differences(states)
        if differences:
            details = ", ".join(
                f"{item.name} {item.before:,} planned, {item.now:,} now" for item in differences
            )
            self._view.show_message(
                f"Warning: all users are processed, but the counts differ from the plan: {details}"
            )
        return bool(differences)

    def _write_reports(self, run: LedgerRunResult, record: RunRecord) -> list[BackfillError]:
        """Write the report to its files, and report or summary to standard output. Return the errors."""
        job_report = JobReport(record, run.job, run.states, self._quarantine)
        errors: list[BackfillError] = []
        try:
            totals = self._totals(job_report, run, record)
            errors += ReportFiles.from_options(self._values).write(totals, job_report.failures)
            if self._values.json:
                Output().write_all(report.serialize(totals, job_report.failures()))
        except BackfillError as error:
            errors.append(error)
        if not self._values.json:
            tally, _ = report.add_up(run.states)
            is_complete = run.is_complete and run.error is None  # not with more failed users than tolerated
            try:
                Output().write(report.format_summary(tally, is_complete=is_complete) + "\n")
            except BackfillError as error:
                errors.append(error)
        return errors

    def _totals(self, job_report: JobReport, run: LedgerRunResult, record: RunRecord) -> dict[str, Any]:
        return {
            **job_report.totals(),
            "seconds": round(run.seconds, 3),
            "planId": record.run_id,
            "backup": self._prepared.record.backup,
            "drift": self._prepared.drift.to_json(run.states),
        }

    def _stopped_message(self, users: int) -> str:
        stopped = f"Stopped after {counted(users, 'user')}."
        if self._values.dry_run:
            return f"{stopped} A dry run writes nothing and can't be resumed: run it again."
        command = shlex.join(["userprofiles", *self._values.arguments])
        return f"{stopped} To resume:\n  {command}"
