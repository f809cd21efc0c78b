"""Actionable error messages: what is wrong, what was given and how to fix it.

AWS's own message can repeat a key or a value of an item, and that of a wrong signature has the headers of the
request with the session token. So it is shown only for operations that work on a table as a whole, for a
missing permission and for a wrong clock. In all other cases, the code and the action are shown.
"""

from dataclasses import dataclass

from botocore import exceptions as boto

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError

_BAD_CREDENTIALS = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "ExpiredTokenException",
        "ExpiredToken",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "IncompleteSignature",
    }
)
# AWS rejects a signature whose time differs from its own by more than some minutes:
# https://aws.amazon.com/blogs/developer/clock-skew-correction/
_WRONG_CLOCK_TEXTS = ("signature expired", "signature not yet current")
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
)
# Their requests and messages have names and settings of tables only.
_TABLE_OPERATIONS = frozenset(
    {"CreateBackup", "DescribeBackup", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive"}
)
CONNECTION = (boto.ConnectionError, boto.HTTPClientError)


@dataclass(frozen=True)
class TableLocation:
    """The table that the calls go to.

    Attributes:
        table: The table's name.
        region: The region, or None if the client has none.
        endpoint: The URL of the endpoint.
        has_connection_options: Whether the command has options for region and endpoint.
    """

    table: str
    region: str | None
    endpoint: str
    has_connection_options: bool = False

    @property
    def endpoint_setting(self) -> str:
        """The settings that change the endpoint."""
        return "--endpoint-url or AWS_ENDPOINT_URL" if self.has_connection_options else "AWS_ENDPOINT_URL"


NO_CREDENTIALS = """Unable to locate credentials
Configure AWS credentials:
  aws configure
  # OR
  export AWS_ACCESS_KEY_ID=your_key
  export AWS_SECRET_ACCESS_KEY=your_secret
  export AWS_DEFAULT_REGION=ap-south-2"""


def error_code(error: boto.ClientError) -> str:
    """Return the AWS error code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: boto.ClientError) -> str:
    """Return the AWS message of an error."""
    details = error.response.get("Error", {})
    return str(details.get("Message", "") or details.get("message", ""))


def access_denied_error(operation: str, location: TableLocation) -> BackfillFailedError:
    """Return the error for a missing permission that no other operation can replace."""
    lines = [
        f"Access Denied (dynamodb:{operation} on table {location.table!r})",
        "Ensure the IAM user or role has these DynamoDB permissions on the table:",
        "  - dynamodb:Scan (to read users)",
        "  - dynamodb:GetItem (to check for existing profiles)",
        "  - dynamodb:PutItem (to create profiles)",
    ]
    if operation == "TransactWriteItems":  # IAM has no such action, only those of its parts
        lines.append("  - dynamodb:UpdateItem (TransactWriteItems needs it and dynamodb:PutItem)")
    elif operation not in {"Scan", "GetItem", "PutItem"}:
        lines.append(f"  - dynamodb:{operation}")
    return BackfillFailedError(ErrorKind.RIGHTS, "\n".join(lines))


def rejected_error(operation: str, location: TableLocation) -> BackfillFailedError:
    """Return the error for a request on a table that DynamoDB rejects as invalid."""
    return BackfillFailedError(
        ErrorKind.TABLE,
        f"DynamoDB rejected the {operation} of table {location.table!r} (ValidationException).\n"
        "Check the keys of the table. A stopped run continues only in the same table:\n"
        f"  aws dynamodb describe-table --table-name {location.table} --region {location.region}",
    )


def unreachable_error(error: Exception, location: TableLocation) -> BackfillFailedError:
    """Return the error for an endpoint that can't be reached."""
    return BackfillFailedError(
        ErrorKind.NETWORK,
        f"Could not connect to DynamoDB at {location.endpoint} ({type(error).__name__}).\n"
        f"Check the network, the region and the endpoint URL ({location.endpoint_setting}).",
    )


def not_dynamodb_error(location: TableLocation, reason: str) -> BackfillFailedError:
    """Return the error for an endpoint that is not DynamoDB.

    Args:
        location: The table that the call went to.
        reason: Why the response can't come from DynamoDB.
    """
    return BackfillFailedError(
        ErrorKind.ENDPOINT,
        f"The server at {location.endpoint} is not DynamoDB: {reason}.\n"
        f"Check the endpoint URL ({location.endpoint_setting}). Without it, the calls go to AWS.",
    )


def _credentials_error(code: str, message: str) -> BackfillFailedError:
    """Return the error for credentials or a signature that AWS does not accept."""
    if message.lower().startswith(_WRONG_CLOCK_TEXTS):
        return BackfillFailedError(
            ErrorKind.CREDENTIALS,
            f"The clock of this machine is wrong ({code}): {message}\n"
            "AWS accepts requests only if their time is right. Set the clock, for example with "
            "`timedatectl set-ntp true`, then run the command again.",
        )
    return BackfillFailedError(
        ErrorKind.CREDENTIALS,
        f"AWS does not accept the credentials ({code}).\n"
        "They may have expired or belong to another partition. Sign in again or run `aws configure`.",
    )


def translate_error(error: Exception, location: TableLocation) -> Exception:  # noqa: PLR0911 - one return for each kind of error
    """Translate a botocore error into one that says what is wrong and how to fix it.

    Args:
        error: The error that botocore raised.
        location: The table that the call went to.

    Returns:
        A `BackfillFailedError`. A `BackfillFailedError` or `RefusedError` is returned unchanged.
    """
    if isinstance(error, BackfillFailedError | RefusedError):
        return error
    if isinstance(error, _NO_CREDENTIALS):
        detail = "" if isinstance(error, boto.NoCredentialsError) else f"\n({error})"
        return BackfillFailedError(ErrorKind.CREDENTIALS, NO_CREDENTIALS + detail)
    if isinstance(error, boto.NoRegionError):
        option = "--region eu-west-1, or " if location.has_connection_options else ""
        return BackfillFailedError(
            ErrorKind.REGION,
            f"No AWS region is set.\nSet one: {option}export AWS_DEFAULT_REGION=eu-west-1.",
        )
    if isinstance(error, CONNECTION):
        return unreachable_error(error, location)
    if isinstance(error, boto.ClientError):
        code = error_code(error)
        if code == "ResourceNotFoundException":
            return BackfillFailedError(
                ErrorKind.TABLE,
                f"Table not found: {location.table!r} (region {location.region}, {location.endpoint})\n"
                "Verify table name and region:\n"
                f"  aws dynamodb describe-table --table-name {location.table} --region {location.region}",
            )
        if code in _BAD_CREDENTIALS:
            return _credentials_error(code, error_message(error))
        if not code.endswith("Exception"):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return not_dynamodb_error(location, f"HTTP status {status}")
        return _service_error(code, error)
    if "parse" in type(error).__name__.lower():
        return not_dynamodb_error(location, "its response can't be parsed")
    # The message of this error has the parameters, and so the values of an item.
    detail = type(error).__name__ if isinstance(error, boto.ParamValidationError) else str(error)
    return BackfillFailedError(ErrorKind.SERVICE, f"The call to {location.endpoint} failed: {detail}")


def _service_error(code: str, error: boto.ClientError) -> BackfillFailedError:
    """Return the error for a code that has no text of its own."""
    if error.operation_name in _TABLE_OPERATIONS:
        return BackfillFailedError(
            ErrorKind.SERVICE, f"DynamoDB answered {code} to {error.operation_name}: {error_message(error)}"
        )
    return BackfillFailedError(
        ErrorKind.SERVICE,
        f"DynamoDB answered {code} to {error.operation_name}. AWS's message is left out, because it can "
        "repeat values of users.\n"
        "The codes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
        "Programming.Errors.html",
    )
