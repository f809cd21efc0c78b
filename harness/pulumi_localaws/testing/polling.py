"""Wait for a result of something that runs in the background."""

import time
from collections.abc import Callable
from typing import TypeVar

from pulumi_localaws.errors import LocalAwsError

_POLL_SECONDS = 0.03

Result = TypeVar("Result")


def wait_for(read: Callable[[], Result], *, timeout: float, describe: Callable[[], str]) -> Result:
    """Return the first result of `read` that is true.

    Args:
        read: Reads the current result.
        timeout: Seconds after which the wait fails.
        describe: Describes what is missing and what exists, for the error.

    Raises:
        LocalAwsError: The time is over.
    """
    deadline = time.monotonic() + timeout
    while True:
        result = read()
        if result:
            return result
        if time.monotonic() > deadline:
            raise LocalAwsError(f"{describe()} (waited for {timeout:g} s)")
        time.sleep(_POLL_SECONDS)
