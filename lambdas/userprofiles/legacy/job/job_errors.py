"""Turns errors of an import into errors of a command, and so into exit codes."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, RefusedError
from userprofiles.legacy.errors import LegacyError, SourceDamagedError, SourceUnavailableError
from userprofiles.telemetry import error_code

_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "NotAuthorizedException", "UnauthorizedException"}
)
_CHECK_CONNECTION = (
    "Check the credentials, the network, the region (--region) and the endpoint (--endpoint-url)."
)


EXPECTED_ERRORS = (BackfillError, LegacyError, boto.ClientError, boto.BotoCoreError)
"""Errors that end a command with a message."""


def translate_error(error: Exception) -> BackfillError:
    """Return the error of a command: rejected, or failed because AWS or the source can't be used."""
    if isinstance(error, BackfillError):
        return error
    if isinstance(error, boto.ClientError):
        return _service_error(error)
    if isinstance(error, boto.BotoCoreError):
        return BackfillFailedError(
            ErrorKind.NETWORK, f"A call to AWS failed ({type(error).__name__}).\n{_CHECK_CONNECTION}"
        )
    if isinstance(error, SourceDamagedError):
        return BackfillFailedError(
            ErrorKind.STATE,
            f"{error}\nRestore the file from the backup of the old database, or create a new dump. No plan "
            "is written. A run has processed the records before this place, and continues there.",
        )
    if isinstance(error, SourceUnavailableError):
        return BackfillFailedError(ErrorKind.NETWORK, str(error))
    return RefusedError(str(error))


def _service_error(error: boto.ClientError) -> BackfillFailedError:
    """Return the error for a code of AWS, without AWS's message: it can repeat values of users."""
    code, operation = error_code(error), error.operation_name
    if code in _DENIED:
        return BackfillFailedError(
            ErrorKind.RIGHTS,
            f"AWS denied {operation} ({code}).\nAdd the permission for {operation} to your IAM user or role, "
            "then resume the run.",
        )
    return BackfillFailedError(
        ErrorKind.SERVICE, f"AWS answered {code} to {operation}.\nFix the cause, then resume the run."
    )


@contextmanager
def command_errors() -> Iterator[None]:
    """Raise errors of an import in this block as errors of a command."""
    try:
        yield
    except BackfillError:
        raise
    except EXPECTED_ERRORS as error:
        raise translate_error(error) from error


def safe_message(error: BackfillError | None) -> str:
    """Return the first line of an error for the ledger. A message of AWS may repeat a value of a user."""
    if error is None:
        return ""
    if error.__cause__ is None or isinstance(error.__cause__, LegacyError):
        return str(error).splitlines()[0]
    return f"{error.kind}: {error_code(error.__cause__)}"
