"""Reports the error that ended a command: on standard error, and as JSON if the command prints JSON."""

from collections.abc import Callable
from typing import TextIO

from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.errors import BackfillError, ErrorKind, error_json


def run_with_error_report(
    command: Callable[[], ExitCode],
    show_message: Callable[[str], None],
    *,
    as_json: bool,
    out: TextIO | None = None,
) -> ExitCode:
    """Run a command and return its exit code. Report its error.

    Args:
        command: The command.
        show_message: Shows a message on standard error.
        as_json: Whether the error is also printed on standard output, as JSON.
        out: Standard output; None for that of the process.
    """
    try:
        return command()
    except BackfillError as error:
        show_message(str(error) if error.kind is ErrorKind.STOPPED else f"Error: {error}")
        if as_json and error.kind is not ErrorKind.OUTPUT:
            Output(out).write(error_json(error.kind, str(error)) + "\n")
        return exit_code_of(error)
