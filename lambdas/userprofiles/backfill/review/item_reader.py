"""Reads the items of users, with all attributes."""

from collections.abc import Iterable, Sequence
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import DeniedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_shape import get_string
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
        self._calls = calls
        self._table = calls.location.table
        self._permissions = permissions
        self._batch_keys = limits.read_batch_keys

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
        pending = [
            {"PK": {"S": key}, "SK": {"S": record.SORT_KEYS[kind]}}
            for key in dict.fromkeys(keys)
            for kind in kinds
        ]
        items: dict[str, Items] = {}
        while pending:
            rows, pending = self._read_some(pending, consistent=consistent)
            for row in rows:
                sort_key = get_string(row, "SK") or ""
                items.setdefault(get_string(row, "PK") or "", {})[_KINDS[sort_key]] = row
        return items

    def _read_some(
        self, keys: list[dict[str, Any]], *, consistent: bool
    ) -> tuple[list[Row], list[dict[str, Any]]]:
        """Read the first keys with one call, and return their items and the remaining keys."""
        if not self._permissions.can_batch_read:
            return self._read_one(keys[0], consistent=consistent), keys[1:]
        batch, rest = keys[: self._batch_keys], keys[self._batch_keys :]
        request = {"Keys": batch, "ConsistentRead": consistent}
        try:
            response = self._calls.call("BatchGetItem", RequestItems={self._table: request})
        except DeniedError:
            self._permissions.record_denied_batch_read()
            return [], keys
        unprocessed = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        if len(unprocessed) < len(batch):
            self._calls.record_success()
        if unprocessed:
            self._calls.wait("UnprocessedKeys (BatchGetItem)")
        return response.get("Responses", {}).get(self._table, []), [*unprocessed, *rest]

    def _read_one(self, key: dict[str, Any], *, consistent: bool) -> list[Row]:
        try:
            response = self._calls.call("GetItem", TableName=self._table, Key=key, ConsistentRead=consistent)
        except DeniedError as error:
            raise access_denied_error("GetItem", self._calls.location) from error
        self._calls.record_success()
        return [response["Item"]] if response.get("Item") else []
