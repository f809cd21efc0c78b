"""What a reverse proxy must not change; a few lines of asyncio play the emulator."""

import asyncio
import gzip

import pytest
from gateway_wire import EMULATOR_HEADER, OK_RESPONSE, SocketEmulator, serve_gateway
from pulumi_localaws.gateway.server import Gateway
from pulumi_localaws.gateway.wire.http_messages import Request, Response

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?acl",
        "/bucket/a%2Fb/../c//d?x=%20+y&z",
        "/bucket/%E2%82%AC%0A%25?versionId=a%3D%3D",
        "/a;b=c/@d:e,f!g*h'(i)?j=k?l=/m",
        "/" + "k" * 20_000,
    ],
)
def test_target_arrives_byte_for_byte(target: str) -> None:
    async def run() -> bytes:
        async with serve_gateway() as served:
            await served.send(
                f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
            )
            return served.emulator.target

    assert asyncio.run(run()) == target.encode("latin-1")


def test_signed_headers_and_body_are_forwarded_unchanged() -> None:
    """Only the headers of the connection are removed; the sign of TLS and the emulator's header are added."""
    headers = {
        "Host": "dynamodb.us-east-1.amazonaws.com",
        "X-Amz-Date": "20260204T160000Z",
        "x-amz-security-token": "t" * 20_000,
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260204/us-east-1/dynamodb/aws4_request, x",
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
        "Cookie": "a=b",
    }
    connection_headers = {
        "Connection": "close, X-Private",
        "X-Private": "1",
        "Keep-Alive": "5",
        "TE": "gzip",
    }
    body = b'{"TableName": "t",  "Key": {}}'

    async def run() -> tuple[dict[str, str], bytes]:
        async with serve_gateway() as served:
            await served.request("POST", "/", headers | connection_headers, body)
            return served.emulator.headers, served.emulator.body

    forwarded_headers, forwarded_body = asyncio.run(run())

    added_headers = {
        "Content-Length": str(len(body)),
        "X-Forwarded-Proto": "https",
        EMULATOR_HEADER: "secret",
    }
    assert (forwarded_headers, forwarded_body) == (headers | added_headers, body)


def test_compressed_bodies_stay_compressed_both_ways() -> None:
    """CloudWatch's clients send gzip, which the signature covers."""
    body = gzip.compress(b"x" * 5_000)
    response = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )

    async def run() -> tuple[bytes, bytes]:
        async with serve_gateway(SocketEmulator(response)) as served:
            _, _, response_body = await served.request("POST", "/", {"Content-Encoding": "gzip"}, body)
            return served.emulator.body, response_body

    assert asyncio.run(run()) == (body, body)


def test_expect_100_continue_is_answered_before_the_body() -> None:
    """Otherwise every S3 PUT of boto3 waits for one second."""

    async def run() -> tuple[bytes, bytes, dict[str, str]]:
        async with serve_gateway() as served, served.connection() as (reader, writer):
            writer.write(
                b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
            )
            interim = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"abc")
            await reader.read()
            return interim, served.emulator.body, served.emulator.headers

    interim, body, headers = asyncio.run(run())

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert body == b"abc"
    assert "Expect" not in headers


