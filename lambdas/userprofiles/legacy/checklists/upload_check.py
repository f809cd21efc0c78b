"""Checks that uploads work: writes an object to the bucket as a client does, reads it, and deletes it."""

import base64
import hashlib
import secrets
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from userprofiles import aws
from userprofiles.social.content import MEDIA_PREFIX
from userprofiles.stack_setup.check_result import CheckFailedError, Status, call
from userprofiles.stack_setup.stack import Stack

PREFIX = f"{MEDIA_PREFIX}postflight/"
"""Beginning of the keys of test objects. No user has such a sub."""

_TIMEOUT_S = 15
_CONTENT_TYPE = "text/plain"


def check_upload(stack: Stack, bucket: str) -> str:
    """Check that a signed upload reaches the bucket, and that the object can be read. Delete it afterwards.

    Args:
        stack: The stack.
        bucket: Name of the bucket with media; empty if the stack has none.
    """
    if not bucket:
        raise CheckFailedError(
            "the stack has no bucket for media", "Pass --media-bucket, or the outputs.", Status.NOT_CHECKED
        )
    key = f"{PREFIX}{secrets.token_hex(16)}"
    body = secrets.token_bytes(64)
    missing = CheckFailedError(f"bucket {bucket!r} doesn't exist", "Check the name and the region.")
    checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
    _put(stack, bucket, key, body, checksum)
    try:
        stored = call(stack, "s3", "get_object", missing=missing, Bucket=bucket, Key=key)
        if stored["Body"].read() != body:
            raise CheckFailedError(
                f"bucket {bucket!r} returned another object", "Check what changes objects."
            )
    finally:
        _delete(stack, bucket, key, missing)
    return f"{bucket}: signed upload, download and deletion"


def signing_client(stack: Stack) -> Any:
    """Create a client of S3 that signs URLs as the API does: Signature Version 4, the bucket's region.

    Without the style `virtual`, botocore signs URLs of the global endpoint, which redirects requests for a
    new bucket of another region (Amazon S3 User Guide, "Request routing").
    """
    return aws.client(
        "s3",
        signature_version="s3v4",
        addressing_style="virtual",
        region=stack.region,
        endpoint_url=stack.endpoint_url,
    )


def _put(stack: Stack, bucket: str, key: str, body: bytes, checksum: str) -> None:
    """Upload by a signed URL, without credentials, as the clients of the API do."""
    parameters = {
        "Bucket": bucket,
        "Key": key,
        "ContentType": _CONTENT_TYPE,
        "ContentLength": len(body),
        "ChecksumSHA256": checksum,
    }
    url = signing_client(stack).generate_presigned_url("put_object", Params=parameters, ExpiresIn=60)
    headers = {
        "Content-Type": _CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "x-amz-checksum-sha256": checksum,
    }
    request = urllib.request.Request(url, data=body, headers=headers, method="PUT")  # noqa: S310 - from botocore
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        reason = f"{error.code} {HTTPStatus(error.code).phrase}"
    except OSError as error:
        reason = type(error).__name__
    raise CheckFailedError(
        f"a signed upload to {bucket!r} failed: {reason}",
        "Check the policy of the bucket, and that your credentials may s3:PutObject. "
        "A stack before `pulumi up` has no bucket for media.",
    )


def _delete(stack: Stack, bucket: str, key: str, missing: CheckFailedError) -> None:
    """Delete all versions of the test object."""
    listed = call(stack, "s3", "list_object_versions", missing=missing, Bucket=bucket, Prefix=key)
    versions = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
    for version in versions:
        call(
            stack,
            "s3",
            "delete_object",
            missing=missing,
            Bucket=bucket,
            Key=version["Key"],
            VersionId=version["VersionId"],
        )
