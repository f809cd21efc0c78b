"""Turns an error into one whose text is safe to log.

Lambda logs the text of an error that a handler raises, and Step Functions shows it. The text must not have
messages of AWS and Python, because they may repeat a value of an item.
"""

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind
from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.quarantine import QuarantineError
from userprofiles.telemetry import error_code

_OURS = (BackfillError, LedgerError, QuarantineError)
_ADVICE = {
    ErrorKind.TABLE: "Check the table's name.",
    ErrorKind.RIGHTS: "Check the permissions of the worker's role on the table.",
    ErrorKind.LEDGER: "Check the ledger table, and the permissions of the worker's role on it.",
    ErrorKind.STATE: "Check the permissions of the worker's role on the bucket.",
    ErrorKind.REPORT: "Check the permissions of the worker's role on the bucket.",
}
_BUCKET_OPERATIONS = frozenset({"GetObject", "HeadObject", "ListObjectsV2", "PutObject"})
_CHECK_BUCKET = "Check that the object exists, and the permissions of the worker's role on the bucket."

_ALLOW_ROLLBACK = (
    "A rollback by the state machine requires the setting migrationAllowRollback (allow_rollback of "
    "MigrationJob). `userprofiles backfill rollback` with --engine local needs only your own permissions."
)


def safe_error(error: Exception) -> BackfillFailedError:
    """Return the error to raise instead: its text has no message of AWS or Python.

    The text of a BackfillFailedError without a cause is our own and stays. With a cause, it may repeat the
    message of the cause. Then the new text has only the operation and the error code of the cause.
    """
    cause = root_cause(error)
    code = error_code(cause)
    if not isinstance(error, BackfillFailedError):
        return BackfillFailedError(ErrorKind.SERVICE, f"Unexpected error: {code}.")
    if cause is error:
        return BackfillFailedError(error.kind, str(error))
    operation = getattr(cause, "operation_name", "The call")
    if operation == "DeleteItem" and error.kind is ErrorKind.RIGHTS:
        return BackfillFailedError(error.kind, f"DeleteItem failed ({error.kind}): {code}. {_ALLOW_ROLLBACK}")
    if operation in _BUCKET_OPERATIONS:
        return BackfillFailedError(error.kind, f"{operation} failed ({error.kind}): {code}. {_CHECK_BUCKET}")
    advice = _ADVICE.get(error.kind, "Start the job again with the same input and runId.")
    return BackfillFailedError(error.kind, f"{operation} failed ({error.kind}): {code}. {advice}")


def root_cause(error: BaseException) -> BaseException:
    """Return the first cause that is not an error of our own; without such a cause, the last error."""
    while isinstance(error, _OURS) and (cause := error.__cause__ or error.__context__):
        error = cause
    return error
