"""The report of a run in S3: `runs/<run ID>/report.json` in the bucket for reports."""

from typing import IO, Any

from botocore import exceptions as boto

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind

REPORT_NAME = "report.json"


class RunFolder:
    """The folder of one run.

    Args:
        s3: A botocore S3 client with the permission s3:PutObject on ``runs/*``.
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
        return f"s3://{self._bucket}/{self._prefix}{REPORT_NAME}"

    def write_report(self, file: IO[bytes]) -> None:
        """Write the report from an open file.

        Raises:
            BackfillFailedError: It can't be written.
        """
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=self._prefix + REPORT_NAME,
                Body=file,
                ContentType="application/json",
            )
        except (boto.ClientError, boto.BotoCoreError) as error:
            raise BackfillFailedError(
                ErrorKind.REPORT,
                f"Can't write {self.report_uri}: {error}\n"
                "The function's role needs s3:GetObject and s3:PutObject on runs/* of the bucket.",
            ) from error
