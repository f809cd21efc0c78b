"""A ledger in a DynamoDB table of its own. It locks runs against every process that uses the same table."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from userprofiles.jobs.errors import LedgerError, LedgerRefusedError, RunExistsError
from userprofiles.jobs.ledger import CLOCK_SKEW_S, DAMAGE_ADVICE, LEASE_S, Lease, lease_lost, locked, no_run
from userprofiles.jobs.ledger_items import (
    JSON_FIELDS,
    KEYS_PREFIX,
    RUN_PREFIX,
    RUNS,
    UNIT_PREFIX,
    Action,
    decompress,
    keys_item,
    lease_key,
    put,
    record_values,
    run_key,
    split_actions,
    split_keys,
    unit_key,
    update,
)
from userprofiles.jobs.ledger_progress import LedgerProgress, save_unit
from userprofiles.jobs.ledger_table import ConditionError, Item, LedgerTable
from userprofiles.jobs.run_record import Request, RunRecord, RunState
from userprofiles.table import record as table_record

_PROBE_ROWS = 25
_DAMAGES = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class TableLedger:
    """Stores runs in a table with the keys PK and SK.

    ===============  ==========================  ==================================================
    PK               SK                          item
    ===============  ==========================  ==================================================
    ``RUN#<run>``    ``RUN``                     the record of a run
    ``RUN#<run>``    ``LEASE``                   its lease
    ``RUN#<run>``    ``UNIT#<000000>``           the progress of a unit, and its lease
    ``RUN#<run>``    ``PART#<000000>#<lease>``   a large progress
    ``RUN#<run>``    ``KEYS#<000000>#<random>``  keys of items that the run created
    ``RUNS``         ``<run>``                   the list of all runs
    ===============  ==========================  ==================================================

    Args:
        client: A botocore DynamoDB client.
        table: The name of the table.
        clock: Returns epoch seconds.
    """

    def __init__(self, client: Any, table: str, clock: Callable[[], float] = time.time) -> None:
        self.options: Sequence[str] = ("--ledger-table", table)
        self._table = LedgerTable(client, table)
        self._progress = LedgerProgress(self._table)
        self._clock = clock

    @property
    def name(self) -> str:
        """The name of the table."""
        return self._table.name

    is_billed = True

    def check(self) -> None:
        """Check that the table is one for a ledger, and not a table of users.

        Raises:
            LedgerRefusedError: It has other keys or other rows.
            LedgerError: The table can't be read.
        """
        table = self._table.call("DescribeTable", TableName=self.name)["Table"]
        types = {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}
        keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
        if keys != {"HASH": "PK", "RANGE": "SK"} or {types["PK"], types["SK"]} != {"S"}:
            raise LedgerRefusedError(
                f"The table {self.name!r} can't be a ledger: its key is {', '.join(keys.values())}, must be "
                "the strings PK and SK.\nUse the table of the component JobLedger, or create an empty one."
            )
        rows = self._table.call("Scan", TableName=self.name, Limit=_PROBE_ROWS, ConsistentRead=True)["Items"]
        if any(not row["PK"]["S"].startswith((RUN_PREFIX, RUNS)) for row in rows):
            raise LedgerRefusedError(
                f"The table {self.name!r} can't be a ledger: it has other rows, such as users.\n"
                "In a table of users, a row of the ledger could be read as a user. Use a table of its own."
            )

    def create(self, record: RunRecord, lease_seconds: float = LEASE_S) -> Lease:
        """Store a new run, and lease it."""
        if self._is_own_table(record):
            raise LedgerRefusedError(
                f"The table {self.name!r} can't be the ledger of this run, because the run writes to it.\n"
                "Use another table for --ledger-table, or a folder: --ledger-dir DIR."
            )
        lease = Lease(record.run_id, 1, self._clock() + lease_seconds)
        lease_item = {**lease_key(record.run_id), "token": lease.token, "until": lease.until}
        listing = {"PK": RUNS, "SK": record.run_id}
        new_item = run_key(record.run_id) | record_values(self._stamp(record).to_json())
        try:
            self._table.transact([put(new_item, is_new=True), put(lease_item), put(listing)])
        except ConditionError:
            raise RunExistsError(f"The ledger {self.name} has a run {record.run_id} already.") from None
        return lease

    def _is_own_table(self, record: RunRecord) -> bool:
        if not record.table.startswith("arn:"):
            return self.name in (record.table, record.job.get("table"))
        parts = record.table.split(":")
        return parts[3] == self._table.region and parts[-1] == f"table/{self.name}"

    def acquire(self, run_id: str, lease_seconds: float = LEASE_S) -> tuple[RunRecord, Lease]:
        """Lease a run that no other process works on."""
        changes = {"state": RunState.RUNNING, "message": "", "updated_at": self._now()}
        record = self.read(run_id).replace(**changes, request=None)
        action = {"Update": update(run_key(run_id), changes, {}, remove=("request",))}
        return record, self._take(run_id, self._table.get(lease_key(run_id)), lease_seconds, also=[action])

    def acquire_unit(
        self, run_id: str, unit: int, lease_seconds: float = LEASE_S
    ) -> tuple[Mapping[str, Any] | None, Lease]:
        """Lease one unit of a run whose units are processed by different processes."""
        item = self._table.get(unit_key(run_id, unit))
        lease = self._take(run_id, item, lease_seconds, unit=unit)
        return self._read_progress(item) if item else None, lease

    def _take(
        self,
        run_id: str,
        item: Item | None,
        lease_seconds: float,
        *,
        unit: int | None = None,
        also: Sequence[Action] = (),
    ) -> Lease:
        """Write the next token to the lease of a run or a unit, unless this lease has not ended.

        Raises:
            RunLockedError: It has not ended, or another process took it at the same time.
        """
        now = self._clock()
        token, until = self._lease_values(item) if item else (0, 0.0)
        if now < until + CLOCK_SKEW_S:
            raise locked(self, run_id, until, unit)
        lease = Lease(run_id, token + 1, now + lease_seconds, unit)
        condition = {"token": token, "until": until} if item else None
        values = {"token": lease.token, "until": lease.until}
        action = {"Update": update(lease_key(run_id, unit), values, condition)}
        try:
            self._table.transact([action, *also])
        except ConditionError:
            raise locked(self, run_id, lease.until, unit) from None
        return lease

    def read(self, run_id: str) -> RunRecord:
        """Return a run."""
        return self._record(self._run_item(run_id))

    def list_runs(self) -> Iterator[RunRecord]:
        """Yield all runs, the newest first."""
        run_ids = [item["SK"]["S"] for item in self._table.query(RUNS, newest_first=True)]
        for start in range(0, len(run_ids), 100):
            items = self._table.get_all([run_key(run_id) for run_id in run_ids[start : start + 100]])
            yield from sorted(map(self._record, items), key=lambda record: record.run_id, reverse=True)

    def is_locked(self, run_id: str) -> bool:
        """Return whether a process has the lease of the run."""
        self._run_item(run_id)
        item = self._table.get(lease_key(run_id))
        return item is not None and self._clock() < self._lease_values(item)[1] + CLOCK_SKEW_S

    def renew(self, lease: Lease, lease_seconds: float = LEASE_S, **changes: Any) -> tuple[RunRecord, Lease]:
        """Prolong a lease, store changed fields of the record, and return the record with its request."""
        renewed = Lease(lease.run_id, lease.token, self._clock() + lease_seconds, lease.unit)
        if changes:
            self._write(lease, {"until": renewed.until}, [self._change_record(lease.run_id, changes)])
            return self.read(lease.run_id), renewed
        # Many workers renew the lease of one run. Unlike transactions, single updates have no conflicts.
        try:
            self._table.update(self._fence(lease, {"until": renewed.until}))
            if lease.unit is not None:
                return self.read(lease.run_id), renewed
            item = self._table.update(self._change_record(lease.run_id, {})["Update"])
        except ConditionError:
            raise lease_lost(self, lease.run_id) from None
        return self._record(item), renewed

    def release(self, lease: Lease, **changes: Any) -> None:
        """End a lease, and store the last changes of the record."""
        record_change = [self._change_record(lease.run_id, changes)] if lease.unit is None else []
        self._write(lease, {"token": lease.token + 1, "until": 0.0}, record_change)

    def _change_record(self, run_id: str, changes: Mapping[str, Any]) -> Action:
        values = {**record_values(changes), "updated_at": self._now()}
        return {"Update": update(run_key(run_id), values, {})}

    def request(self, run_id: str, request: Request | None) -> RunRecord:
        """Ask something of a run, or take it back."""
        changes = {"updated_at": self._now(), **({"request": request} if request else {})}
        remove = () if request else ("request",)
        try:
            return self._record(self._table.update(update(run_key(run_id), changes, {}, remove=remove)))
        except ConditionError:
            raise no_run(self, run_id) from None

    def units_locked_until(self, run_id: str) -> float:
        """Return when the leases of all units have ended for other processes, in epoch seconds."""
        items = self._table.query(run_key(run_id)["PK"], UNIT_PREFIX)
        return max((self._lease_values(item)[1] for item in items), default=0.0) + CLOCK_SKEW_S

    def save_units(
        self, lease: Lease, documents: Mapping[int, Mapping[str, Any]], keys: Sequence[str] = ()
    ) -> None:
        """Store the progress of units, and keys of items that they created."""
        item = self._table.get(lease_key(lease.run_id, lease.unit))
        if item is None or self._lease_values(item)[0] != lease.token:
            raise lease_lost(self, lease.run_id)
        # Keys are not in the transaction, which costs twice as much: this run did create their profiles.
        for part in split_keys(keys):
            self._table.put(keys_item(lease, part))
        values = {unit: self._progress.store(lease, unit, value) for unit, value in documents.items()}
        if lease.unit is not None:
            self._write(lease, {"progress": values[lease.unit]} if values else {"saved_at": self._now()}, [])
            return
        for group in split_actions([save_unit(lease.run_id, *value) for value in values.items()]):
            self._write(lease, {"saved_at": self._now()}, group)

    def _write(self, lease: Lease, changes: Mapping[str, Any], also: Sequence[Action]) -> None:
        """Write changes to a lease, and further items in the same transaction.

        Raises:
            LeaseLostError: The token is another one. Nothing was written.
        """
        try:
            self._table.transact([{"Update": self._fence(lease, changes)}, *also])
        except ConditionError:
            raise lease_lost(self, lease.run_id) from None

    def _fence(self, lease: Lease, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of an update that fails if the token of a lease is another one."""
        return update(lease_key(lease.run_id, lease.unit), changes, {"token": lease.token})

    def read_units(self, run_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the numbers and the progress of all stored units, in the order of their numbers."""
        for item in self._table.query(run_key(run_id)["PK"], UNIT_PREFIX):
            progress = self._read_progress(item)
            if progress is not None:
                yield int(item["SK"]["S"].removeprefix(UNIT_PREFIX)), progress

    def read_keys(self, run_id: str) -> Iterator[str]:
        """Yield all stored keys. A key can occur more than once, in any order."""
        for item in self._table.query(run_key(run_id)["PK"], KEYS_PREFIX):
            try:
                yield from decompress(item["keys"])
            except _DAMAGES as error:
                raise self._damage(item, error) from error

    def _run_item(self, run_id: str) -> Item:
        item = self._table.get(run_key(run_id))
        if item is None:
            raise no_run(self, run_id)
        return item

    def _record(self, item: Item) -> RunRecord:
        try:
            values = {name: next(iter(attribute.values())) for name, attribute in item.items()}
            documents = {name: decompress(item[name]) for name in JSON_FIELDS}
            record = RunRecord.from_json({**values, **documents})
            if f"{RUN_PREFIX}{record.run_id}" != values["PK"]:
                raise ValueError("another run ID")
        except _DAMAGES as error:
            raise self._damage(item, error) from error
        return record

    def _read_progress(self, item: Item) -> Mapping[str, Any] | None:
        try:
            return self._progress.read(item) or None
        except _DAMAGES as error:
            raise self._damage(item, error) from error

    def _lease_values(self, item: Item) -> tuple[int, float]:
        try:
            return int(item["token"]["N"]), float(item["until"]["N"])
        except _DAMAGES as error:
            raise self._damage(item, error) from error

    def _damage(self, item: Item, error: Exception) -> LedgerError:
        return LedgerError(
            f"The item {item['PK']['S']} / {item['SK']['S']} of the ledger table {self.name!r} is damaged "
            f"({type(error).__name__}).\n{DAMAGE_ADVICE}"
        )

    def _now(self) -> str:
        return table_record.timestamp(datetime.fromtimestamp(self._clock(), UTC))

    def _stamp(self, record: RunRecord) -> RunRecord:
        return record.replace(updated_at=self._now())
