"""Reads the audit trail and the accounts of users, and checks the chains."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.calls import Calls
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import (
    BackfillFailedError,
    DeniedError,
    ErrorKind,
    InvalidRequestError,
    StoppedError,
)
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.source import projection
from userprofiles.backfill.stop import Stop
from userprofiles.lifecycle.audit_chain import ChainResult, UserStatus, check_chain
from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item, serialize_item

_ATTEMPTS = 3
_ACCOUNT = record.SORT_KEYS["account"]
_ATTRIBUTES = ("PK", "SK", "entityType", "auditHead", "version")


@dataclass(frozen=True)
class AuditReader:
    """Reads the users table and the audit table.

    Attributes:
        client: A botocore client of DynamoDB.
        users: The users table.
        audit: The audit table.
        stop: Ends the reads between two pages.
        limits: Sizes and times.
    """

    client: Any
    users: TableLocation
    audit: TableLocation
    stop: Stop
    limits: Limits

    def rows(self, sub: str) -> Iterator[dict[str, Any]]:
        """Yield the audit rows of a user, oldest first.

        Raises:
            BackfillFailedError: The table can't be read.
            StoppedError: A stop was requested.
        """
        pages = self._pages(
            self.audit,
            "Query",
            KeyConditionExpression="PK = :user",
            ExpressionAttributeValues={":user": {"S": record.partition_key(sub)}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(deserialize_item, page["Items"])

    def account(self, sub: str) -> record.Item | None:
        """Return keys, entity type, head and version of a user's account; None if it doesn't exist.

        Raises:
            BackfillFailedError: The table can't be read.
            StoppedError: A stop was requested.
        """
        response = self._call(
            Calls(self.client, self.users, self.stop, self.limits),
            "GetItem",
            Key=serialize_item(record.key(sub, "account")),
            ConsistentRead=True,
            **projection(_ATTRIBUTES),
        )
        return deserialize_item(response["Item"]) if "Item" in response else None

    def check_user(self, sub: str) -> ChainResult:
        """Check the chain of a user. A user who is changed during the check is checked again.

        Raises:
            BackfillFailedError: A table can't be read.
            StoppedError: A stop was requested.
        """
        account = self.account(sub)
        for _ in range(_ATTEMPTS):
            result = check_chain(sub, list(self.rows(sub)), account)
            if result.status is not UserStatus.BROKEN:
                return result
            previous_account, account = account, self.account(sub)
            if account == previous_account:
                return result
        return result

    def check_all(self, on_page: Callable[[int], None]) -> Iterator[ChainResult]:
        """Check the chains of all users who have an account. One page of users is in memory at a time.

        Args:
            on_page: Called after each page with the number of rows that DynamoDB has scanned so far.

        Raises:
            BackfillFailedError: A table can't be read.
            StoppedError: A stop was requested.
        """
        scanned_rows = 0
        pages = self._pages(
            self.users,
            "Scan",
            Limit=self.limits.page_rows,
            FilterExpression="SK = :account AND begins_with(PK, :user)",
            ExpressionAttributeValues={":account": {"S": _ACCOUNT}, ":user": {"S": record.USER_PREFIX}},
            ProjectionExpression="PK",
        )
        with ThreadPoolExecutor(self.limits.threads) as pool:
            for page in pages:
                subs = [item["PK"]["S"].removeprefix(record.USER_PREFIX) for item in page["Items"]]
                yield from pool.map(self.check_user, subs)
                scanned_rows += int(page.get("ScannedCount", 0))
                on_page(scanned_rows)

    def _pages(self, location: TableLocation, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        calls = Calls(self.client, location, self.stop, self.limits)
        start: dict[str, Any] = {}
        while True:
            response = self._call(calls, operation, **parameters, **start)
            yield response
            if not response.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def _call(self, calls: Calls, operation: str, **parameters: Any) -> dict[str, Any]:
        if self.stop.is_requested:
            raise StoppedError("Stopped. Run the command again.")
        table = calls.location.table
        try:
            response = calls.call(operation, TableName=table, **parameters)
        except DeniedError as error:
            raise BackfillFailedError(
                ErrorKind.RIGHTS,
                f"Access Denied (dynamodb:{operation} on table {table!r})\n"
                f"Ensure the IAM user or role has the permission dynamodb:{operation} on the table.",
            ) from error
        except InvalidRequestError as error:
            raise BackfillFailedError(
                ErrorKind.TABLE, f"DynamoDB rejected the {operation} of table {table!r}: {error}"
            ) from error
        calls.record_success()
        return response
