"""Reads and writes items of the users table for the import of users."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.error_messages import access_denied_error
from userprofiles.backfill.errors import ConditionFailedError, DeniedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.key_reader import ItemKey
from userprofiles.legacy.table_calls import TableCalls
from userprofiles.legacy.table_inserts import InsertResult, TableInserts
from userprofiles.table import record
from userprofiles.table.attribute_value import serialize, serialize_item
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.table.record import Item


def item_key(key: Mapping[str, Any]) -> ItemKey:
    """Return PK and SK of an item or of a key."""
    return str(key["PK"]), str(key["SK"])


class _Missing:
    """The type of `MISSING`."""


MISSING = _Missing()
"""In a condition: the attribute must be missing."""


@dataclass(frozen=True)
class ItemUpdate:
    """An update of an item.

    Attributes:
        key: The key of the item.
        changes: The attributes to set.
        unchanged: Attributes that must have these values, or `MISSING`.
    """

    key: Mapping[str, str]
    changes: Mapping[str, Any]
    unchanged: Mapping[str, Any]


class UserTable:
    """The users table. Its methods may be called by any thread.

    Args:
        client: A botocore client of DynamoDB.
        table: The name of the table.
        inserts: Inserts items. It belongs to the caller.
        stop: The request to stop the run.
        limits: Sizes and pauses.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        inserts: TableInserts,
        *,
        stop: Stop | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = table
        self._calls = TableCalls(client, table, stop=stop, limits=limits)
        self._inserts = inserts

    def read(self, keys: Iterable[Mapping[str, str]]) -> dict[ItemKey, Item]:
        """Return the existing items with all earlier writes, by PK and SK."""
        return self._calls.read([item_key(key) for key in keys])

    def insert(self, items: Sequence[Item]) -> list[InsertResult]:
        """Insert items on the condition that their keys don't exist."""
        return self._inserts.insert(items)

    def update(
        self,
        key: Mapping[str, str],
        changes: Mapping[str, Any],
        *,
        unchanged: Mapping[str, Any],
    ) -> bool:
        """Set attributes of an item.

        Args:
            key: The key of the item.
            changes: The attributes to set.
            unchanged: Attributes that must have these values, or `MISSING`.

        Returns:
            False if the item is not like that. Nothing was written then. A repeated call after a lost
            response finds its own changes, and returns True.
        """
        request = {"TableName": self.name, "Key": _typed_key(key), **_update(changes, unchanged)}
        try:
            self._call("UpdateItem", **request)
        except ConditionFailedError:
            return self._is_written([ItemUpdate(key, changes, unchanged)], [])
        return True

    def write_all(self, updates: Sequence[ItemUpdate], new_items: Sequence[Item] = ()) -> bool:
        """Update some items and put items that don't exist, all or none of them.

        Returns:
            False if an item is not as its update says, or a new item exists. A repeated call after a lost
            response finds its own changes, and returns True.
        """
        actions: list[dict[str, Any]] = [
            {
                "Update": {
                    "TableName": self.name,
                    "Key": _typed_key(update.key),
                    **_update(update.changes, update.unchanged),
                }
            }
            for update in updates
        ]
        actions += [
            {
                "Put": {
                    "TableName": self.name,
                    "Item": serialize_item(item),
                    "ConditionExpression": ITEM_DOES_NOT_EXIST,
                }
            }
            for item in new_items
        ]
        try:
            self._call("TransactWriteItems", TransactItems=actions)
        except ConditionFailedError:
            return self._is_written(updates, new_items)
        return True

    def _is_written(self, updates: Sequence[ItemUpdate], new_items: Sequence[Item]) -> bool:
        """Return whether the table has all changes: an attempt whose response was lost wrote them."""
        expected = [(item_key(update.key), update.changes) for update in updates]
        expected += [(item_key(item), item) for item in new_items]
        items = self._calls.read([key for key, _ in expected])
        return all(
            key in items and all(name in items[key] and items[key][name] == values[name] for name in values)
            for key, values in expected
        )

    def delete(self, key: Mapping[str, str], *, unchanged: Mapping[str, Any]) -> bool:
        """Delete an item.

        Args:
            key: The key of the item.
            unchanged: Attributes that must have these values, or `MISSING`.

        Returns:
            False if the item exists and is not like that. A missing item counts as deleted.
        """
        try:
            self._call("DeleteItem", TableName=self.name, Key=_typed_key(key), **_condition(unchanged))
        except ConditionFailedError:
            return not self.read([key])
        return True

    def read_user(self, sub: str, names: Sequence[str]) -> Iterator[Item]:
        """Yield the items of a user's partition, with all earlier writes.

        Args:
            sub: The user.
            names: The attributes to read.
        """
        return self._calls.read_partition(record.partition_key(sub), "", names)

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        calls = self._calls.of_thread()
        try:
            response = calls.call(operation, **parameters)
        except DeniedError as error:
            raise access_denied_error(operation, calls.location) from error
        except ConditionFailedError:
            calls.record_success()
            raise
        calls.record_success()
        return response


def _typed_key(key: Mapping[str, str]) -> dict[str, Any]:
    return serialize_item({"PK": key["PK"], "SK": key["SK"]})


def _update(changes: Mapping[str, Any], unchanged: Mapping[str, Any]) -> dict[str, Any]:
    request = _condition(unchanged)
    names = {f"#s{number}": name for number, name in enumerate(changes)}
    values = {f":s{number}": serialize(value) for number, value in enumerate(changes.values())}
    request["UpdateExpression"] = "SET " + ", ".join(f"#s{n} = :s{n}" for n in range(len(changes)))
    request["ExpressionAttributeNames"] |= names
    request["ExpressionAttributeValues"] |= values
    return request


def _condition(unchanged: Mapping[str, Any]) -> dict[str, Any]:
    names = {f"#c{number}": name for number, name in enumerate(unchanged)}
    values = {
        f":c{number}": serialize(value)
        for number, value in enumerate(unchanged.values())
        if value is not MISSING
    }
    clauses = [
        f"attribute_not_exists(#c{number})" if value is MISSING else f"#c{number} = :c{number}"
        for number, value in enumerate(unchanged.values())
    ]
    return {
        "ConditionExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
