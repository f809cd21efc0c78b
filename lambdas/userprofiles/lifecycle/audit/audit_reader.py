"""Reads the audit trail and the accounts of users, and checks the chains."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.tables.table_scan import projection
from userprofiles.lifecycle.audit.audit_chain import ChainResult, UserStatus, check_chain
from userprofiles.lifecycle.audit.receipt_check import check_receipt
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item, serialize_item

_ATTEMPTS = 3
_ATTRIBUTES = ("PK", "SK", "entityType", "auditHead", "version")


@dataclass(frozen=True)
class AuditReader:
    """Reads the users table and the audit table. Its methods raise the errors of `TableReader`.

    Attributes:
        users: The users table.
        audit: The audit table.
        receipts: The receipts table, None if receipts are not checked.
    """

    users: TableReader
    audit: TableReader
    receipts: TableReader | None = None

    def rows(self, sub: str) -> Iterator[dict[str, Any]]:
        """Yield the audit rows of a user, oldest first."""
        pages = self.audit.pages(
            "Query",
            KeyConditionExpression="PK = :user",
            ExpressionAttributeValues={":user": {"S": record.partition_key(sub)}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(deserialize_item, page["Items"])

    def account(self, sub: str) -> record.Item | None:
        """Return keys, entity type, head and version of a user's account; None if it doesn't exist."""
        key = serialize_item(record.key(sub, "account"))
        response = self.users.call("GetItem", Key=key, ConsistentRead=True, **projection(_ATTRIBUTES))
        return deserialize_item(response["Item"]) if "Item" in response else None

    @staticmethod
    def _receipt(receipts: TableReader, sub: str) -> dict[str, Any] | None:
        key = serialize_item({"PK": record.partition_key(sub)})
        response = receipts.call("GetItem", Key=key, ConsistentRead=True)
        return deserialize_item(response["Item"]) if "Item" in response else None

    def check_user(self, sub: str) -> ChainResult:
        """Check the chain of a user. A user who is changed during the check is checked again."""
        account = self.account(sub)
        for _ in range(_ATTEMPTS):
            rows = list(self.rows(sub))
            result = check_chain(sub, rows, account)
            if self.receipts is not None and result.status is UserStatus.ERASED:
                result = check_receipt(result, rows, self._receipt(self.receipts, sub))
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
        """
        scanned_rows = 0
        with ThreadPoolExecutor(self.users.limits.threads) as pool:
            for page in self.users.account_pages([]):
                subs = [item["PK"]["S"].removeprefix(record.USER_PREFIX) for item in page["Items"]]
                yield from pool.map(self.check_user, subs)
                scanned_rows += int(page.get("ScannedCount", 0))
                on_page(scanned_rows)
