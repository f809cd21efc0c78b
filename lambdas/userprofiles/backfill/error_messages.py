"""What stands in a run's way, in words: what is wrong, what was given, and how to mend it."""

from dataclasses import dataclass

from botocore import exceptions as boto

from userprofiles.backfill.errors import CannotGoOnError, ErrorKind, RefusedError

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
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.TokenRetrievalError,
    boto.SSOError,
)
CONNECTION = (boto.ConnectionError, boto.HTTPClientError)


@dataclass(frozen=True)
class Place:
    """Where the calls go; for messages only.

    Attributes:
        table: The table's name.
        region: The region, or None where the client has none.
        endpoint: The URL that the calls go to.
        options: Whether the command has options for region and endpoint.
    """

    table: str
    region: str | None
    endpoint: str
    options: bool = False

    @property
    def endpoint_setting(self) -> str:
        """What the user can set to change the endpoint."""
        return "--endpoint-url or AWS_ENDPOINT_URL" if self.options else "AWS_ENDPOINT_URL"


NO_CREDENTIALS = """Unable to locate credentials
Configure AWS credentials:
  aws configure
  # OR
  export AWS_ACCESS_KEY_ID=your_key
  export AWS_SECRET_ACCESS_KEY=your_secret
  export AWS_DEFAULT_REGION=ap-south-2"""


def error_code(error: boto.ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: boto.ClientError) -> str:
    """Return AWS's message of an error."""
    details = error.response.get("Error", {})
    return str(details.get("Message", "") or details.get("message", ""))


def access_denied(operation: str, place: Place) -> CannotGoOnError:
    """Return the message for a missing right that nothing can stand in for."""
    return CannotGoOnError(
        ErrorKind.RIGHTS,
        f"Access Denied (dynamodb:{operation} on table {place.table!r})\n"
        "Ensure the IAM user or role has these DynamoDB permissions on the table:\n"
        "  - dynamodb:Scan (to read users)\n"
        "  - dynamodb:GetItem (to check for existing profiles)\n"
        "  - dynamodb:PutItem (to create profiles)",
    )


def unreachable(error: Exception, place: Place) -> CannotGoOnError:
    """Return the message for an endpoint that can't be reached."""
    return CannotGoOnError(
        ErrorKind.NETWORK,
        f"Could not connect to DynamoDB at {place.endpoint} ({type(error).__name__}).\n"
        f"Check the network, the region and the endpoint URL ({place.endpoint_setting}).",
    )


def stranger(place: Place, seen: str) -> CannotGoOnError:
    """Return the message for an endpoint where something else answers."""
    return CannotGoOnError(
        ErrorKind.ENDPOINT,
        f"What answers at {place.endpoint} is not DynamoDB: {seen}.\n"
        f"Check the endpoint URL ({place.endpoint_setting}); leave it out to reach AWS itself.",
    )


def explain(error: Exception, place: Place) -> Exception:  # noqa: PLR0911 - one return for each kind of trouble
    """Turn an error of botocore into one that says what is wrong and how to mend it.

    Args:
        error: What botocore raised.
        place: Where the call went.

    Returns:
        A `CannotGoOnError` or `RefusedError`; the error itself where it is already one of ours.
    """
    if isinstance(error, CannotGoOnError | RefusedError):
        return error
    if isinstance(error, _NO_CREDENTIALS):
        detail = "" if isinstance(error, boto.NoCredentialsError) else f"\n({error})"
        return CannotGoOnError(ErrorKind.CREDENTIALS, NO_CREDENTIALS + detail)
    if isinstance(error, boto.NoRegionError):
        option = "--region eu-west-1, or " if place.options else ""
        return CannotGoOnError(
            ErrorKind.REGION,
            f"No AWS region is set.\nName one: {option}export AWS_DEFAULT_REGION=eu-west-1.",
        )
    if isinstance(error, CONNECTION):
        return unreachable(error, place)
    if isinstance(error, boto.ClientError):
        code = error_code(error)
        if code == "ResourceNotFoundException":
            return CannotGoOnError(
                ErrorKind.TABLE,
                f"Table not found: {place.table!r} (region {place.region}, {place.endpoint})\n"
                "Verify table name and region:\n"
                f"  aws dynamodb describe-table --table-name {place.table} --region {place.region}",
            )
        if code in _BAD_CREDENTIALS:
            return CannotGoOnError(
                ErrorKind.CREDENTIALS,
                f"AWS does not accept the credentials ({code}): {error_message(error)}\n"
                "They may have expired or belong to another partition; sign in again or run `aws configure`.",
            )
        if not code.endswith("Exception"):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return stranger(place, f"HTTP status {status}")
        return CannotGoOnError(ErrorKind.SERVICE, f"DynamoDB answered {code}: {error_message(error)}")
    if "parse" in type(error).__name__.lower():
        return stranger(place, "its answer can't be read")
    return CannotGoOnError(ErrorKind.SERVICE, f"The call to {place.endpoint} failed: {error}")
