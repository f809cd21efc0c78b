"""Shows the result of an import's run: report, lists, summary and exit code."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from userprofiles.backfill import report as report_files
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.quarantine_place import quarantine_folder
from userprofiles.backfill.errors import BackfillError, ErrorKind
from userprofiles.commands.command_errors import file_error
from userprofiles.commands.legacy_view import ImportView
from userprofiles.jobs.counted import counted
from userprofiles.jobs.ledger import Ledger, command_line
from userprofiles.jobs.run_record import RunRecord
from userprofiles.legacy.job.import_job import ImportOperation
from userprofiles.legacy.job.import_report import build_report, format_report, last_line, serialize
from userprofiles.legacy.job.import_run import ImportRunResult
from userprofiles.legacy.job.listed_results import ListedResults
from userprofiles.legacy.job.report_page import build_page
from userprofiles.legacy.job.stage import Outcome
from userprofiles.legacy.job.unit_state import UnitState, add_outcomes


def lists_folder(run_id: str) -> Path:
    """Return the folder of a run's lists on this machine."""
    return quarantine_folder(run_id)


class ImportResultWriter:
    """Writes the result of a run for a command.

    Args:
        values: The options of the command.
        ledger: The ledger of the run.
        view: Shows messages.
        listed: The lists of the run.
    """

    def __init__(
        self, values: argparse.Namespace, ledger: Ledger, view: ImportView, listed: ListedResults
    ) -> None:
        self._values = values
        self._ledger = ledger
        self._view = view
        self._listed = listed

    def write(self, run: RunRecord, result: ImportRunResult) -> ExitCode:
        """Write report, lists and summary, explain how to go on, and return the exit code.

        Args:
            run: The record of the run as the ledger has it now.
            result: The result of this session.
        """
        report = build_report(run, result.states)
        errors = [result.error] if result.error else []
        errors += self.write_report(report, result.states)
        if result.is_complete and not errors and not self._values.json:
            Output().write(last_line(report) + "\n")
        for error in errors:
            if error.kind is not ErrorKind.STOPPED:
                self._view.warn(f"Error: {error}")
        self._explain(run, result)
        if errors:
            return exit_code_of(errors[0])
        if not result.is_complete:
            return ExitCode.STOPPED
        outcomes = add_outcomes(result.states)
        has_failures = bool(outcomes[Outcome.FAILED] or outcomes[Outcome.CONFLICT])
        has_failures = has_failures or not all(check["ok"] for check in report["checks"])
        return ExitCode.SOME_FAILED if has_failures else ExitCode.DONE

    def write_report(
        self,
        report: dict[str, Any],
        states: Sequence[UnitState],
        format_text: Callable[[dict[str, Any]], str] = format_report,
    ) -> list[BackfillError]:
        """Write the report to its files and to standard output. Return the errors."""

        def lines() -> Iterator[str]:
            for row in self._listed.rows(states):
                yield json.dumps(row) + "\n"

        def document() -> Iterator[str]:
            return serialize(
                report, {"records": self._listed.rows(states), "findings": self._listed.findings(states)}
            )

        files: dict[str, Callable[[], Iterable[str]]] = {
            "report": document,
            "html": lambda: [build_page(report)],
            "quarantine": lines,
        }
        errors = []
        for option, text in files.items():
            path: Path | None = getattr(self._values, option, None)
            if path is not None:
                errors += _collect(partial(_write, option, path, text()))
        if self._values.json:
            errors += _collect(lambda: Output().write_all(document()))
        else:
            errors += _collect(lambda: Output().write(format_text(report) + "\n"))
        return errors

    def _explain(self, run: RunRecord, result: ImportRunResult) -> None:
        outcomes = add_outcomes(result.states)
        is_rollback = run.kind == ImportOperation.ROLLBACK
        if not result.is_complete and not _is_refused(result.error):
            processed = counted(sum(outcomes.values()), "key" if is_rollback else "record")
            command = command_line(self._ledger, "runs", "resume", run.run_id)
            self._view.warn(f"Stopped after {processed}. To resume:\n  {command}")
        if is_rollback:
            self._explain_kept(outcomes[Outcome.KEPT])
            return
        parts = {"Failed": outcomes[Outcome.FAILED], "In conflict": outcomes[Outcome.CONFLICT]}
        texts = [f"{name}: {counted(count, 'record')}" for name, count in parts.items() if count]
        if texts:
            self._view.warn(
                f"{'. '.join(texts)}. They are listed in {self._listed.name} (and by --report and "
                "--quarantine). Correct them, or decide with --decisions, then import them with "
                "`userprofiles import delta`."
            )
        findings = sum(state.findings for state in result.states)
        if findings:
            self._view.warn(
                f"{counted(findings, 'finding')}, such as links to users who are not imported: listed in "
                f"{self._listed.findings_name} (and by --report)."
            )
        if result.is_complete and run.kind == ImportOperation.IMPORT:
            self._view.warn(f"To check the run:\n  {self._verify_command(run)}")

    def _explain_kept(self, count: int) -> None:
        if count:
            self._view.warn(
                f"Kept: {count:,}. They are listed with the reason in {self._listed.name} (and by --report)."
            )

    def _verify_command(self, run: RunRecord) -> str:
        outputs = getattr(self._values, "outputs", None)
        options = ["--outputs", str(outputs)] if outputs else []
        return command_line(self._ledger, "import", "verify", run.run_id, *options)


def _is_refused(error: BackfillError | None) -> bool:
    return error is not None and error.kind is ErrorKind.REFUSED


def _write(option: str, path: Path, pieces: Iterable[str]) -> None:
    """Write a file that only its owner can read.

    Raises:
        BackfillFailedError: It can't be written.
    """
    try:
        report_files.write_file(path, pieces)
    except OSError as error:
        raise file_error(f"--{option}", path, error) from error


def _collect(write: Callable[[], None]) -> list[BackfillError]:
    try:
        write()
    except BackfillError as error:
        return [error]
    return []
