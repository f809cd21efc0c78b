"""Compares a users table that was restored from a backup with pool, audit trail and receipts.

The restored table is older than the other three. They show what happened after the backup: who signed up, who
was erased, and who was changed. Only names of fields are known, because the audit trail has no values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.sources.pool_reader import PoolReader
from userprofiles.backfill.tables.table_scan import projection
from userprofiles.lifecycle.audit.audit_reader import AuditReader
from userprofiles.lifecycle.restore.backup_inventory import (
    BackupDifferenceKind,
    BackupInventory,
    ItemState,
    RestoredAccount,
)
from userprofiles.lifecycle.restore.lost_changes import LostChanges, find_lost_changes, row_time
from userprofiles.lifecycle.table_reader import TableReader
from userprofiles.table import deletion, record
from userprofiles.table.attribute_value import deserialize_item
from userprofiles.table.audit import Action

OnPage = Callable[[int], None]

_ITEM_ATTRIBUTES = ("PK", "SK", "entityType", "auditHead", "version", deletion.ATTRIBUTE)
_ERASURES = (Action.ERASURE_STARTED, Action.ERASED)


@dataclass
class BackupComparison:
    """One comparison. Its methods raise the errors of `TableReader` and `PoolReader`.

    Attributes:
        reader: Reads the restored users table and the audit table.
        receipts: Reads the receipts of erasures; None if the stack has no such table.
        pool: Reads the user pool.
        inventory: Receives users and differences.
        pool_users: Number of users in the pool.
    """

    reader: AuditReader
    receipts: TableReader | None
    pool: PoolReader
    inventory: BackupInventory
    pool_users: int = 0

    def read_restored_table(self, on_page: OnPage) -> None:
        """Add all accounts and profiles of the restored table.

        Args:
            on_page: Called after each page with the number of rows that DynamoDB has scanned so far.

        Raises:
            RefusedError: The table has rows, but none of a user.
        """
        parameters = projection(_ITEM_ATTRIBUTES)
        parameters["FilterExpression"] = "#1 IN (:account, :profile) AND begins_with(#0, :user)"
        parameters["ExpressionAttributeValues"] = {
            ":account": {"S": record.SORT_KEYS["account"]},
            ":profile": {"S": record.SORT_KEYS["profile"]},
            ":user": {"S": record.USER_PREFIX},
        }
        scanned_rows = _scan(self.reader.users, parameters, self._add_item, on_page)
        if scanned_rows and not self.inventory.items:
            raise RefusedError(
                f"The table {self.reader.users.table!r} is not a users table: none of its {scanned_rows:,} "
                "rows is an account or a profile.\n"
                "Pass the name of the restored users table: --restored-table."
            )

    def _add_item(self, item: Mapping[str, Any]) -> None:
        sub = _sub(item)
        state = ItemState.TOMBSTONE if record.is_tombstone(item) else ItemState.LIVE
        if item["SK"] == record.SORT_KEYS["profile"]:
            self.inventory.add_profile(sub, state)
            return
        version = item.get("version", 0)
        is_marked = deletion.ATTRIBUTE in item
        self.inventory.add_account(RestoredAccount(sub, state, item.get("auditHead"), version, is_marked))

    def read_audit_trail(self, on_page: OnPage) -> None:
        """Count the rows of each user, and add the users who were erased.

        Args:
            on_page: Called after each page with the number of rows that DynamoDB has scanned so far.
        """
        parameters = projection(("PK", "action")) | {"ConsistentRead": True}
        _scan(self.reader.audit, parameters, self._add_row, on_page)

    def _add_row(self, row: Mapping[str, Any]) -> None:
        sub = _sub(row)
        self.inventory.count_audit_row(sub)
        if row.get("action") in _ERASURES:
            self.inventory.add_erased(sub, has_receipt=False)

    def read_receipts(self, on_page: OnPage) -> None:
        """Add the users whose erasure was started or completed."""
        if self.receipts is None:
            return
        parameters = projection(("PK",)) | {"ConsistentRead": True}
        _scan(
            self.receipts,
            parameters,
            lambda receipt: self.inventory.add_erased(_sub(receipt), has_receipt=True),
            on_page,
        )

    def read_pool(self, on_page: OnPage) -> None:
        """Add all users of the pool.

        Args:
            on_page: Called after each page with the number of users so far.
        """
        for page in self.pool.pages():
            self.inventory.add_pool_users((user.user.sub, user.has_profile) for user in page)
            self.pool_users += len(page)
            on_page(self.pool_users)

    def add_differences(self, on_user: OnPage) -> None:
        """Add all differences to the inventory. Call it once, after the other reads.

        Args:
            on_user: Called after each account that may be older than its audit trail, with their number.
        """
        self.inventory.add_differences_of_users()
        for number, account in enumerate(self.inventory.accounts_with_other_rows(), 1):
            changes = find_lost_changes(account.head, list(self.reader.rows(account.sub)))
            if changes is not None:
                self._add_lost_changes(account, changes)
            on_user(number)

    def _add_lost_changes(self, account: RestoredAccount, changes: LostChanges) -> None:
        action = None
        if account.state is ItemState.LIVE and changes.request is not None:
            action = changes.request["action"]
        kind = None
        if action == Action.DELETION_REQUESTED:
            kind = BackupDifferenceKind.DELETION
        elif action == Action.RESTORED and account.is_marked:
            kind = BackupDifferenceKind.WITHDRAWN
        names = (*changes.fields, *changes.actions)
        if names or kind is None:
            detail = ", ".join(names) or str(changes.rows[-1].get("action"))
            self.inventory.add_difference(BackupDifferenceKind.CHANGED, account.sub, detail)
        if kind is not None and changes.request is not None:
            self.inventory.add_difference(kind, account.sub, row_time(changes.request))


def _scan(
    reader: TableReader,
    parameters: Mapping[str, Any],
    add: Callable[[Mapping[str, Any]], None],
    on_page: OnPage,
) -> int:
    """Pass all items of a table to a function, and return the number of scanned rows."""
    scanned_rows = 0
    for page in reader.pages("Scan", Limit=reader.limits.page_rows, **parameters):
        for item in page["Items"]:
            add(deserialize_item(item))
        scanned_rows += int(page.get("ScannedCount", 0))
        on_page(scanned_rows)
    return scanned_rows


def _sub(item: Mapping[str, Any]) -> str:
    return str(item["PK"]).removeprefix(record.USER_PREFIX)
