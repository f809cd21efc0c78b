"""What the commands share: argparse with this project's exit code, and an end without a traceback."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from userprofiles.backfill.command.exit_code import Exit
from userprofiles.backfill.errors import ErrorKind, error_json


class Parser(argparse.ArgumentParser):
    """An argument parser that ends wrong usage with 64, as sysexits.h has it (2 means failed users here).

    Attributes:
        as_json: Whether wrong usage is told on standard output too, as any other error is with `--json`.
    """

    as_json = False

    def __init__(self, **settings: object) -> None:
        # An abbreviated option would change its meaning as soon as a longer one is added.
        # The texts of our help have lines of their own.
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,  # type: ignore[arg-type]
        )

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and end the process."""
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: error: {message}\n")
        if self.as_json:
            sys.stdout.write(error_json(ErrorKind.USAGE, message) + "\n")
        sys.exit(Exit.USAGE)


def guarded(main: Callable[[], int]) -> int:
    """Call a command; a reader that went away (``| head``) stops it like Ctrl-C does."""
    try:
        code = int(main())
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at exit: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.STOPPED
    return code
