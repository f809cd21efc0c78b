"""Uploads the zip file of functions once, to a bucket that exists only during the deployment."""

import hashlib
import threading
import uuid
from collections.abc import Callable
from typing import Any

from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.undo_log import UndoLog, UndoStep, empty_bucket

_MIN_BYTES = 1 << 20
"""Smaller zip files are sent in the request of each function."""


class StagedCode:
    """The zip files of one deployment in S3.

    The functions of a program often have the same zip file. In the requests of nine functions, 8 MB become
    100 MB of Base64, which takes longer than the rest of the deployment.

    Args:
        clients: The AWS clients.
        undo_log: Gets the steps that delete the bucket after a failed deployment.
        add_wait: Adds a function that is called at the end of a successful deployment.
    """

    def __init__(
        self, clients: Clients, undo_log: UndoLog, add_wait: Callable[[Callable[[], None]], None]
    ) -> None:
        self._clients = clients
        self._undo_log = undo_log
        self._add_wait = add_wait
        self._lock = threading.Lock()
        self._buckets: dict[str, str] = {}
        self._digests: set[tuple[str, str]] = set()

    def build_code(self, urn: str, region: str, content: bytes) -> dict[str, Any]:
        """Return the parameter ``Code`` or ``Content`` for a zip file; upload the file if it is large.

        Args:
            urn: The resource that gets the code.
            region: Its region.
            content: The zip file.

        Raises:
            ClientError: S3 rejected a call.
            BotoCoreError: A call failed.
        """
        if len(content) < _MIN_BYTES:
            return {"ZipFile": content}
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            if region not in self._buckets:
                self._buckets[region] = self._create_bucket(urn, region)
            bucket = self._buckets[region]
            if (region, digest) not in self._digests:
                self._clients.get("s3", region).put_object(Bucket=bucket, Key=digest, Body=content)
                self._digests.add((region, digest))
        return {"S3Bucket": bucket, "S3Key": digest}

    def _create_bucket(self, urn: str, region: str) -> str:
        parameters = {"Bucket": f"pulumi-localaws-code-{uuid.uuid4().hex}"}
        is_default_region = region == "us-east-1"  # S3 rejects it as a location constraint
        configuration = {} if is_default_region else {"LocationConstraint": region}
        s3 = self._clients.get("s3", region)
        s3.create_bucket(
            **parameters, **({"CreateBucketConfiguration": configuration} if configuration else {})
        )
        for operation in ("delete_bucket", "empty_bucket"):
            self._undo_log.add_step(urn, UndoStep(region, "s3", operation, parameters))

        def delete() -> None:
            empty_bucket(s3, parameters)
            s3.delete_bucket(**parameters)

        self._add_wait(delete)
        return parameters["Bucket"]
