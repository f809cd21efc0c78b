"""What can end a backfill, by kind: each front turns it into an exit code or an error name."""

from enum import StrEnum


class Kind(StrEnum):
    """Why a backfill could not start or go on."""

    CREDENTIALS = "credentials"
    REGION = "region"
    ENDPOINT = "endpoint"
    NETWORK = "network"
    TABLE = "table"
    RIGHTS = "rights"
    SERVICE = "service"
    REPORT = "report"


class BackfillError(Exception):
    """Base of the errors that a user of the backfill is told about without a traceback."""


class CannotGoOnError(BackfillError):
    """The backfill could not start or go on: credentials, table, rights or network.

    Args:
        kind: What stood in the way.
        message: What is wrong, what was given and how to mend it; may have several lines.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class RefusedError(BackfillError):
    """The backfill won't do what it was asked, because that could do harm (expected, no failure)."""


class StoppedError(BackfillError):
    """A stop was asked for while a call was waiting for its next attempt."""


class DeniedError(BackfillError):
    """AWS denied one action; the caller decides whether there is another way.

    Args:
        operation: The API operation, for example ``BatchGetItem``.
        detail: What AWS said.
    """

    def __init__(self, operation: str, detail: str) -> None:
        super().__init__(f"{operation} was denied: {detail}")
        self.operation = operation
        self.detail = detail


class InvalidRequestError(BackfillError):
    """DynamoDB found a request (or an item in it) invalid: repeating it as it is can't help."""


class ConditionFailedError(BackfillError):
    """A conditional write found an item in its way.

    Args:
        repeated: Whether an earlier attempt of the same call may have made that item.
    """

    def __init__(self, *, repeated: bool) -> None:
        super().__init__("an item is there already")
        self.repeated = repeated
