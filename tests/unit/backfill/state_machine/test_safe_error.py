"""Errors whose text is safe to log. The handler's tests check the same for all its log lines."""

import itertools

import pytest
from backfill_fixtures import client_error
from userprofiles.backfill.errors import BackfillFailedError, DeniedError, ErrorKind
from userprofiles.backfill.state_machine.safe_error import root_cause, safe_error


def chain(*errors):
    """Set the cause of each error to the next one, and return the first."""
    for error, cause in itertools.pairwise(errors):
        error.__cause__ = cause
    return errors[0]


def test_our_own_error_without_a_cause_keeps_its_text():
    error = BackfillFailedError(ErrorKind.TABLE, "Segments are left.")

    safe = safe_error(error)

    assert (safe.kind, str(safe)) == (ErrorKind.TABLE, "Segments are left.")


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (ErrorKind.TABLE, "Check the table's name."),
        (ErrorKind.RIGHTS, "Check the permissions of the worker's role on the table."),
        (ErrorKind.REPORT, "Check the permissions of the worker's role on the bucket."),
        (ErrorKind.SERVICE, "Start the job again with the same input and runId."),
    ],
)
def test_message_of_the_cause_is_replaced_by_operation_code_and_advice(kind, advice):
    error = chain(BackfillFailedError(kind, "CANARY"), client_error("Scan", "SomeException", "CANARY"))

    safe = safe_error(error)

    assert (safe.kind, str(safe)) == (kind, f"Scan failed ({kind}): SomeException. {advice}")


def test_unexpected_error_is_named_by_its_class():
    safe = safe_error(ValueError("CANARY"))

    assert (safe.kind, str(safe)) == (ErrorKind.SERVICE, "Unexpected error: ValueError.")


def test_root_cause_is_below_all_errors_of_the_backfill():
    cause = client_error("Scan", "AccessDeniedException")
    error = chain(BackfillFailedError(ErrorKind.RIGHTS, "denied"), DeniedError("Scan", "denied"), cause)

    assert root_cause(error) is cause


def test_root_cause_of_an_error_without_a_cause_is_the_error():
    error = BackfillFailedError(ErrorKind.TABLE, "gone")

    assert root_cause(error) is error


@pytest.mark.parametrize(
    ("kind", "code"), [(ErrorKind.RIGHTS, "AccessDenied"), (ErrorKind.TABLE, "NoSuchKey")]
)
def test_advice_for_an_object_is_about_the_bucket(kind, code):
    """A worker gets the first code for a missing object if it may not list the bucket, else the second."""
    error = chain(BackfillFailedError(kind, "CANARY"), client_error("GetObject", code, "CANARY"))

    assert str(safe_error(error)) == (
        f"GetObject failed ({kind}): {code}. Check that the object exists, and the permissions of the "
        "worker's role on the bucket."
    )
