"""Reads and writes content, links and paid plans in the users table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.social import content, counters, redirects, storage
from userprofiles.table import deletion, record
from userprofiles.table.attribute_value import deserialize_item, serialize, serialize_item
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST, LIVE_ITEM_EXISTS
from userprofiles.table.record import Item
from userprofiles.table.store import store_error
from userprofiles.table.store_errors import RecordTooLargeError, StoreBusyError


class StorageFullError(Exception):
    """The media of a user would have more bytes than allowed."""


ACCOUNT = record.SORT_KEYS["account"]
_ATTEMPTS = 3
_CONDITION_FAILED = "ConditionalCheckFailed"


@dataclass(frozen=True)
class Page:
    """A part of a user's items of one kind.

    Attributes:
        items: The items.
        last: The part of the last sort key after the prefix, after which the next page begins; None on the
            last page.
    """

    items: tuple[Item, ...]
    last: str | None


class SocialItems:
    """The items of users beside account and profile.

    All methods raise `userprofiles.table.store_errors.StoreError` if DynamoDB returns an error.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the users table.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, sub: str, *sort_keys: str) -> dict[str, Item]:
        """Read some items of a user in one strongly consistent call.

        Returns:
            The existing items by sort key.

        Raises:
            StoreBusyError: All attempts returned only some of the items.
        """
        partition = record.partition_key(sub)
        keys = [serialize_item({"PK": partition, "SK": sort_key}) for sort_key in sort_keys]
        items = self._read_keys({"Keys": keys, "ConsistentRead": True})
        return {item["SK"]: item for item in items}

    def read_redirects(self, hash_text: str, limit: int) -> list[Item]:
        """Read the redirects of an old URL, at most one for each user.

        Args:
            hash_text: The hash of the URL.
            limit: The largest number of redirects.
        """
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :url",
            "ExpressionAttributeValues": {":url": serialize(redirects.redirect_partition(hash_text))},
            "Limit": limit,
        }
        return [deserialize_item(item) for item in self._query(query)["Items"]]

    def read_page(
        self, sub: str, prefix: str, limit: int, after: str | None = None, *, newest_first: bool = False
    ) -> Page:
        """Read the next items of a kind with one Query. DynamoDB ends a page at 1 MB.

        Args:
            sub: The user.
            prefix: The beginning of the sort keys, such as `CONTENT#`.
            limit: The largest number of items.
            after: `last` of the page before; None for the first page.
            newest_first: Whether the sort keys are in descending order.
        """
        partition = record.partition_key(sub)
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "PK = :user AND begins_with(SK, :prefix)",
            "ExpressionAttributeValues": {":user": {"S": partition}, ":prefix": {"S": prefix}},
            "Limit": limit,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if after is not None:
            query["ExclusiveStartKey"] = serialize_item({"PK": partition, "SK": f"{prefix}{after}"})
        response = self._query(query)
        last_key = deserialize_item(response.get("LastEvaluatedKey") or {})
        return Page(
            tuple(deserialize_item(item) for item in response["Items"]),
            last_key["SK"].removeprefix(prefix) if last_key else None,
        )

    def create_content(self, sub: str, item: Item, upload_bytes: int, max_bytes: int) -> bool:
        """Write a new content item and count it, if the owner's account is live.

        Args:
            sub: The owner.
            item: The content item.
            upload_bytes: The bytes of its uploads.
            max_bytes: The largest number of bytes of all uploads of the owner.

        Returns:
            False if the item exists, or the account is missing, erased or marked for deletion. Nothing was
            written then.

        Raises:
            RecordTooLargeError: The item has more than 400 KB.
            StorageFullError: The uploads would exceed the limit. Nothing was written.
        """
        if upload_bytes > max_bytes:
            raise StorageFullError
        typed_item = serialize_item(item)
        if record.is_too_large(typed_item):
            raise RecordTooLargeError("ItemTooLarge")
        put = {"TableName": self._table, "Item": typed_item, "ConditionExpression": ITEM_DOES_NOT_EXIST}
        count = {
            "TableName": self._table,
            "Key": serialize_item(counters.counters_key(sub)),
            "UpdateExpression": "SET entityType = :type ADD content :one",
            "ExpressionAttributeValues": {":type": serialize(counters.ENTITY_TYPE), ":one": serialize(1)},
        }
        actions = [self._check_account(sub), {"Put": put}, {"Update": count}]
        if upload_bytes:
            actions.append({"Update": self._add_bytes(sub, upload_bytes, max_bytes)})
        failed_actions = self._transact(actions)
        if failed_actions == {len(actions) - 1} and upload_bytes:
            raise StorageFullError
        return not failed_actions

    def _add_bytes(self, sub: str, upload_bytes: int, max_bytes: int) -> dict[str, Any]:
        """Return the update that adds the bytes of uploads, if they do not exceed the limit."""
        return {
            "TableName": self._table,
            "Key": serialize_item(storage.storage_key(sub)),
            "UpdateExpression": "SET entityType = :type ADD uploadedBytes :bytes",
            "ConditionExpression": "attribute_not_exists(uploadedBytes) OR uploadedBytes <= :free",
            "ExpressionAttributeValues": {
                ":type": serialize(storage.ENTITY_TYPE),
                ":bytes": serialize(upload_bytes),
                ":free": serialize(max_bytes - upload_bytes),
            },
        }

    def change_media(
        self, sub: str, content_id: str, media: Sequence[Mapping[str, Any]], uploads_until: str
    ) -> bool:
        """Replace the media of a content item, if the owner's account is live.

        Args:
            sub: The owner.
            content_id: The content.
            media: The new value of `media`.
            uploads_until: The new value of `uploadsUntil`.

        Returns:
            False if the item is missing, or the account is missing, erased or marked for deletion.
        """
        update = {
            "TableName": self._table,
            "Key": serialize_item(content.content_key(sub, content_id)),
            "UpdateExpression": "SET media = :media, uploadsUntil = :until",
            "ConditionExpression": "attribute_exists(PK)",
            "ExpressionAttributeValues": {
                ":media": serialize([dict(entry) for entry in media]),
                ":until": serialize(uploads_until),
            },
        }
        return not self._transact([self._check_account(sub), {"Update": update}])

    def _check_account(self, sub: str) -> dict[str, Any]:
        """Return the action that checks that an account is neither erased nor marked for deletion.

        An item that is written without this check can remain after the erasure of its user.
        """
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": serialize_item(record.key(sub, "account")),
                "ConditionExpression": f"{LIVE_ITEM_EXISTS} AND attribute_not_exists(#deletion)",
                "ExpressionAttributeNames": {"#deletion": deletion.ATTRIBUTE},
                "ExpressionAttributeValues": {":tombstone": {"S": record.TOMBSTONE}},
            }
        }

    def _transact(self, actions: Sequence[Mapping[str, Any]]) -> set[int]:
        """Write all actions, or none of them if a condition fails.

        Returns:
            The positions of the actions whose condition failed; empty if all were written.
        """
        try:
            self._client.transact_write_items(TransactItems=list(actions))
        except BotoCoreError as error:
            raise store_error(error) from None
        except ClientError as error:
            codes = [reason.get("Code") for reason in error.response.get("CancellationReasons") or ()]
            if _CONDITION_FAILED in codes:
                return {position for position, code in enumerate(codes) if code == _CONDITION_FAILED}
            if "TransactionConflict" in codes:
                raise StoreBusyError("TransactionConflict") from None
            raise store_error(error) from None
        return set()

    def _query(self, query: Mapping[str, Any]) -> Any:
        try:
            return self._client.query(**query)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None

    def _read_keys(self, request: dict[str, Any]) -> list[Item]:
        items: list[Item] = []
        for _ in range(_ATTEMPTS):
            try:
                response = self._client.batch_get_item(RequestItems={self._table: request})
            except (ClientError, BotoCoreError) as error:
                raise store_error(error) from None
            items += [deserialize_item(item) for item in response["Responses"].get(self._table, ())]
            unprocessed = response.get("UnprocessedKeys", {}).get(self._table)
            if not unprocessed:
                return items
            request = unprocessed
        raise StoreBusyError("UnprocessedKeys")
