"""DynamoDB access to the account and profile of a user, and to the audit trail.

Every write is one TransactWriteItems with conditions. A repeated, lost or delayed write does no harm.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item, serialize, serialize_item
from userprofiles.table.conditions import (
    AUDIT_HEAD_IS_STILL_MISSING,
    AUDIT_HEAD_IS_UNCHANGED,
    ITEM_DOES_NOT_EXIST,
    LIVE_ITEM_EXISTS,
)
from userprofiles.table.error_codes import INVALID_REQUEST_CODES, THROTTLING_CODES
from userprofiles.table.record import Item
from userprofiles.table.store_errors import (
    InvalidRequestError,
    RecordTooLargeError,
    StoreBusyError,
    StoreError,
)
from userprofiles.table.update_expression import Change, apply_changes, update_expression
from userprofiles.telemetry import error_code
from userprofiles.template_check import ItemKind

_TOMBSTONE = {":tombstone": {"S": record.TOMBSTONE}}
_CONDITION_FAILED = "ConditionalCheckFailed"

_ATTEMPTS = 3
_MAX_PAUSE_S = 0.1


@dataclass(frozen=True)
class UserItems:
    """The items of a user; None for a missing item."""

    account: Item | None
    profile: Item | None

    @property
    def is_erased(self) -> bool:
        """Whether one of the items is the tombstone of an erased user."""
        return record.is_tombstone(self.account) or record.is_tombstone(self.profile)

    @property
    def is_complete(self) -> bool:
        """Whether both items exist."""
        return self.account is not None and self.profile is not None


class Store:
    """The users table and the audit table.

    Args:
        client: A botocore client of DynamoDB.
        users_table: Name of the users table.
        audit_table: Name of the audit table.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        client: Any,
        users_table: str,
        audit_table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._users_table = users_table
        self._audit_table = audit_table
        self._sleep = sleep

    def read(self, sub: str) -> UserItems:
        """Read a user's account and profile in one strongly consistent call.

        Raises:
            StoreBusyError: All attempts returned only some of the items.
            StoreError: DynamoDB returned an error.
        """
        keys = [serialize_item(record.key(sub, kind)) for kind in record.SORT_KEYS]
        items: dict[str, Item] = {}
        for attempt in range(_ATTEMPTS):
            self._pause(attempt)
            try:
                response = self._client.batch_get_item(
                    RequestItems={self._users_table: {"Keys": keys, "ConsistentRead": True}},
                )
            except (ClientError, BotoCoreError) as error:
                raise store_error(error) from None
            for typed_item in response["Responses"].get(self._users_table, ()):
                item = deserialize_item(typed_item)
                items[item["SK"]] = item
            keys = response.get("UnprocessedKeys", {}).get(self._users_table, {}).get("Keys", [])
            if not keys:
                return UserItems(
                    items.get(record.SORT_KEYS["account"]), items.get(record.SORT_KEYS["profile"])
                )
        raise StoreBusyError("UnprocessedKeys")

    def create(self, account: Item, profile: Item, audit_row: Item) -> UserItems:
        """Write a new user's account, profile and audit row, all or none of them.

        Returns:
            The existing items that prevented the write. Without any, this call created the user.

        Raises:
            RecordTooLargeError, StoreBusyError, StoreError: Nothing was written, or the result is unknown.
        """
        existing_items = self.transact([self._put(account), self._put(profile), self._put_audit(audit_row)])
        return UserItems(existing_items.get(0), existing_items.get(1))

    def add_profile(self, account: Item, profile: Item, audit_row: Item) -> bool:
        """Write the missing profile of an account.

        Returns:
            False if the user was erased or changed in the meantime. Nothing was written then.
        """
        update = self._update("account", account, _audit_head_changes(audit_row), guard=account)
        return self.write([update, self._put(profile)], audit_row)

    def add_account(self, account: Item, audit_row: Item) -> bool:
        """Write the missing account of a profile.

        Returns:
            False if the user was erased or the account was created in the meantime. Nothing was written then.
        """
        check = {
            "ConditionCheck": {
                "TableName": self._users_table,
                "Key": serialize_item({"PK": account["PK"], "SK": record.SORT_KEYS["profile"]}),
                "ConditionExpression": LIVE_ITEM_EXISTS,
                "ExpressionAttributeValues": _TOMBSTONE,
            },
        }
        return self.write([self._put(account), check], audit_row)

    def change(
        self, user: UserItems, changes: Mapping[ItemKind, Sequence[Change]], audit_row: Item
    ) -> UserItems | None:
        """Change fields of a user and add a row to the audit trail.

        Args:
            user: Both items, as `read` returned them.
            changes: For each item, the paths to set or remove. All others stay unchanged.
            audit_row: The audit row. Its hash becomes the account's audit head.

        Returns:
            The changed items; None if the user was changed since the read. Nothing was written then.

        Raises:
            StoreBusyError, StoreError: Nothing was written, or the result is unknown.
        """
        profile_changes = changes.get("profile", ())
        if user.account is None or (profile_changes and user.profile is None):
            raise ValueError("Only existing items can be changed: register the user first.")
        account_changes = [*changes.get("account", ()), *_audit_head_changes(audit_row)]
        actions = [self._update("account", user.account, account_changes, guard=user.account)]
        if user.profile is not None and profile_changes:
            actions.append(self._update("profile", user.profile, profile_changes, guard=None))
        if not self.write(actions, audit_row):
            return None
        return UserItems(
            apply_changes(user.account, account_changes),
            None if user.profile is None else apply_changes(user.profile, profile_changes),
        )

    def write(self, actions: Sequence[Mapping[str, Any]], audit_row: Item) -> bool:
        """Run actions and add a row to the audit trail, in one transaction.

        Returns:
            False if a condition failed. Nothing was written then.
        """
        return not self.transact([*actions, self._put_audit(audit_row)])

    def _put(self, item: Item) -> dict[str, Any]:
        typed_item = serialize_item(item)
        if record.is_too_large(typed_item):
            raise RecordTooLargeError("ItemTooLarge")
        return {
            "Put": {
                "TableName": self._users_table,
                "Item": typed_item,
                "ConditionExpression": ITEM_DOES_NOT_EXIST,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        }

    def _put_audit(self, row: Item) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._audit_table,
                "Item": serialize_item(row),
                "ConditionExpression": ITEM_DOES_NOT_EXIST,
            },
        }

    def _update(
        self,
        kind: ItemKind,
        item: Item,
        changes: Sequence[Change],
        guard: Item | None,
    ) -> dict[str, Any]:
        """Return the update of one item; with a guard, only if its audit head is unchanged."""
        update = update_expression(changes)
        update["ExpressionAttributeValues"] |= _TOMBSTONE
        condition = LIVE_ITEM_EXISTS
        if guard is not None and guard.get("auditHead"):
            condition = AUDIT_HEAD_IS_UNCHANGED
            update["ExpressionAttributeValues"][":auditHead"] = serialize(guard["auditHead"])
        elif guard is not None:
            condition = AUDIT_HEAD_IS_STILL_MISSING
        return {
            "Update": {
                "TableName": self._users_table,
                "Key": serialize_item({"PK": item["PK"], "SK": record.SORT_KEYS[kind]}),
                "ConditionExpression": condition,
                **update,
            },
        }

    def transact(self, actions: Sequence[Mapping[str, Any]]) -> Mapping[int, Item]:
        """Run a transaction. The caller's actions must have conditions that make a repetition harmless.

        Returns:
            The existing item of each action whose condition failed, by the action's position. Nothing was
            written then. Empty if the transaction was written.
        """
        for attempt in range(_ATTEMPTS):
            self._pause(attempt)
            try:
                self._client.transact_write_items(TransactItems=list(actions))
            except BotoCoreError as error:
                raise store_error(error) from None
            except ClientError as error:
                existing_items = _read_failed_conditions(error)
                if existing_items:
                    return existing_items
            else:
                return {}
        raise StoreBusyError("TransactionConflict")

    def _pause(self, attempt: int) -> None:
        if attempt:
            # Full jitter, so that callers who collided don't collide again.
            self._sleep(random.uniform(0, _MAX_PAUSE_S * attempt))  # noqa: S311  (not a secret)


