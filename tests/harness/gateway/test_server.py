"""Responses of the gateway itself: errors, health and journal."""

import asyncio
import json
import logging
from typing import Any

import pytest
from aiohttp.http_exceptions import BadHttpMessage
from gateway_wire import serve_gateway
from pulumi_localaws.gateway.__main__ import InvalidRequestFilter
from pulumi_localaws.gateway.wire import request_bodies
from pulumi_localaws.gateway.wire.http_messages import Request, Response

pytestmark = pytest.mark.backends("embedded")


def test_missing_emulator_gives_a_readable_503() -> None:
    async def run() -> tuple[int, str, bytes]:
        async with serve_gateway() as served:
            served.disconnect_emulator()
            return await served.request("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.GetItem"})

    status, head, body = asyncio.run(run())

    assert status == 503
    assert "Access-Control-Allow-Origin: *" in head
    assert "emulator behind the gateway does not respond" in json.loads(body)["message"]


def test_websocket_is_rejected() -> None:
    async def run() -> tuple[int, bytes]:
        async with serve_gateway() as served:
            status, _, body = await served.request(
                "GET", "/ws", {"Connection": "Upgrade", "Upgrade": "websocket"}
            )
            return status, body

    status, body = asyncio.run(run())

    assert status == 501
    assert "websockets" in json.loads(body)["message"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [(b"OPTIONS * HTTP/1.1", b" 404 "), (b"GET http://127.0.0.1:4566/a?b HTTP/1.1", b" 200 ")],
)
def test_proxy_target_is_accepted_and_other_targets_are_rejected(line: bytes, expected: bytes) -> None:
    async def run() -> tuple[bytes, list[bytes]]:
        async with serve_gateway() as served:
            response = await served.send(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return response, [head.split(b" ")[1] for head, _ in served.emulator.requests]

    response, targets = asyncio.run(run())

    assert expected in response.split(b"\r\n")[0]
    assert targets in ([], [b"/a?b"])


@pytest.mark.parametrize(
    "invalid_request",
    [b"\x16\x03\x01\x02\x00 not http at all\r\n\r\n", b"GET /\xc3\xbc HTTP/1.1\r\nHost: localhost\r\n\r\n"],
)
def test_gateway_serves_on_after_an_invalid_request(invalid_request: bytes) -> None:
    async def run() -> tuple[bytes, int]:
        async with serve_gateway() as served:
            response = await served.send(invalid_request)
            return response, (await served.request("GET", "/"))[0]

    response, status = asyncio.run(run())

    assert b" 400 " in response.split(b"\r\n")[0]
    assert status == 200


def test_fault_of_the_gateway_is_reported_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: Request) -> Response:
        raise ZeroDivisionError("secret of a user")

    async def run() -> tuple[int, str, bytes]:
        async with serve_gateway() as served:
            served.handle_by_router(fail)
            return await served.request("POST", "/", body=b"x")

    status, head, body = asyncio.run(run())

    assert status == 500
    assert "Access-Control-Allow-Origin: *" in head
    assert "ZeroDivisionError" in json.loads(body)["message"]
    assert b"secret" not in body
    assert "POST failed" in caplog.text


def test_body_too_large_for_the_router_is_rejected() -> None:
    async def run() -> tuple[int, bytes]:
        async with serve_gateway() as served:
            served.handle_by_router(served.gateway._emulator.send)
            status, _, body = await served.request("POST", "/", body=b"x" * ((16 << 20) + 1))
            return status, body

    status, body = asyncio.run(run())

    assert status == 413
    assert "size" in json.loads(body)["message"]


