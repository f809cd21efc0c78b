"""What a reverse proxy must not do to a message; the emulator is played by a few lines of asyncio."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from gateway_wire import OK, Emulator, wire
from pulumi_localaws.gateway.router import RequestKind
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
        async with wire() as w:
            await w.send(
                f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
            )
            return w.emulator.target

    assert target.encode("latin-1") == asyncio.run(run())


def test_signed_headers_and_body_arrive_untouched_and_only_the_tls_stand_in_is_added() -> None:
    """A signature covers Host and what else the client chose; Connection and its like are not for others."""
    sent = {
        "Host": "dynamodb.us-east-1.amazonaws.com",
        "X-Amz-Date": "20260204T160000Z",
        "x-amz-security-token": "t" * 20_000,
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260204/us-east-1/dynamodb/aws4_request, x",
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
        "Cookie": "a=b",
    }
    about_the_connection = {
        "Connection": "close, X-Private",
        "X-Private": "1",
        "Keep-Alive": "5",
        "TE": "gzip",
    }
    body = b'{"TableName": "t",  "Key": {}}'

    async def run() -> tuple[dict[str, str], bytes]:
        async with wire() as w:
            await w.request("POST", "/", sent | about_the_connection, body)
            return w.emulator.headers, w.emulator.body

    headers, arrived = asyncio.run(run())

    added = {"Content-Length": str(len(body)), "X-Forwarded-Proto": "https"}
    assert (sent | added, body) == (headers, arrived)


def test_compressed_bodies_stay_compressed_both_ways() -> None:
    """CloudWatch's clients send gzip, and the signature covers it."""
    body = gzip.compress(b"x" * 5_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def run() -> tuple[bytes, bytes]:
        async with wire(Emulator(answer)) as w:
            _, _, got = await w.request("POST", "/", {"Content-Encoding": "gzip"}, body)
            return w.emulator.body, got

    assert (body, body) == asyncio.run(run())


def test_client_that_expects_100_continue_gets_it_before_it_sends() -> None:
    """Without it every S3 PUT of boto3 waits for a second."""

    async def run() -> tuple[bytes, bytes, dict[str, str]]:
        async with wire() as w, w.connection() as (reader, writer):
            writer.write(
                b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
            )
            interim = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"abc")
            await reader.read()
            return interim, w.emulator.body, w.emulator.headers

    interim, body, headers = asyncio.run(run())

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert body == b"abc"
    assert "Expect" not in headers


