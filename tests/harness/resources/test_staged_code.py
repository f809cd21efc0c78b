"""The zip file of several functions is uploaded once."""

import base64
import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_helpers import Engine

TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "lambda.amazonaws.com"}}]}'
)


def create_functions(engine: Engine, code: Path) -> list[str]:
    _, role = engine.register("aws:iam/role:Role", "role", {"assumeRolePolicy": TRUST})
    inputs = {
        "code": {"sig": "archive", "path": str(code)},
        "handler": "app.handler",
        "role": role["arn"],
        "runtime": "python3.13",
    }
    names = ("one", "two")
    return [engine.register("aws:lambda/function:Function", name, inputs)[0] for name in names]


@pytest.fixture
def large_zip(tmp_path: Path) -> Path:
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
        archive.writestr("data.bin", os.urandom(2 << 20))
    return path


def list_staging_buckets(engine: Engine) -> list[str]:
    names = [bucket["Name"] for bucket in engine.clients.get("s3", "us-east-1").list_buckets()["Buckets"]]
    return [name for name in names if name.startswith("pulumi-localaws-code-")]


def test_large_code_is_sent_once_and_its_bucket_deleted(engine: Engine, large_zip: Path) -> None:
    uploads = []

    def count(**_: Any) -> None:
        uploads.append(1)

    events = engine.clients.get("s3", "us-east-1").meta.events
    events.register("before-call.s3.PutObject", count)
    functions = create_functions(engine, large_zip)
    engine.monitor.finish()
    events.unregister("before-call.s3.PutObject", count)

    aws_lambda = engine.clients.get("lambda", "us-east-1")
    digests = {
        aws_lambda.get_function(FunctionName=name)["Configuration"]["CodeSha256"] for name in functions
    }
    assert digests == {base64.b64encode(hashlib.sha256(large_zip.read_bytes()).digest()).decode()}
    assert len(uploads) == 1
    assert list_staging_buckets(engine) == []


def test_failed_deployment_leaves_no_bucket(engine_create: Callable[..., Engine], large_zip: Path) -> None:
    engine = engine_create()
    create_functions(engine, large_zip)
    assert len(list_staging_buckets(engine)) == 1

    engine.destroy()

    assert list_staging_buckets(engine) == []
