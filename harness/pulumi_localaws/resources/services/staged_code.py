"""Uploads the zip file of functions once, to a bucket that exists only during the deployment."""

import hashlib
import threading
import uuid

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.undo_log import empty_bucket

_MIN_BYTES = 1 << 20
"""Smaller zip files are sent in the request of each function."""


class StagedCode:
    """The zip files of one deployment in S3.

    The functions of a program often have the same zip file. In the requests of nine functions, 8 MB become
    100 MB of Base64, which takes longer than the rest of the deployment.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, str] = {}
        self._digests: set[tuple[str, str]] = set()

    def build_code(self, ctx: ResourceContext, content: bytes) -> Properties:
        """Return the parameter ``Code`` or ``Content`` for a zip file; upload the file if it is large."""
        if ctx.check_only or len(content) < _MIN_BYTES:
            return {"ZipFile": content}
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            if ctx.region not in self._buckets:
                self._buckets[ctx.region] = _create_bucket(ctx)
            bucket = self._buckets[ctx.region]
            if (ctx.region, digest) not in self._digests:
                ctx.call("s3", "put_object", Bucket=bucket, Key=digest, Body=content)
                self._digests.add((ctx.region, digest))
        return {"S3Bucket": bucket, "S3Key": digest}


def _create_bucket(ctx: ResourceContext) -> str:
    bucket = f"pulumi-localaws-code-{uuid.uuid4().hex}"
    configuration = {"LocationConstraint": ctx.region} if ctx.region != "us-east-1" else None
    ctx.call("s3", "create_bucket", Bucket=bucket, CreateBucketConfiguration=configuration)
    # For a deployment that fails. At the end of a successful one, the bucket is deleted at once.
    ctx.record_undo("s3", "delete_bucket", Bucket=bucket)
    ctx.record_undo("s3", "empty_bucket", Bucket=bucket)
    ctx.add_wait(lambda: _delete_bucket(ctx, bucket))
    return bucket


def _delete_bucket(ctx: ResourceContext, bucket: str) -> None:
    empty_bucket(ctx.clients.get("s3", ctx.region), {"Bucket": bucket})
    ctx.call("s3", "delete_bucket", Bucket=bucket)
