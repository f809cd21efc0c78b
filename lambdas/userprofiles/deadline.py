"""One call, one deadline.

A socket's read time-out starts again with every byte, so a server that trickles can hold a call for as long
as it likes. Here each call runs in a thread of its own, which is left behind when its time is over. The
thread is a daemon: neither the next invocation nor the end of the process waits for it.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlineExceededError(TimeoutError):
    """A call took longer than it was given. It may still come to its end, unobserved."""


class TooManyLeftBehindError(RuntimeError):
    """So many earlier calls still hang that another one would only add a thread."""


class Workers:
    """Runs calls with deadlines.

    Args:
        most_left_behind: How many threads may hang at the same time before calls are refused at once.
    """

    def __init__(self, most_left_behind: int = 8) -> None:
        self._most = most_left_behind
        self._left: list[threading.Thread] = []

    def run(self, call: Callable[[], T], seconds: float) -> T:
        """Return what a call returns, or raise what it raises.

        Args:
            call: Something that may be left to finish by itself: it has to do no harm when it lands late.
            seconds: How long to wait for it.

        Raises:
            DeadlineExceededError: The time is over; the call was left behind.
            TooManyLeftBehindError: The call was not made.
        """
        self._left = [thread for thread in self._left if thread.is_alive()]
        if len(self._left) >= self._most:
            raise TooManyLeftBehindError(f"{len(self._left)} earlier calls still hang.")
        done = threading.Event()
        result: list[Any] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                result.append(call())
            except BaseException as error:  # noqa: BLE001  (handed to the caller, who is waiting for it)
                failure.append(error)
            finally:
                done.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        if not done.wait(max(seconds, 0)):
            self._left.append(thread)
            raise DeadlineExceededError(f"The call took longer than {seconds:.1f} s.")
        if failure:
            raise failure[0]
        value: T = result[0]
        return value
