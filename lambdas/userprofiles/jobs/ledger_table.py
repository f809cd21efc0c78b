"""Calls on the table of a ledger: conflicts and throttling are retried, errors say how to fix them."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore import exceptions as boto

from userprofiles.jobs.errors import LedgerError
from userprofiles.table.attribute_value import serialize_item
from userprofiles.table.error_codes import THROTTLING_CODES

Item = dict[str, dict[str, Any]]
"""An item in DynamoDB's JSON."""

_ATTEMPTS = 8
_FIRST_WAIT_S = 0.05
_RETRIED = THROTTLING_CODES | {"TransactionConflictException", "TransactionInProgressException"}
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_CONDITION_CODES = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed"})
# The actions of a transaction have the permissions of the single operations:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
_PERMISSIONS = {"TransactWriteItems": "dynamodb:PutItem and dynamodb:UpdateItem"}
_METHODS = {
    "BatchGetItem": "batch_get_item",
    "DescribeTable": "describe_table",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "Scan": "scan",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}


class ConditionError(Exception):
    """The condition of a write failed."""


class LedgerTable:
    """Calls on one table.

    Args:
        client: A botocore DynamoDB client.
        name: The name of the table.
        sleep: Waits for a number of seconds.
    """

    def __init__(self, client: Any, name: str, sleep: Callable[[float], object] = time.sleep) -> None:
        self.name = name
        self._client = client
        self._sleep = sleep

    @property
    def region(self) -> str:
        """The region of the client."""
        return str(self._client.meta.region_name)

    def get(self, key: Mapping[str, str]) -> Item | None:
        """Read an item with strong consistency; None if it does not exist.

        Raises:
            LedgerError: The call failed.
        """
        response = self.call("GetItem", TableName=self.name, Key=_typed(key), ConsistentRead=True)
        item: Item | None = response.get("Item")
        return item

    def get_all(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        """Read at most 100 items with strong consistency, in any order.

        Raises:
            LedgerError: The call failed.
        """
        items: list[Item] = []
        request: dict[str, Any] = {"Keys": [_typed(key) for key in keys], "ConsistentRead": True}
        requests: Mapping[str, Any] = {self.name: request} if keys else {}
        while requests:
            response = self.call("BatchGetItem", RequestItems=requests)
            items += response["Responses"].get(self.name, ())
            requests = response.get("UnprocessedKeys") or {}
        return items

    def query(self, partition: str, prefix: str = "", *, newest_first: bool = False) -> Iterator[Item]:
        """Yield the items of a partition whose SK begins with a prefix, with strong consistency.

        Raises:
            LedgerError: A call failed.
        """
        condition, values = "PK = :pk", {":pk": {"S": partition}}
        if prefix:
            condition, values = (
                f"{condition} AND begins_with(SK, :prefix)",
                values | {":prefix": {"S": prefix}},
            )
        start: dict[str, Any] = {}
        while True:
            response = self.call(
                "Query",
                TableName=self.name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
                ScanIndexForward=not newest_first,
                **start,
            )
            yield from response["Items"]
            if not response.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def put(self, item: Mapping[str, Any]) -> None:
        """Write an item without a condition.

        Raises:
            LedgerError: The call failed.
        """
        self.call("PutItem", TableName=self.name, Item=serialize_item(item))

    def update(self, action: Mapping[str, Any]) -> Item:
        """Update an item, and return it.

        Raises:
            ConditionError: The condition failed.
            LedgerError: The call failed.
        """
        response = self.call("UpdateItem", TableName=self.name, ReturnValues="ALL_NEW", **action)
        item: Item = response["Attributes"]
        return item

    def transact(self, actions: Sequence[Mapping[str, Mapping[str, Any]]]) -> None:
        """Write several items, all or none. A single update is not a transaction, which costs twice as much.

        botocore adds a token to the call, so that its own retry after a lost response is not a second write:
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html

        Raises:
            ConditionError: A condition failed.
            LedgerError: The call failed.
        """
        if len(actions) == 1 and "Update" in actions[0]:
            self.update(actions[0]["Update"])
            return
        named = [
            {kind: {"TableName": self.name, **action} for kind, action in item.items()} for item in actions
        ]
        self.call("TransactWriteItems", TransactItems=named)

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation, and retry it after a conflict or throttling.

        Raises:
            ConditionError: The condition of a write failed.
            LedgerError: The call failed.
        """
        method: Callable[..., dict[str, Any]] = getattr(self._client, _METHODS[operation])
        for attempt in range(_ATTEMPTS):
            try:
                return method(**parameters)
            except boto.ClientError as error:
                codes = _codes(error)
                if codes & _CONDITION_CODES:
                    raise ConditionError from error
                if not codes & _RETRIED or attempt == _ATTEMPTS - 1:
                    raise self._error(operation, error, codes) from error
            except boto.BotoCoreError as error:
                raise self._error(operation, error, {type(error).__name__}) from error
            self._sleep(random.uniform(0, _FIRST_WAIT_S * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("the last attempt returns or raises")

    def _error(self, operation: str, error: Exception, codes: set[str]) -> LedgerError:
        code = ", ".join(sorted(codes))
        if codes & _DENIED:
            permission = _PERMISSIONS.get(operation, f"dynamodb:{operation}")
            return LedgerError(
                f"Access denied: {permission} on the ledger table {self.name!r}.\n"
                "Add this permission to the IAM user or role."
            )
        if "ResourceNotFoundException" in codes:
            return LedgerError(
                f"The ledger table {self.name!r} does not exist in region {self.region}.\nCheck its name and "
                "region. Without --ledger-table, the ledger is a folder of this machine."
            )
        if isinstance(error, boto.ClientError):
            return LedgerError(
                f"The ledger table {self.name!r} did not accept a call: {operation} failed with {code}.\n"
                "Fix the cause, then resume the run."
            )
        return LedgerError(
            f"The ledger table {self.name!r} could not be reached ({code}).\n"
            "Check network, region, endpoint and credentials, then resume the run."
        )


def _codes(error: boto.ClientError) -> set[str]:
    """Return the error code, or those of the actions that cancelled a transaction."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code != "TransactionCanceledException":
        return {code}
    reasons = error.response.get("CancellationReasons") or ()
    return {reason["Code"] for reason in reasons if reason.get("Code") not in (None, "None")} or {code}


def _typed(key: Mapping[str, str]) -> Item:
    return {name: {"S": value} for name, value in key.items()}
