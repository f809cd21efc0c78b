"""Shared by the commands: errors without a traceback, files that can't be written."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from userprofiles.backfill.command.argument_parser import CommandParser
from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, error_json


def print_errors(command: Callable[[], ExitCode], *, as_json: bool) -> ExitCode:
    """Run a command and return its exit code. Print an error and, with `--json`, also as JSON."""
    try:
        return command()
    except BackfillError as error:
        is_stop = error.kind is ErrorKind.STOPPED
        write_error(sys.stderr, f"{error}\n" if is_stop else f"Error: {error}\n")
        if as_json and error.kind is not ErrorKind.OUTPUT:
            Output().write(error_json(error.kind, str(error)) + "\n")
        return exit_code_of(error)


def check_writable(parser: CommandParser, option: str, path: Path | None) -> None:
    """Exit with the usage if a file can't be written because of its directory."""
    if path is None:
        return
    folder = path.absolute().parent
    is_replaceable = os.access(folder, os.W_OK) or (path.exists() and not path.is_file())
    if path.is_dir() or not is_replaceable:
        parser.error(f"{option} {path}: must be a file in a directory that exists and is writable")


def file_error(option: str, path: Path, error: OSError) -> BackfillFailedError:
    """Return the error for a file that can't be read or written."""
    return BackfillFailedError(
        ErrorKind.REPORT,
        f"{option} {path}: the file can't be read or written: {error.strerror}.\n"
        "Free space, or use another file.",
    )
