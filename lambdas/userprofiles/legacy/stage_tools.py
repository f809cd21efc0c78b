"""What all stages that write items use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.legacy.claims import ClaimedUsers
from userprofiles.legacy.imported_items import is_as_imported
from userprofiles.legacy.job.stage import Outcome, RecordResult
from userprofiles.legacy.kept_users import KeptUsers
from userprofiles.legacy.table_calls import TableCalls
from userprofiles.legacy.table_inserts import TableInserts
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValueError, item_size, serialize_item
from userprofiles.table.record import Item

ITEM = "item/"
OBJECT = "object/"

NOT_OF_THIS_RUN = "another writer created it"
CHANGED = "it was changed after the import"
USER_STAYS = "its user stays"
UNKNOWN_KEY = "the key does not belong to this stage"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class StageTools:
    """The table, the users and the run of an import.

    Attributes:
        calls: Calls to the users table.
        inserts: Conditional inserts into it.
        users: The users whom imports have created or bound.
        source: The name of the old application.
        run_id: The run.
        clock: Returns the current time.
    """

    calls: TableCalls
    inserts: TableInserts
    users: ClaimedUsers
    source: str
    run_id: str
    clock: Callable[[], datetime] = field(default=_now)

    def created_at(self) -> str:
        """Return the time for new items."""
        return record.timestamp(self.clock())

    def is_own(self, item: Mapping[str, object] | None) -> bool:
        """Return whether this run created an item."""
        return item is not None and item.get(record.RUN_ID) == self.run_id

    @property
    def kept_users(self) -> KeptUsers:
        """The users whom a rollback of the run keeps."""
        return KeptUsers(self.calls, self.source, self.run_id)

    def undo_items(self, keys: Iterable[str]) -> dict[str, RecordResult]:
        """Remove items that this run created and nobody has changed since, except those of users who stay.

        Args:
            keys: Keys of a ledger, `item/<PK>/<SK>`.

        Returns:
            The results by key.

        Raises:
            BackfillError: The table can't be used.
        """
        item_keys = {key: parse_item_key(key) for key in keys}
        items = self.calls.read([item_key for item_key in item_keys.values() if item_key])
        keys_to_keep = self.kept_users.keys_to_keep(items.values())
        return {
            key: RecordResult(record_id=key, outcome=Outcome.KEPT, reason=USER_STAYS)
            if item_key in keys_to_keep
            else self._undo_item(key, item_key, items)
            for key, item_key in item_keys.items()
        }

    def _undo_item(
        self,
        key: str,
        item_key: ItemKey | None,
        items: Mapping[ItemKey, Item],
    ) -> RecordResult:
        if item_key is None:
            return RecordResult(record_id=key, outcome=Outcome.FAILED, reason=UNKNOWN_KEY)
        item = items.get(item_key)
        if item is None:
            return RecordResult(record_id=key, outcome=Outcome.REMOVED)
        if not self.is_own(item):
            return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=NOT_OF_THIS_RUN)
        if not is_as_imported(item) or not self.calls.remove_unchanged(item):
            return RecordResult(record_id=key, outcome=Outcome.KEPT, reason=CHANGED)
        return RecordResult(record_id=key, outcome=Outcome.REMOVED, write_units=1.0)


def ledger_key(item_key: ItemKey) -> str:
    """Return the key of an item as the ledger lists it."""
    partition, sort = item_key
    return f"{ITEM}{partition}/{sort}"


def parse_item_key(key: str) -> ItemKey | None:
    """Return PK and SK of a key of the ledger; None for another key."""
    partition, separator, sort = key.removeprefix(ITEM).partition("/")
    return (partition, sort) if key.startswith(ITEM) and separator and partition and sort else None


def write_units(item: Item) -> float:
    """Return the write units of an item; 1 for an item that can't be written."""
    try:
        return max(1.0, float(-(-item_size(serialize_item(item)) // 1024)))
    except AttributeValueError:
        return 1.0
