"""Turns errors of the ledger into errors of the backfill, and so into exit codes."""

from collections.abc import Iterator
from contextlib import contextmanager

from userprofiles.backfill.errors import BackfillError, BackfillFailedError, ErrorKind, RefusedError
from userprofiles.jobs.errors import (
    LeaseLostError,
    LedgerError,
    LedgerRefusedError,
    RunExistsError,
    RunLockedError,
    RunNotFoundError,
)

_REFUSED = (LeaseLostError, LedgerRefusedError, RunExistsError, RunLockedError, RunNotFoundError)


def translate_ledger_error(error: LedgerError) -> BackfillError:
    """Return the error of the backfill: rejected, or failed because the ledger can't be used."""
    if isinstance(error, _REFUSED):
        return RefusedError(str(error))
    return BackfillFailedError(ErrorKind.LEDGER, str(error))


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Raise errors of the ledger in this block as errors of the backfill."""
    try:
        yield
    except LedgerError as error:
        raise translate_ledger_error(error) from error
