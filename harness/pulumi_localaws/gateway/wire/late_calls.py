"""Wait for a call no longer than a time limit, and let a late call continue, as AWS does."""

import asyncio
from collections.abc import Awaitable, Callable

from pulumi_localaws.gateway.wire.http_messages import Response


class LateCalls:
    """Keeps the calls that took too long until they end."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Future[Response]] = set()

    async def wait(
        self,
        call: Awaitable[Response],
        seconds: float,
        read_extra_seconds: Callable[[], Awaitable[float]] | None = None,
    ) -> Response | None:
        """Return the response of a call, or None if it takes longer than the time limit.

        A late call continues and still has its effects: AWS can't stop a function either.

        Args:
            call: The call.
            seconds: The time limit.
            read_extra_seconds: Returns the seconds of the call until now that do not count; read when the
                time limit is reached.
        """
        task = asyncio.ensure_future(call)
        end = asyncio.get_running_loop().time() + seconds
        extra_seconds = 0.0
        while True:
            remaining = end + extra_seconds - asyncio.get_running_loop().time()
            completed_tasks, _ = await asyncio.wait({task}, timeout=max(remaining, 0))
            if completed_tasks:
                return task.result()
            former_seconds = extra_seconds
            extra_seconds = await read_extra_seconds() if read_extra_seconds else 0.0
            if extra_seconds <= former_seconds:
                break
        self._calls.add(task)
        task.add_done_callback(self._discard)
        return None

    def _discard(self, task: "asyncio.Future[Response]") -> None:
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()  # read the exception: asyncio warns about one that is never read