@pytest.mark.parametrize("is_routed", [False, True])
def test_head_keeps_the_length_of_gets_body(is_routed: bool) -> None:
    """Botocore needs the length in the response to HEAD."""

    async def run() -> tuple[int, str, bytes]:
        async with serve_gateway(
            SocketEmulator(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: x\r\n\r\n")
        ) as served:
            if is_routed:
                served.handle_by_router(served.gateway._emulator.send)
            return await served.request("HEAD", "/bucket/key")

    status, head, body = asyncio.run(run())

    assert (status, body) == (200, b"")
    assert "Content-Length: 12345" in head


def test_redirects_and_cookies_are_returned_to_the_client() -> None:
    response = (
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://127.0.0.1:1/elsewhere\r\n"
        b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    )

    async def run() -> tuple[int, str, dict[str, str]]:
        async with serve_gateway(SocketEmulator(response)) as served:
            await served.request("GET", "/first")
            status, head, _ = await served.request("GET", "/second")
            return status, head, served.emulator.headers

    status, head, headers = asyncio.run(run())

    assert status == 301
    assert "Location: http://127.0.0.1:1/elsewhere" in head
    assert "Set-Cookie: a=1\r\n" in head
    assert "Set-Cookie: b=2\r\n" in head
    assert "Cookie" not in headers


def test_large_request_is_streamed() -> None:
    """The emulator receives the beginning of a body before the client sends the end."""
    part = b"x" * (1 << 20)
    beginning_arrived = asyncio.Event()
    received_body = bytearray()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(received_body) < 4 * len(part):
            received_body.extend(await reader.read(1 << 16))
            beginning_arrived.set()
        writer.write(OK_RESPONSE)
        await writer.drain()

    async def run() -> bytes:
        async with (
            serve_gateway(SocketEmulator(after_head=receive)) as served,
            served.connection() as (reader, writer),
        ):
            head = (
                "PUT /k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Content-Length: {4 * len(part)}\r\n\r\n"
            )
            writer.write(head.encode() + part)
            await beginning_arrived.wait()
            writer.write(part * 3)
            return await reader.read()

    response = asyncio.run(run())

    assert response.endswith(b"ok")
    assert bytes(received_body) == part * 4


def test_chunked_request_is_forwarded_completely() -> None:
    async def run() -> tuple[bytes, dict[str, str]]:
        async with serve_gateway() as served:
            await served.send(
                b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
                b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            return served.emulator.body, served.emulator.headers

    body, headers = asyncio.run(run())

    assert body == b"abcde"
    assert headers["Transfer-Encoding"] == "chunked"


def test_response_without_a_length_is_streamed() -> None:
    """A live log has no end: the client receives a line when it is written."""
    first_chunk_received = asyncio.Event()

    async def respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await writer.drain()
        await first_chunk_received.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        await writer.drain()

    async def run() -> bytes:
        async with (
            serve_gateway(SocketEmulator(after_head=respond)) as served,
            served.connection() as (reader, writer),
        ):
            writer.write(b"GET /tail HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            await reader.readuntil(b"first")
            first_chunk_received.set()
            return await reader.read()

    assert b"last" in asyncio.run(run())


@pytest.mark.parametrize("length", [100, 1 << 22])
def test_incomplete_response_is_recognizable(length: int) -> None:
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\nonly this" % length

    async def run() -> bytes:
        async with serve_gateway(SocketEmulator(response)) as served:
            try:
                return await served.send(b"GET /b/k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            except ConnectionResetError:
                return b""

    forwarded_response = asyncio.run(run())

    assert b" 503 " in forwarded_response.split(b"\r\n")[0] or len(forwarded_response) < length


def test_connection_that_the_emulator_closed_is_not_used_again() -> None:
    async def run() -> tuple[list[int], int]:
        response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        async with serve_gateway(SocketEmulator(response)) as served:
            return [
                (await served.request("POST", "/", body=b"x"))[0] for _ in range(5)
            ], served.emulator.connections

    assert asyncio.run(run()) == ([200] * 5, 5)


def test_connection_to_the_emulator_is_reused() -> None:
    async def run() -> int:
        async with serve_gateway() as served:
            for _ in range(5):
                await served.request("POST", "/", body=b"x")
            return served.emulator.connections

    assert asyncio.run(run()) == 1


def test_rewritten_messages_have_a_new_length() -> None:
    async def rewrite(gateway: Gateway, request: Request) -> Response:
        response = await gateway._emulator.send(
            Request(request.method, request.target, request.headers, request.body + b" and more")
        )
        return Response(response.status, response.headers, response.body + b"!")

    async def run() -> tuple[int, bytes, bytes]:
        async with serve_gateway() as served:
            served.handle_by_router(lambda request: rewrite(served.gateway, request))
            status, _, body = await served.request("POST", "/", body=b"this")
            return status, served.emulator.body, body

    assert asyncio.run(run()) == (200, b"this and more", b"ok!")
