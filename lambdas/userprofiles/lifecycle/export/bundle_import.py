"""Creates a user from a bundle.

The first transaction writes account, profile and audit row. The account has the attribute `importing`, the
digest of the bundle, until all other items are written: a second run continues the import of the same bundle.
Each batch of items is a transaction that also checks this attribute, so no item is written for a user who was
erased in the meantime.

A user who was lost with the table can have audit rows. The new row refers to the last of them, so that
`audit verify` still follows all rows. The rows of an erasure prevent the import, also if the tombstones are
lost.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from userprofiles.api.account_changes import effective_role
from userprofiles.backfill.errors import RefusedError
from userprofiles.lifecycle.export.export_check import CheckedBundle
from userprofiles.lifecycle.restore.lost_changes import find_lost_changes
from userprofiles.table import audit, item_upgrade, record
from userprofiles.table.attribute_value import AttributeValue, deserialize_item, item_size, serialize_item
from userprofiles.table.audit import Action
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.table.store import Store, UserItems
from userprofiles.table.store_errors import StoreBusyError
from userprofiles.template import Template

SOURCE = "operator"
CREATED_BY = "import"
IMPORTING = "importing"

# "TransactWriteItems groups up to 100 action requests. The aggregate size of the items in the transaction
# cannot exceed 4 MB" (Amazon DynamoDB API Reference, TransactWriteItems). Fewer items make progress visible.
_BATCH_ITEMS = 50
_BATCH_BYTES = 3_000_000
_ATTEMPTS = 3
_ERASURES = (Action.ERASURE_STARTED, Action.ERASED)

TypedItem = Mapping[str, AttributeValue]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class BundleImport:
    """Imports bundles into one table.

    Attributes:
        store: The tables.
        users_table: Name of the users table.
        template: The template of the stack.
        template_name: Name of the template in the functions.
        read_audit_rows: Returns the audit rows of a user.
        clock: Returns the current time.
    """

    store: Store
    users_table: str
    template: Template
    template_name: str
    read_audit_rows: Callable[[str], Iterable[Mapping[str, Any]]]
    clock: Callable[[], datetime] = _now

    def run(self, bundle: CheckedBundle, on_batch: Callable[[int], None]) -> bool:
        """Create the user of a bundle.

        Args:
            bundle: The bundle.
            on_batch: Called before each batch of items with the number of items so far. It can raise an
                error to stop the import.

        Returns:
            Whether an earlier run of the import was continued.

        Raises:
            RefusedError: The bundle belongs to another template, or the user exists or was erased.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error. The import can be
                continued.
        """
        self._check_template(bundle)
        is_continued = self._create_user(bundle)
        items = 0
        for batch in _batches(bundle.items):
            on_batch(items)
            self._write_batch(bundle, batch)
            items += len(batch)
        if self.store.transact([self._finish(bundle)]):
            raise _changed_error()
        return is_continued

    def _check_template(self, bundle: CheckedBundle) -> None:
        if bundle.template != self.template_name:
            raise RefusedError(
                f"The bundle belongs to the template {bundle.template!r}, but the stack uses "
                f"{self.template_name!r}. Import it into a stack with the same template."
            )
        if item_upgrade.is_newer_major(self.template, bundle.account):
            raise RefusedError(
                f"The bundle has version {bundle.account[item_upgrade.TEMPLATE_VERSION]} of the template, "
                f"but the stack has {self.template.version}. Import it into a stack with this major version."
            )

    def _create_user(self, bundle: CheckedBundle) -> bool:
        """Write account, profile and audit row; return whether an earlier run had written them."""
        for _ in range(_ATTEMPTS):
            user = self.store.read(bundle.sub)
            if user.account is not None or user.profile is not None:
                _check_same_import(user, bundle)
                return True
            moment = self.clock()
            audit_row = audit.create_row(
                bundle.sub,
                Action.IMPORTED,
                source=SOURCE,
                account=None,
                moment=moment,
                lost_heads=self._find_lost_heads(bundle.sub),
            )
            account = record.account_item(
                bundle.sub,
                effective_role(self.template, bundle.account),
                self._creation_time(bundle, moment),
                bundle.account,
                audit_head=audit_row["hash"],
                created_by=CREATED_BY,
            )
            existing = self.store.create(
                {**account, IMPORTING: bundle.digest},
                record.profile_item(bundle.sub, bundle.profile),
                audit_row,
            )
            if existing.account is None and existing.profile is None:
                return False
        raise StoreBusyError("ImportConflict")

    def _find_lost_heads(self, sub: str) -> Sequence[str]:
        """Return the hashes of the user's last audit rows before the import.

        Raises:
            RefusedError: The user was erased.
        """
        rows = list(self.read_audit_rows(sub))
        if any(row.get("action") in _ERASURES for row in rows):
            raise _erased_error(sub)
        changes = find_lost_changes(None, rows)
        return changes.heads if changes else ()

    def _creation_time(self, bundle: CheckedBundle, moment: datetime) -> str:
        """Return the time by which the lists sort the user: the value of the template's time of creation."""
        for name, source in self.template.system_sources("account").items():
            if source == "now" and isinstance(bundle.account.get(name), str):
                return str(bundle.account[name])
        return record.timestamp(moment)

    def _write_batch(self, bundle: CheckedBundle, batch: Sequence[TypedItem]) -> None:
        """Write the items of a batch that an earlier run has not written."""
        missing = list(batch)
        while missing:
            actions = [self._check_importing(bundle), *map(self._put, missing)]
            existing_items = self.store.transact(actions)
            if not existing_items:
                return
            if 0 in existing_items:
                raise _changed_error()
            for position, existing_item in existing_items.items():
                if existing_item != deserialize_item(missing[position - 1]):
                    raise RefusedError(
                        "The table has an item with the key of an item in the bundle, but with another "
                        f"content: parts.items[{bundle.items.index(missing[position - 1])}]. Nothing was "
                        "overwritten. Delete the item in the table, and run the command again."
                    )
            missing = [
                item for position, item in enumerate(missing, start=1) if position not in existing_items
            ]

    def _put(self, item: TypedItem) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self.users_table,
                "Item": item,
                "ConditionExpression": ITEM_DOES_NOT_EXIST,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _check_importing(self, bundle: CheckedBundle) -> dict[str, Any]:
        return {"ConditionCheck": self._importing_account(bundle)}

    def _finish(self, bundle: CheckedBundle) -> dict[str, Any]:
        return {
            "Update": {**self._importing_account(bundle), "UpdateExpression": f"REMOVE {IMPORTING}"},
        }

    def _importing_account(self, bundle: CheckedBundle) -> dict[str, Any]:
        return {
            "TableName": self.users_table,
            "Key": serialize_item(record.key(bundle.sub, "account")),
            "ConditionExpression": f"{IMPORTING} = :digest",
            "ExpressionAttributeValues": {":digest": {"S": bundle.digest}},
        }


def _check_same_import(user: UserItems, bundle: CheckedBundle) -> None:
    """Check that a user was created by an unfinished import of the same bundle.

    Raises:
        RefusedError: The user exists or was erased.
    """
    if user.is_erased:
        raise _erased_error(bundle.sub)
    if (user.account or {}).get(IMPORTING) != bundle.digest:
        raise RefusedError(
            f"The user {bundle.sub} exists. An import creates a user, and never changes one. "
            "Check --users-table."
        )


def _erased_error(sub: str) -> RefusedError:
    return RefusedError(f"The user {sub} was erased. This is permanent: an erased user can't be imported.")


def _changed_error() -> RefusedError:
    return RefusedError("The user was erased, or the import was finished by another run, in the meantime.")


def _batches(items: Sequence[TypedItem]) -> Iterator[list[TypedItem]]:
    batch: list[TypedItem] = []
    size = 0
    for item in items:
        item_bytes = item_size(item)
        if batch and (len(batch) == _BATCH_ITEMS or size + item_bytes > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item_bytes
    if batch:
        yield batch
