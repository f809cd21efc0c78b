"""Finds the users whom the erasure function must work on: open receipts and due accounts.

The accounts come from the 16 shards of the list of deletions, sorted by the end of the grace period.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from userprofiles.lifecycle.erasure.receipts import Receipts
from userprofiles.lifecycle.erasure.stores.batches import call
from userprofiles.table import deletion, record
from userprofiles.table.attribute_value import deserialize_item

LATE_AFTER = timedelta(days=1)
"""Age of an open receipt above which a store needs the attention of an operator."""

_LISTS = record.LIST_SHARDS + 1


@dataclass(frozen=True)
class Position:
    """A position in a sweep.

    Attributes:
        number: 0 for the open receipts, then 1 to 16 for the shards of the list of deletions.
        start: DynamoDB's key after which the query goes on; None for its beginning.
    """

    number: int = 0
    start: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the position as a message has it."""
        return {"list": self.number, "start": self.start}


@dataclass(frozen=True)
class SweepPage:
    """A part of a sweep.

    Attributes:
        subs: The users.
        late_subs: Those whose erasure has been open for over a day.
        next_position: The position after this part; None at the end of the sweep.
    """

    subs: list[str]
    late_subs: list[str]
    next_position: Position | None


def read_position(document: Mapping[str, Any]) -> Position:
    """Read a position from a message. An invalid one is the beginning: a repeated sweep does no harm."""
    number, start = document.get("list"), document.get("start")
    if not isinstance(number, int) or not 0 <= number < _LISTS or not isinstance(start, Mapping | None):
        return Position()
    return Position(number, start)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Sweep:
    """Finds users.

    Attributes:
        client: A botocore client of DynamoDB.
        users_table: Name of the users table.
        receipts: The receipts table.
        clock: Returns the current time.
    """

    client: Any
    users_table: str
    receipts: Receipts
    clock: Callable[[], datetime] = _now

    def pages(self, position: Position) -> Iterator[SweepPage]:
        """Yield the users after a position.

        Raises:
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        next_position: Position | None = position
        while next_position is not None:
            read = self._read_accounts if next_position.number else self._read_receipts
            subs, late_subs, start = read(next_position)
            next_position = _next_position(next_position.number, start)
            yield SweepPage(subs, late_subs, next_position)

    def _read_receipts(self, position: Position) -> tuple[list[str], list[str], Any]:
        items, start = self.receipts.open_page(position.start)
        latest = record.timestamp(self.clock() - LATE_AFTER)
        late_subs = [_sub(item) for item in items if item["startedAt"] <= latest]
        return [_sub(item) for item in items], late_subs, start

    def _read_accounts(self, position: Position) -> tuple[list[str], list[str], Any]:
        shard = f"{position.number - 1:02d}"
        response = call(
            self.client.query,
            TableName=self.users_table,
            IndexName=record.ROLE_INDEX,
            # `$` is the character after `#`, so this includes all keys `<now>#<sub>`.
            KeyConditionExpression="listPK = :partition AND listSK < :end",
            ExpressionAttributeValues={
                ":partition": {"S": record.list_partition(shard, deletion.LIST)},
                ":end": {"S": f"{record.timestamp(self.clock())}$"},
            },
            **({"ExclusiveStartKey": position.start} if position.start else {}),
        )
        items = [deserialize_item(item) for item in response["Items"]]
        return [_sub(item) for item in items], [], response.get("LastEvaluatedKey")


def _next_position(number: int, start: Mapping[str, Any] | None) -> Position | None:
    if start:
        return Position(number, start)
    return Position(number + 1) if number + 1 < _LISTS else None


def _sub(item: Mapping[str, Any]) -> str:
    return str(item["PK"]).removeprefix(record.USER_PREFIX)
