"""One sign-up at a time for each name: two that differ in case alone must not both find it free."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class NameLocks:
    """Locks by pool and name in any case; a lock that nobody holds or waits for is gone."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, pool_id: str, name: Any) -> AsyncIterator[None]:
        """Hold the lock of a name in a pool."""
        key = (pool_id, str(name).casefold())
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)
