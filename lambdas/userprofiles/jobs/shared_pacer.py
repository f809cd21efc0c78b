"""Paces the writes of several processes that share a rate, by a clock in the ledger table.

The item `RUN#<run>` / `RATE` has the time until which the rate is spent, in milliseconds. Each reservation
moves this time by its size divided by the rate (the generic cell rate algorithm). A process reserves a little
more than it needs, so that a high rate takes few calls, and keeps the rest for its next writes.
"""

import time
from collections.abc import Callable
from typing import Any

from botocore import exceptions as boto

from userprofiles.jobs.errors import LedgerError
from userprofiles.jobs.pacing import LocalPacer
from userprofiles.telemetry import error_code

_GRANT_S = 0.05  # part of the rate that one call reserves at least: 20 calls a second at any rate
_CONDITION_FAILED = "ConditionalCheckFailedException"
_ATTEMPTS = 100


class SharedPacer:
    """The budget of one process. Its methods may be called by one thread at a time.

    Each process also slows down by itself while DynamoDB throttles its writes.

    Args:
        client: A botocore DynamoDB client with the permission dynamodb:UpdateItem on the ledger table.
        table: The name of the ledger table.
        run_id: The ID of the run whose processes share the rate.
        rate: Write units per second of all processes together.
        clock: Returns epoch seconds.
        local: Paces the writes of this process alone.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        run_id: str,
        rate: float,
        *,
        clock: Callable[[], float] = time.time,
        local: LocalPacer | None = None,
    ) -> None:
        self._client = client
        self._request = {"TableName": table, "Key": {"PK": {"S": f"RUN#{run_id}"}, "SK": {"S": "RATE"}}}
        self._rate = rate
        self._clock = clock
        self._local = local or LocalPacer()
        self._units = 0.0
        self._begins_at = 0.0

    def take(self, units: float, wait: Callable[[float], bool]) -> bool:
        """Wait until a write of this size may begin.

        Raises:
            LedgerError: The ledger table can't be written.
        """
        while self._units < units:
            missing = max(units - self._units, self._rate * _GRANT_S)
            self._begins_at = max(self._begins_at, self._reserve(missing))
            self._units += missing
        seconds = self._begins_at - self._clock()
        if seconds > 0 and wait(seconds):
            return False
        self._units -= units
        return self._local.take(units, wait)

    def report(self, expected: float, consumed: float) -> None:
        """Correct the budget after a write that consumed more or less than expected."""
        self._units += expected - consumed
        self._local.report(expected, consumed)

    def report_throttled(self) -> None:
        """Slow down this process: DynamoDB throttled one of its writes."""
        self._local.report_throttled()

    def _reserve(self, units: float) -> float:
        """Reserve units, and return the time at which they may be used, in epoch seconds."""
        length = round(units / self._rate * 1000)
        for _ in range(_ATTEMPTS):
            now = round(self._clock() * 1000)
            end = self._move("SET #end = #end + :length", "#end >= :now", now, length)
            if end is None:
                # Nobody has reserved for some time: the unused rate is not kept.
                end = self._move(
                    "SET #end = :start", "attribute_not_exists(#end) OR #end < :now", now, length
                )
            if end is not None:
                return (end - length) / 1000
        raise LedgerError("The rate of the run can't be reserved: too many processes share it.")

    def _move(self, update: str, condition: str, now: int, length: int) -> int | None:
        """Move the end of the spent time; return the new end, or None if the condition failed.

        Raises:
            LedgerError: The ledger table can't be written.
        """
        values = {":now": now, ":length": length, ":start": now + length}
        used = {name: {"N": str(value)} for name, value in values.items() if name in update + condition}
        try:
            response = self._client.update_item(
                **self._request,
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#end": "spentUntil"},
                ExpressionAttributeValues=used,
                ReturnValues="UPDATED_NEW",
            )
        except boto.ClientError as error:
            if error_code(error) == _CONDITION_FAILED:
                return None
            raise self._error(error) from error
        except boto.BotoCoreError as error:
            raise self._error(error) from error
        return int(response["Attributes"]["spentUntil"]["N"])

    def _error(self, error: Exception) -> LedgerError:
        return LedgerError(
            f"The rate of the run can't be reserved in the ledger table {self._request['TableName']!r} "
            f"({error_code(error)}).\nCheck the permission dynamodb:UpdateItem on it."
        )
