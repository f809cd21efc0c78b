"""The items of a user in the users table, and their mirrors in the partitions of others."""

from collections.abc import Iterator
from typing import Any

from userprofiles.lifecycle.erasure.links import other_key, owned_partition
from userprofiles.lifecycle.erasure.stores.batches import count_keys, delete_keys, put_items, read_pages
from userprofiles.lifecycle.erasure.stores.store import CheckStop, CountedStore
from userprofiles.social.legacy_records import CLAIM_SORT_KEY, erased_claim_item
from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item

Key = dict[str, str]
_TOMBSTONES = frozenset(record.SORT_KEYS.values())


class ItemStore(CountedStore):
    """All items of the partition `USER#<sub>` except the two tombstones, and the mirrors of its links.

    The entry of an interrupted removal of the user from the pool belongs to them.

    A mirror is deleted before the item from which its key is derived, so that an interrupted run can resume.
    The claim of an import becomes an empty item, so that no later import brings the user back.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the users table.
    """

    name = "items"

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def count(self, sub: str, check_stop: CheckStop) -> int:
        """Return the number of items and of existing mirrors."""
        total = count_keys(self._client, self._table, [_removal_key(sub)])
        for keys in self._pages(sub):
            check_stop()
            total += len(keys) + len(list(self._owned_keys(keys)))
            total += count_keys(self._client, self._table, _mirror_keys(sub, keys))
        return total

    def delete(self, sub: str, check_stop: CheckStop) -> None:
        """Delete the mirrors and empty the claims, then delete the items."""
        for keys in self._pages(sub):
            check_stop()
            owned_keys = list(self._owned_keys(keys))
            claims = [key for key in owned_keys if key["SK"] == CLAIM_SORT_KEY]
            mirror_keys = [*_mirror_keys(sub, keys), *(key for key in owned_keys if key not in claims)]
            put_items(self._client, self._table, list(map(erased_claim_item, claims)), check_stop)
            delete_keys(self._client, self._table, mirror_keys, check_stop)
            delete_keys(self._client, self._table, keys, check_stop)
        delete_keys(self._client, self._table, [_removal_key(sub)], check_stop)

    def _pages(self, sub: str) -> Iterator[list[Key]]:
        for page in self._keys(record.partition_key(sub)):
            yield [key for key in page if key["SK"] not in _TOMBSTONES]

    def _owned_keys(self, keys: list[Key]) -> Iterator[Key]:
        for key in keys:
            partition = owned_partition(key["SK"])
            if partition is not None:
                for page in self._keys(partition):
                    yield from page

    def _keys(self, partition: str) -> Iterator[list[Key]]:
        pages = read_pages(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="PK = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
            ProjectionExpression="PK, SK",
            ConsistentRead=True,
        )
        return ([deserialize_item(item) for item in page["Items"]] for page in pages)


def _removal_key(sub: str) -> Key:
    return {"PK": record.REMOVALS_PARTITION, "SK": sub}


def _mirror_keys(sub: str, keys: list[Key]) -> list[Key]:
    mirror_keys = (other_key(sub, key["SK"]) for key in keys)
    return [key for key in mirror_keys if key is not None]
