"""The stored answers of requests with an Idempotency-Key that name a user.

The table has no index by user, and holds the answers of one day, so it is scanned. Keys are hashes, which
name nobody. A repeated request whose answer was deleted is carried out again: a bulk request finds an erased
user, and an invitation creates a new user with another sub.
"""

from collections.abc import Iterator
from typing import Any

from userprofiles.lifecycle.erasure.stores.batches import delete_keys, read_pages
from userprofiles.lifecycle.erasure.stores.store import CheckStop, CountedStore
from userprofiles.table.attribute_value import deserialize_item


class AnswerStore(CountedStore):
    """The answers that contain a user's sub.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the idempotency table.
    """

    name = "answers"

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def count(self, sub: str, check_stop: CheckStop) -> int:
        """Return the number of answers."""
        return sum(len(keys) for keys in self._pages(sub, check_stop))

    def delete(self, sub: str, check_stop: CheckStop) -> None:
        """Delete the answers."""
        for keys in self._pages(sub, check_stop):
            delete_keys(self._client, self._table, keys, check_stop)

    def _pages(self, sub: str, check_stop: CheckStop) -> Iterator[list[dict[str, str]]]:
        pages = read_pages(
            self._client.scan,
            TableName=self._table,
            FilterExpression="contains(#data, :sub)",
            ProjectionExpression="id",
            ExpressionAttributeNames={"#data": "data"},
            ExpressionAttributeValues={":sub": {"S": sub}},
            ConsistentRead=True,
        )
        for page in pages:
            check_stop()
            yield [deserialize_item(item) for item in page["Items"]]
