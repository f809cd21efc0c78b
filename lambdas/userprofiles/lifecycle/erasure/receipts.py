"""Receipts of erasures, in a table of their own: the restore of a users table does not remove them.

One item for each user, with the key `PK = USER#<sub>`. While an erasure is open, the attribute `openPK` puts
the item into the sparse index `open`. A receipt has numbers, times and names of stores, and no personal data
except the sub.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.table import audit, record
from userprofiles.table.attribute_value import deserialize_item, serialize, serialize_item
from userprofiles.table.conditions import ITEM_DOES_NOT_EXIST
from userprofiles.table.record import Item
from userprofiles.table.store import store_error
from userprofiles.telemetry import error_code

OPEN = "OPEN"
DONE = "DONE"
OPEN_INDEX = "open"

_IS_UNCHANGED = "erasureId = :erasureId AND #state = :state"
_STATE = {"#state": "state"}  # a reserved word of DynamoDB
_PATH = "stores.#store.#attribute"  # `found` is a reserved word too
_NOT_HASHED = ("hash", "auditHead")


class ErasureReplacedError(Exception):
    """Another run has finished or repeated the erasure. The receipt must be read again."""


@dataclass(frozen=True)
class Receipt:
    """The receipt of one user's erasure.

    Attributes:
        sub: The user.
        erasure_id: ID of this run; a repeated erasure has another one.
        state: `OPEN` or `DONE`.
        requested_by: `user`, `reconciler`, `operator` or `admin:<sub>`.
        started_at: When this run started.
        audit_head: Hash of the run's last audit row.
        runs: How often the user was erased: 1, and one more for each restored backup.
        stores: For each store `found` (number of deleted items), `doneAt`, for queues `sentAt`, and for media
            `waitUntil`.
        done_at: The end of the run; None while it is open.
        hash: SHA-256 of the receipt, which the audit row ERASED has too; None while it is open.
    """

    sub: str
    erasure_id: str
    state: str
    requested_by: str
    started_at: str
    audit_head: str
    runs: int = 1
    stores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    done_at: str | None = None
    hash: str | None = None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Read a receipt from its item."""
        return cls(
            sub=item["sub"],
            erasure_id=item["erasureId"],
            state=item["state"],
            requested_by=item["requestedBy"],
            started_at=item["startedAt"],
            audit_head=item["auditHead"],
            runs=item["runs"],
            stores=item["stores"],
            done_at=item.get("doneAt"),
            hash=item.get("hash"),
        )

    @property
    def is_open(self) -> bool:
        """Whether the erasure has not finished."""
        return self.state == OPEN

    def is_store_done(self, name: str) -> bool:
        """Return whether a store has nothing of the user any more."""
        return "doneAt" in self.stores.get(name, {})

    def document(self) -> Item:
        """Return the receipt as a document, without keys."""
        optional = {"doneAt": self.done_at, "hash": self.hash}
        return {
            "sub": self.sub,
            "erasureId": self.erasure_id,
            "state": self.state,
            "requestedBy": self.requested_by,
            "startedAt": self.started_at,
            "runs": self.runs,
            "stores": {name: dict(entry) for name, entry in self.stores.items()},
            "auditHead": self.audit_head,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def compute_hash(self) -> str:
        """Return the SHA-256 of the document's canonical JSON, without `hash` and `auditHead`."""
        return audit.digest(
            {name: value for name, value in self.document().items() if name not in _NOT_HASHED}
        )

    def finish(self, moment: datetime) -> "Receipt":
        """Return the receipt of the finished erasure, with its hash."""
        receipt = replace(self, state=DONE, done_at=record.timestamp(moment))
        return replace(receipt, hash=receipt.compute_hash())


class Receipts:
    """The receipts table. Its methods raise a `StoreError` if DynamoDB returns an error.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the receipts table.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, sub: str) -> Receipt | None:
        """Return the receipt of a user, None if there is none."""
        response = self._call("get_item", Key=_key(sub), ConsistentRead=True)
        return Receipt.from_item(deserialize_item(response["Item"])) if "Item" in response else None

    def put_action(self, receipt: Receipt, previous: Receipt | None) -> dict[str, Any]:
        """Return the action of TransactWriteItems that writes a receipt, if the previous one is unchanged."""
        item = {"PK": record.partition_key(receipt.sub), **receipt.document()}
        if receipt.is_open:
            item["openPK"] = OPEN
        condition: dict[str, Any] = {"ConditionExpression": ITEM_DOES_NOT_EXIST}
        if previous is not None:
            condition = _condition(previous)
        return {"Put": {"TableName": self._table, "Item": serialize_item(item), **condition}}

    def add_store(self, receipt: Receipt, name: str) -> None:
        """Add a store that was registered after the erasure started.

        Raises:
            ErasureReplacedError: Another run has finished or restarted this erasure.
        """
        expression = "SET stores.#store = if_not_exists(stores.#store, :value)"
        self._update(receipt, expression, {"#store": name}, {})

    def record(self, receipt: Receipt, name: str, attribute: str, value: Any) -> None:
        """Record the first value of an attribute of a store, such as `found`. Later values are ignored.

        Raises:
            ErasureReplacedError: Another run has finished or restarted this erasure.
        """
        expression = f"SET {_PATH} = if_not_exists({_PATH}, :value)"
        self._update(receipt, expression, {"#store": name, "#attribute": attribute}, value)

    def replace(self, receipt: Receipt, name: str, attribute: str, value: Any) -> None:
        """Record a value of a store, and replace a former one.

        Raises:
            ErasureReplacedError: Another run has finished or restarted this erasure.
        """
        self._update(receipt, f"SET {_PATH} = :value", {"#store": name, "#attribute": attribute}, value)

    def _update(self, receipt: Receipt, expression: str, names: Mapping[str, str], value: Any) -> None:
        condition = _condition(receipt)
        condition["ExpressionAttributeNames"] = {**_STATE, **names}
        condition["ExpressionAttributeValues"][":value"] = serialize(value)
        try:
            self._client.update_item(
                TableName=self._table, Key=_key(receipt.sub), UpdateExpression=expression, **condition
            )
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise ErasureReplacedError(receipt.erasure_id) from None
            raise store_error(error) from None

    def open_page(self, start: Mapping[str, Any] | None) -> tuple[list[Item], Mapping[str, Any] | None]:
        """Return the next open receipts, oldest first.

        Args:
            start: The position after the page before, None for the first page.

        Returns:
            Items with `PK` and `startedAt`, and the next position; None after the last page.
        """
        response = self._call(
            "query",
            IndexName=OPEN_INDEX,
            KeyConditionExpression="openPK = :open",
            ExpressionAttributeValues={":open": {"S": OPEN}},
            **({"ExclusiveStartKey": start} if start else {}),
        )
        return [deserialize_item(item) for item in response["Items"]], response.get("LastEvaluatedKey")

    def all(self) -> Iterator[Receipt]:
        """Yield all receipts."""
        start: dict[str, Any] = {}
        while True:
            response = self._call("scan", ConsistentRead=True, **start)
            for item in response["Items"]:
                yield Receipt.from_item(deserialize_item(item))
            if not response.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None


def _key(sub: str) -> Item:
    return serialize_item({"PK": record.partition_key(sub)})


def _condition(receipt: Receipt) -> dict[str, Any]:
    """Return the condition that a receipt has the run and the state that were read."""
    return {
        "ConditionExpression": _IS_UNCHANGED,
        "ExpressionAttributeNames": _STATE,
        "ExpressionAttributeValues": {
            ":erasureId": {"S": receipt.erasure_id},
            ":state": {"S": receipt.state},
        },
    }
