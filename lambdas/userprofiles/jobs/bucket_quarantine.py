"""The quarantine of a run in S3: `runs/<run ID>/quarantine/<unit>/<number of the first row>.jsonl`.

The next object begins with the row after the last row of the one before. So the bucket needs no listing, and
an object of a process that was killed before it stored its progress is replaced.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from botocore import exceptions as boto

from userprofiles.jobs.quarantine import (
    Part,
    QuarantinedRow,
    QuarantineError,
    missing_rows_error,
    read_line,
    to_lines,
)
from userprofiles.jobs.run_objects import RunObjects
from userprofiles.telemetry import error_code

_FOLDER = "quarantine/"


class BucketQuarantine:
    """Stores the rows of one run in a bucket.

    Args:
        s3: A botocore S3 client with the permissions s3:GetObject and s3:PutObject on ``runs/*``.
        bucket: The name of the bucket.
        run_id: The ID of the run.
    """

    def __init__(self, s3: Any, bucket: str, run_id: str) -> None:
        self._objects = RunObjects(s3, bucket, run_id)

    @property
    def name(self) -> str:
        """The S3 URI."""
        return self._objects.uri(_FOLDER)

    def append(self, part: Part, rows: Sequence[QuarantinedRow]) -> None:
        """Add rows after the valid rows of a part, in an object of their own.

        Raises:
            QuarantineError: They can't be written.
        """
        if not rows:
            return
        key = self._key(part)
        try:
            self._objects.write(key, to_lines(rows), "application/x-ndjson")
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._access_error("written to", key, error) from error

    def read(self, part: Part) -> Iterator[QuarantinedRow]:
        """Yield the valid rows of a part.

        Raises:
            QuarantineError: A row is missing or damaged.
        """
        count = 0
        while part.rows and count < part.end:
            key = self._key(Part(part.unit, count, part.version))
            lines = self._read_lines(key)
            if not lines:
                raise missing_rows_error(self.name, count, part)
            for number, line in enumerate(lines[: part.end - count], 1):
                if count + number > part.first:
                    yield read_line(line, f"row {number} of {self._objects.uri(key)}")
            count += len(lines)

    def delete(self, part: Part) -> None:
        """Do nothing: a lifecycle rule of the bucket deletes old objects."""

    def _key(self, part: Part) -> str:
        version = f"-retry{part.version}" if part.version else ""
        return f"{_FOLDER}{part.unit:06d}{version}/{part.end:08d}.jsonl"

    def _read_lines(self, key: str) -> list[bytes]:
        try:
            return self._objects.read(key).splitlines()
        except boto.ClientError as error:
            if error_code(error) in {"NoSuchKey", "404"}:
                return []
            raise self._access_error("read from", key, error) from error
        except boto.BotoCoreError as error:
            raise self._access_error("read from", key, error) from error

    def _access_error(self, verb: str, key: str, error: Exception) -> QuarantineError:
        return QuarantineError(
            f"The failed rows can't be {verb} {self._objects.uri(key)}: {error_code(error)}.\n"
            "Check that the bucket exists, and that you have the permissions s3:GetObject and s3:PutObject "
            "on runs/* in it. Without s3:ListBucket, S3 denies a missing object, too.\n"
            "Then repeat the command."
        )
