"""The objects of a run in S3: `runs/<run ID>/…` in the bucket for reports.

run.json                        the job, written once
segments/<number>.json          the progress of a segment, written only if its ETag is still the same
failures/<number>-<part>.jsonl  failures of a segment, JSON lines
report.json                     the whole report
"""

import json
from collections.abc import Iterator, Sequence
from typing import IO, Any

from botocore import exceptions as boto

from userprofiles.backfill.error_messages import error_code
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind

_PRECONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
# Without s3:ListBucket, S3 answers 403 for a missing key (API reference of GetObject, "Permissions").
_MISSING = frozenset({"NoSuchKey", "404", "403", "AccessDenied"})


class OvertakenError(BackfillError):
    """Another worker has written the same object in the meantime."""


class RunFolder:
    """The objects of one run.

    Args:
        s3: A botocore S3 client with the permissions s3:GetObject and s3:PutObject on ``runs/*``.
        bucket: The name of the bucket.
        run_id: The ID of the run.
    """

    def __init__(self, s3: Any, bucket: str, run_id: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = f"runs/{run_id}/"

    def uri(self, name: str) -> str:
        """Return the S3 URI of an object."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def read(self, name: str) -> tuple[dict[str, Any], str] | None:
        """Return a document and its ETag, or None if it does not exist or access is denied."""
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)
            return json.loads(response["Body"].read()), response["ETag"]
        except boto.ClientError as error:
            if error_code(error) in _MISSING:
                return None
            raise self._access_error("read", name, error) from error
        except boto.BotoCoreError as error:
            raise self._access_error("read", name, error) from error

    def write(self, name: str, document: dict[str, Any], etag: str | None) -> str:
        """Write a document and return its new ETag.

        Args:
            name: The name of the object in the folder.
            document: The document to write.
            etag: The ETag that the existing object must have; None if the object must not exist.

        Raises:
            OvertakenError: The existing object has another ETag.
        """
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        return self._put(name, json.dumps(document).encode(), **condition)

    def write_failures(self, segment: int, part: int, failures: Sequence[dict[str, str]]) -> None:
        """Write one part of a segment's failures. An existing part is replaced."""
        lines = "".join(json.dumps(failure) + "\n" for failure in failures)
        self._put(_failures_name(segment, part), lines.encode())

    def read_failures(self, segment: int, parts: int) -> Iterator[dict[str, str]]:
        """Yield the failures of a segment, one part in memory at a time."""
        for part in range(parts):
            name = _failures_name(segment, part)
            try:
                body = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            except (boto.ClientError, boto.BotoCoreError) as error:
                raise self._access_error("read", name, error) from error
            for line in body.splitlines():
                yield json.loads(line)

    def write_report(self, file: IO[bytes]) -> None:
        """Write the report from an open file."""
        self._put("report.json", file)

    def _put(self, name: str, body: bytes | IO[bytes], **condition: str) -> str:
        try:
            response = self._s3.put_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Body=body,
                ContentType="application/json",
                **condition,
            )
        except boto.ClientError as error:
            if error_code(error) in _PRECONDITION_FAILED:
                raise OvertakenError(f"{self.uri(name)} was written by another worker") from error
            raise self._access_error("write", name, error) from error
        except boto.BotoCoreError as error:
            raise self._access_error("write", name, error) from error
        return str(response["ETag"])

    def _access_error(self, verb: str, name: str, error: Exception) -> BackfillFailedError:
        return BackfillFailedError(
            ErrorKind.REPORT,
            f"Can't {verb} {self.uri(name)}: {error}\n"
            "The function's role needs s3:GetObject and s3:PutObject on runs/* of the bucket.",
        )


def _failures_name(segment: int, part: int) -> str:
    return f"failures/{segment:06d}-{part:06d}.jsonl"
