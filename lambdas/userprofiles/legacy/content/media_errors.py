"""Why a file of the old application can't be copied."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind

_DENIED = frozenset({"AccessDenied", "403", "Forbidden", "AllAccessDisabled", "KMS.AccessDeniedException"})
_NO_BUCKET = frozenset({"NoSuchBucket", "PermanentRedirect", "301"})


class DeadLinkError(Exception):
    """The file does not exist any more, or must not be read. Its content is imported without it.

    Args:
        reason: Why, without any part of the URL.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CopyFailedError(Exception):
    """The file could not be copied this time. Its content is not imported and can be tried again.

    Args:
        reason: Why, without any part of the URL.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BucketRefusedError(BackfillFailedError):
    """A bucket refuses an operation. The run ends, and continues when it is resumed."""


def error_code(error: ClientError) -> str:
    """Return the code of an error of S3. A HEAD has no body, so its code is the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


def refused_error(error: ClientError | BotoCoreError, operation: str, bucket: str) -> Exception:
    """Return the error to raise for a failed call that says nothing about a single file.

    Args:
        error: botocore's error. Its message is not shown: it can contain a key.
        operation: The operation of S3, for example `CopyObject`.
        bucket: The bucket that was called.
    """
    if not isinstance(error, ClientError):
        return BucketRefusedError(
            ErrorKind.NETWORK,
            f"S3 could not be reached for {operation} on the bucket {bucket!r} ({type(error).__name__}).\n"
            "Check the network, the region and the credentials, then resume the run.",
        )
    code = error_code(error)
    if code in _DENIED:
        return BucketRefusedError(
            ErrorKind.RIGHTS,
            f"The bucket {bucket!r} refuses {operation} ({code}). The run has stopped; what it has copied is "
            f"kept.\n{_permissions(operation, bucket)}\nThen resume the run.",
        )
    if code in _NO_BUCKET:
        return BucketRefusedError(
            ErrorKind.REFUSED,
            f"The bucket {bucket!r} does not exist in this region ({code}, {operation}).\n"
            "Correct its name in the media rules or the option, then resume the run.",
        )
    if _status(error) >= 500 or code in {"SlowDown", "RequestTimeout", "Throttling"}:  # noqa: PLR2004 - HTTP's server errors
        return BucketRefusedError(
            ErrorKind.SERVICE,
            f"S3 did not execute {operation} on the bucket {bucket!r} ({code}) in several attempts.\n"
            "Wait some minutes, then resume the run.",
        )
    return CopyFailedError(f"S3 rejected {operation} ({code})")


def _permissions(operation: str, bucket: str) -> str:
    if operation in {"HeadObject", "GetObject"}:
        return (
            f"Allow s3:GetObject on its objects and s3:ListBucket on the bucket {bucket!r}: without "
            "s3:ListBucket, S3 gives the same answer for a missing object."
        )
    if operation == "DeleteObject":
        return (
            f"Allow s3:DeleteObject and s3:DeleteObjectVersion on the objects of {bucket!r}. Nothing is ever "
            "deleted from the old bucket."
        )
    return (
        f"Allow s3:GetObject, s3:PutObject and s3:AbortMultipartUpload on the objects of {bucket!r}, and "
        "s3:GetObject on those of the old bucket. If a KMS key encrypts one of them, allow kms:Decrypt and "
        "kms:GenerateDataKey, too."
    )


def _status(error: ClientError) -> int:
    metadata: dict[str, Any] = error.response.get("ResponseMetadata", {})
    return int(metadata.get("HTTPStatusCode", 0))
