"""Errors that end a backfill. The commands turn them into exit codes, the state machine into error names."""

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
    STATE = "state"
    TOLERANCE = "tolerance"
    LEDGER = "ledger"
    OUTPUT = "output"


def error_json(kind: ErrorKind, message: str) -> str:
    """Return an error as `--json` prints it."""
    return json.dumps({"error": {"kind": kind, "message": message}})


class BackfillError(Exception):
    """The base of the errors that the commands print without a traceback.

    Attributes:
        kind: Why the backfill ended.
    """

    kind = ErrorKind.SERVICE


class BackfillFailedError(BackfillError):
    """The backfill could not start or continue: credentials, table, permissions or network.

    Args:
        kind: The cause.
        message: What is wrong, what was given and how to fix it. It may have several lines.
    """

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class RefusedError(BackfillError):
    """The request is rejected because it is wrong or unsafe. This is an expected result, not a failure."""

    kind = ErrorKind.REFUSED


class StoppedError(BackfillError):
    """A stop was requested while a call was waiting for its next attempt."""

    kind = ErrorKind.STOPPED


class DeniedError(BackfillError):
    """AWS denied one operation. The caller decides whether another operation can replace it.

    Args:
        operation: The API operation, for example ``BatchGetItem``.
        detail: AWS's message.
    """

    def __init__(self, operation: str, detail: str) -> None:
        super().__init__(f"{operation} was denied: {detail}")
        self.operation = operation
        self.detail = detail


class InvalidRequestError(BackfillError):
    """DynamoDB rejected a request, or an item in it, as invalid. A retry can't help."""


class ServerFaultError(BackfillError):
    """DynamoDB failed to execute a request in each of a limited number of tries.

    Args:
        code: DynamoDB's error code.
        message: DynamoDB's message.
        tries: The number of tries.
    """

    def __init__(self, code: str, message: str, tries: int) -> None:
        super().__init__(f"{code}: {message} ({tries} tries)")
        self.code = code


class ConditionFailedError(BackfillError):
    """The condition of a write failed: the item exists, or it has changed.

    Args:
        repeated: Whether an earlier attempt of the same call may have been executed.
    """

    def __init__(self, *, repeated: bool) -> None:
        super().__init__("the condition of the write failed")
        self.repeated = repeated
