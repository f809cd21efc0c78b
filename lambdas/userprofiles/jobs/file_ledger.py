"""A ledger in a folder of this machine. It locks runs against other processes of this machine only."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from userprofiles.jobs.errors import LedgerError, RunExistsError, RunNotFoundError
from userprofiles.jobs.ledger import (
    CLOCK_SKEW_S,
    LEASE_S,
    Lease,
    check_run_id,
    lease_lost,
    locked,
    no_run,
)
from userprofiles.jobs.ledger_files import KEYS, RUN, UNIT, damage_error, deleted_error, lease_path
from userprofiles.jobs.private_files import append_lines, is_locked, lock_file, read_lines, write_document
from userprofiles.jobs.run_record import Request, RunRecord, RunState
from userprofiles.table import record as table_record

_DAMAGES = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class FileLedger:
    """Stores each run in a folder of its own: `run.json`, `units/<number>.json` and `keys.jsonl`.

    A lease is a time in the document of its run or unit. While its process lives, it also locks a file
    `….lease`, so that the run of a killed process can be resumed at once.

    Args:
        folder: The folder of all runs.
        clock: Returns epoch seconds.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.options: Sequence[str] = ("--ledger-dir", str(folder))
        self._folder = folder
        self._clock = clock
        self._held: dict[tuple[str, int | None], int] = {}

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    is_billed = False

    def create(self, record: RunRecord, lease_seconds: float = LEASE_S) -> Lease:
        """Store a new run, and lease it."""
        with self._errors():
            run_folder = self._run_folder(record.run_id)
            for folder in (self._folder, run_folder, run_folder / "units"):  # `mode` does not affect parents
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._exclusive(record.run_id):
                path = self._path(record.run_id)
                if path.exists():
                    raise RunExistsError(f"The ledger {self.name} has a run {record.run_id} already.")
                return self._take(path, {"token": 0, "request": None}, record, lease_seconds)

    def acquire(self, run_id: str, lease_seconds: float = LEASE_S) -> tuple[RunRecord, Lease]:
        """Lease a run that no other process works on."""
        with self._errors(), self._exclusive(run_id):
            path = self._path(run_id)
            document = self._read(path)
            if self._is_locked(path, document):
                raise locked(self, run_id, None)
            record = self._record(path, document).replace(state=RunState.RUNNING, request=None, message="")
            return record, self._take(path, document | {"request": None}, record, lease_seconds)

    def _take(
        self, path: Path, document: Mapping[str, Any], record: RunRecord, lease_seconds: float
    ) -> Lease:
        """Write the document of a run with the next token, and hold the lock of its lease."""
        token, until = document["token"] + 1, self._clock() + lease_seconds
        values = {**document, "token": token, "until": until}
        write_document(path, values | {"record": self._stamp(record).to_json()})
        self._hold(path, token, (record.run_id, None))
        return Lease(record.run_id, token, until)

    def acquire_unit(
        self, run_id: str, unit: int, lease_seconds: float = LEASE_S
    ) -> tuple[Mapping[str, Any] | None, Lease]:
        """Lease one unit of a run whose units are processed by different processes."""
        with self._errors(), self._exclusive(run_id):
            path = self._path(run_id, unit)
            document: dict[str, Any] = {"token": 0, "until": 0.0, "progress": None}
            if path.exists():
                document = self._read(path)
            if self._is_locked(path, document):
                raise locked(self, run_id, None, unit)
            token, until = document["token"] + 1, self._clock() + lease_seconds
            write_document(path, document | {"token": token, "until": until})
            self._hold(path, token, (run_id, unit))
            return document["progress"], Lease(run_id, token, until, unit)

    def read(self, run_id: str) -> RunRecord:
        """Return a run."""
        with self._errors():
            path = self._path(run_id)
            return self._record(path, self._read(path))

    def list_runs(self) -> Iterator[RunRecord]:
        """Yield all runs, the newest first."""
        with self._errors():
            paths = sorted(self._folder.glob(f"*/{RUN}"), reverse=True)
        for path in paths:
            with suppress(RunNotFoundError):  # deleted in the meantime
                yield self.read(path.parent.name)

    def is_locked(self, run_id: str) -> bool:
        """Return whether a process has the lease of the run."""
        with self._errors():
            path = self._path(run_id)
            return self._is_locked(path, self._read(path))

    def renew(self, lease: Lease, lease_seconds: float = LEASE_S, **changes: Any) -> tuple[RunRecord, Lease]:
        """Prolong a lease, store changed fields of the record, and return the record with its request."""
        with self._errors(), self._exclusive(lease.run_id):
            path, document = self._fenced(lease)
            until = self._clock() + lease_seconds
            renewed = Lease(lease.run_id, lease.token, until, lease.unit)
            if lease.unit is not None:
                write_document(path, document | {"until": until})
                return self.read(lease.run_id), renewed
            record = self._stamp(self._record(path, document).replace(**changes))
            write_document(path, document | {"until": until, "record": record.to_json()})
            return record, renewed

    def release(self, lease: Lease, **changes: Any) -> None:
        """End a lease, and store the last changes of the record."""
        with self._errors(), self._exclusive(lease.run_id):
            path, document = self._fenced(lease)
            values = {**document, "token": lease.token + 1, "until": 0.0}
            if lease.unit is None:
                values["record"] = self._stamp(self._record(path, document).replace(**changes)).to_json()
            write_document(path, values)
            self._drop(path, (lease.run_id, lease.unit))

    def request(self, run_id: str, request: Request | None) -> RunRecord:
        """Ask something of a run, or take it back."""
        with self._errors():
            path = self._path(run_id)
            self._read(path)
            with self._exclusive(run_id):
                document = self._read(path) | {"request": request}
                write_document(path, document)
                return self._record(path, document)

    def units_locked_until(self, run_id: str) -> float:
        """Return when the leases of all units have ended for other processes, in epoch seconds."""
        with self._errors():
            paths = self._path(run_id, 0).parent.glob("*.json")
            documents = [(path, self._read(path)) for path in paths]
            ends = [document["until"] for path, document in documents if self._is_locked(path, document)]
        return max(ends, default=0.0) + CLOCK_SKEW_S

    def save_units(
        self, lease: Lease, documents: Mapping[int, Mapping[str, Any]], keys: Sequence[str] = ()
    ) -> None:
        """Store the progress of units, and keys of items that they created."""
        with self._errors(), self._exclusive(lease.run_id):
            _, leased = self._fenced(lease)
            if keys:
                append_lines(self._run_folder(lease.run_id) / KEYS, keys)
            for unit, progress in documents.items():
                path = self._path(lease.run_id, unit)
                values = {"token": lease.token, "until": leased["until"]}
                if lease.unit is None:  # a worker with an older lease of the unit can write nothing more
                    token = self._read(path)["token"] if path.exists() else 0
                    values = {"token": token + 1, "until": 0.0}
                write_document(path, {**values, "progress": progress})

    def read_units(self, run_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the numbers and the progress of all stored units, in the order of their numbers."""
        with self._errors():
            numbers = sorted(
                int(path.stem)
                for path in self._path(run_id, 0).parent.glob("*.json")
                if path.stem.isdecimal()
            )
        for unit in numbers:
            with self._errors():
                progress = self._read(self._path(run_id, unit))["progress"]
            if progress is not None:
                yield unit, progress

    def read_keys(self, run_id: str) -> Iterator[str]:
        """Yield all stored keys. A key can occur more than once, in any order."""
        path = self._run_folder(run_id) / KEYS
        with self._errors():
            try:
                yield from read_lines(path)
            except _DAMAGES as error:
                raise damage_error(path, error) from error

    def _run_folder(self, run_id: str) -> Path:
        return self._folder / check_run_id(run_id)

    def _path(self, run_id: str, unit: int | None = None) -> Path:
        return self._run_folder(run_id) / (RUN if unit is None else UNIT.format(unit))

    def _read(self, path: Path) -> dict[str, Any]:
        """Read the document of a run or a unit.

        Raises:
            RunNotFoundError: There is no such run.
            LedgerError: The file is damaged.
        """
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            document |= {"token": int(document["token"]), "until": float(document["until"])}
            progress = document.get("progress")
            if path.name != RUN and progress is not None and not isinstance(progress, dict):
                raise ValueError("progress must be an object")
        except FileNotFoundError as error:
            raise no_run(self, path.parent.name) from error
        except _DAMAGES as error:
            raise damage_error(path, error) from error
        return document

    def _record(self, path: Path, document: Mapping[str, Any]) -> RunRecord:
        try:
            record = RunRecord.from_json({**document["record"], "request": document["request"]})
            if record.run_id != path.parent.name:
                raise ValueError(f"it has the run ID {record.run_id!r}")
        except _DAMAGES as error:
            raise damage_error(path, error) from error
        return record

    def _stamp(self, record: RunRecord) -> RunRecord:
        return record.replace(updated_at=table_record.timestamp(datetime.fromtimestamp(self._clock(), UTC)))

    def _fenced(self, lease: Lease) -> tuple[Path, dict[str, Any]]:
        """Return the leased document.

        Raises:
            LeaseLostError: Its token is another one.
        """
        path = self._path(lease.run_id, lease.unit)
        held = self._held.get((lease.run_id, lease.unit))
        try:
            document = self._read(path)
        except RunNotFoundError as error:
            raise deleted_error(path) from error
        # A renewal can write a file again while its folder is deleted. Then the file of the lease is missing.
        if held is not None and document["token"] == lease.token and not os.fstat(held).st_nlink:
            raise deleted_error(path)
        if document["token"] != lease.token:
            raise lease_lost(self, lease.run_id)
        return path, document

    def _is_locked(self, path: Path, document: Mapping[str, Any]) -> bool:
        """Return whether the lease of a document has not ended, and its process lives."""
        has_ended = self._clock() >= document["until"] + CLOCK_SKEW_S
        return not has_ended and is_locked(lease_path(path, document["token"]))

    def _hold(self, path: Path, token: int, key: tuple[str, int | None]) -> None:
        """Lock the file of a lease while this process lives, and delete those of former leases."""
        self._drop(path, key)
        descriptor = lock_file(lease_path(path, token), wait=False)
        if descriptor is not None:
            self._held[key] = descriptor

    def _drop(self, path: Path, key: tuple[str, int | None]) -> None:
        for former in path.parent.glob(f"{path.stem}.*.lease"):
            former.unlink(missing_ok=True)
        if key in self._held:
            os.close(self._held.pop(key))

    @contextmanager
    def _exclusive(self, run_id: str) -> Iterator[None]:
        """Let one process at a time change a run."""
        folder = self._run_folder(run_id)
        if not folder.is_dir():
            raise no_run(self, run_id)
        descriptor = lock_file(folder / "lock", wait=True)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors of the file system into errors of the ledger."""
        try:
            yield
        except OSError as error:
            raise LedgerError(
                f"The ledger {self.name} can't be read or written: {error.strerror}.\n"
                "Free space, make the folder writable, or use another folder: --ledger-dir DIR."
            ) from error
