"""Presigned S3 URLs and POST policies on a running local AWS, as a browser sends them."""

import re
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.config import Config
from conformance_aws import AwsResources

KEY = "me/avatar.png"
IMAGE = {"Content-Type": "image/png"}
NAMES = ("ok", "key", "signature", "longer", "expired")


@pytest.fixture
def bucket(aws: AwsResources) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = aws.local_aws.client("s3")
    s3.create_bucket(Bucket=name)
    for key in (KEY, KEY + "2"):
        s3.put_object(Bucket=name, Key=key, Body=b"image")
    return name


@pytest.fixture(params=["root", "user"])
def s3(request: pytest.FixtureRequest, aws: AwsResources) -> Any:
    if request.param == "root":
        return aws.local_aws.client("s3")
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    return aws.create_user_client("s3", {"Version": "2012-10-17", "Statement": [allow]})


def send(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Return the status and S3's error code, or an empty string."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, ""
    except urllib.error.HTTPError as error:
        with error:
            code = re.search(rb"<Code>(\w+)</Code>", error.read())
            return error.code, code[1].decode() if code else ""


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.sample(4)
def test_changed_or_expired_url(s3: Any, bucket: str, method: str, monkeypatch: Any) -> None:
    """Line 42 (doc): key, signature and lifetime are checked."""
    operation = {"GET": "get_object", "PUT": "put_object"}[method]
    body = b"image" if method == "PUT" else None

    def presign() -> str:
        parameters = {"Bucket": bucket, "Key": KEY}
        return str(s3.generate_presigned_url(operation, Params=parameters, ExpiresIn=60))

    url = presign()
    last_hour = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: last_hour)
    old_url = presign()
    urls = {
        "ok": url,
        "key": url.replace("avatar.png", "avatar.png2"),
        "signature": url[:-4] + ("0000" if url[-4:] != "0000" else "1111"),
        "longer": url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        "expired": old_url,
    }

    results = {name: send(urls[name], method, body) for name in NAMES}

    mismatch = (403, "SignatureDoesNotMatch")
    assert results == {**dict.fromkeys(NAMES, mismatch), "ok": (200, ""), "expired": (403, "AccessDenied")}


def test_signed_content_type(s3: Any, bucket: str) -> None:
    """Line 42 (doc): an upload must have the signed headers."""
    parameters = {"Bucket": bucket, "Key": KEY, "ContentType": "image/png"}
    url = s3.generate_presigned_url("put_object", Params=parameters, ExpiresIn=60)

    results = [send(url, "PUT", b"x", {"Content-Type": kind}) for kind in ("image/png", "text/html")]

    assert results == [(200, ""), (403, "SignatureDoesNotMatch")]


def post_form(
    post: dict[str, Any], changes: dict[str, str] | None = None, data: bytes = b"image"
) -> tuple[int, str]:
    fields = {**post["fields"], **(changes or {})}
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = b'--X\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + data + b"\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    return send(post["url"], "POST", b"".join(parts) + file + b"--X--\r\n", headers)


def test_changed_or_expired_post_policy(s3: Any, bucket: str) -> None:
    """Line 42 (doc): key, type, size, signature and lifetime are checked."""
    conditions = [IMAGE, ["content-length-range", 1, 10]]
    post, expired_post = (
        s3.generate_presigned_post(bucket, KEY, Fields=IMAGE, Conditions=conditions, ExpiresIn=seconds)
        for seconds in (60, -60)
    )

    results = [
        post_form(post),
        post_form(post, {"key": "other"}),
        post_form(post, {"Content-Type": "text/html"}),
        post_form(post, {"x-amz-signature": "0" * 64}),
        post_form(post, data=b"x" * 11),
        post_form(expired_post),
    ]

    denied = (403, "AccessDenied")
    mismatch, too_large = (403, "SignatureDoesNotMatch"), (400, "EntityTooLarge")
    assert results == [(204, ""), denied, denied, mismatch, too_large, denied]


@pytest.mark.parametrize("s3", ["root"], indirect=True)
def test_url_of_version_2(aws: AwsResources, s3: Any, bucket: str) -> None:
    """Line 42 (doc): boto3's default for presigned URLs, which new buckets do not support."""
    client = aws.local_aws.client("s3", config=Config(signature_version="s3"))
    parameters = {"Params": {"Bucket": bucket, "Key": KEY}}

    versions = {
        name: c.generate_presigned_url("get_object", **parameters) for name, c in (("2", client), ("4", s3))
    }

    assert {name: send(url) for name, url in versions.items()} == {
        "2": (400, "InvalidRequest"),
        "4": (200, ""),
    }


PRESIGNING_FUNCTION = """
import botocore.session
from botocore.config import Config

S3 = botocore.session.get_session().create_client("s3", config=Config(signature_version="s3v4"))

def handler(event, context):
    return S3.generate_presigned_url("get_object", Params=event, ExpiresIn=60)
"""


def test_url_that_a_function_creates(aws: AwsResources, bucket: str) -> None:
    """Our own rule: the URL has the public port, and a page that the bucket's CORS allows can use it."""
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    arn = aws.create_function(PRESIGNING_FUNCTION, {"Version": "2012-10-17", "Statement": [allow]})
    rule = {"AllowedOrigins": ["http://localhost:3000"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}
    aws.local_aws.client("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})

    payload = f'{{"Bucket": "{bucket}", "Key": "{KEY}"}}'.encode()
    url = aws.lambda_.invoke(FunctionName=arn, Payload=payload)["Payload"].read().decode().strip('"')
    request = urllib.request.Request(url, headers={"Origin": "http://localhost:3000"})
    with urllib.request.urlopen(request, timeout=20) as response:
        allowed_origin = response.headers["Access-Control-Allow-Origin"]

    assert urlsplit(url).netloc == urlsplit(aws.local_aws.endpoint).netloc
    assert (response.status, allowed_origin) == (200, "http://localhost:3000")
