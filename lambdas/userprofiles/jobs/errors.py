"""Errors of the ledger. The commands turn them into messages and exit codes."""


class LedgerError(Exception):
    """The ledger can't be read or written. The message says what to do."""


class LedgerRefusedError(LedgerError):
    """The table or folder can't be used as a ledger, because it has something else in it."""


class RunNotFoundError(LedgerError):
    """The ledger has no run with this ID."""


class RunExistsError(LedgerError):
    """The ledger has a run with this ID already."""


class RunLockedError(LedgerError):
    """Another process works on the run: its lease has not ended."""


class LeaseLostError(LedgerError):
    """Another process has taken over the run, or its lease was changed. Nothing was written."""
