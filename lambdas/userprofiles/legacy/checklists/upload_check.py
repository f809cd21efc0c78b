"""Checks that uploads work: writes an object to the bucket as a client does, reads it, and deletes it."""

import base64
import hashlib
import secrets
import urllib.error
import urllib.request
from http import HTTPStatus

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


def _put(stack: Stack, bucket: str, key: str, body: bytes, checksum: str) -> None:
    """Upload by a signed URL, without credentials, as the clients of the API do."""
    parameters = {
        "Bucket": bucket,
        "Key": key,
        "ContentType": _CONTENT_TYPE,
        "ChecksumSHA256": checksum,
    }
    url = stack.client("s3").generate_presigned_url("put_object", Params=parameters, ExpiresIn=60)
    headers = {"Content-Type": _CONTENT_TYPE, "x-amz-checksum-sha256": checksum}
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
