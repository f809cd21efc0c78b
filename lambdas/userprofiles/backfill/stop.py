"""How a run is asked to stop: by a signal, or because the time of its Lambda function runs out."""

import threading
import time
from collections.abc import Callable


class Stop:
    """Tells every thread of a run that it should stop at the next safe place.

    Args:
        deadline: A time of `clock` after which the run should stop by itself; None for never.
        clock: Monotonic seconds.
    """

    def __init__(self, deadline: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = threading.Event()
        self._deadline = deadline
        self._clock = clock

    def ask(self) -> None:
        """Ask for the stop. Safe in a signal handler and from any thread."""
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether the run should stop now."""
        return self._event.is_set() or (self._deadline is not None and self._clock() >= self._deadline)

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until the stop is asked for; return whether it is.

        Args:
            seconds: How long to wait at most.
        """
        if self._deadline is not None:
            seconds = min(seconds, max(0.0, self._deadline - self._clock()))
        self._event.wait(seconds)
        return self.asked
