"""Shared by the commands `export`: the file of a bundle, its problems, progress, and errors of AWS."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import ProgressLine, write_error
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import print_errors
from userprofiles.lifecycle.export import export_check
from userprofiles.lifecycle.export.export_check import CheckedBundle, UnreadableBundleError
from userprofiles.table.store_errors import RecordTooLargeError, StoreError
from userprofiles.telemetry import error_code

_MAX_PROBLEMS = 20


def add_template_option(parser: CommandParser) -> None:
    """Add the option `--template`."""
    parser.add_argument(
        "--template",
        metavar="NAME",
        help="the stack's template: a name, or the path of a .json file (default: the preset that the "
        "functions use)",
    )


@dataclass(frozen=True)
class Progress:
    """The progress of one run, and its end on request.

    Attributes:
        line: Shows the progress.
        stop: Whether a stop was requested.
        details: What the command does, such as `reading the table`.
    """

    line: ProgressLine
    stop: Stop
    details: str

    def show(self, items: int) -> None:
        """Show the number of items so far.

        Raises:
            StoppedError: A stop was requested.
        """
        if self.stop.is_requested:
            raise StoppedError("Stopped. Run the command again.")
        if self.line.is_due:
            self.line.show(items, self.details)


def run_with_progress(
    parser: CommandParser,
    values: argparse.Namespace,
    limits: Limits,
    details: str,
    command: Callable[[Progress], ExitCode],
) -> ExitCode:
    """Run a command that shows its progress, and return its exit code."""
    parser.as_json = values.json
    stop = Stop()
    line = ProgressLine(limits, unit="items")
    line.start(0, lambda: None)

    def run() -> ExitCode:
        try:
            return command(Progress(line, stop, details))
        except (StoreError, ClientError, BotoCoreError) as error:
            raise _aws_error(error) from error
        finally:
            line.clear()

    with stop_on_signals(stop.request):
        return print_errors(run, as_json=values.json)


def _aws_error(error: Exception) -> BackfillFailedError:
    if isinstance(error, RecordTooLargeError):
        return BackfillFailedError(
            ErrorKind.TABLE, "Account or profile has more than 400,000 bytes, so it can't be imported."
        )
    return BackfillFailedError(
        ErrorKind.SERVICE,
        f"A call to AWS failed: {error_code(error)}.\n"
        "Check the names of tables, pool and bucket, the region, the credentials, the network, and the "
        "permissions in --help. Then run the command again.",
    )


def read_bundle(path: Path) -> CheckedBundle:
    """Read and check a bundle.

    Raises:
        BackfillFailedError: The file can't be read or is not JSON.
        userprofiles.lifecycle.export.export_check.InvalidBundleError: The bundle has problems.
    """
    try:
        return export_check.check(export_check.read_file(path))
    except UnreadableBundleError as error:
        raise BackfillFailedError(
            ErrorKind.REPORT, f"{error}.\nPass a file of `userprofiles export user` or of GET /me/export."
        ) from error


def print_problems(values: argparse.Namespace, problems: Sequence[str]) -> ExitCode:
    """Print the problems of a bundle, and return the exit code."""
    if values.json:
        result = {"file": str(values.file), "valid": False, "problems": problems}
        Output().write(json.dumps(result, indent=2) + "\n")
    else:
        Output().write_all(f"{values.file}: {problem}\n" for problem in problems[:_MAX_PROBLEMS])
    count = len(problems)
    write_error(sys.stderr, f"{count} problem{'s' if count > 1 else ''}.\n")
    return ExitCode.SOME_FAILED
