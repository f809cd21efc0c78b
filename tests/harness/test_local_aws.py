"""The emulator and the gateway as one, with real clients on the public port."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import localstack_client.session
import psutil
import pytest
from pulumi_localaws.local.ports import PortInUseError
from pulumi_localaws.local.processes import LocalAwsError
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")

CALLER = Path(__file__).with_name("caller.py")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(region="eu-west-1") as running:
        yield running


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def test_localstack_client_works_as_it_is(aws: LocalAws) -> None:
    """With the keys that it has by default; only the port differs here, since 4566 may be taken."""
    session = localstack_client.session.Session(localstack_host=f"localhost:{aws.port}")

    buckets = session.client("s3").list_buckets()
    caller = session.client("sts").get_caller_identity()

    assert buckets["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert caller["Arn"] == f"arn:aws:iam::{aws.account_id}:root"


def test_localstack_health_lists_the_services(aws: LocalAws) -> None:
    health = get(f"{aws.endpoint}/_localstack/health")

    assert {"cognito-idp", "dynamodb", "lambda", "s3", "stepfunctions"} <= {
        "stepfunctions" if name == "states" else name
        for name, state in health["services"].items()
        if state in {"available", "running"}
    }
    assert health["edition"]
    assert health["version"]


def test_own_health_and_the_emulators_inboxes_are_on_the_public_port(aws: LocalAws) -> None:
    assert get(f"{aws.endpoint}/_localaws/health") == {
        "server": "pulumi-localaws",
        "endpoint": aws.endpoint,
        "gateway": "ok",
        "emulator": "ok",
    }
    assert "messages" in get(f"{aws.endpoint}/_ministack/ses/messages")


def test_policies_are_enforced_and_signatures_checked(aws: LocalAws) -> None:
    """What root may, a user without a policy may not, and nobody with a wrong secret."""
    iam = aws.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"]}
    denied = aws.client("dynamodb", **keys, aws_secret_access_key=key["SecretAccessKey"])
    forged = aws.client("dynamodb", **keys, aws_secret_access_key="wrong")

    with pytest.raises(denied.exceptions.ClientError) as no_policy:
        denied.list_tables()
    with pytest.raises(forged.exceptions.ClientError) as wrong_secret:
        forged.list_tables()

    assert "AccessDenied" in no_policy.value.response["Error"]["Code"]
    assert "Signature" in wrong_secret.value.response["Error"]["Code"]


def test_web_page_has_to_be_of_this_machine_or_allowed() -> None:
    """The real processes: a page that may call, one that may not, and boto3, which has no page."""
    with LocalAws(allow_origins=["https://shop.example.com"]) as own:
        codes = {}
        for origin in ("https://shop.example.com", "https://evil.example"):
            request = urllib.request.Request(f"{own.endpoint}/_localaws/health", headers={"Origin": origin})
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    codes[origin] = (answer.status, answer.headers["Access-Control-Allow-Origin"])
            except urllib.error.HTTPError as error:
                with error:
                    codes[origin] = (error.code, error.headers["Access-Control-Allow-Origin"])
        tables = own.client("dynamodb").list_tables()["TableNames"]

    assert codes == {
        "https://shop.example.com": (200, "https://shop.example.com"),
        "https://evil.example": (403, None),
    }
    assert tables == []


def test_s3_keys_and_sizes_pass(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bodies", CreateBucketConfiguration={"LocationConstraint": aws.region})
    key = "a b/ü?&#\n..//x%2Fy"
    body = os.urandom(3 << 20)

    started = time.monotonic()
    s3.put_object(Bucket="bodies", Key=key, Body=body)
    seconds = time.monotonic() - started

    assert s3.get_object(Bucket="bodies", Key=key)["Body"].read() == body
    assert s3.head_object(Bucket="bodies", Key=key)["ContentLength"] == len(body)
    assert seconds < 0.9, "without 100-continue a PUT waits for a second"


def test_urls_that_the_emulator_makes_up_lead_to_the_public_port(aws: LocalAws) -> None:
    queue = aws.client("sqs").create_queue(QueueName="urls")["QueueUrl"]
    api = aws.client("apigatewayv2").create_api(Name="urls", ProtocolType="HTTP")["ApiEndpoint"]

    assert queue.startswith(aws.endpoint + "/")
    assert api.endswith(f":{aws.port}")


def test_clients_are_made_once(aws: LocalAws) -> None:
    assert aws.client("sqs") is aws.client("sqs")
    assert aws.client("sqs", region_name="us-west-2") is not aws.client("sqs")
    assert aws.client("sqs", region_name="us-west-2").meta.region_name == "us-west-2"
    assert aws.client("sqs").meta.region_name == "eu-west-1"


def test_nothing_listens_beyond_loopback(aws: LocalAws) -> None:
    assert aws._processes is not None
    assert aws._processes._keeper is not None
    keeper = psutil.Process(aws._processes._keeper.pid)
    listening = {
        connection.laddr
        for process in [keeper, *keeper.children(recursive=True)]
        for connection in process.net_connections("all")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }

    assert {address.ip for address in listening if address} == {"127.0.0.1"}
    assert {address.port for address in listening if address} == {
        aws.port,
        int(aws.emulator_url.rpartition(":")[2]),
    }


def test_ctrl_c_in_the_terminal_reaches_the_owner_alone(aws: LocalAws) -> None:
    """So that the owner can still use the local AWS while it winds up."""
    assert aws._processes is not None
    assert aws._processes._keeper is not None
    sessions = {os.getsid(pid) for pid in (aws._processes._keeper.pid, *aws.pids.values())}

    assert os.getsid(0) not in sessions
    assert len(sessions) == 3


@contextmanager
def server_that_nobody_may_reach() -> Iterator[tuple[str, list[bytes]]]:
    """Serve on a port; yield its URL, and what clients send to it."""
    requests: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def watch() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                requests.append(connection.recv(4096))
                connection.close()
        except OSError:
            return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        watcher.join()


def hostile_environment(at: str, folder: Path) -> dict[str, str]:
    """Return variables that would send an AWS client elsewhere, or make it fail."""
    config = folder / "config"
    config.write_text(f"[profile production]\nendpoint_url = {at}\ncredential_process = false\n")
    return {
        "AWS_PROFILE": "production-that-is-not-there",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": at,
        "AWS_ENDPOINT_URL_DYNAMODB": at,
        "AWS_ENDPOINT_URL_LAMBDA": at,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_MAX_ATTEMPTS": "no number",
        "AWS_DATA_PATH": str(folder),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": at,
        "AWS_SESSION_TOKEN": "somebody's",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), at),
    }


def test_hostile_environment_reaches_nobody(tmp_path: Path) -> None:
    """Owner, emulator and function connect to our two ports and to nothing else, whatever is set there."""
    with server_that_nobody_may_reach() as (at, requests):
        hostile = hostile_environment(at, tmp_path)
        done = subprocess.run(
            [sys.executable, str(CALLER)],
            env={**os.environ, **hostile},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["tables"] == ["users"]
    assert told["function"]["tables"] == ["users"]
    assert {tuple(address) for address in told["connected"]} == {("127.0.0.1", told["port"])}
    assert {tuple(address) for address in told["function"]["connected"]} == {("127.0.0.1", told["port"])}
    assert requests == []
    assert {address[0] for address in told["peers"]} == {"127.0.0.1"}
    for name, environment in {**told["environments"], "function": told["function"]["environment"]}.items():
        inherited = {key for key, value in environment.items() if hostile.get(key) == value or at in value}
        assert (name, inherited) == (name, set())
    function = told["function"]["environment"]
    assert function["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{told['port']}"
    assert function["AWS_ACCESS_KEY_ID"].startswith("ASIA"), "a function has its role's keys, never root's"


class Server:
    """Something that answers on a port."""

    def __init__(self, status: int, body: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


LOCALSTACK = json.dumps({"services": {"s3": "available"}, "edition": "pro", "version": "4.9.2"}).encode()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, LOCALSTACK, r"a LocalStack or another AWS emulator \(edition pro, version 4.9.2\)"),
        (404, b"<html>", r"an HTTP server that is no AWS emulator \(it answered 404\)"),
        (200, b"[]", r"an HTTP server that is no AWS emulator \(it answered 200\)"),
    ],
)
def test_port_in_use_names_who_answers(status: int, body: bytes, expected: str) -> None:
    server = Server(status, body)
    try:
        with pytest.raises(PortInUseError, match=expected):
            LocalAws(server.http.server_port).start()
    finally:
        server.stop()


def test_other_emulators_are_not_mistaken_for_ours_and_left_alone(aws: LocalAws) -> None:
    emulators_port = int(aws.emulator_url.rpartition(":")[2])

    with pytest.raises(PortInUseError, match=f"port {aws.port} is in use: another pulumi-localaws answers"):
        LocalAws(aws.port).start()
    with pytest.raises(PortInUseError, match=f"port {emulators_port} is in use: a MiniStack"):
        LocalAws(emulators_port).start()
    aws.check()
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account_id


def test_port_of_a_program_that_is_silent_is_in_use() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(PortInUseError, match="a program that does not answer HTTP"),
    ):
        LocalAws(silent.getsockname()[1]).start()


@pytest.mark.parametrize("port", [-1, 65536])
def test_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(LocalAwsError, match=f"port is {port}: .* from 1 to 65535"):
        LocalAws(port).start()


def test_port_is_free_again_at_once() -> None:
    with LocalAws() as first:
        port = first.port
        first.client("sts").get_caller_identity()

    with LocalAws(port) as second:
        assert second.client("sts").get_caller_identity()["Account"] == second.account_id


def test_emulator_that_dies_at_the_start_shows_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'No module named ministack' >&2\nexit 3\n")
    broken.chmod(0o700)
    aws = LocalAws(emulator_python=str(broken))

    with pytest.raises(LocalAwsError, match="the emulator ended with exit code 3") as caught:
        aws.start()

    assert "No module named ministack" in str(caught.value)
    assert aws.pids == {}
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", aws.port)) != 0


def test_interpreter_without_ministack_says_what_to_do(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o700)

    with pytest.raises(LocalAwsError, match="PULUMI_LOCALAWS_EMULATOR_PYTHON") as caught:
        LocalAws(emulator_python=str(bare)).start()

    assert "has no module" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_interpreter_of_the_emulator_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_LOCALAWS_EMULATOR_PYTHON", "/nowhere/python3")

    with pytest.raises(LocalAwsError, match="/nowhere/python3"):
        LocalAws().start()


def test_use_before_start_and_after_stop_is_refused() -> None:
    aws = LocalAws()

    with pytest.raises(LocalAwsError, match="has not been started"):
        aws.client("s3")
    aws.stop()
    with aws, pytest.raises(LocalAwsError, match="runs already"):
        aws.start()
    with pytest.raises(LocalAwsError, match="was stopped"):
        aws.check()


def test_log_file_has_the_output_of_both(tmp_path: Path) -> None:
    log = tmp_path / "localaws.log"

    with LocalAws(log_file=log) as aws:
        aws.client("sqs").list_queues()

    assert "Ready" in log.read_text()
