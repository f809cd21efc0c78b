"""Runs one operation for many users, in batches."""

import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from userprofiles import telemetry
from userprofiles.library.result import ProfileCreationResult

BATCH_SIZE = 10
_MAX_BATCH_SIZE = 100


def run(
    operation: Callable[..., ProfileCreationResult], arguments: Sequence[tuple[Any, ...]], batch_size: int
) -> list[ProfileCreationResult]:
    """Run an operation once for each tuple of arguments.

    Args:
        operation: Returns a result for an error too.
        arguments: The arguments of each call.
        batch_size: How many calls run at the same time.

    Returns:
        The results in the order of the arguments.

    Raises:
        ValueError: `batch_size` is not allowed.
    """
    if not isinstance(batch_size, int) or not 1 <= batch_size <= _MAX_BATCH_SIZE:
        raise ValueError(
            f"batch_size must be a whole number from 1 to {_MAX_BATCH_SIZE}, got {batch_size!r}."
        )
    results: list[ProfileCreationResult] = []
    with telemetry.request_id_of_run(), ThreadPoolExecutor(batch_size) as pool:
        for start in range(0, len(arguments), batch_size):
            batch = arguments[start : start + batch_size]
            # A thread has no context variables of the caller, such as the request ID.
            futures = [pool.submit(contextvars.copy_context().run, operation, *values) for values in batch]
            results.extend(future.result() for future in futures)
    return results
