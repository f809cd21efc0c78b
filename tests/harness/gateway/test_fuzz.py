"""Whatever a client sends, the gateway answers or closes the connection, and serves the next client."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from fuzz_requests import FuzzRequest, fuzz_requests
from gateway_wire import serve_gateway
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_localaws.local.ports import http_get
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

REQUESTS_PER_EXAMPLE = 20
FEW_REQUESTS = 8
ANSWER_SECONDS = 30.0
LARGE_BODY_BYTES = 100 << 20


def send(port: int, request: FuzzRequest) -> bytes:
    """Return the beginning of the response; after an incomplete request, close without waiting."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        try:
            connection.sendall(request.raw)
            response = b""
            while request.is_whole and (part := connection.recv(1 << 16)):
                response += part
        except ConnectionError:  # the gateway has closed the connection
            return b""
    return response


def check_answer(request: FuzzRequest, response: bytes) -> None:
    assert response == b"" or response.startswith(b"HTTP/1.")
    assert b"fault in the gateway" not in response, request.raw


@given(st.lists(fuzz_requests(), min_size=FEW_REQUESTS, max_size=FEW_REQUESTS))
@settings(max_examples=2, suppress_health_check=list(HealthCheck))
def test_gateway_serves_on_after_any_requests(requests: Sequence[FuzzRequest]) -> None:
    async def run() -> int:
        async with serve_gateway() as served:
            for request in requests:
                async with served.connection() as (reader, writer):
                    writer.write(request.raw)
                    try:
                        response = await reader.read() if request.is_whole else b""
                    except ConnectionError:
                        response = b""
                check_answer(request, response)
            return (await served.request("GET", "/_localaws/health"))[0]

    logger = logging.getLogger("aiohttp.server")
    logger.disabled = True
    try:
        assert asyncio.run(run()) == 200
    finally:
        logger.disabled = False


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "log"


@pytest.fixture(scope="module")
def fuzzed_aws(log_file: Path):
    with LocalAws(log_file=log_file) as aws:
        yield aws


@pytest.mark.long
@pytest.mark.timeout(900)
@given(
    requests=st.lists(fuzz_requests(), min_size=REQUESTS_PER_EXAMPLE, max_size=REQUESTS_PER_EXAMPLE),
)
@settings(max_examples=500, suppress_health_check=list(HealthCheck))
def test_local_aws_survives_ten_thousand_requests(
    fuzzed_aws: LocalAws, requests: Sequence[FuzzRequest]
) -> None:
    for request in requests:
        check_answer(request, send(fuzzed_aws.port, request))
    fuzzed_aws.check()
    health = http_get(fuzzed_aws.port, "/_localaws/health", timeout=ANSWER_SECONDS)
    assert health is not None
    assert health[0] == 200


@pytest.mark.long
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("X-Amz-Target: AWSCognitoIdentityProviderService.SignUp\r\n", b"413"),
        ("X-Amz-Target: DynamoDB_20120810.PutItem\r\n", b"400"),
        ("", b"405"),
    ],
    ids=["read by a rule", "streamed", "streamed to S3"],
)
def test_body_of_100_megabytes_is_answered(fuzzed_aws: LocalAws, headers: str, status: bytes) -> None:
    head = (
        "POST /bucket/key HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"{headers}Content-Length: {LARGE_BODY_BYTES}\r\n\r\n"
    )
    part = b"x" * (1 << 20)

    with socket.create_connection(("127.0.0.1", fuzzed_aws.port), timeout=ANSWER_SECONDS) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(LARGE_BODY_BYTES // len(part)):
                connection.sendall(part)
        except ConnectionError:
            pass  # the answer was sent before the end of the body
        response = connection.recv(1 << 16)

    assert response.split(b" ")[1] == status
    fuzzed_aws.check()
