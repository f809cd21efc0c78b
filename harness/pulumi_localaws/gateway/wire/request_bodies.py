"""Read the body of a client's request; a client that stops sending it is disconnected."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from aiohttp import web

BODY_TIMEOUT_SECONDS = 60.0
"""Seconds to wait for the next part of a body. S3 closes a connection that is idle for 20 to 60 seconds."""

Part = TypeVar("Part")


async def wait_for_part(request: web.Request, part: Awaitable[Part]) -> Part:
    """Return a part of a request's body.

    Args:
        request: The request.
        part: Reads the part.

    Raises:
        ConnectionError: The client did not send the part in time; its connection is closed.
    """
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return await part
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the client stopped sending the request's body") from None


async def read_parts(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the parts of a request's body as they arrive."""
    while part := await wait_for_part(request, request.content.readany()):
        yield part
