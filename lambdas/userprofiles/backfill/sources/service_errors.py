"""Errors of S3 and Cognito that say which permission is missing, or what to check."""

from botocore.exceptions import ClientError

from userprofiles.backfill.error_messages import TableLocation, error_code, error_message, translate_error
from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403", "NotAuthorizedException"})
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "ResourceNotFoundException"})
# Errors that end by themselves, and all with a status from 500 on, which AWS advises to repeat:
# https://repost.aws/knowledge-center/http-5xx-errors-s3
_TEMPORARY = frozenset(
    {
        *("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted"),
        *("TooManyRequestsException", "ThrottlingException", "Throttling"),
        *("InternalErrorException", "InternalFailure", "RequestLimitExceeded"),
    }
)
_ADVICE = {
    "InvalidObjectState": "The object is in an archive. Restore it, or copy it, then run it again.",
    "PermanentRedirect": "The bucket is in another region. Name it with --region.",
    "AuthorizationHeaderMalformed": "The bucket is in another region. Name it with --region.",
    "IllegalLocationConstraintException": "The bucket is in another region. Name it with --region.",
}
_FIRST_SERVER_ERROR = 500


def _advice(error: ClientError, code: str) -> str:
    """Return what to do about an error. Only a temporary one ends without a change."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _TEMPORARY or status >= _FIRST_SERVER_ERROR:
        return "This error is temporary. Wait, then run it again."
    return _ADVICE.get(code, f"Repeating the call does not help. AWS says: {error_message(error)}")


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
            f"Access Denied ({action} on {resource})\n{_denied_advice(action)}: {error_message(error)}",
        )
    if code in _MISSING:
        return BackfillFailedError(
            ErrorKind.TABLE,
            f"{resource} was not found ({code}).\nCheck its name, the region and the account.",
        )
    if isinstance(error, ClientError) and code:
        return BackfillFailedError(
            ErrorKind.SERVICE, f"The call {action} on {resource} failed: {code}.\n{_advice(error, code)}"
        )
    translated_error = translate_error(error, TableLocation("", None, f"the service of {resource}"))
    if isinstance(translated_error, BackfillError):
        return translated_error
    return BackfillFailedError(ErrorKind.SERVICE, type(error).__name__)


def _denied_advice(action: str) -> str:
    """Return what to check. Without the right to list a bucket, a missing object is denied, too.

    See "Permissions" in https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
    """
    permission = f"Ensure the IAM user or role has the permission {action} on it"
    if action != "s3:GetObject":
        return permission
    return f"{permission}, and that the object exists: without s3:ListBucket, S3 denies a missing object, too"
