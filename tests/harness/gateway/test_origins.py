"""A foreign web page must not drive the local AWS: its root key is known to everybody."""

import asyncio
import json

import pytest
from gateway_wire import Emulator, wire
from pulumi_localaws.local_aws import LocalAws
from pulumi_localaws.origins import parse_origin

pytestmark = pytest.mark.backends("embedded")

SHARED = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, POST\r\n"
    b"Content-Length: 2\r\n\r\nok"
)
# All the ways that a request can take: streamed, through the rules, the gateway's own.
TARGETS = ["/?Action=CreateFunction&X-Amz-Credential=test", "/_ministack/reset", "/_localaws/journal"]


def answer(
    method: str,
    target: str,
    headers: dict[str, str],
    emulator: Emulator | None = None,
    allow_origins: tuple[str, ...] = (),
) -> tuple[int, dict[str, str], bytes, int]:
    """Return status, headers and body of one request, and how many the emulator got to see."""
    behind = emulator or Emulator(SHARED)

    async def run() -> tuple[int, dict[str, str], bytes, int]:
        async with wire(behind, allow_origins) as w:
            status, head, body = await w.request(method, target, headers, b"x" if method == "POST" else b"")
            lines = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
            return status, {name.lower(): value for name, value in lines}, body, len(behind.requests)

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
def test_foreign_page_is_refused_before_anything_is_done(
    method: str, target: str, headers: dict[str, str]
) -> None:
    status, got, body, passed_on = answer(method, target, headers)

    message = json.loads(body)["message"]
    assert (403, 0) == (status, passed_on)
    assert not [name for name in got if name.startswith("access-control-")]
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
def test_page_of_this_machine_or_an_allowed_one_is_answered_and_no_other_may_read_it(
    method: str, origin: str
) -> None:
    status, got, _, passed_on = answer(
        method,
        "/",
        {"Origin": origin, "Sec-Fetch-Site": "cross-site"},
        allow_origins=("https://shop.example.com:443/",),
    )

    assert (200, 1) == (status, passed_on)
    assert (origin, "Origin") == (got["access-control-allow-origin"], got["vary"])


def test_gateways_own_answers_are_shared_with_the_same_page_alone() -> None:
    _, got, _, _ = answer("GET", "/_localaws/health", {"Origin": "http://localhost:3000"})

    assert ("http://localhost:3000", "Origin") == (got["access-control-allow-origin"], got["vary"])


@pytest.mark.parametrize("configured", [b"", b"Access-Control-Allow-Origin: https://shop.example.com\r\n"])
def test_cors_configuration_of_an_api_stays_as_it_is(configured: bytes) -> None:
    """A page that AWS would keep out must not be let in here."""
    behind = Emulator(b"HTTP/1.1 200 OK\r\n" + configured + b"Content-Length: 2\r\n\r\nok")

    _, got, _, _ = answer("GET", "/_aws/execute-api/a/", {"Origin": "http://localhost:3000"}, behind)

    said = got.get("access-control-allow-origin", "").encode()
    assert configured == (b"Access-Control-Allow-Origin: " + said + b"\r\n" if said else b"")


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
def test_clients_that_are_no_foreign_page_pass(headers: dict[str, str]) -> None:
    status, got, _, passed_on = answer("POST", "/", headers)

    assert (200, 1) == (status, passed_on)
    assert "*" == got["access-control-allow-origin"]


@pytest.mark.parametrize(
    "text", ["*", "null", "", "shop.example.com", "https://*.example.com", "http://a/b", "http://a:70000"]
)
def test_allowed_origin_that_is_none_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="is not a web origin"):
        LocalAws(allow_origins=[text])


def test_origin_is_compared_as_a_browser_spells_it() -> None:
    assert "https://shop.example.com" == parse_origin("HTTPS://Shop.Example.com:443/")
