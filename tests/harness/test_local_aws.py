"""The emulator and the gateway together, with real clients on the public port."""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import localstack_client.session
import pytest
from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(region="eu-west-1") as aws:
        yield aws


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.loads(response.read())


def test_localstack_client_works_without_changes(aws: LocalAws) -> None:
    """It uses its default keys; only the port differs here, because 4566 may be in use."""
    session = localstack_client.session.Session(localstack_host=f"localhost:{aws.port}")

    buckets = session.client("s3").list_buckets()
    caller = session.client("sts").get_caller_identity()

    assert buckets["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert caller["Arn"] == f"arn:aws:iam::{aws.account_id}:root"


def test_localstack_health_lists_the_services(aws: LocalAws) -> None:
    health = get_json(f"{aws.endpoint}/_localstack/health")

    assert {"cognito-idp", "dynamodb", "lambda", "s3", "stepfunctions"} <= {
        "stepfunctions" if name == "states" else name
        for name, state in health["services"].items()
        if state in {"available", "running"}
    }
    assert health["edition"]
    assert health["version"]


def test_health_and_inboxes_are_on_the_public_port(aws: LocalAws) -> None:
    assert get_json(f"{aws.endpoint}/_localaws/health") == {
        "server": "pulumi-localaws",
        "endpoint": aws.endpoint,
        "gateway": "ok",
        "emulator": "ok",
    }
    assert "messages" in get_json(f"{aws.endpoint}/_ministack/ses/messages")


def test_policies_and_signatures_are_enforced(aws: LocalAws) -> None:
    """A user without a policy is denied, and so is a wrong secret key."""
    iam = aws.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"]}
    denied = aws.client("dynamodb", **keys, aws_secret_access_key=key["SecretAccessKey"])
    forged = aws.client("dynamodb", **keys, aws_secret_access_key="wrong")

    with pytest.raises(denied.exceptions.ClientError) as denied_error:
        denied.list_tables()
    with pytest.raises(forged.exceptions.ClientError) as forged_error:
        forged.list_tables()

    assert "AccessDenied" in denied_error.value.response["Error"]["Code"]
    assert "Signature" in forged_error.value.response["Error"]["Code"]


@pytest.mark.long
def test_web_page_must_be_local_or_allowed() -> None:
    """With the real processes: an allowed page, a foreign page, and boto3, which sends no Origin."""
    with LocalAws(allow_origins=["https://shop.example.com"]) as aws:
        codes = {}
        for origin in ("https://shop.example.com", "https://evil.example"):
            request = urllib.request.Request(f"{aws.endpoint}/_localaws/health", headers={"Origin": origin})
            try:
                with urllib.request.urlopen(request, timeout=10) as response:
                    codes[origin] = (response.status, response.headers["Access-Control-Allow-Origin"])
            except urllib.error.HTTPError as error:
                with error:
                    codes[origin] = (error.code, error.headers["Access-Control-Allow-Origin"])
        tables = aws.client("dynamodb").list_tables()["TableNames"]

    assert codes == {
        "https://shop.example.com": (200, "https://shop.example.com"),
        "https://evil.example": (403, None),
    }
    assert tables == []


def test_s3_keys_and_large_bodies_are_forwarded_unchanged(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bodies", CreateBucketConfiguration={"LocationConstraint": aws.region})
    key = "a b/ü?&#\n..//x%2Fy"
    body = os.urandom(3 << 20)

    start = time.monotonic()
    s3.put_object(Bucket="bodies", Key=key, Body=body)
    seconds = time.monotonic() - start

    assert s3.get_object(Bucket="bodies", Key=key)["Body"].read() == body
    assert s3.head_object(Bucket="bodies", Key=key)["ContentLength"] == len(body)
    assert seconds < 0.9, "without 100-continue, a PUT waits for one second"


def test_generated_urls_have_the_public_port(aws: LocalAws) -> None:
    queue = aws.client("sqs").create_queue(QueueName="urls")["QueueUrl"]
    api = aws.client("apigatewayv2").create_api(Name="urls", ProtocolType="HTTP")["ApiEndpoint"]

    assert queue.startswith(aws.endpoint + "/")
    assert api.endswith(f":{aws.port}")


def test_clients_are_created_once(aws: LocalAws) -> None:
    assert aws.client("sqs") is aws.client("sqs")
    assert aws.client("sqs", region_name="us-west-2") is not aws.client("sqs")
    assert aws.client("sqs", region_name="us-west-2").meta.region_name == "us-west-2"
    assert aws.client("sqs").meta.region_name == "eu-west-1"


def test_failed_start_of_the_emulator_shows_its_log(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'No module named ministack' >&2\nexit 3\n")
    broken.chmod(0o700)
    aws = LocalAws(emulator_python=str(broken))

    with pytest.raises(LocalAwsError, match="the emulator ended with exit code 3") as raised:
        aws.start()

    assert "No module named ministack" in str(raised.value)
    assert aws.pids == {}
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", aws.port)) != 0


def test_endpoint_is_announced_before_both_processes_serve(tmp_path: Path) -> None:
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\nexit 3\n")
    failing.chmod(0o700)
    aws = LocalAws(emulator_python=str(failing))
    endpoints: list[str] = []

    with pytest.raises(LocalAwsError):
        aws.start(on_open=endpoints.append)

    assert endpoints == [f"http://127.0.0.1:{aws.port}"]


def test_interpreter_without_ministack_gets_an_actionable_message(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o700)

    with pytest.raises(LocalAwsError, match="PULUMI_LOCALAWS_EMULATOR_PYTHON") as raised:
        LocalAws(emulator_python=str(bare)).start()

    assert "has no module" in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_interpreter_of_the_emulator_is_configurable_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_LOCALAWS_EMULATOR_PYTHON", "/nowhere/python3")

    with pytest.raises(LocalAwsError, match="/nowhere/python3"):
        LocalAws().start()


def test_use_before_start_and_after_stop_is_rejected() -> None:
    aws = LocalAws()

    with pytest.raises(LocalAwsError, match="has not been started"):
        aws.client("s3")
    aws.stop()
    with aws, pytest.raises(LocalAwsError, match="already running"):
        aws.start()
    with pytest.raises(LocalAwsError, match="was stopped"):
        aws.check()


@pytest.mark.long
def test_log_file_has_the_output_of_both_processes(tmp_path: Path) -> None:
    log = tmp_path / "localaws.log"

    with LocalAws(log_file=log) as aws:
        aws.client("sqs").list_queues()

    assert "Ready" in log.read_text()
