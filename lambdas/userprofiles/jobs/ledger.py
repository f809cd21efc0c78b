"""The ledger: a record of each run and the progress of its units, locked by a lease with a fencing token."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from userprofiles.jobs.errors import LeaseLostError, RunLockedError, RunNotFoundError
from userprofiles.jobs.run_record import Request, RunRecord
from userprofiles.table import record as table_record

LEASE_S = 60.0
"""Seconds that a lease lasts after it was last renewed."""

CLOCK_SKEW_S = 30.0
"""Seconds that another process waits after the end of a lease: its clock may be ahead."""

DAMAGE_ADVICE = (
    "Restore it, or delete it. Without the record of a unit, its part of the source is processed again. "
    "Without the record of the run, it can't be resumed. Existing items are never changed."
)

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Lease:
    """The right to work on a run, or on one unit of a run.

    Attributes:
        run_id: The ID of the run.
        token: The fencing token. It is higher than that of every former lease; the ledger rejects a write
            with a lower token than the last one.
        until: The end of the lease in epoch seconds.
        unit: The number of the unit; None for the whole run.
    """

    run_id: str
    token: int
    until: float
    unit: int | None = None


class Ledger(Protocol):
    """Stores runs. `FileLedger` keeps them in a folder, `TableLedger` in a DynamoDB table of its own.

    Every method can raise a `LedgerError`.

    Attributes:
        options: The options with which a command finds the ledger.
    """

    options: Sequence[str]

    @property
    def name(self) -> str:
        """Where the ledger is, for messages: a folder, or the name of a table."""

    @property
    def is_billed(self) -> bool:
        """Whether each write costs money, so that few large ones are better than many small ones."""

    def create(self, record: RunRecord, lease_seconds: float = LEASE_S) -> Lease:
        """Store a new run, and lease it.

        Raises:
            RunExistsError: The ledger has a run with this ID.
            LedgerRefusedError: The ledger is the table that the run writes to.
        """

    def acquire(self, run_id: str, lease_seconds: float = LEASE_S) -> tuple[RunRecord, Lease]:
        """Lease a run that no other process works on. Its state becomes RUNNING, and its request is removed.

        Raises:
            RunNotFoundError: There is no such run.
            RunLockedError: The lease of another process has not ended.
        """

    def acquire_unit(
        self, run_id: str, unit: int, lease_seconds: float = LEASE_S
    ) -> tuple[Mapping[str, Any] | None, Lease]:
        """Lease one unit of a run whose units are processed by different processes.

        Returns:
            The stored progress of the unit, None for a new unit; and the lease.

        Raises:
            RunLockedError: The lease of another process has not ended.
        """

    def read(self, run_id: str) -> RunRecord:
        """Return a run.

        Raises:
            RunNotFoundError: There is no such run.
        """

    def list_runs(self) -> Iterator[RunRecord]:
        """Yield all runs, the newest first."""

    def is_locked(self, run_id: str) -> bool:
        """Return whether a process has the lease of the run."""

    def renew(self, lease: Lease, lease_seconds: float = LEASE_S, **changes: Any) -> tuple[RunRecord, Lease]:
        """Prolong a lease, store changed fields of the record, and return the record with its request.

        Args:
            lease: The lease of a run or of a unit.
            lease_seconds: The duration of the lease from now on.
            **changes: New values of fields of `RunRecord`. The lease of a unit can't change the record.

        Raises:
            LeaseLostError: Another process has taken over. Nothing was written.
        """

    def release(self, lease: Lease, **changes: Any) -> None:
        """End a lease, and store the last changes of the record.

        Raises:
            LeaseLostError: Another process has taken over. Nothing was written.
        """

    def request(self, run_id: str, request: Request | None) -> RunRecord:
        """Ask something of a run, or take it back. This needs no lease.

        Raises:
            RunNotFoundError: There is no such run.
        """

    def units_locked_until(self, run_id: str) -> float:
        """Return when the leases of all units have ended for other processes, in epoch seconds."""

    def save_units(
        self, lease: Lease, documents: Mapping[int, Mapping[str, Any]], keys: Sequence[str] = ()
    ) -> None:
        """Store the progress of units, and keys of items that they created.

        If the process ends during this call, keys may be stored without the progress, but never the other
        way round.

        Args:
            lease: The lease of the run, or of the only unit in `documents`.
            documents: The progress of units by their numbers. It replaces the former one.
            keys: Keys to add to the run's list of keys.

        Raises:
            LeaseLostError: Another process has taken over. Nothing was written.
        """

    def read_units(self, run_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the numbers and the progress of all stored units, in the order of their numbers."""

    def read_keys(self, run_id: str) -> Iterator[str]:
        """Yield all stored keys. A key can occur more than once, in any order."""


def command_line(ledger: Ledger, *words: str) -> str:
    """Return a command of `userprofiles` for a ledger, so that it can be pasted."""
    return shlex.join(["userprofiles", *words, *ledger.options])


def check_run_id(run_id: str) -> str:
    """Return the ID of a run if it is allowed. It is part of a path or key.

    Raises:
        RunNotFoundError: No run can have this ID.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise RunNotFoundError(
            f"No run has the ID {run_id!r}: allowed are letters, digits, - and _, at most 64. "
            "`userprofiles runs list` lists the runs of a ledger."
        )
    return run_id


def no_run(ledger: Ledger, run_id: str) -> RunNotFoundError:
    """Return the error for a run that the ledger does not have."""
    return RunNotFoundError(
        f"The ledger {ledger.name} has no run {run_id}. --ledger-table and --ledger-dir choose another "
        f"ledger.\nTo list its runs: {command_line(ledger, 'runs', 'list')}"
    )


def locked(ledger: Ledger, run_id: str, until: float | None, unit: int | None = None) -> RunLockedError:
    """Return the error for a run, or one of its units, that another process works on.

    Args:
        ledger: The ledger.
        run_id: The ID of the run.
        until: The end of the lease in epoch seconds; None if the lease ends with its process.
        unit: The number of the unit; None for the whole run.
    """
    name = run_id if unit is None else f"{run_id}, unit {unit}"
    end = ""
    if until is not None:
        time = table_record.timestamp(datetime.fromtimestamp(until + CLOCK_SKEW_S, UTC))
        end = f"\nIf the process was killed, the run can be resumed after {time}, when its lease has ended."
    return RunLockedError(
        f"Another process is working on run {name}.\n"
        f"Wait until it ends, or stop it: {command_line(ledger, 'runs', 'stop', run_id)}{end}"
    )


def lease_lost(ledger: Ledger, run_id: str) -> LeaseLostError:
    """Return the error for a lease that another process has taken over."""
    return LeaseLostError(
        f"Another process has taken over run {run_id}. This process stopped and wrote nothing more to the "
        f"ledger.\nTo watch the other process: {command_line(ledger, 'runs', 'watch', run_id)}"
    )
