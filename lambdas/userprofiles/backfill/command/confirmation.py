"""Asks the operator on a terminal before a command that can't be undone."""

import signal
import sys

from userprofiles.backfill.command.progress_line import write_error
from userprofiles.backfill.errors import RefusedError, StoppedError


def confirm(question: str, unchanged: str = "Nothing was erased.") -> None:
    """Ask a question on the terminal. The answer `yes` confirms.

    Args:
        question: The question.
        unchanged: The sentence of the error: what has not happened.

    Raises:
        RefusedError: The answer is another one.
        StoppedError: Ctrl-C.
    """
    write_error(sys.stderr, f"{question} Type yes to continue: ")
    # While the command handles Ctrl-C itself, it would not end the wait for the answer.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        raise StoppedError(f"Stopped. {unchanged}") from None
    finally:
        signal.signal(signal.SIGINT, handler)
    if answer.strip().lower() != "yes":
        raise RefusedError(f"Not confirmed. {unchanged}")
