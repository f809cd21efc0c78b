"""The bucket that receives the media, and the copies in it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.legacy.content.media_errors import (
    BucketRefusedError,
    CopyFailedError,
    error_code,
    refused_error,
)
from userprofiles.legacy.content.stored_object import RUN_ID, SOURCE, StoredObject, read_head

MAX_COPY_BYTES = 5 * 1024**3
"""The largest object of one CopyObject or PutObject, and the largest part (API reference, "CopyObject")."""

MAX_PARTS = 10_000
"""Parts of a multipart upload (User Guide, "Amazon S3 multipart upload limits")."""

_PARTS_CHECKSUM = "CRC64NVME"  # S3 always computes it over the full object, also from parts

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_CHANGED = frozenset({"412", "PreconditionFailed"})


@dataclass(frozen=True)
class CopySizes:
    """Sizes of copies.

    Attributes:
        max_bytes: Larger objects must be copied in parts.
        multipart_bytes: Larger objects are copied in parts, several at a time, if they have a CRC64NVME. For
            others, parts would change the ETag, which is all that can be compared.
        part_bytes: The size of a part, if the object does not need larger ones.
    """

    max_bytes: int = MAX_COPY_BYTES
    multipart_bytes: int = 256 * 1024**2
    part_bytes: int = 64 * 1024**2


class MediaBucket:
    """The bucket for media. Its methods may be called by any thread.

    Args:
        client: A botocore client of S3.
        bucket: The name of the bucket.
        run_id: The run, which each copy names in its metadata.
        threads: Parts that are copied at the same time.
        sizes: Sizes of copies.
    """

    def __init__(
        self, client: Any, bucket: str, run_id: str, *, threads: int = 8, sizes: CopySizes | None = None
    ) -> None:
        self.client = client
        self.run_id = run_id
        self._bucket = bucket
        self._sizes = sizes or CopySizes()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="part")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def head(self, key: str) -> StoredObject | None:
        """Return an object of the bucket; None if it does not exist."""
        return head_object(self.client, self._bucket, key)

    def is_own(self, stored: StoredObject) -> bool:
        """Return whether this run has created an object."""
        return stored.metadata.get(RUN_ID) == self.run_id

    def put(self, key: str, file: IO[bytes], described: StoredObject, sha256: str, identity: str) -> None:
        """Upload a file. S3 refuses it if its checksum is another one.

        Args:
            key: The key.
            file: The file, at its beginning.
            described: Size and MIME type of the file.
            sha256: The SHA-256 of the file in base64.
            identity: Identifies the source, so that a repeated copy does nothing.
        """
        self._call(
            "PutObject",
            self.client.put_object,
            Key=key,
            Body=file,
            ContentLength=described.size,
            ContentType=described.content_type,
            ChecksumSHA256=sha256,
            Metadata=self._metadata(identity),
        )

    def copy(self, key: str, bucket: str, source_key: str, source: StoredObject) -> None:
        """Copy an object inside S3.

        Args:
            key: The key of the copy.
            bucket: The bucket of the source.
            source_key: The key of the source.
            source: The source, which must not have changed since it was read.
        """
        parameters = {
            "Key": key,
            "ContentType": source.content_type,
            "Metadata": self._metadata(source.etag),
        }
        copy_source = {
            "CopySource": {"Bucket": bucket, "Key": source_key},
            "CopySourceIfMatch": source.etag,
        }
        is_comparable = _PARTS_CHECKSUM in source.checksums
        limit = self._sizes.multipart_bytes if is_comparable else self._sizes.max_bytes
        if source.size > limit:
            self._copy_parts(source, parameters, copy_source)
            return
        # With the algorithm of the source, both have comparable checksums.
        algorithm = next(iter(source.checksums), "SHA256")
        self._call(
            "CopyObject",
            self.client.copy_object,
            MetadataDirective="REPLACE",
            TaggingDirective="REPLACE",
            ChecksumAlgorithm=algorithm,
            **copy_source,
            **parameters,
        )

    def delete(self, key: str, stored: StoredObject) -> None:
        """Delete one version of an object, so that its data is removed from a versioned bucket, too."""
        version = {"VersionId": stored.version} if stored.version else {}
        self._call("DeleteObject", self.client.delete_object, Key=key, **version)

    def _copy_parts(
        self, source: StoredObject, parameters: dict[str, Any], copy_source: dict[str, Any]
    ) -> None:
        """Copy an object in parts. S3 computes the CRC64NVME of the full object from those of the parts."""
        upload = self._call(
            "CreateMultipartUpload",
            self.client.create_multipart_upload,
            ChecksumAlgorithm=_PARTS_CHECKSUM,
            ChecksumType="FULL_OBJECT",
            **parameters,
        )
        target = {"Key": parameters["Key"], "UploadId": upload["UploadId"]}

        def copy_part(number: int, first: int, last: int) -> dict[str, Any]:
            response = self._call(
                "UploadPartCopy",
                self.client.upload_part_copy,
                PartNumber=number,
                CopySourceRange=f"bytes={first}-{last}",
                **copy_source,
                **target,
            )
            result = response["CopyPartResult"]
            names = ("ETag", f"Checksum{_PARTS_CHECKSUM}")
            return {"PartNumber": number, **{name: result[name] for name in names if name in result}}

        try:
            parts = list(self._pool.map(lambda part: copy_part(*part), self._parts(source.size)))
            self._call(
                "CompleteMultipartUpload",
                self.client.complete_multipart_upload,
                MultipartUpload={"Parts": parts},
                ChecksumType="FULL_OBJECT",
                **target,
            )
        except BaseException:
            # The parts of an upload that is neither completed nor aborted are billed.
            with suppress(BucketRefusedError, CopyFailedError):
                self._call("AbortMultipartUpload", self.client.abort_multipart_upload, **target)
            raise

    def _parts(self, size: int) -> list[tuple[int, int, int]]:
        """Return number, first and last byte of each part."""
        part_bytes = max(self._sizes.part_bytes, -(-size // MAX_PARTS))
        return [
            (number, first, min(first + part_bytes, size) - 1)
            for number, first in enumerate(range(0, size, part_bytes), start=1)
        ]

    def _metadata(self, identity: str) -> dict[str, str]:
        return {RUN_ID: self.run_id, SOURCE: identity}

    def _call(self, name: str, operation: Callable[..., Any], **parameters: Any) -> Any:
        try:
            return operation(Bucket=self._bucket, **parameters)
        except ClientError as error:
            if error_code(error) in _CHANGED:
                raise CopyFailedError("the old file has changed while it was copied") from None
            if error_code(error) in _MISSING:
                raise CopyFailedError("the old file was deleted while it was copied") from None
            raise refused_error(error, name, self._bucket) from None
        except BotoCoreError as error:
            raise refused_error(error, name, self._bucket) from None


def head_object(client: Any, bucket: str, key: str) -> StoredObject | None:
    """Return an object; None if it does not exist.

    Raises:
        BucketRefusedError: The bucket refuses the operation.
    """
    try:
        response = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error_code(error) in _MISSING:
            return None
        raise refused_error(error, "HeadObject", bucket) from None
    except BotoCoreError as error:
        raise refused_error(error, "HeadObject", bucket) from None
    return read_head(response)
