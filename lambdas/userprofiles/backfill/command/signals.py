"""Stops a run at the next safe place on Ctrl-C or SIGTERM. A second Ctrl-C ends the process at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_signals(request_stop: Callable[[], None]) -> Iterator[None]:
    """Call `request_stop` on SIGINT and SIGTERM while the block runs.

    Args:
        request_stop: Requests the stop. It must be safe in a signal handler.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        request_stop()
        signal.signal(number, signal.SIG_DFL)

    previous_handlers = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
