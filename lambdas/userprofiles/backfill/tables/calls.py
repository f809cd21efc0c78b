"""Calls to DynamoDB: counted, retried where a retry can help, with actionable errors."""

import copy
import dataclasses
import math
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill.error_messages import (
    CONNECTION,
    TableLocation,
    error_code,
    error_message,
    not_dynamodb_error,
    translate_error,
    unreachable_error,
)
from userprofiles.backfill.errors import (
    BackfillFailedError,
    ConditionFailedError,
    DeniedError,
    ErrorKind,
    InvalidRequestError,
    ServerFaultError,
    StoppedError,
)
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tally import Meter
from userprofiles.jobs.pacing import Pacer, Unlimited
from userprofiles.table.error_codes import THROTTLING_CODES

BROKEN = frozenset(
    {"InternalServerError", "InternalServerErrorException", "InternalFailure", "ServiceUnavailable"}
)
# A transaction works on the same item, or on the same request.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html#API_UpdateItem_Errors
_BUSY = frozenset({"TransactionConflictException", "TransactionInProgressException"})
RETRIED = THROTTLING_CODES | BROKEN | _BUSY

_CONDITION_FAILED = "ConditionalCheckFailed"
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})


class Calls:
    """Calls of one thread on one table.

    Args:
        client: A botocore DynamoDB client (it may be shared between threads).
        location: The table that the calls go to.
        stop: Ends the wait between two attempts.
        limits: The pauses between two attempts, and the time without success after which a run ends.
        pacer: Paces the writes of all threads.

    Attributes:
        location: The table that the calls go to.
        meter: Counts the calls, including the retries of botocore, and their consumed capacity.
    """

    def __init__(
        self,
        client: Any,
        location: TableLocation,
        stop: Stop,
        limits: Limits,
        pacer: Pacer | None = None,
    ) -> None:
        self.location = location
        self._pacer = pacer or Unlimited()
        self.meter = Meter()
        self._stop = stop
        self._client = client
        self._limits = limits
        self._waits = 0
        self._failing_since: float | None = None
        self._has_answered = False

    def call(
        self, operation: str, *, server_error_tries: float = math.inf, **parameters: Any
    ) -> dict[str, Any]:
        """Call an operation. Retry it while it is throttled or the service fails.

        Args:
            operation: The operation's name, for example ``BatchGetItem``.
            server_error_tries: The number of server errors, except throttling, that end the call.
            **parameters: The operation's parameters.

        Returns:
            The response. ``response["repeated"]`` is true if an earlier attempt may have been executed.

        Raises:
            ConditionFailedError: The condition of a write failed.
            DeniedError: The permission for this operation is missing.
            InvalidRequestError: DynamoDB rejected the request as invalid.
            ServerFaultError: All of `server_error_tries` failed.
            BackfillFailedError: A retry can't help: credentials, table, endpoint or network.
            StoppedError: A stop was requested during a wait.
        """
        units = _expected_units(operation, parameters)
        method: Callable[..., dict[str, Any]] = getattr(self._client, _METHODS[operation])
        repeated = False
        tries_left = server_error_tries
        while True:
            self._take_budget(operation, units)
            started_at = time.monotonic()
            try:
                response = method(ReturnConsumedCapacity="TOTAL", **parameters)
            except boto.ClientError as error:
                self._count(operation, error.response, units)
                tries_left -= error_code(error) not in THROTTLING_CODES
                permanent_error = self._permanent_error(operation, error, repeated=repeated)
                if permanent_error is None and tries_left <= 0:
                    permanent_error = _server_fault(error, server_error_tries)
                if permanent_error is not None:
                    raise permanent_error from error
                cause = f"{error_code(error)} ({operation})"
            except CONNECTION as error:
                self.meter.calls[operation] += 1
                if not self._has_answered:
                    raise unreachable_error(error, self.location) from error
                cause = f"{type(error).__name__} ({operation})"
            except boto.BotoCoreError as error:
                raise translate_error(error, self.location) from error
            else:
                self._has_answered = True
                self.meter.latency.record(time.monotonic() - started_at)
                self._count(operation, response, units)
                response["repeated"] = repeated or _retries(response) > 0
                return response
            repeated = True
            self.wait(cause)

    @property
    def stop(self) -> Stop:
        """The stop of the run, for the waits of a source with another client."""
        return self._stop

    def for_table(self, table: str) -> "Calls":
        """Return the calls of the same thread to another table. They count in the same meter.

        Args:
            table: The name of the table. Use the result for one call only: `take_meter` starts a new meter.
        """
        calls = copy.copy(self)
        calls.location = dataclasses.replace(self.location, table=table)
        return calls

    def item_count(self) -> int | None:
        """Return DynamoDB's item count of the table, which is up to six hours old.

        Returns:
            None if the table has no count yet, or if the call fails: the permission for it is optional.
        """
        try:
            response = self._client.describe_table(TableName=self.location.table)
        except (boto.ClientError, boto.BotoCoreError):
            return None
        return int(response["Table"].get("ItemCount", 0)) or None

    def take_meter(self) -> Meter:
        """Return the counts since the previous `take_meter`, and restart at zero."""
        meter, self.meter = self.meter, Meter()
        return meter

    def record_success(self) -> None:
        """Record a success: the next pause is short again."""
        self._waits = 0
        self._failing_since = None

    def report_throttled(self) -> None:
        """Slow down: DynamoDB throttled a part of a write."""
        self._pacer.report_throttled()

    def wait(self, cause: str, *, first_wait_s: float = 0.0) -> None:
        """Wait before the next attempt, with exponential backoff and full jitter.

        Args:
            cause: Why the last attempt failed, for the error message.
            first_wait_s: The longest first pause, if it is longer than that of the limits.

        Raises:
            BackfillFailedError: No call has succeeded for `Limits.patience_s`.
            StoppedError: A stop was requested.
        """
        now = self._stop.now()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since > self._limits.patience_s:
            raise BackfillFailedError(
                ErrorKind.SERVICE,
                f"No call to DynamoDB succeeded for {self._limits.patience_s:.0f} s. The last error was "
                f"{cause}.\nRaise the table's capacity or wait, then resume. Created profiles are kept.",
            )
        first_wait_s = max(first_wait_s, self._limits.first_wait_s)
        longest = min(self._limits.longest_wait_s, first_wait_s * 2**self._waits)
        self._waits += 1
        if self._stop.wait(random.uniform(0, longest)):  # noqa: S311 - jitter, not a secret
            raise StoppedError(f"stopped during the wait after {cause}")

    def _take_budget(self, operation: str, units: float) -> None:
        """Wait until a call with these write units may begin.

        Raises:
            StoppedError: A stop was requested during the wait.
        """
        if units and not self._pacer.take(units, self._stop.wait):
            raise StoppedError(f"stopped before {operation}")

    def _count(self, operation: str, response: Mapping[str, Any], expected_units: float) -> None:
        """Count a call with its capacity. The response of a throttled call has its error."""
        self.meter.calls[operation] += 1 + _retries(response)
        consumed = response.get("ConsumedCapacity") or ()
        parts = [consumed] if isinstance(consumed, Mapping) else consumed
        units = sum(float(part.get("CapacityUnits", 0)) for part in parts)
        if operation not in _WRITES:
            self.meter.read_units += units
            return
        self.meter.write_units += units
        is_throttled = response.get("Error", {}).get("Code") in THROTTLING_CODES
        if consumed or is_throttled:
            self._pacer.report(expected_units, units)
        if is_throttled:
            self._pacer.report_throttled()

    def _permanent_error(
        self, operation: str, error: boto.ClientError, *, repeated: bool
    ) -> Exception | None:
        """Return the error to raise, or None if a retry can help."""
        code = _deciding_code(error)
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in RETRIED:
            return None
        if status >= 500:  # noqa: PLR2004 - HTTP's server errors
            is_not_dynamodb = not self._has_answered and not code.endswith("Exception")
            return not_dynamodb_error(self.location, f"HTTP status {status}") if is_not_dynamodb else None
        if code == "ConditionalCheckFailedException":
            return ConditionFailedError(repeated=repeated or _retries(error.response) > 0)
        if code in _DENIED:
            return DeniedError(operation, error_message(error))
        if code == "ValidationException":
            return InvalidRequestError(error_message(error))
        return translate_error(error, self.location)


