"""A gateway between a client and a fake emulator, all on real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pulumi_localaws.gateway.__main__ import serve
from pulumi_localaws.gateway.router import RequestKind
from pulumi_localaws.gateway.server import Gateway
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.local.ports import listen

TIMEOUT_SECONDS = 10.0
EMULATOR_HEADER = "X-Localaws-Gateway"
OK_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class SocketEmulator:
    """Records each request and always sends the same response."""

    response: bytes = OK_RESPONSE
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0
    after_head: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if self.after_head is not None:
                    await self.after_head(reader, writer)
                    break
                self.requests.append((head, await read_body(head, reader)))
                writer.write(self.response)
                await writer.drain()
                if b"connection: close" in self.response.lower():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @property
    def target(self) -> bytes:
        return self.requests[-1][0].split(b" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.requests[-1][0].decode("latin-1").split("\r\n")[1:-2]
        return dict(line.split(": ", 1) for line in lines)

    @property
    def body(self) -> bytes:
        return self.requests[-1][1]


async def read_body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
    }
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body
    return await reader.readexactly(int(headers.get("content-length", "0")))


@dataclass
class ServedGateway:
    """A running gateway and the emulator behind it."""

    emulator: SocketEmulator
    gateway: Gateway
    port: int

    def handle_by_router(self, handle: Callable[[Request], Awaitable[Response]]) -> None:
        """Replace the router's rules: this function handles every request."""
        self.gateway._router.classify = lambda _: RequestKind.COGNITO  # type: ignore[method-assign]
        self.gateway._router.handle = lambda request, _: handle(request)  # type: ignore[assignment,method-assign]

    def disconnect_emulator(self) -> None:
        """Use an emulator URL on which nothing listens."""
        self.gateway._emulator._url = "http://127.0.0.1:1"

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def send(self, raw: bytes) -> bytes:
        """Send bytes and return everything that arrives until the connection is closed."""
        async with self.connection() as (reader, writer):
            writer.write(raw)
            return await reader.read()

    async def request(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, str, bytes]:
        """Send a request; return status, header block and body."""
        default_headers = {"Host": "dynamodb.us-east-1.amazonaws.com", "Connection": "close"}
        if body:
            default_headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in (default_headers | (headers or {})).items())
        response = await self.send(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        head, _, rest = response.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head.decode("latin-1"), rest


@asynccontextmanager
async def serve_gateway(
    emulator: SocketEmulator | None = None, allow_origins: Sequence[str] = ()
) -> AsyncIterator[ServedGateway]:
    """Serve a gateway in front of an emulator."""
    emulator = emulator or SocketEmulator()
    emulator_server = await asyncio.start_server(emulator.serve, "127.0.0.1", 0)
    emulator_port = emulator_server.sockets[0].getsockname()[1]
    listener = listen()
    port = listener.getsockname()[1]
    stop = asyncio.Event()
    gateway = Gateway(
        emulator_url=f"http://127.0.0.1:{emulator_port}",
        emulator_header=f"{EMULATOR_HEADER}: secret",
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        account_id="000000000000",
        allow_origins=allow_origins,
    )
    # The rules have their own tests. Here every request is streamed, unless a test changes it.
    gateway._router.classify = lambda _: None  # type: ignore[method-assign]
    server_task = asyncio.create_task(serve(listener, gateway, stop))
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield ServedGateway(emulator, gateway, port)
    finally:
        stop.set()
        await server_task
        emulator_server.close()