def test_journal_has_actions_and_no_values() -> None:
    async def run() -> tuple[Any, Any, int]:
        async with serve_gateway() as served:
            scope = "AKIA1/20260204/us-east-1/sqs/aws4_request"
            await served.request(
                "POST",
                "/",
                {
                    "X-Amz-Target": "AmazonSQS.SendMessage",
                    "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}",
                },
                b'{"MessageBody": "anna@example.com"}',
            )
            await served.request("POST", "/", {"X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"})
            await served.request("GET", "/bucket/anna@example.com?X-Amz-Signature=abc")
            await served.request("PUT", "/aws-cognito-idp-user-import/import-1-secret")
            await served.request("DELETE", "/v2/email/identities/anna@example.com")
            await served.request("POST", "/2015-03-31/functions/f/invocations")
            _, _, journal = await served.request("GET", "/_localaws/journal")
            await served.request("DELETE", "/_localaws/journal")
            _, _, cleared_journal = await served.request("GET", "/_localaws/journal")
            status, _, _ = await served.request("PUT", "/_localaws/journal")
            return json.loads(journal), json.loads(cleared_journal), status

    journal, cleared_journal, status = asyncio.run(run())

    assert [(e["service"], e["action"], e["status"]) for e in journal["entries"]] == [
        ("sqs", "SendMessage", 200),
        ("cognito-idp", "SignUp", 200),
        ("http", "GET /bucket", 200),
        ("http", "PUT /aws-cognito-idp-user-import", 200),
        ("http", "DELETE /v2/email/identities", 200),
        ("http", "POST /2015-03-31/functions/f/invocations", 200),
    ]
    assert cleared_journal == {"entries": []}
    assert status == 405


def test_trigger_runs_are_set_and_described() -> None:
    setting = {"userPoolId": "eu-west-1_Pool12345", "trigger": "CreateAuthChallenge", "runs": 3}

    async def run() -> list[tuple[int, str, bytes]]:
        async with serve_gateway() as served:
            path = "/_localaws/trigger-runs"
            return [
                await served.request("PUT", path, body=json.dumps(setting).encode()),
                await served.request("GET", path),
                await served.request("PUT", path, body=b'{"userPoolId": '),
                await served.request("DELETE", path),
            ]

    responses = asyncio.run(run())

    assert [status for status, _, _ in responses] == [200, 200, 400, 405]
    assert json.loads(responses[1][2]) == {"triggerRuns": [setting]}


def test_health_reports_gateway_and_emulator() -> None:
    async def run() -> tuple[int, Any, int, Any, int]:
        async with serve_gateway() as served:
            status, _, body = await served.request("GET", "/_localaws/health")
            unknown_path_status, _, _ = await served.request("GET", "/_localaws/nothing")
            served.disconnect_emulator()
            status_without_emulator, _, body_without_emulator = await served.request(
                "GET", "/_localaws/health"
            )
            return (
                status,
                json.loads(body),
                status_without_emulator,
                json.loads(body_without_emulator),
                unknown_path_status,
            )

    status, body, status_without_emulator, body_without_emulator, unknown_path_status = asyncio.run(run())

    assert (status, body["gateway"], body["emulator"]) == (200, "ok", "ok")
    assert (status_without_emulator, body_without_emulator["gateway"]) == (503, "ok")
    assert body_without_emulator["emulator"] != "ok"
    assert unknown_path_status == 404


@pytest.mark.parametrize("length", [50, 2 << 20])
@pytest.mark.parametrize("is_routed", [False, True])
def test_client_that_stops_sending_a_body_is_disconnected(
    monkeypatch: pytest.MonkeyPatch, length: int, is_routed: bool
) -> None:
    monkeypatch.setattr(request_bodies, "BODY_TIMEOUT_SECONDS", 0.02)
    head = f"PUT /b/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{{"

    async def run() -> tuple[bytes, int]:
        async with serve_gateway() as served:
            if is_routed:
                served.handle_by_router(served.gateway._emulator.send)
            async with served.connection() as (reader, writer):
                writer.write(head.encode())
                try:
                    response = await reader.read()
                except ConnectionResetError:
                    response = b""
            return response, (await served.request("GET", "/_localaws/health"))[0]

    assert asyncio.run(run()) == (b"", 200)


def test_deeply_nested_json_is_rejected() -> None:
    async def run() -> tuple[int, bytes]:
        async with serve_gateway() as served:
            body = b"[" * 100_000
            status, _, response = await served.request("PUT", "/_localaws/trigger-runs", body=body)
            return status, response

    status, body = asyncio.run(run())

    assert (status, b"nested too deeply" in body) == (400, True)


def test_invalid_request_is_one_line_in_the_log() -> None:
    """The request can contain personal data."""
    error = BadHttpMessage("Invalid method: b'ann@example.com'")
    record = logging.LogRecord(
        "aiohttp.server", logging.ERROR, "", 0, "Error handling request", (), (type(error), error, None)
    )

    assert InvalidRequestFilter().filter(record)
    assert logging.Formatter().format(record) == "a request was not completed: BadHttpMessage"