def _audit_head_changes(audit_row: Item) -> list[Change]:
    return [Change(("auditHead",), audit_row["hash"]), Change(("version",), audit_row["version"])]


def store_error(error: ClientError | BotoCoreError) -> StoreError:
    """Convert an error of botocore to an error of the store."""
    return _store_error_of_code(error_code(error))


def _store_error_of_code(code: str) -> StoreError:
    if code in THROTTLING_CODES:
        return StoreBusyError(code)
    return InvalidRequestError(code) if code in INVALID_REQUEST_CODES else StoreError(code)


def _read_failed_conditions(error: ClientError) -> Mapping[int, Item]:
    """Read the cancellation reasons of a transaction.

    Returns:
        The existing item of each action whose condition failed, by the action's position. Empty if another
        attempt can succeed.

    Raises:
        StoreBusyError: DynamoDB throttles; botocore has already repeated the call.
        InvalidRequestError: DynamoDB rejects the request as invalid.
        StoreError: Any other reason.
    """
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        raise store_error(error) from None
    reasons = error.response.get("CancellationReasons") or []
    codes = {reason.get("Code", "None") for reason in reasons}
    if codes & THROTTLING_CODES:
        # Even if a condition failed too: the list of failed conditions may be incomplete then.
        return {}
    if _CONDITION_FAILED in codes:
        return {
            position: deserialize_item(reason.get("Item") or {})
            for position, reason in enumerate(reasons)
            if reason.get("Code") == _CONDITION_FAILED
        }
    other_codes = sorted(codes - {"None"})
    raise _store_error_of_code(other_codes[0] if other_codes else "TransactionCanceledException") from None
