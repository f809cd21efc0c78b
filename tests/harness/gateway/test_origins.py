"""A foreign web page must not control the local AWS, whose root key is public."""

import asyncio
import json

import pytest
from gateway_wire import SocketEmulator, serve_gateway
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.origins import parse_origin

pytestmark = pytest.mark.backends("embedded")

RESPONSE_FOR_EVERY_PAGE = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, POST\r\n"
    b"Content-Length: 2\r\n\r\nok"
)
# One target for each way of handling a request: streamed, by the router, by the gateway itself.
TARGETS = ["/?Action=CreateFunction&X-Amz-Credential=test", "/_ministack/reset", "/_localaws/journal"]


def send_request(
    method: str,
    target: str,
    headers: dict[str, str],
    emulator: SocketEmulator | None = None,
    allow_origins: tuple[str, ...] = (),
) -> tuple[int, dict[str, str], bytes, int]:
    """Return status, headers and body of the response, and the number of requests to the emulator."""
    emulator = emulator or SocketEmulator(RESPONSE_FOR_EVERY_PAGE)

    async def run() -> tuple[int, dict[str, str], bytes, int]:
        async with serve_gateway(emulator, allow_origins) as served:
            status, head, body = await served.request(
                method, target, headers, b"x" if method == "POST" else b""
            )
            lines = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
            return status, {name.lower(): value for name, value in lines}, body, len(emulator.requests)

    return asyncio.run(run())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://127.0.0.1.evil.example:4566"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "file://localhost"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "rebind.evil.example"},
        {"Host": "rebind.evil.example:4566", "Origin": "http://127.0.0.1:4566"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evilamazonaws.com"},
        {"Host": "192.168.0.7:4566"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.sample(4)
def test_foreign_page_is_rejected_before_anything_is_done(
    method: str, target: str, headers: dict[str, str]
) -> None:
    status, response_headers, body, forwarded_requests = send_request(method, target, headers)

    message = json.loads(body)["message"]
    assert (status, forwarded_requests) == (403, 0)
    assert not [name for name in response_headers if name.startswith("access-control-")]
    assert any(remedy in message for remedy in ("--allow-origin", "Serve it", "Call 127", "Open the"))


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:3000",
        "https://localhost:3000",
        "http://shop.localhost:5173",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "https://shop.example.com",
    ],
)
def test_response_is_shared_only_with_the_calling_local_or_allowed_page(method: str, origin: str) -> None:
    status, response_headers, _, forwarded_requests = send_request(
        method,
        "/",
        {"Origin": origin, "Sec-Fetch-Site": "cross-site"},
        allow_origins=("https://shop.example.com:443/",),
    )

    assert (status, forwarded_requests) == (200, 1)
    assert (response_headers["access-control-allow-origin"], response_headers["vary"]) == (origin, "Origin")


def test_gateways_own_responses_are_shared_only_with_the_calling_page() -> None:
    _, response_headers, _, _ = send_request("GET", "/_localaws/health", {"Origin": "http://localhost:3000"})

    assert (
        response_headers["access-control-allow-origin"],
        response_headers["vary"],
    ) == ("http://localhost:3000", "Origin")


@pytest.mark.parametrize("cors_header", [b"", b"Access-Control-Allow-Origin: https://shop.example.com\r\n"])
def test_cors_configuration_of_an_api_stays_unchanged(cors_header: bytes) -> None:
    """A page that AWS would reject must be rejected here too."""
    emulator = SocketEmulator(b"HTTP/1.1 200 OK\r\n" + cors_header + b"Content-Length: 2\r\n\r\nok")

    _, response_headers, _, _ = send_request(
        "GET", "/_aws/execute-api/a/", {"Origin": "http://localhost:3000"}, emulator
    )

    allowed_origin = response_headers.get("access-control-allow-origin", "").encode()
    assert cors_header == (
        b"Access-Control-Allow-Origin: " + allowed_origin + b"\r\n" if allowed_origin else b""
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": host}
        for host in (
            "127.0.0.1:4566",
            "127.0.0.1",
            "[::1]:4566",
            "localhost:4566",
            "LOCALHOST",
            "bucket.localhost:4566",
            "abcd1234.execute-api.localhost:4566",
            "bucket.s3.localhost.localstack.cloud:4566",
            "localhost.localstack.cloud:4566",
            "sqs.eu-west-1.amazonaws.com",
        )
    ]
    + [{"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}],
)
def test_requests_of_other_clients_are_forwarded(headers: dict[str, str]) -> None:
    status, response_headers, _, forwarded_requests = send_request("POST", "/", headers)

    assert (status, forwarded_requests) == (200, 1)
    assert response_headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "text", ["*", "null", "", "shop.example.com", "https://*.example.com", "http://a/b", "http://a:70000"]
)
def test_invalid_allowed_origin_is_rejected_at_construction(text: str) -> None:
    with pytest.raises(ValueError, match="is not a web origin"):
        LocalAws(allow_origins=[text])


def test_origin_is_normalized_to_the_browsers_spelling() -> None:
    assert parse_origin("HTTPS://Shop.Example.com:443/") == "https://shop.example.com"
