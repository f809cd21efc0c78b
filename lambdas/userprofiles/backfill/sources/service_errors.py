"""Errors of S3 and Cognito that say which permission is missing, or what to check."""

from botocore.exceptions import ClientError

from userprofiles.backfill.error_messages import TableLocation, error_code, error_message, translate_error
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403", "NotAuthorizedException"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "ResourceNotFoundException"})


def service_error(error: Exception, action: str, resource: str) -> BackfillError:
    """Return an error for a failed call to S3 or Cognito.

    Args:
        error: The error of botocore.
        action: The action that the call needs, such as `s3:GetObject`.
        resource: The pool or the object.
    """
    code = error_code(error) if isinstance(error, ClientError) else ""
    if isinstance(error, ClientError) and code in _DENIED:
        return BackfillFailedError(
            ErrorKind.RIGHTS,
            f"Access Denied ({action} on {resource})\n{_advice(action)}: {error_message(error)}",
        )
    if code in _MISSING:
        return BackfillFailedError(
            ErrorKind.TABLE,
            f"{resource} was not found ({code}).\nCheck its name, the region and the account.",
        )
    if code:
        return BackfillFailedError(
            ErrorKind.SERVICE, f"The call {action} on {resource} failed: {code}.\nWait, then run it again."
        )
    translated_error = translate_error(error, TableLocation("", None, f"the service of {resource}"))
    if isinstance(translated_error, BackfillError):
        return translated_error
    return BackfillFailedError(ErrorKind.SERVICE, type(error).__name__)


def _advice(action: str) -> str:
    """Return what to check. Without the right to list a bucket, a missing object is denied, too.

    See "Permissions" in https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
    """
    permission = f"Ensure the IAM user or role has the permission {action} on it"
    if action != "s3:GetObject":
        return permission
    return f"{permission}, and that the object exists: without s3:ListBucket, S3 denies a missing object, too"
