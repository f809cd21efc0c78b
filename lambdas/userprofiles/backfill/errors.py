"""What can end a backfill, by kind: each front turns it into an exit code or an error name."""

import json
from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a backfill ended early, as `--json` prints it."""

    USAGE = "usage"
    REFUSED = "refused"
    STOPPED = "stopped"
    CREDENTIALS = "credentials"
    REGION = "region"
    ENDPOINT = "endpoint"
    NETWORK = "network"
    TABLE = "table"
    RIGHTS = "rights"
    SERVICE = "service"
    REPORT = "report"


def error_json(kind: ErrorKind, message: str) -> str:
    """Return an error as `--json` prints it."""
    return json.dumps({"error": {"kind": kind, "message": message}})


class BackfillError(Exception):
    """Base of the errors that the commands print without a traceback.

    Attributes:
        kind: Why the backfill ended.
    """

    kind = ErrorKind.SERVICE


class CannotGoOnError(BackfillError):
    """The backfill could not start or go on: credentials, table, rights or network.

    Args:
        kind: The cause.
        message: What is wrong, what was given and how to fix it; may have several lines.
    """

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class RefusedError(BackfillError):
    """The request could do harm or can't be carried out; an expected answer and not a failure."""

    kind = ErrorKind.REFUSED


class StoppedError(BackfillError):
    """A stop was requested while a call was waiting for its next attempt."""

    kind = ErrorKind.STOPPED


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
