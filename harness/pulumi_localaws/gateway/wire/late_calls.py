"""Wait for a call no longer than a time limit, and let a late call continue, as AWS does."""

import asyncio
from collections.abc import Awaitable

from pulumi_localaws.gateway.wire.http_messages import Response


class LateCalls:
    """Keeps the calls that took too long until they end."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Future[Response]] = set()

    async def wait(self, call: Awaitable[Response], seconds: float) -> Response | None:
        """Return the response of a call, or None if it takes longer than the time limit.

        A late call continues and still has its effects: AWS can't stop a function either.
        """
        task = asyncio.ensure_future(call)
        completed_tasks, _ = await asyncio.wait({task}, timeout=seconds)
        if completed_tasks:
            return task.result()
        self._calls.add(task)
        task.add_done_callback(self._discard)
        return None

    def _discard(self, task: "asyncio.Future[Response]") -> None:
        self._calls.discard(task)
        if not task.cancelled():
            task.exception()  # read the exception: asyncio warns about one that is never read
