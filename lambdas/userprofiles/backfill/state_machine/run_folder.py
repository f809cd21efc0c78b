"""What the state machine's runs keep in S3: `runs/<run id>/…` in the bucket for reports.

run.json                  the job, written once
segments/<number>.json    how far a segment has come, fenced by its ETag
failures/<number>-<part>  failures of a segment, JSON lines
report.json               the whole report
"""

import json
from collections.abc import Iterator, Sequence
from typing import IO, Any

from botocore import exceptions as boto

from userprofiles.backfill.error_messages import error_code
from userprofiles.backfill.errors import BackfillError, CannotGoOnError, ErrorKind

_PRECONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
# Without s3:ListBucket S3 answers 403 for a key that isn't there (GetObject's reference, "Permissions").
_MISSING = frozenset({"NoSuchKey", "404", "403", "AccessDenied"})


class OvertakenError(BackfillError):
    """Another worker has written the same object meanwhile."""


class RunFolder:
    """The objects of one run.

    Args:
        s3: A botocore S3 client with the rights s3:GetObject and s3:PutObject on ``runs/*``.
        bucket: The bucket's name.
        run_id: The run's id.
    """

    def __init__(self, s3: Any, bucket: str, run_id: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = f"runs/{run_id}/"

    def uri(self, name: str) -> str:
        """Return an object's address."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def read(self, name: str) -> tuple[dict[str, Any], str] | None:
        """Return a document and its ETag, or None if it isn't there (or may not be read)."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)
            return json.loads(answer["Body"].read()), answer["ETag"]
        except boto.ClientError as error:
            if error_code(error) in _MISSING:
                return None
            raise self._trouble("read", name, error) from error
        except boto.BotoCoreError as error:
            raise self._trouble("read", name, error) from error

    def write(self, name: str, document: dict[str, Any], etag: str | None) -> str:
        """Write a document and return its new ETag.

        Args:
            name: The object's name in the folder.
            document: What to write.
            etag: What has to stand there: this version, or nothing if None.

        Raises:
            OvertakenError: Something else stands there.
        """
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        return self._put(name, json.dumps(document).encode(), **condition)

    def write_failures(self, segment: int, part: int, failures: Sequence[dict[str, str]]) -> None:
        """Write one part of a segment's failures; written again, it replaces itself."""
        lines = "".join(json.dumps(failure) + "\n" for failure in failures)
        self._put(_failures(segment, part), lines.encode())

    def failures(self, segment: int, parts: int) -> Iterator[dict[str, str]]:
        """Yield the failures of a segment, one part in memory at a time."""
        for part in range(parts):
            name = _failures(segment, part)
            try:
                body = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            except (boto.ClientError, boto.BotoCoreError) as error:
                raise self._trouble("read", name, error) from error
            for line in body.splitlines():
                yield json.loads(line)

    def write_report(self, file: IO[bytes]) -> None:
        """Write the report from an open file."""
        self._put("report.json", file)

    def _put(self, name: str, body: bytes | IO[bytes], **condition: str) -> str:
        try:
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Body=body,
                ContentType="application/json",
                **condition,
            )
        except boto.ClientError as error:
            if error_code(error) in _PRECONDITION_FAILED:
                raise OvertakenError(f"{self.uri(name)} was written by another worker") from error
            raise self._trouble("write", name, error) from error
        except boto.BotoCoreError as error:
            raise self._trouble("write", name, error) from error
        return str(answer["ETag"])

    def _trouble(self, verb: str, name: str, error: Exception) -> CannotGoOnError:
        return CannotGoOnError(
            ErrorKind.REPORT,
            f"Can't {verb} {self.uri(name)}: {error}\n"
            "The function's role needs s3:GetObject and s3:PutObject on runs/* of the bucket.",
        )


def _failures(segment: int, part: int) -> str:
    return f"failures/{segment:06d}-{part:06d}.jsonl"