def _expected_units(operation: str, parameters: Mapping[str, Any]) -> float:
    """Return the write units that a call consumes at least: one for each item."""
    return len(parameters.get("Statements", (0,))) if operation in _WRITES else 0


def _deciding_code(error: boto.ClientError) -> str:
    """Return the code of an error; that of the decisive action if a transaction was canceled."""
    code = error_code(error)
    if code != "TransactionCanceledException":
        return code
    codes = {str(reason.get("Code")) for reason in error.response.get("CancellationReasons") or ()}
    if _CONDITION_FAILED in codes:
        return f"{_CONDITION_FAILED}Exception"
    return next((reason for reason in sorted(codes) if reason in RETRIED), code)


def _server_fault(error: boto.ClientError, tries: float) -> ServerFaultError:
    return ServerFaultError(error_code(error), error_message(error), int(tries))


def _retries(response: Mapping[str, Any]) -> int:
    """Return how often botocore retried a call."""
    return int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0))


_METHODS = {
    "Scan": "scan",
    "Query": "query",
    "BatchGetItem": "batch_get_item",
    "GetItem": "get_item",
    "BatchExecuteStatement": "batch_execute_statement",
    "PutItem": "put_item",
    "DeleteItem": "delete_item",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}
_WRITES = frozenset({"BatchExecuteStatement", "PutItem", "DeleteItem", "TransactWriteItems", "UpdateItem"})
