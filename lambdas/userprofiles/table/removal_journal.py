"""Open removals of unconfirmed users: each user whom a reconciliation has disabled, or is about to disable.

The entries are in one partition of the users table, so that the command and the scheduled function see the
entries of each other, and one consistent query returns all of them. An entry exists for seconds; a longer
one belongs to a run that was stopped.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.table.record import REMOVALS_PARTITION
from userprofiles.table.store import store_error


class RemovalJournal:
    """The open removals. All methods raise a `StoreError` if DynamoDB returns an error.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the users table.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def entries(self) -> dict[str, str]:
        """Return the user names in the pool, by sub."""
        names: dict[str, str] = {}
        start: dict[str, Any] = {}
        while True:
            response = self._call(
                "query",
                KeyConditionExpression="PK = :partition",
                ExpressionAttributeValues={":partition": {"S": REMOVALS_PARTITION}},
                ConsistentRead=True,
                **start,
            )
            for typed_item in response["Items"]:
                item = deserialize_item(typed_item)
                names[item["SK"]] = item["userName"]
            if not response.get("LastEvaluatedKey"):
                return names
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def is_open(self, sub: str) -> bool:
        """Return whether the removal of a user is open."""
        return "Item" in self._call("get_item", Key=_key(sub), ConsistentRead=True)

    def open(self, sub: str, user_name: str) -> None:
        """Add the removal of a user."""
        self._call("put_item", Item={**_key(sub), **serialize_item({"userName": user_name})})

    def close(self, sub: str) -> None:
        """Delete the removal of a user, if it is open."""
        self._call("delete_item", Key=_key(sub))

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None


def _key(sub: str) -> dict[str, Any]:
    return serialize_item({"PK": REMOVALS_PARTITION, "SK": sub})
