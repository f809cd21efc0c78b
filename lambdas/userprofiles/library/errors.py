"""Translates the errors of the code that the library uses into the four kinds of the library."""

from http import HTTPStatus

from userprofiles.api.errors import ApiError
from userprofiles.library.profile_client import COGNITO_ERRORS
from userprofiles.library.result import ErrorKind, OperationError
from userprofiles.table.attribute_value import AttributeValueError
from userprofiles.table.store_errors import RecordTooLargeError, StoreBusyError, StoreError
from userprofiles.telemetry import error_code

TRANSLATED_ERRORS = (ApiError, AttributeValueError, StoreError, *COGNITO_ERRORS)
"""The errors that `translate_error` accepts."""

_INVALID_STATUSES = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_MISSING_STATUSES = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def not_found_error(details: str) -> OperationError:
    """Return the error for a user without a profile, or one that Cognito doesn't know."""
    return OperationError(ErrorKind.USER_NOT_FOUND, "User not found", details)


def erased_error() -> OperationError:
    """Return the error for an erased user."""
    return not_found_error("This user was erased. An erased user gets no new profile.")


def marked_error() -> OperationError:
    """Return the error for a user who is marked for deletion."""
    return not_found_error(
        "This user is marked for deletion. The user can restore the account until the grace period ends."
    )


def invalid_data_error(details: str, testing_details: str = "") -> OperationError:
    """Return the error for arguments that are not accepted."""
    return OperationError(ErrorKind.INVALID_DATA, "Invalid data", details, testing_details)


def translate_error(error: Exception) -> OperationError:
    """Translate an error of `TRANSLATED_ERRORS`."""
    if isinstance(error, ApiError):
        return _translate_api_error(error)
    if isinstance(error, AttributeValueError | RecordTooLargeError):
        return invalid_data_error(
            "The profile can't be stored. A record must have at most 400,000 bytes and values that DynamoDB "
            "accepts. Check the template and the user's attributes.",
            error_code(error),
        )
    code = error_code(error)
    service = "Cognito" if isinstance(error, COGNITO_ERRORS) else "DynamoDB"
    advice = (
        "Try again in a few seconds."
        if isinstance(error, StoreBusyError)
        else "Check table names, user pool ID, region, credentials and permissions."
    )
    return OperationError(
        ErrorKind.DATABASE_ERROR,
        "Database error",
        f"{service} returned {code}. {advice}",
        f"{type(error).__name__}: {code}",
    )


def _translate_api_error(error: ApiError) -> OperationError:
    if error.status in _MISSING_STATUSES:
        if error.status == HTTPStatus.NOT_FOUND:
            return not_found_error(str(error))
        return erased_error() if error.code == "erased" else marked_error()
    if error.status in _INVALID_STATUSES:
        problems = [f"{entry.pointer}: {entry.detail}" for entry in error.field_errors]
        return invalid_data_error("; ".join(problems) or str(error), error.code)
    return OperationError(ErrorKind.DATABASE_ERROR, "Database error", str(error), error.code)
