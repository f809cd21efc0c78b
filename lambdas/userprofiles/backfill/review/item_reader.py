"""Reads the items of users, with all attributes."""

from collections.abc import Iterable, Sequence

from userprofiles.backfill.limits import Limits
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.key_reader import KeyReader
from userprofiles.backfill.users.user_row import Row
from userprofiles.table import record
from userprofiles.template_check import ItemKind

Items = dict[ItemKind, Row]
"""The existing items of a user."""

_KINDS = {sort_key: kind for kind, sort_key in record.SORT_KEYS.items()}


class ItemReader:
    """Reads the accounts and profiles of one table, in one thread.

    Args:
        calls: Calls on the table.
        permissions: The batch operations that the run may use.
        limits: The size of a batch.
    """

    def __init__(self, calls: Calls, permissions: BatchPermissions, limits: Limits) -> None:
        self._reader = KeyReader(calls, permissions, limits)

    def read_items(
        self, keys: Iterable[str], kinds: Sequence[ItemKind], *, consistent: bool = False
    ) -> dict[str, Items]:
        """Return the existing items by PK. A user without items is missing in the result.

        Args:
            keys: The PKs of users, in any number. A repeated key is read once.
            kinds: The items to read.
            consistent: Whether the items include all earlier writes. Such a read costs twice as much.

        Raises:
            BackfillError: The table can't be read.
        """
        item_keys = ((key, record.SORT_KEYS[kind]) for key in keys for kind in kinds)
        items: dict[str, Items] = {}
        for (key, sort_key), row in self._reader.read(item_keys, consistent=consistent).items():
            items.setdefault(key, {})[_KINDS[sort_key]] = row
        return items
