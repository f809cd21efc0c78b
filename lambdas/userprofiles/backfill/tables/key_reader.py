"""Reads items by their keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import DeniedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection
from userprofiles.backfill.tables.table_shape import get_string
from userprofiles.table.attribute_value import AttributeValue

ItemKey = tuple[str, str]
"""PK and SK of an item."""

Row = Mapping[str, AttributeValue]


def item_key(item: Row) -> ItemKey:
    """Return the key of an item."""
    return get_string(item, "PK") or "", get_string(item, "SK") or ""


class KeyReader:
    """Reads items of one table by their keys, in one thread.

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

    def read(
        self, keys: Iterable[ItemKey], *, names: Sequence[str] = (), consistent: bool = False
    ) -> dict[ItemKey, Row]:
        """Return the existing items.

        Args:
            keys: The keys, in any number. A repeated key is read once.
            names: The attributes to read; none for all. They must include PK and SK.
            consistent: Whether the items include all earlier writes. Such a read costs twice as much.

        Raises:
            BackfillError: The table can't be read.
        """
        options = {"ConsistentRead": consistent, **(projection(names) if names else {})}
        pending = [{"PK": {"S": partition}, "SK": {"S": sort}} for partition, sort in dict.fromkeys(keys)]
        items: dict[ItemKey, Row] = {}
        while pending:
            rows, pending = self._read_some(pending, options)
            items |= {item_key(row): row for row in rows}
        return items

    def _read_some(
        self, keys: list[dict[str, Any]], options: dict[str, Any]
    ) -> tuple[list[Row], list[dict[str, Any]]]:
        """Read the first keys with one call, and return their items and the remaining keys."""
        if not self._permissions.can_batch_read:
            return self._read_one(keys[0], options), keys[1:]
        batch, rest = keys[: self._batch_keys], keys[self._batch_keys :]
        try:
            response = self._calls.call(
                "BatchGetItem", RequestItems={self._table: {"Keys": batch, **options}}
            )
        except DeniedError:
            self._permissions.record_denied_batch_read()
            return [], keys
        unprocessed = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        if len(unprocessed) < len(batch):
            self._calls.record_success()
        if unprocessed:
            self._calls.wait("UnprocessedKeys (BatchGetItem)")
        return response.get("Responses", {}).get(self._table, []), [*unprocessed, *rest]

    def _read_one(self, key: dict[str, Any], options: dict[str, Any]) -> list[Row]:
        try:
            response = self._calls.call("GetItem", TableName=self._table, Key=key, **options)
        except DeniedError as error:
            raise access_denied_error("GetItem", self._calls.location) from error
        self._calls.record_success()
        return [response["Item"]] if response.get("Item") else []
