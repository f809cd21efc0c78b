"""Calls to the users table by many threads, and reads of its items."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from userprofiles.backfill.error_messages import TableLocation, access_denied_error
from userprofiles.backfill.errors import ConditionFailedError, DeniedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.batch_permissions import BatchPermissions
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.key_reader import ItemKey, KeyReader
from userprofiles.backfill.tables.table_scan import projection
from userprofiles.backfill.targets.item_remover import ItemRemover, unchanged_condition
from userprofiles.jobs.pacing import Pacer
from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.table.record import Item


def ignore_warning(message: str) -> None:
    """Ignore a warning."""


class TableCalls:
    """Calls to one table. Its methods may be called by any thread.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the users table.
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
        pacer: Pacer | None = None,
        stop: Stop | None = None,
        limits: Limits | None = None,
        warn: Callable[[str], None] = ignore_warning,
    ) -> None:
        self.limits = limits or Limits()
        self.permissions = BatchPermissions(warn, self.limits)
        self._client = client
        self._location = TableLocation(table, client.meta.region_name, client.meta.endpoint_url)
        self._pacer = pacer
        self._stop = stop or Stop()
        self._of_thread = threading.local()

    def of_thread(self) -> Calls:
        """Return the calls of this thread: the pauses between attempts are counted by thread."""
        calls: Calls | None = getattr(self._of_thread, "calls", None)
        if calls is None:
            calls = Calls(self._client, self._location, self._stop, self.limits, self._pacer)
            self._of_thread.calls = calls
        return calls

    def reader(self) -> KeyReader:
        """Return the reader of this thread."""
        return KeyReader(self.of_thread(), self.permissions, self.limits)

    def read(self, keys: Iterable[ItemKey], names: Sequence[str] = ()) -> dict[ItemKey, Item]:
        """Return the existing items, with all earlier writes.

        Args:
            keys: The keys, in any number.
            names: The attributes to read, beside the keys; none for all.

        Raises:
            BackfillError: The table can't be read.
        """
        all_names = tuple(dict.fromkeys(("PK", "SK", *names))) if names else ()
        rows = self.reader().read(keys, names=all_names, consistent=True)
        return {key: deserialize_item(row) for key, row in rows.items()}

    def read_partition(self, partition: str, prefix: str, names: Sequence[str]) -> Iterator[Item]:
        """Yield the items of a partition whose sort keys begin with a prefix, with all earlier writes.

        Args:
            partition: The PK.
            prefix: The beginning of the sort keys; empty for all.
            names: The attributes to read.

        Raises:
            BackfillError: The table can't be read.
        """
        calls = self.of_thread()
        condition, values = "PK = :partition", {":partition": {"S": partition}}
        if prefix:  # DynamoDB rejects an empty value for a key
            condition += " AND begins_with(SK, :prefix)"
            values[":prefix"] = {"S": prefix}
        parameters: dict[str, Any] = projection(names)
        start: Mapping[str, Any] = {}
        while True:
            try:
                response = calls.call(
                    "Query",
                    TableName=calls.location.table,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ConsistentRead=True,
                    **parameters,
                    **start,
                )
            except DeniedError as error:
                raise access_denied_error("Query", calls.location) from error
            calls.record_success()
            yield from map(deserialize_item, response["Items"])
            if not response.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def remove_unchanged(self, item: Item) -> bool:
        """Delete an item if each attribute still has the value that was read.

        Returns:
            Whether the item is deleted: now, or by a call whose response was lost.

        Raises:
            BackfillError: The table can't be written.
        """
        try:
            ItemRemover(self.of_thread(), ()).remove([serialize_item(item)])
        except ConditionFailedError:
            return not self.read([(item["PK"], item["SK"])])
        return True

    def replace_unchanged(self, item: Item, previous: Item | None) -> bool:
        """Write an item if the stored item still is as it was read.

        Args:
            item: The new item.
            previous: The item that was read; None if there was none.

        Returns:
            Whether the item is written: now, or by a call whose response was lost.

        Raises:
            BackfillError: The table can't be written.
        """
        calls = self.of_thread()
        is_absent = {"ConditionExpression": ITEM_DOES_NOT_EXIST}
        condition = is_absent if previous is None else unchanged_condition(serialize_item(previous))
        try:
            calls.call("PutItem", TableName=calls.location.table, Item=serialize_item(item), **condition)
        except ConditionFailedError:
            calls.record_success()
            key = (item["PK"], item["SK"])
            return self.read([key]).get(key) == item
        except DeniedError as error:
            raise access_denied_error("PutItem", calls.location) from error
        calls.record_success()
        return True
