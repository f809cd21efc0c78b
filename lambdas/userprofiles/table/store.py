"""DynamoDB access: a user's account and profile, and the audit trail beside them.

Every write is one TransactWriteItems under named conditions, so it may be repeated, lost or late without
harm.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.table import record
from userprofiles.table.attribute_value import deserialize_item, item_size, serialize, serialize_item
from userprofiles.table.record import Item
from userprofiles.table.update_expression import Change, update_expression
from userprofiles.telemetry import error_code
from userprofiles.template_check import Kind

# Conditions by their meaning. No item yet: neither a user's nor a deleted one's.
NOT_THERE = "attribute_not_exists(PK)"
# There, and not what a deleted user left.
ALIVE = "attribute_exists(PK) AND entityType <> :tombstone"
# Nobody wrote since the item was read. A backfilled account has no head yet.
UNCHANGED = f"{ALIVE} AND auditHead = :seen"
UNCHANGED_WITHOUT_HEAD = f"{ALIVE} AND attribute_not_exists(auditHead)"

_TOMBSTONE = {":tombstone": {"S": record.TOMBSTONE}}

# Reasons of a cancelled transaction that pass by themselves:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_THROTTLED = frozenset(
    {"ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"},
)
_CONDITION = "ConditionalCheckFailed"

_ATTEMPTS = 3
_LONGEST_PAUSE_S = 0.1


class StoreError(Exception):
    """The table did not carry out a request.

    Args:
        code: AWS's error code or botocore's class: their messages may repeat what a user typed.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StoreBusyError(StoreError):
    """Conflicts or throttling lasted through all attempts; a later call may work."""


class RecordTooLargeError(StoreError):
    """An item is larger than DynamoDB takes; no repetition helps."""


@dataclass(frozen=True)
class User:
    """What stands in the table of one user; None where an item is missing."""

    account: Item | None
    profile: Item | None

    @property
    def erased(self) -> bool:
        """Whether this is what a deleted user left."""
        return record.is_tombstone(self.account) or record.is_tombstone(self.profile)

    @property
    def whole(self) -> bool:
        """Whether both items are there."""
        return self.account is not None and self.profile is not None


