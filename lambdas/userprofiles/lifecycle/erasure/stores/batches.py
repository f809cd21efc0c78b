"""Pages and batches of DynamoDB, with another attempt for what DynamoDB did not process."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.lifecycle.erasure.stores.store import CheckStop
from userprofiles.table.attribute_value import serialize_item
from userprofiles.table.store import store_error
from userprofiles.table.store_errors import StoreBusyError

_WRITES = 25
"""Requests in one BatchWriteItem: the maximum that DynamoDB accepts."""

_READS = 100
"""Keys in one BatchGetItem: the maximum that DynamoDB accepts."""

_ATTEMPTS = 6
_MAX_PAUSE_S = 0.2


def read_pages(operation: Callable[..., Any], **parameters: Any) -> Iterator[Any]:
    """Yield the responses of a query or scan.

    Raises:
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    start: dict[str, Any] = {}
    while True:
        response = call(operation, **parameters, **start)
        yield response
        if not response.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


def delete_keys(client: Any, table: str, keys: Sequence[Mapping[str, str]], check_stop: CheckStop) -> None:
    """Delete items by their keys. Keys that don't exist are ignored.

    Raises:
        StoreBusyError: All attempts deleted only some of the items.
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    requests = [{"DeleteRequest": {"Key": serialize_item(key)}} for key in keys]
    _write(client, table, requests, check_stop)


def put_items(client: Any, table: str, items: Sequence[Mapping[str, Any]], check_stop: CheckStop) -> None:
    """Write items, and replace those with the same keys.

    Raises:
        StoreBusyError: All attempts wrote only some of the items.
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    requests = [{"PutRequest": {"Item": serialize_item(item)}} for item in items]
    _write(client, table, requests, check_stop)


def _write(client: Any, table: str, all_requests: Sequence[Any], check_stop: CheckStop) -> None:
    for position in range(0, len(all_requests), _WRITES):
        check_stop()
        requests: Any = list(all_requests[position : position + _WRITES])
        for attempt in range(_ATTEMPTS):
            _pause(attempt)
            response = call(client.batch_write_item, RequestItems={table: requests})
            requests = response.get("UnprocessedItems", {}).get(table)
            if not requests:
                break
        else:
            raise StoreBusyError("UnprocessedItems")


def count_keys(client: Any, table: str, keys: Sequence[Mapping[str, str]]) -> int:
    """Return how many items with these keys exist.

    Raises:
        StoreBusyError: All attempts read only some of the items.
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    total = 0
    for position in range(0, len(keys), _READS):
        request: Any = {
            "Keys": [serialize_item(key) for key in keys[position : position + _READS]],
            "ConsistentRead": True,
            "ProjectionExpression": "PK",
        }
        for attempt in range(_ATTEMPTS):
            _pause(attempt)
            response = call(client.batch_get_item, RequestItems={table: request})
            total += len(response["Responses"].get(table, ()))
            request = response.get("UnprocessedKeys", {}).get(table)
            if not request:
                break
        else:
            raise StoreBusyError("UnprocessedKeys")
    return total


def call(operation: Callable[..., Any], **parameters: Any) -> Any:
    """Call an operation of DynamoDB.

    Raises:
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    try:
        return operation(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise store_error(error) from None


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(random.uniform(0, _MAX_PAUSE_S * 2**attempt))  # noqa: S311  (jitter, not a secret)
