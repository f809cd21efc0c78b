"""What the backfill's commands say when rights, credentials, the table or the endpoint are wrong."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from emulator_fixtures import README_RIGHTS, user

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize("missing", README_RIGHTS)
def test_missing_right_is_told(make_table, make_caller, command, missing):
    table = make_table(4)
    rights = [right for right in README_RIGHTS if right != missing]

    done = command("migrate-user-profiles", table, **make_caller(table, rights))

    assert done.returncode == 1
    assert f"Access Denied (dynamodb:{missing} on table" in done.err
    assert "Traceback" not in done.err


def test_wrong_secret_is_told(make_table, make_caller, command):
    table = make_table(4)
    caller = make_caller(table, README_RIGHTS) | {"AWS_SECRET_ACCESS_KEY": "wrong"}

    done = command("migrate-user-profiles", table, **caller)

    assert done.returncode == 1
    assert "AWS does not accept the credentials" in done.err


def test_missing_credentials_are_told(make_table, command):
    done = command("migrate-user-profiles", make_table(4), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")

    assert done.returncode == 1
    assert "Unable to locate credentials\nConfigure AWS credentials:\n  aws configure\n" in done.err


def test_missing_table_is_told(make_table, command):
    table = make_table(4)
    name, table.name = table.name, "no-such-table"

    done = command("migrate-user-profiles", table)

    table.name = name
    assert done.returncode == 1
    assert "Table not found: 'no-such-table'" in done.err
    assert "aws dynamodb describe-table --table-name no-such-table" in done.err


@pytest.fixture
def other_server():
    """Something that speaks HTTP and is not DynamoDB."""

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
def test_something_else_at_the_endpoint_is_told(make_table, command, other_server, status):
    page, url = other_server
    page.status = status

    done = command("userprofiles", make_table(4), "--endpoint-url", url)

    assert done.returncode == 1
    assert f"What answers at {url} is not DynamoDB" in done.err


def test_nobody_at_the_endpoint_is_told(make_table, command, unused_port):
    done = command("userprofiles", make_table(4), "--endpoint-url", f"http://127.0.0.1:{unused_port}")

    assert done.returncode == 1
    assert f"Could not connect to DynamoDB at http://127.0.0.1:{unused_port}" in done.err


@pytest.fixture
def unused_port():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


def test_profile_that_dynamodb_finds_too_large_fails_alone(make_table, command):
    big = user(2) | {"firstName": {"S": "x" * 204_000}, "lastName": {"S": "y" * 205_350}}
    table = make_table(items=[user(3), big, user(4)])

    done = command("userprofiles", table, "--json")

    report = json.loads(done.out)
    assert (done.returncode, report["created"], report["failed"]) == (2, 2, 1)
    assert report["failures"][0]["userId"] == "user2"
    assert "400 KB" in report["failures"][0]["reason"]
