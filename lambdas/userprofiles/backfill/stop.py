"""The request to stop a run: by a signal, or before the time limit of the Lambda function."""

import threading
import time
from collections.abc import Callable


class Stop:
    """Requests all threads of a run to stop at the next safe place.

    Args:
        deadline: The time of `clock` at which the run must stop. None: no deadline.
        clock: Returns monotonic seconds.
    """

    def __init__(self, deadline: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = threading.Event()
        self._deadline = deadline
        self._clock = clock

    def request(self) -> None:
        """Request the stop. Safe in a signal handler and in any thread."""
        self._event.set()

    def now(self) -> float:
        """Return the monotonic seconds in which `wait` counts."""
        return self._clock()

    @property
    def is_requested(self) -> bool:
        """Whether the run must stop now."""
        return self._event.is_set() or (self._deadline is not None and self._clock() >= self._deadline)

    def wait(self, seconds: float) -> bool:
        """Wait for a time, but no longer than until the stop; return whether the stop is requested.

        Args:
            seconds: The longest time to wait.
        """
        if self._deadline is not None:
            seconds = min(seconds, max(0.0, self._deadline - self._clock()))
        self._event.wait(seconds)
        return self.is_requested