@pytest.mark.parametrize("through_core", [False, True])
def test_head_keeps_the_length_of_what_get_would_send(through_core: bool) -> None:
    """Botocore reads it there and fails without."""

    async def run() -> tuple[int, str, bytes]:
        async with wire(Emulator(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: x\r\n\r\n")) as w:
            if through_core:
                w.gateway._core.kind_of = lambda _: RequestKind.COGNITO  # type: ignore[method-assign]
                w.gateway._core.handle = lambda request, _: w.gateway._upstream.send(request)  # type: ignore[method-assign]
            return await w.request("HEAD", "/bucket/key")

    status, head, body = asyncio.run(run())

    assert (status, body) == (200, b"")
    assert "Content-Length: 12345" in head


def test_redirects_and_cookies_go_to_the_client_and_stay_there() -> None:
    answer = (
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: http://127.0.0.1:1/elsewhere\r\n"
        b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    )

    async def run() -> tuple[int, str, dict[str, str]]:
        async with wire(Emulator(answer)) as w:
            await w.request("GET", "/first")
            status, head, _ = await w.request("GET", "/second")
            return status, head, w.emulator.headers

    status, head, headers = asyncio.run(run())

    assert status == 301
    assert "Location: http://127.0.0.1:1/elsewhere" in head
    assert "Set-Cookie: a=1\r\n" in head
    assert "Set-Cookie: b=2\r\n" in head
    assert "Cookie" not in headers


def test_large_request_streams() -> None:
    """The emulator has the beginning of a body while the client still holds its end back."""
    part = b"x" * (1 << 20)
    seen = asyncio.Event()
    arrived = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(arrived) < 4 * len(part):
            arrived.extend(await reader.read(1 << 16))
            seen.set()
        writer.write(OK)
        await writer.drain()

    async def run() -> bytes:
        async with wire(Emulator(after_head=take)) as w, w.connection() as (reader, writer):
            head = (
                "PUT /k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Content-Length: {4 * len(part)}\r\n\r\n"
            )
            writer.write(head.encode() + part)
            await seen.wait()
            writer.write(part * 3)
            return await reader.read()

    answer = asyncio.run(run())

    assert answer.endswith(b"ok")
    assert bytes(arrived) == part * 4


def test_chunked_request_arrives_whole() -> None:
    async def run() -> tuple[bytes, dict[str, str]]:
        async with wire() as w:
            await w.send(
                b"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
                b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            return w.emulator.body, w.emulator.headers

    body, headers = asyncio.run(run())

    assert body == b"abcde"
    assert headers["Transfer-Encoding"] == "chunked"


def test_answer_without_a_length_streams() -> None:
    """Logs that are tailed live have no end: the client gets a line when it is written."""
    go_on = asyncio.Event()

    async def give(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await writer.drain()
        await go_on.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")
        await writer.drain()

    async def run() -> bytes:
        async with wire(Emulator(after_head=give)) as w, w.connection() as (reader, writer):
            writer.write(b"GET /tail HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            await reader.readuntil(b"first")
            go_on.set()
            return await reader.read()

    assert b"last" in asyncio.run(run())


def test_emulator_that_is_gone_gives_503_that_any_client_can_read() -> None:
    async def run() -> tuple[int, str, bytes]:
        async with wire() as w:
            w.gateway._upstream._url = "http://127.0.0.1:1"
            return await w.request("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.GetItem"})

    status, head, body = asyncio.run(run())

    assert status == 503
    assert "Access-Control-Allow-Origin: *" in head
    assert "emulator behind the gateway does not answer" in json.loads(body)["message"]


@pytest.mark.parametrize("length", [100, 1 << 22])
def test_answer_that_breaks_off_is_never_taken_for_whole(length: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\nonly this" % length

    async def run() -> bytes:
        async with wire(Emulator(answer)) as w:
            try:
                return await w.send(b"GET /b/k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            except ConnectionResetError:
                return b""

    got = asyncio.run(run())

    assert b" 503 " in got.split(b"\r\n")[0] or len(got) < length


def test_connection_that_the_emulator_closed_is_not_used_again() -> None:
    async def run() -> tuple[list[int], int]:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        async with wire(Emulator(answer)) as w:
            return [(await w.request("POST", "/", body=b"x"))[0] for _ in range(5)], w.emulator.connections

    assert asyncio.run(run()) == ([200] * 5, 5)


def test_emulators_connection_is_kept_between_requests() -> None:
    async def run() -> int:
        async with wire() as w:
            for _ in range(5):
                await w.request("POST", "/", body=b"x")
            return w.emulator.connections

    assert asyncio.run(run()) == 1


def test_websocket_is_refused_by_name() -> None:
    async def run() -> tuple[int, bytes]:
        async with wire() as w:
            status, _, body = await w.request("GET", "/ws", {"Connection": "Upgrade", "Upgrade": "websocket"})
            return status, body

    status, body = asyncio.run(run())

    assert status == 501
    assert "websockets" in json.loads(body)["message"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [(b"OPTIONS * HTTP/1.1", b" 404 "), (b"GET http://127.0.0.1:4566/a?b HTTP/1.1", b" 200 ")],
)
def test_target_that_is_no_path_is_refused_or_understood(line: bytes, expected: bytes) -> None:
    async def run() -> tuple[bytes, list[bytes]]:
        async with wire() as w:
            answer = await w.send(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return answer, [head.split(b" ")[1] for head, _ in w.emulator.requests]

    answer, targets = asyncio.run(run())

    assert expected in answer.split(b"\r\n")[0]
    assert targets in ([], [b"/a?b"])


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00 not http at all\r\n\r\n", b"GET /\xc3\xbc HTTP/1.1\r\nHost: localhost\r\n\r\n"],
)
def test_garbage_is_refused_and_the_gateway_goes_on(garbage: bytes) -> None:
    async def run() -> tuple[bytes, int]:
        async with wire() as w:
            answer = await w.send(garbage)
            return answer, (await w.request("GET", "/"))[0]

    answer, status = asyncio.run(run())

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert status == 200


def test_what_the_core_rewrites_goes_out_with_its_own_length() -> None:
    async def rewrite(gateway: Gateway, request: Request) -> Response:
        answer = await gateway._upstream.send(
            Request(request.method, request.target, request.headers, request.body + b" and more")
        )
        return Response(answer.status, answer.headers, answer.body + b"!")

    async def run() -> tuple[int, bytes, bytes]:
        async with wire() as w:
            w.gateway._core.kind_of = lambda _: RequestKind.COGNITO  # type: ignore[method-assign]
            w.gateway._core.handle = lambda request, _: rewrite(w.gateway, request)  # type: ignore[method-assign]
            status, _, body = await w.request("POST", "/", body=b"this")
            return status, w.emulator.body, body

    assert asyncio.run(run()) == (200, b"this and more", b"ok!")


def test_fault_in_the_core_is_told_to_the_client_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: Request, __: RequestKind) -> Response:
        raise ZeroDivisionError("secret of a user")

    async def run() -> tuple[int, str, bytes]:
        async with wire() as w:
            w.gateway._core.kind_of = lambda _: RequestKind.COGNITO  # type: ignore[method-assign]
            w.gateway._core.handle = fail  # type: ignore[method-assign]
            return await w.request("POST", "/", body=b"x")

    status, head, body = asyncio.run(run())

    assert status == 500
    assert "Access-Control-Allow-Origin: *" in head
    assert "ZeroDivisionError" in json.loads(body)["message"]
    assert b"secret" not in body
    assert "POST failed" in caplog.text


def test_body_too_large_for_the_core_is_refused() -> None:
    async def run() -> tuple[int, bytes]:
        async with wire() as w:
            w.gateway._core.kind_of = lambda _: RequestKind.COGNITO  # type: ignore[method-assign]
            status, _, body = await w.request("POST", "/", body=b"x" * ((16 << 20) + 1))
            return status, body

    status, body = asyncio.run(run())

    assert status == 413
    assert "size" in json.loads(body)["message"]


def test_journal_names_calls_and_holds_no_values() -> None:
    async def run() -> tuple[Any, Any, int]:
        async with wire() as w:
            scope = "AKIA1/20260204/us-east-1/sqs/aws4_request"
            await w.request(
                "POST",
                "/",
                {
                    "X-Amz-Target": "AmazonSQS.SendMessage",
                    "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}",
                },
                b'{"MessageBody": "anna@example.com"}',
            )
            await w.request("POST", "/", {"X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"})
            await w.request("GET", "/bucket/key?X-Amz-Signature=abc")
            _, _, full = await w.request("GET", "/_localaws/journal")
            await w.request("DELETE", "/_localaws/journal")
            _, _, empty = await w.request("GET", "/_localaws/journal")
            status, _, _ = await w.request("PUT", "/_localaws/journal")
            return json.loads(full), json.loads(empty), status

    full, empty, status = asyncio.run(run())

    assert [(e["service"], e["action"], e["status"]) for e in full["entries"]] == [
        ("sqs", "SendMessage", 200),
        ("cognito-idp", "SignUp", 200),
        ("http", "GET /bucket/key", 200),
    ]
    assert empty == {"entries": []}
    assert status == 405


def test_health_tells_of_both() -> None:
    async def run() -> tuple[int, Any, int, Any, int]:
        async with wire() as w:
            status, _, body = await w.request("GET", "/_localaws/health")
            unknown, _, _ = await w.request("GET", "/_localaws/nothing")
            w.gateway._upstream._url = "http://127.0.0.1:1"
            dead, _, dead_body = await w.request("GET", "/_localaws/health")
            return status, json.loads(body), dead, json.loads(dead_body), unknown

    status, body, dead, dead_body, unknown = asyncio.run(run())

    assert (status, body["gateway"], body["emulator"]) == (200, "ok", "ok")
    assert (dead, dead_body["gateway"]) == (503, "ok")
    assert dead_body["emulator"] != "ok"
    assert unknown == 404
