"""The report of a run in S3, and what its workers leave there for the last step."""

from collections.abc import Iterator
from typing import IO, Any

from botocore import exceptions as boto

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.jobs.run_objects import RunObjects

REPORT_NAME = "report.json"
PAGE_NAME = "report.html"


class RunFolder:
    """The folder of one run.

    Args:
        s3: A botocore S3 client with the permissions s3:GetObject and s3:PutObject on ``runs/*``, and
            s3:ListBucket.
        bucket: The name of the bucket.
        run_id: The ID of the run.
    """

    def __init__(self, s3: Any, bucket: str, run_id: str) -> None:
        self._objects = RunObjects(s3, bucket, run_id)

    @property
    def report_uri(self) -> str:
        """The S3 URI of the report."""
        return self._objects.uri(REPORT_NAME)

    def write(self, name: str, body: IO[bytes] | bytes, content_type: str) -> None:
        """Write an object.

        Raises:
            BackfillFailedError: It can't be written.
        """
        try:
            self._objects.write(name, body, content_type)
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._error("write", name, error) from error

    def read_all(self, folder: str) -> Iterator[bytes]:
        """Yield the content of all objects of a folder.

        Raises:
            BackfillFailedError: They can't be read.
        """
        try:
            yield from self._objects.read_all(folder)
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._error("read", f"{folder}/", error) from error

    def _error(self, verb: str, name: str, error: Exception) -> BackfillFailedError:
        return BackfillFailedError(
            ErrorKind.REPORT,
            f"Can't {verb} {self._objects.uri(name)}: {error}\n"
            "The function's role needs s3:GetObject and s3:PutObject on runs/* of the bucket, and "
            "s3:ListBucket.",
        )
