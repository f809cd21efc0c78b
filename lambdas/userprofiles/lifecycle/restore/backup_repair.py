"""Adjusts the accounts of a restored table to what happened after the backup.

For each account that is older than its audit trail, one transaction:

- puts the last deletion request back, or removes a request that was withdrawn
- adds the audit row TABLE_RESTORED, with the names of the lost fields and `lostHeads`
- sets the account's audit head to this row, so that all rows lead to the head again

The values of lost changes are in no table. They stay lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind
from userprofiles.lifecycle.audit.audit_reader import AuditReader
from userprofiles.lifecycle.restore.backup_inventory import BackupInventory, BackupResult
from userprofiles.lifecycle.restore.lost_changes import Row, find_lost_changes, row_time
from userprofiles.table import audit, deletion, record
from userprofiles.table.attribute_value import serialize, serialize_item
from userprofiles.table.audit import Action
from userprofiles.table.record import Item
from userprofiles.table.store import Store
from userprofiles.table.store_errors import StoreError
from userprofiles.table.update_expression import Change, update_expression
from userprofiles.telemetry import error_code

SOURCE = "operator"
_MAX_FAILURES_IN_A_ROW = 20


@dataclass(frozen=True)
class BackupRepair:
    """Fixes the accounts that are older than their audit trail.

    Attributes:
        reader: Reads the restored users table and the audit table.
        store: Writes to both tables.
        inventory: The differences. It receives the results.
        grace: The time between the request of a deletion and the erasure.
        clock: Returns the current time.
    """

    reader: AuditReader
    store: Store
    inventory: BackupInventory
    grace: timedelta
    clock: Callable[[], datetime]

    def fix_all(self, on_user: Callable[[int], None]) -> None:
        """Fix all accounts. A failing user does not stop the others.

        Args:
            on_user: Called after each user with the number of users so far.

        Raises:
            BackfillFailedError: A table can't be read, or many users in a row failed.
            StoppedError: A stop was requested. The users before it are fixed.
        """
        failures_in_a_row = 0
        for number, sub in enumerate(self.inventory.subs_to_fix(), 1):
            result = self._fix(sub)
            self.inventory.set_result(sub, result)
            on_user(number)
            failures_in_a_row = 0 if result == BackupResult.FIXED else failures_in_a_row + 1
            if failures_in_a_row == _MAX_FAILURES_IN_A_ROW:
                raise BackfillFailedError(
                    ErrorKind.SERVICE,
                    f"{failures_in_a_row} users in a row could not be fixed; the last result is {result}.\n"
                    "Check the permissions in `userprofiles restore check --help`, the network and the "
                    "capacity of the tables. Then run the command again: fixed users stay fixed.",
                )

    def _fix(self, sub: str) -> str:
        try:
            is_fixed = self._write(sub)
        except StoreError as error:
            return f"{BackupResult.FAILED}: {error_code(error)}"
        return BackupResult.FIXED if is_fixed else f"{BackupResult.FAILED}: changed at the same time"

    def _write(self, sub: str) -> bool:
        """Write the transaction; return False if the account was changed since the read."""
        account = self.store.read(sub).account
        if account is None:
            return False
        changes = find_lost_changes(account.get("auditHead"), list(self.reader.rows(sub)))
        if changes is None:
            return True
        row = audit.create_row(
            sub,
            Action.TABLE_RESTORED,
            source=SOURCE,
            account=account,
            moment=self.clock(),
            fields=changes.fields,
            lost_heads=changes.heads,
        )
        account_changes = [
            *self._request_changes(sub, account, changes.request),
            Change(("auditHead",), row["hash"]),
            Change(("version",), row["version"]),
        ]
        return self.store.write([self._update(account, account_changes)], row)

    def _request_changes(self, sub: str, account: Item, request: Row | None) -> Sequence[Change]:
        """Return the changes that give an account the deletion request that it had last."""
        if request is None or record.is_tombstone(account):
            return ()
        if request["action"] == Action.RESTORED:
            return deletion.restore_changes(account) if deletion.find_request(account) else ()
        source = str(request.get("source"))
        # An administrator's request has no grace period.
        grace = timedelta() if source.startswith("admin:") else self.grace
        requested_by = "user" if source == "api" else source
        moment = datetime.fromisoformat(row_time(request))
        return deletion.mark_changes(sub, account, deletion.create_request(moment, grace, requested_by))

    def _update(self, account: Item, changes: Sequence[Change]) -> dict[str, dict[str, object]]:
        """Return the update of an account or a tombstone, if its audit head is unchanged."""
        update = update_expression(changes)
        condition = "attribute_exists(PK) AND attribute_not_exists(auditHead)"
        if account.get("auditHead"):
            condition = "auditHead = :auditHead"
            update["ExpressionAttributeValues"][":auditHead"] = serialize(account["auditHead"])
        return {
            "Update": {
                "TableName": self.reader.users.table,
                "Key": serialize_item({"PK": account["PK"], "SK": account["SK"]}),
                "ConditionExpression": condition,
                **update,
            },
        }
