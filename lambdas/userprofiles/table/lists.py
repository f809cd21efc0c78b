"""Lists of users by role, or by role and status: one shard after the other, through two sparse indexes.

An index partition is one shard (`record.list_shard`) of a role. Its entries are sorted by creation time; the
shards of a role have no common order. An index is eventually consistent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.table import deletion, record
from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.table.record import Item
from userprofiles.table.store import store_error
from userprofiles.table.store_errors import StoreBusyError

_ATTEMPTS = 3


@dataclass(frozen=True)
class ListPage:
    """A part of one shard.

    Attributes:
        subs: The users, by creation time.
        last_sort_key: Sort key after which the shard goes on; None at its end.
    """

    subs: tuple[str, ...]
    last_sort_key: str | None


class UserLists:
    """The list indexes of the users table.

    Args:
        client: A botocore client of DynamoDB.
        users_table: Name of the users table.
    """

    def __init__(self, client: Any, users_table: str) -> None:
        self._client = client
        self._users_table = users_table

    def read_page(
        self, role: str, status: str | None, shard: str, limit: int, after: str | None = None
    ) -> ListPage:
        """Read the next users of a shard with one Query.

        Args:
            role: The role of the users.
            status: Their status; None for every status.
            shard: The shard, `00` to `15`.
            limit: The largest number of users.
            after: `last_sort_key` of the page before; None for the first page of the shard.

        Raises:
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        name = "listPK" if status is None else "statusListPK"
        partition = record.list_partition(shard, role, status)
        query: dict[str, Any] = {
            "TableName": self._users_table,
            "IndexName": record.ROLE_INDEX if status is None else record.STATUS_INDEX,
            "KeyConditionExpression": f"{name} = :partition",
            "ExpressionAttributeValues": {":partition": {"S": partition}},
            "Limit": limit,
        }
        if after is not None:
            key = record.key(sub_of_sort_key(after), "account")
            query["ExclusiveStartKey"] = serialize_item({**key, name: partition, "listSK": after})
        try:
            response = self._client.query(**query)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        last_key = deserialize_item(response.get("LastEvaluatedKey") or {})
        subs = (sub_of_sort_key(deserialize_item(item)["listSK"]) for item in response["Items"])
        return ListPage(tuple(subs), last_key.get("listSK"))

    def read_accounts(self, subs: Sequence[str], fields: Sequence[str]) -> dict[str, Item]:
        """Read some fields of several accounts in one BatchGetItem.

        Args:
            subs: At most 100 users.
            fields: Names of fields of the account.

        Returns:
            The accounts by sub, without missing users, and without users who were erased or are marked for
            deletion.

        Raises:
            StoreBusyError: All attempts returned only some of the items.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        names = {
            f"#n{number}": name
            for number, name in enumerate(("PK", "entityType", deletion.ATTRIBUTE, *fields))
        }
        request: dict[str, Any] = {
            "Keys": [serialize_item(record.key(sub, "account")) for sub in subs],
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        accounts: dict[str, Item] = {}
        for _ in range(_ATTEMPTS if subs else 0):
            try:
                response = self._client.batch_get_item(RequestItems={self._users_table: request})
            except (ClientError, BotoCoreError) as error:
                raise store_error(error) from None
            for typed_item in response["Responses"].get(self._users_table, ()):
                item = deserialize_item(typed_item)
                if not record.is_tombstone(item) and deletion.find_request(item) is None:
                    accounts[item["PK"].removeprefix(record.USER_PREFIX)] = record.public_fields(item)
            unprocessed = response.get("UnprocessedKeys", {}).get(self._users_table)
            if not unprocessed:
                return accounts
            request = unprocessed
        if not subs:
            return accounts
        raise StoreBusyError("UnprocessedKeys")


def sub_of_sort_key(sort_key: str) -> str:
    """Return the sub in a `listSK`, which is `<creation time>#<sub>`."""
    return sort_key.partition("#")[2]
