"""The state of the scheduled reconciliation, in a table of its own.

One item has the lease, the running pass and the summary of the last one. The users of the pool are stored as
8-byte hashes of their subs, one item per page of ListUsers, until DynamoDB deletes the items (TTL). Nothing
depends on the time of this deletion, because each pass has its own partition.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.jobs.key_hashes import KeyHashes
from userprofiles.table.attribute_value import deserialize_item, serialize, serialize_item
from userprofiles.table.store import store_error
from userprofiles.telemetry import error_code

_KEY = serialize_item({"PK": "STATE", "SK": "STATE"})
_HASHES_KEPT = timedelta(days=14)
_OWNS_LEASE = "leaseOwner = :owner"

POOL_PHASE = "pool"
ACCOUNTS_PHASE = "accounts"


class LeaseLostError(Exception):
    """Another invocation has the lease. This one must stop."""


@dataclass
class Pass:
    """A pass over pool and table.

    Attributes:
        id: The ID of the pass. A restart has a new ID.
        started_at: The time at which it began, as `record.timestamp` formats it.
        phase: POOL_PHASE, then ACCOUNTS_PHASE.
        page: Number of the next page of the pool.
        token: The token of the next page of the pool; None for the first page.
        last_account: The key of the last account that was compared; None before the first.
        counts: What was compared and done so far.
    """

    id: str
    started_at: str
    phase: str = POOL_PHASE
    page: int = 0
    token: str | None = None
    last_account: dict[str, Any] | None = None
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, number: int = 1) -> None:
        """Add a number to a count."""
        self.counts[name] = self.counts.get(name, 0) + number


@dataclass(frozen=True)
class State:
    """The state between two invocations.

    Attributes:
        running_pass: The pass that has not ended; None if there is none.
        last: The summary of the last pass that ended; None before the first.
    """

    running_pass: Pass | None
    last: dict[str, Any] | None


class StateTable:
    """The table with the state. All methods raise a `StoreError` if DynamoDB returns an error.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the state table.
        owner: ID of this invocation.
    """

    def __init__(self, client: Any, table: str, owner: str = "") -> None:
        self._client = client
        self._table = table
        self._owner = owner

    def read(self) -> State:
        """Read the state without a lease."""
        response = self._call("get_item", Key=_KEY, ConsistentRead=True)
        return _state(response.get("Item", {}))

    def acquire(self, moment: datetime, until: datetime) -> State | None:
        """Acquire the lease and return the state; None if another invocation has the lease.

        Args:
            moment: The current time.
            until: The end of the lease, after which this invocation can't run any more.
        """
        try:
            response = self._update(
                "SET leaseOwner = :owner, leaseUntil = :until",
                "attribute_not_exists(leaseUntil) OR leaseUntil <= :now OR leaseOwner = :owner",
                {":until": until.timestamp(), ":now": moment.timestamp()},
            )
        except LeaseLostError:
            return None
        return _state(response["Attributes"])

    def save(self, running_pass: Pass) -> None:
        """Store the progress of the pass.

        Raises:
            LeaseLostError: Another invocation has the lease. Nothing was written.
        """
        self._update("SET runningPass = :pass", _OWNS_LEASE, {":pass": asdict(running_pass)})

    def finish(self, summary: dict[str, Any]) -> None:
        """Store the summary of the pass, and end the pass.

        Raises:
            LeaseLostError: Another invocation has the lease. Nothing was written.
        """
        self._update("SET lastPass = :last REMOVE runningPass", _OWNS_LEASE, {":last": summary})

    def release(self) -> None:
        """Release the lease, if this invocation still has it."""
        try:
            self._update("REMOVE leaseOwner, leaseUntil", _OWNS_LEASE, {})
        except LeaseLostError:
            return

    def add_subs(self, running_pass: Pass, hashes: bytes, moment: datetime) -> None:
        """Store the hashes of a page. A repeated page replaces its former hashes."""
        expires_at = int((moment + _HASHES_KEPT).timestamp())
        item = {**_hashes_key(running_pass), "hashes": hashes, "expiresAt": expires_at}
        self._call("put_item", Item=serialize_item(item))

    def read_subs(self, running_pass: Pass) -> KeyHashes:
        """Read the hashes of all pages of a pass."""
        subs = KeyHashes()
        start: dict[str, Any] = {}
        while True:
            response = self._call(
                "query",
                KeyConditionExpression="PK = :partition",
                ExpressionAttributeValues={":partition": serialize(_hashes_key(running_pass)["PK"])},
                ConsistentRead=True,
                **start,
            )
            for typed_item in response["Items"]:
                subs.add_all(typed_item["hashes"]["B"])
            if not response.get("LastEvaluatedKey"):
                return subs
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def _update(self, update: str, condition: str, values: dict[str, Any]) -> Any:
        names = {":owner": self._owner, **values}
        try:
            return self._client.update_item(
                TableName=self._table,
                Key=_KEY,
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues={name: serialize(value) for name, value in names.items()},
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise LeaseLostError from None
            raise store_error(error) from None
        except BotoCoreError as error:
            raise store_error(error) from None

    def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client, operation)(TableName=self._table, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None


def _hashes_key(running_pass: Pass) -> dict[str, str]:
    return {"PK": f"SUBS#{running_pass.id}", "SK": f"{running_pass.page:010d}"}


def _state(typed_item: dict[str, Any]) -> State:
    item = deserialize_item(typed_item)
    running_pass = item.get("runningPass")
    return State(Pass(**running_pass) if running_pass else None, item.get("lastPass"))
