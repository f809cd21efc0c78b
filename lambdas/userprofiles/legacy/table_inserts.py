"""Inserts items into the users table by many threads, and never changes an existing item."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.outcome import Outcome, ProfileResult
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.key_reader import ItemKey, KeyReader, item_key
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.backfill.targets.item_inserter import CREATED, EXISTED, ItemInserter
from userprofiles.jobs.pacing import Pacer
from userprofiles.legacy.table_calls import TableCalls, ignore_warning
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue, AttributeValueError, item_size, serialize_item
from userprofiles.table.record import Item

TypedItem = Mapping[str, AttributeValue]

TOO_LARGE = f"the item has more than {record.LARGEST_ITEM_BYTES:,} bytes"
REJECTED = "DynamoDB rejected the item"

_WRITE_UNIT_BYTES = 1024


@dataclass(frozen=True, slots=True)
class InsertResult:
    """The result for one item.

    Attributes:
        outcome: `created` if this run inserted the item, now or before it was killed; `existed` if the key
            belongs to an item of another writer.
        reason: Why the insert failed, without any value of the item; empty for other outcomes.
        write_units: The write units that the insert consumes. A failed condition consumes them, too.
    """

    outcome: Literal["created", "existed", "failed"]
    reason: str = ""
    write_units: float = 0.0


class TableInserts:
    """Inserts items on the condition that their keys don't exist. Its methods may be called by any thread.

    An item that exists with the same `migrationRunId` was inserted by this run, whose response was lost or
    whose process was killed. So a repeated call has the same results.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the users table.
        threads: Calls at the same time.
        pacer: Paces the writes of all threads; None for no limit.
        stop: The request to stop the run.
        limits: Sizes and pauses.
        warn: Receives a message if a batch operation is denied, and single calls replace it.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        threads: int = 8,
        pacer: Pacer | None = None,
        stop: Stop | None = None,
        limits: Limits | None = None,
        warn: Callable[[str], None] = ignore_warning,
    ) -> None:
        self._calls = TableCalls(client, table, pacer=pacer, stop=stop, limits=limits, warn=warn)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="insert")

    def close(self) -> None:
        """End the threads, after the calls that they are making."""
        self._pool.shutdown()

    def insert(self, items: Sequence[Item]) -> list[InsertResult]:
        """Insert items. Return one result for each, in the same order.

        Of several items with the same key, the first is inserted, and all have its result.

        Args:
            items: Items as plain Python values, in any number.

        Raises:
            BackfillFailedError: The table can't be written, or no call succeeds.
            StoppedError: A stop was requested. Some items may have been created.
        """
        results: dict[ItemKey, InsertResult] = {}
        typed_items: dict[ItemKey, TypedItem] = {}
        keys = [(str(item["PK"]), str(item["SK"])) for item in items]
        for key, item in zip(keys, items, strict=True):
            if key not in typed_items and key not in results:
                problem = self._prepare(key, item, typed_items)
                if problem is not None:
                    results[key] = problem
        batches = list(self._split(list(typed_items.values())))
        for inserted in self._pool.map(self._insert_batch, batches):
            results |= inserted
        return [results[key] for key in keys]

    @staticmethod
    def _prepare(key: ItemKey, item: Item, typed_items: dict[ItemKey, TypedItem]) -> InsertResult | None:
        """Add an item in DynamoDB's JSON, or return why it can't be inserted."""
        try:
            typed_item = serialize_item(item)
        except AttributeValueError as error:
            return InsertResult("failed", str(error))
        if record.is_too_large(typed_item):
            return InsertResult("failed", TOO_LARGE)
        typed_items[key] = typed_item
        return None

    def _split(self, items: Sequence[TypedItem]) -> Iterator[Sequence[TypedItem]]:
        """Split items into the batches of the threads. `ItemInserter` splits a batch with too many bytes."""
        size = self._calls.limits.insert_batch_items
        for start in range(0, len(items), size):
            yield items[start : start + size]

    def _insert_batch(self, items: Sequence[TypedItem]) -> dict[ItemKey, InsertResult]:
        results: dict[ItemKey, ProfileResult] = {}
        self._inserter().insert(items, results)
        return {item_key(item): _insert_result(results[item_key(item)], item) for item in items}

    def _inserter(self) -> ItemInserter:
        calls = self._calls
        return ItemInserter(calls.of_thread(), calls.permissions, calls.limits, _comparison(calls.reader()))


def _comparison(reader: KeyReader) -> Callable[[Sequence[TypedItem], bool], list[ProfileResult | None]]:
    """Return the function that decides which existing items are of this run."""

    def compare(items: Sequence[TypedItem], _repeated: bool) -> list[ProfileResult | None]:
        keys = [item_key(item) for item in items]
        rows = reader.read(keys, names=("PK", "SK", record.RUN_ID), consistent=True)
        return [
            _compare(item, rows[key]) if key in rows else None for item, key in zip(items, keys, strict=True)
        ]

    return compare


def _compare(item: TypedItem, row: TypedItem) -> ProfileResult:
    run_id = get_string(item, record.RUN_ID)
    return CREATED if run_id is not None and get_string(row, record.RUN_ID) == run_id else EXISTED


def _insert_result(result: ProfileResult, item: TypedItem) -> InsertResult:
    units = float(-(-item_size(item) // _WRITE_UNIT_BYTES))
    if result.outcome is Outcome.CREATED:
        return InsertResult("created", write_units=units)
    if result.outcome is Outcome.EXISTED:
        return InsertResult("existed", write_units=units)
    # The reason has DynamoDB's message, which can repeat a value of the item.
    return InsertResult("failed", f"{REJECTED} ({result.error_code})")
