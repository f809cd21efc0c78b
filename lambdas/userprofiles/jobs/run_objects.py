"""The objects of one run in S3: `runs/<run ID>/…` in the bucket for reports."""

from collections.abc import Iterator
from typing import IO, Any


class RunObjects:
    """Reads and writes the objects of one run. Errors are those of botocore.

    Args:
        s3: A botocore S3 client with the permissions s3:GetObject and s3:PutObject on ``runs/*``; for
            `read_all` also s3:ListBucket.
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

    def write(self, name: str, body: IO[bytes] | bytes, content_type: str) -> None:
        """Write an object."""
        self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body, ContentType=content_type)

    def read(self, name: str) -> bytes:
        """Read an object."""
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        return body

    def read_all(self, folder: str) -> Iterator[bytes]:
        """Yield the content of all objects of a folder."""
        for key in self._list(f"{self._prefix}{folder}/"):
            yield self.read(key.removeprefix(self._prefix))

    def _list(self, prefix: str) -> Iterator[str]:
        position: dict[str, str] = {}
        while True:
            page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **position)
            yield from (entry["Key"] for entry in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            position = {"ContinuationToken": page["NextContinuationToken"]}
