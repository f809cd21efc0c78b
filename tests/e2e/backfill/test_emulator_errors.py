"""Errors of the backfill's commands: permissions, credentials, table and endpoint."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from emulator_fixtures import README_PERMISSIONS, user

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize("missing", README_PERMISSIONS)
@pytest.mark.sample(3)
def test_missing_permission_is_reported(create_table, create_caller, run_command, missing):
    table = create_table(4)
    permissions = [action for action in README_PERMISSIONS if action != missing]

    process = run_command("migrate-user-profiles", table, **create_caller(table, permissions))

    assert process.returncode == 1
    assert f"Access Denied (dynamodb:{missing} on table" in process.err
    assert "Traceback" not in process.err


def test_wrong_secret_is_reported(create_table, create_caller, run_command):
    table = create_table(4)
    caller = create_caller(table, README_PERMISSIONS) | {"AWS_SECRET_ACCESS_KEY": "wrong"}

    process = run_command("migrate-user-profiles", table, **caller)

    assert process.returncode == 1
    assert "AWS does not accept the credentials" in process.err


def test_missing_credentials_are_reported(create_table, run_command):
    process = run_command(
        "migrate-user-profiles", create_table(4), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""
    )

    assert process.returncode == 1
    assert "Unable to locate credentials\nConfigure AWS credentials:\n  aws configure\n" in process.err


def test_missing_table_is_reported(create_table, run_command):
    table = create_table(4)
    name, table.name = table.name, "no-such-table"

    process = run_command("migrate-user-profiles", table)

    table.name = name
    assert process.returncode == 1
    assert "Table not found: 'no-such-table'" in process.err
    assert "aws dynamodb describe-table --table-name no-such-table" in process.err


@pytest.fixture
def other_server():
    """An HTTP server that is not DynamoDB."""

    class Page(BaseHTTPRequestHandler):
        status = 200

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(Page.status)
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"<html></html>")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Page, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 404, 502])
@pytest.mark.sample(3)
def test_other_server_at_the_endpoint_is_reported(create_table, run_command, other_server, status):
    page, url = other_server
    page.status = status

    process = run_command("userprofiles", create_table(4), "--endpoint-url", url)

    assert process.returncode == 1
    assert f"The server at {url} is not DynamoDB" in process.err


@pytest.mark.long
def test_endpoint_without_a_server_is_reported(create_table, run_command, unused_port):
    process = run_command(
        "userprofiles", create_table(4), "--endpoint-url", f"http://127.0.0.1:{unused_port}"
    )

    assert process.returncode == 1
    assert f"Could not connect to DynamoDB at http://127.0.0.1:{unused_port}" in process.err


@pytest.fixture
def unused_port():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


def test_profile_that_is_too_large_for_dynamodb_fails_alone(create_table, run_command):
    big = user(2) | {"firstName": {"S": "x" * 204_000}, "lastName": {"S": "y" * 205_350}}
    table = create_table(items=[user(3), big, user(4)])

    process = run_command("userprofiles", table, "--json")

    report = json.loads(process.out)
    assert (process.returncode, report["created"], report["failed"]) == (2, 2, 1)
    assert report["failures"][0]["userId"] == "user2"
    assert "400 KB" in report["failures"][0]["reason"]
