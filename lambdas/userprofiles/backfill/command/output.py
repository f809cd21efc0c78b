"""Standard output, with an actionable error instead of a traceback after a closed pipe or on a full disk."""

import sys
from collections.abc import Iterable
from typing import TextIO

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, StoppedError


class Output:
    """Standard output. Each text is flushed, so that an error belongs to the text that caused it.

    Args:
        stream: The stream; None for standard output.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    @property
    def is_terminal(self) -> bool:
        """Whether the output is a terminal."""
        return self._stream.isatty()

    def write(self, text: str) -> None:
        """Write a text and flush it.

        Raises:
            StoppedError: The reader of the pipe has closed it, as `head` does.
            BackfillFailedError: The text can't be written.
        """
        self.write_all([text])

    def write_all(self, texts: Iterable[str]) -> None:
        """Write texts and flush them once. It raises the errors of `write`."""
        try:
            for text in texts:
                self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            raise _output_error(error) from error


def printable(text: str) -> str:
    """Return a text without control characters: it can't move the cursor or start a line."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _output_error(error: OSError) -> BackfillError:
    if isinstance(error, BrokenPipeError):
        return StoppedError("Standard output was closed.")
    return BackfillFailedError(
        ErrorKind.OUTPUT,
        f"Standard output can't be written: {error.strerror}.\n"
        "Free space, or write the output to another place.",
    )
