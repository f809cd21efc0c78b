"""Shared by the commands: argparse with this project's exit code, and no traceback for wrong output."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from userprofiles.backfill.command.exit_code import ExitCode, exit_code_of
from userprofiles.backfill.errors import BackfillError, ErrorKind, error_json


class CommandParser(argparse.ArgumentParser):
    """An argument parser that exits with 64 on wrong usage, as in sysexits.h (2 means failed users here).

    Attributes:
        as_json: Whether wrong usage is also printed on standard output, like any other error with `--json`.
    """

    as_json = False

    def __init__(self, **settings: object) -> None:
        # allow_abbrev: an abbreviated option would change its meaning when a longer option is added.
        # formatter_class: keeps the line breaks of our help texts.
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,  # type: ignore[arg-type]
        )

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit."""
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: error: {message}\n")
        if self.as_json:
            sys.stdout.write(error_json(ErrorKind.USAGE, message) + "\n")
        sys.exit(ExitCode.USAGE)


class _VersionAction(argparse.Action):
    """Prints the version. It reads the package's metadata only when the option is used."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        sys.stdout.write(f"{parser.prog} {version('pulumi-userprofiles')}\n")
        parser.exit()


def add_version_option(parser: CommandParser) -> None:
    """Add the option `--version`."""
    parser.add_argument("--version", action=_VersionAction, nargs=0, help="show the version and exit")


def run_command(command: Callable[[], int]) -> int:
    """Call a command and return its exit code. Print an error of its output without a traceback."""
    try:
        return int(command())
    except BackfillError as error:
        sys.stderr.write(f"Error: {error}\n")
        return exit_code_of(error)
    finally:
        try:
            sys.stdout.flush()
        except OSError:
            # Python flushes standard output again at exit: send that to the null device.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
