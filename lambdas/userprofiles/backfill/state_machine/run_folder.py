"""The objects of one run in S3: `runs/<run ID>/…` in the bucket for reports."""

from collections.abc import Iterator
from typing import IO, Any

from botocore import exceptions as boto

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind

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
        self._s3 = s3
        self._bucket = bucket
        self._prefix = f"runs/{run_id}/"

    @property
    def report_uri(self) -> str:
        """The S3 URI of the report."""
        return self._uri(REPORT_NAME)

    def write(self, name: str, body: IO[bytes] | bytes, content_type: str) -> None:
        """Write an object.

        Raises:
            BackfillFailedError: It can't be written.
        """
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=body, ContentType=content_type
            )
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._error("write", name, error) from error

    def read_all(self, folder: str) -> Iterator[bytes]:
        """Yield the content of all objects of a folder.

        Raises:
            BackfillFailedError: They can't be read.
        """
        try:
            for key in self._list(f"{self._prefix}{folder}/"):
                yield self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise self._error("read", f"{folder}/", error) from error

    def _list(self, prefix: str) -> Iterator[str]:
        position: dict[str, str] = {}
        while True:
            page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **position)
            yield from (entry["Key"] for entry in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            position = {"ContinuationToken": page["NextContinuationToken"]}

    def _uri(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def _error(self, verb: str, name: str, error: Exception) -> BackfillFailedError:
        return BackfillFailedError(
            ErrorKind.REPORT,
            f"Can't {verb} {self._uri(name)}: {error}\n"
            "The function's role needs s3:GetObject and s3:PutObject on runs/* of the bucket, and "
            "s3:ListBucket.",
        )
