"""Results and errors of the library."""

from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """Why an operation failed."""

    ALREADY_EXISTS = "already_exists"
    USER_NOT_FOUND = "user_not_found"
    INVALID_DATA = "invalid_data"
    DATABASE_ERROR = "database_error"


@dataclass(frozen=True)
class ProfileCreationResult:
    """The result of an operation that creates or changes a profile.

    Attributes:
        success: Whether the operation did what its name says.
        message: One sentence for people.
        user_id: The ID that the caller passed.
        profile_id: The ID of the profile: its field `profile_id` if the template has one, else the user ID.
            None without a profile.
        error_details: What is wrong and how to fix it; None after a success. In testing mode, it is more
            detailed.
        error_kind: Why the operation failed; None after a success.
    """

    success: bool
    message: str
    user_id: str
    profile_id: str | None = None
    error_details: str | None = None
    error_kind: ErrorKind | None = None


class ProfileReadError(Exception):
    """A profile can't be read because of a database error. It may exist.

    Args:
        details: The error code of AWS and what to do.
    """

    def __init__(self, details: str) -> None:
        super().__init__(f"The profile can't be read: {details}")
        self.error_kind = ErrorKind.DATABASE_ERROR


class OperationError(Exception):
    """An operation failed. The library converts it to a result.

    Args:
        kind: Why it failed.
        message: One sentence without a value of a user.
        details: What is wrong and how to fix it.
        testing_details: Additional details for testing mode, such as the fields that are not accepted.
    """

    def __init__(self, kind: ErrorKind, message: str, details: str, testing_details: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.details = details
        self.testing_details = testing_details
