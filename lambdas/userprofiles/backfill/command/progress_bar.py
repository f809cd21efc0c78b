"""The progress bar on a terminal. It needs the package rich, of the extra `cli`."""

import importlib.util
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def has_rich() -> bool:
    """Return whether the bar can be shown."""
    return importlib.util.find_spec("rich") is not None


class ProgressBar:
    """One bar with a text behind it.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def show(self, text: str, completed: int, total: int | None) -> None:
        """Show the bar. An error of the terminal is ignored: there is no other place to report it.

        Args:
            text: The text behind the bar.
            completed: What is done.
            total: What is done at the end; None if this is unknown.
        """
        with suppress(OSError):
            if self._progress is None or self._task is None:
                self._progress = _create_progress(self._stream)
                self._task = self._progress.add_task("")
                self._progress.start()
            self._progress.update(
                self._task, description=text, completed=completed, total=total and max(total, completed)
            )
            self._progress.refresh()

    def clear(self) -> None:
        """Remove the bar. The next `show` shows it again."""
        if self._progress is not None:
            with suppress(OSError):
                self._progress.stop()
            self._progress = None


def _create_progress(stream: TextIO) -> "Progress":
    from rich.console import Console  # noqa: PLC0415 - only on a terminal: the import takes 50 ms
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415 - the same

    return Progress(
        BarColumn(bar_width=30),
        TextColumn("{task.description}", markup=False),
        console=Console(file=stream),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