class Store:
    """The users table and the audit table.

    Args:
        client: A botocore client of DynamoDB.
        users_table: Name of the users table.
        audit_table: Name of the audit table.
        sleep: Waits between attempts; tests hand in one that doesn't.
    """

    def __init__(
        self,
        client: Any,
        users_table: str,
        audit_table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._users = users_table
        self._audit = audit_table
        self._sleep = sleep

    def read(self, sub: str) -> User:
        """Read a user's account and profile in one call, as they stand after every finished write.

        Raises:
            StoreBusyError: The table gave only a part, again and again.
            StoreError: The table refused.
        """
        wanted = [serialize_item(record.key(sub, kind)) for kind in record.SORT_KEYS]
        found: dict[str, Item] = {}
        for attempt in range(_ATTEMPTS):
            self._pause(attempt)
            try:
                answer = self._client.batch_get_item(
                    RequestItems={self._users: {"Keys": wanted, "ConsistentRead": True}},
                )
            except (ClientError, BotoCoreError) as error:
                raise _named(error) from None
            for item in answer["Responses"].get(self._users, ()):
                plain = deserialize_item(item)
                found[plain["SK"]] = plain
            wanted = answer.get("UnprocessedKeys", {}).get(self._users, {}).get("Keys", [])
            if not wanted:
                return User(found.get(record.SORT_KEYS["account"]), found.get(record.SORT_KEYS["profile"]))
        raise StoreBusyError("UnprocessedKeys")

    def create(self, account: Item, profile: Item, row: Item) -> User:
        """Write a new user's account, profile and audit row; all or nothing.

        Returns:
            What stood there before: nothing of either if this call wrote the user.

        Raises:
            RecordTooLargeError, StoreBusyError, StoreError: Nothing was written, or it isn't known.
        """
        existing = self._transact([self._put(account), self._put(profile), self._append(row)])
        return User(existing.get(0), existing.get(1))

    def add_profile(self, account: Item, profile: Item, row: Item) -> bool:
        """Put the profile that an account lacks, unless the user was deleted or changed meanwhile."""
        moved = self._update("account", account, _moved_head(row), guard=account)
        return self._written([moved, self._put(profile), self._append(row)])

    def add_account(self, account: Item, row: Item) -> bool:
        """Put the account that a profile lacks, unless the user was deleted or the account came meanwhile."""
        check = {
            "ConditionCheck": {
                "TableName": self._users,
                "Key": serialize_item({"PK": account["PK"], "SK": record.SORT_KEYS["profile"]}),
                "ConditionExpression": ALIVE,
                "ExpressionAttributeValues": _TOMBSTONE,
            },
        }
        return self._written([self._put(account), check, self._append(row)])

    def change(self, user: User, changes: Mapping[Kind, Sequence[Change]], row: Item) -> bool:
        """Change fields of a user as read before, and move the audit chain.

        Args:
            user: As `read` returned it, both items there.
            changes: For each item the fields to set or remove; others stay untouched.
            row: The audit row; its hash becomes the chain's head.

        Returns:
            False if somebody wrote since the user was read; nothing was changed then.

        Raises:
            StoreBusyError, StoreError: Nothing was written, or it isn't known.
        """
        if user.account is None or user.profile is None:
            raise ValueError("Only a whole user can be changed: register the user first.")
        head = _moved_head(row)
        actions = [self._update("account", user.account, [*changes.get("account", ()), *head], user.account)]
        if changes.get("profile"):
            actions.append(self._update("profile", user.profile, changes["profile"], None))
        return self._written([*actions, self._append(row)])

    def _put(self, item: Item) -> dict[str, Any]:
        typed = serialize_item(item)
        if item_size(typed) > record.LARGEST_ITEM_BYTES:
            raise RecordTooLargeError("ItemTooLarge")
        return {
            "Put": {
                "TableName": self._users,
                "Item": typed,
                "ConditionExpression": NOT_THERE,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        }

    def _append(self, row: Item) -> dict[str, Any]:
        return {
            "Put": {"TableName": self._audit, "Item": serialize_item(row), "ConditionExpression": NOT_THERE},
        }

    def _update(
        self,
        kind: Kind,
        item: Item,
        changes: Sequence[Change],
        guard: Item | None,
    ) -> dict[str, Any]:
        """Make an update of one item; with a guard only if its audit head is still the guard's."""
        update = update_expression(changes)
        update["ExpressionAttributeValues"] |= _TOMBSTONE
        condition = ALIVE
        if guard is not None and guard.get("auditHead"):
            condition = UNCHANGED
            update["ExpressionAttributeValues"][":seen"] = serialize(guard["auditHead"])
        elif guard is not None:
            condition = UNCHANGED_WITHOUT_HEAD
        return {
            "Update": {
                "TableName": self._users,
                "Key": serialize_item({"PK": item["PK"], "SK": record.SORT_KEYS[kind]}),
                "ConditionExpression": condition,
                **update,
            },
        }

    def _written(self, actions: Sequence[Mapping[str, Any]]) -> bool:
        return not self._transact(actions)

    def _transact(self, actions: Sequence[Mapping[str, Any]]) -> Mapping[int, Item]:
        """Run a transaction.

        Returns:
            The actions whose condition failed, by position, with the item that stands there; nothing was
            written then. Empty if the transaction was written.
        """
        for attempt in range(_ATTEMPTS):
            self._pause(attempt)
            try:
                self._client.transact_write_items(TransactItems=list(actions))
            except BotoCoreError as error:
                raise _named(error) from None
            except ClientError as error:
                failed = _failed_conditions(error)
                if failed:
                    return failed
            else:
                return {}
        raise StoreBusyError("TransactionConflict")

    def _pause(self, attempt: int) -> None:
        if attempt:
            # Full jitter, so that callers who collided don't collide again.
            self._sleep(random.uniform(0, _LONGEST_PAUSE_S * attempt))  # noqa: S311  (no secret)


def _moved_head(row: Item) -> list[Change]:
    return [Change(("auditHead",), row["hash"]), Change(("version",), row["version"])]


def _named(error: ClientError | BotoCoreError) -> StoreError:
    code = error_code(error)
    return StoreBusyError(code) if code in _THROTTLED else StoreError(code)


def _failed_conditions(error: ClientError) -> Mapping[int, Item]:
    """Read why a transaction was cancelled, reason by reason.

    Returns:
        The actions whose condition failed, by position, with the item that stands there. Empty if the reason
        passes by itself, so that the next attempt may succeed.

    Raises:
        StoreBusyError: The table is throttled; botocore has repeated the call already.
        StoreError: Anything else.
    """
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        raise _named(error) from None
    reasons = error.response.get("CancellationReasons") or []
    codes = [reason.get("Code", "None") for reason in reasons]
    # Beside a reason that passes it isn't the whole answer: the next attempt gives that.
    if _CONDITION in codes and not (set(codes) & _PASSING):
        return {
            position: deserialize_item(reason.get("Item") or {})
            for position, reason in enumerate(reasons)
            if reason.get("Code") == _CONDITION
        }
    if set(codes) & _PASSING:
        return {}
    others = sorted(set(codes) - {"None"})
    raise StoreError(others[0] if others else "TransactionCanceledException") from None
