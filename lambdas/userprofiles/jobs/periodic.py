"""Calls a function from time to time while a block runs."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Periodic:
    """Calls a function from time to time, in a thread of its own, while the block of a `with` runs.

    Args:
        function: Returns whether it must be called again. An exception ends the thread.
        every_s: Seconds before each call.
        name: The name of the thread.
    """

    def __init__(self, function: Callable[[], bool], every_s: float, name: str) -> None:
        self._function = function
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s) and self._function():
            pass
