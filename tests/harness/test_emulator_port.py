"""The emulator's own port: only the gateway can call it, because web pages can find it."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from owner_program import create_function
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

ECHO_FUNCTION = """
import os

def handler(event, context):
    return {"event": event, "environment": dict(os.environ)}
"""
FOREIGN_PAGE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "localaws.log"


@pytest.fixture(scope="module")
def aws(log_file: Path) -> Iterator[LocalAws]:
    """Start a local AWS of this module's own, with a log file."""
    with LocalAws(log_file=log_file) as aws:
        yield aws


def send(
    url: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    """Send a request; return status, headers with lower-case names, and body."""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        response = urllib.request.urlopen(request, timeout=5)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        names = {name.lower(): value for name, value in response.headers.items()}
        return response.status, names, response.read().decode()


@pytest.mark.parametrize("page", [{}, FOREIGN_PAGE, {"Origin": "http://localhost:3000"}])
def test_signed_request_to_the_emulators_port_is_rejected(aws: LocalAws, page: dict[str, str]) -> None:
    """With the public root key, such a request could create a function and run it as this user."""
    client = Clients(aws.emulator_url, attempts=1).create("lambda", aws.region)
    client.meta.events.register("before-send", lambda request, **_: request.headers.update(page))

    with pytest.raises(client.exceptions.ClientError) as caught:
        client.list_functions()

    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert f"Call {aws.endpoint} instead" in response["Error"]["Message"]
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert [name for name in headers if name.startswith("access-control-")] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("OPTIONS", "/2015-03-31/functions"),
        ("GET", "/_ministack/health"),
        ("POST", "/_ministack/reset"),
        ("GET", "/_localstack/health"),
        ("POST", "/2015-03-31/functions/any/invocations"),
    ],
)
def test_page_gets_403_and_no_cors_headers(aws: LocalAws, method: str, path: str) -> None:
    preflight = {**FOREIGN_PAGE, "Access-Control-Request-Method": "POST"}

    status, headers, _ = send(aws.emulator_url + path, method, preflight)

    assert status == 403
    assert [name for name in headers if name.startswith("access-control-")] == []


@pytest.mark.parametrize("value", ["", "guess"])
def test_wrong_secret_is_rejected(aws: LocalAws, value: str) -> None:
    [name] = aws.emulator_headers

    status, _, _ = send(f"{aws.emulator_url}/_ministack/health", headers={name: value})

    assert status == 403


def test_right_secret_is_accepted(aws: LocalAws) -> None:
    status, _, _ = send(f"{aws.emulator_url}/_ministack/health", headers=aws.emulator_headers)

    assert status == 200


def test_websocket_to_the_emulators_port_is_rejected(aws: LocalAws) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }

    status, _, _ = send(aws.emulator_url + "/", headers=upgrade)

    assert status == 403


def test_header_of_a_client_is_replaced_at_the_public_port(aws: LocalAws) -> None:
    [name] = aws.emulator_headers

    status, _, _ = send(f"{aws.endpoint}/_localstack/health", headers={name: "guess"})

    assert status == 200


def test_secret_is_in_no_process_list_log_journal_response_or_function(aws: LocalAws, log_file: Path) -> None:
    """The events of an HTTP API contain the headers of the request that the emulator received."""
    [secret] = aws.emulator_headers.values()
    url = create_echo_api(aws)
    status, headers, body = send(url)
    _, _, journal = send(f"{aws.endpoint}/_localaws/journal")
    processes = [psutil.Process(), *psutil.Process(os.getpid()).children(recursive=True)]
    texts = {
        "arguments": str([process.cmdline() for process in processes]),
        "environments": str([process.environ() for process in processes]),
        "log": log_file.read_text(),
        "journal": journal,
        "response": f"{headers} {body}",
        "rejection": str(send(aws.emulator_url + "/")),
    }

    assert status == 200, body
    assert "x-forwarded-proto" in json.loads(body)["event"]["headers"]
    assert [name for name, text in texts.items() if secret in text] == []


def create_echo_api(aws: LocalAws) -> str:
    """Create an HTTP API for a function that returns its event and its environment; return its URL."""
    create_function(aws, "echo", ECHO_FUNCTION)
    arn = aws.client("lambda").get_function(FunctionName="echo")["Configuration"]["FunctionArn"]
    aws.client("lambda").add_permission(
        FunctionName="echo",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    apis = aws.client("apigatewayv2")
    api_id = apis.create_api(Name="echo", ProtocolType="HTTP")["ApiId"]
    integration_id = apis.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    apis.create_route(ApiId=api_id, RouteKey="GET /echo", Target=f"integrations/{integration_id}")
    apis.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return f"{aws.endpoint}/_aws/execute-api/{api_id}/echo"
