"""Attempts of a change that other requests can prevent."""

import random
from collections.abc import Callable, Iterator

_ATTEMPTS = 5
_MAX_PAUSE_S = 0.05


def attempts(sleep: Callable[[float], None]) -> Iterator[int]:
    """Yield the number of each attempt, with a pause before each but the first.

    The pauses are random, so that requests which collided don't collide again.

    Args:
        sleep: Waits between attempts.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(random.uniform(0, _MAX_PAUSE_S * attempt))  # noqa: S311  (not a secret)
        yield attempt
