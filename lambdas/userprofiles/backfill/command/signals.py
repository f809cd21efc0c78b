"""Ctrl-C and SIGTERM end a run at the next safe place; a second Ctrl-C ends it at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_signals(ask: Callable[[], None]) -> Iterator[None]:
    """Call `ask` on SIGINT and SIGTERM while the block runs.

    Args:
        ask: Asks for the stop; it must be safe in a signal handler.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        ask()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
