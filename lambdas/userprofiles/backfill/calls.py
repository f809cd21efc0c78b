"""Calls to DynamoDB: counted, repeated while that can help, with actionable errors."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore import exceptions as boto

from userprofiles.backfill.error_messages import (
    CONNECTION,
    Place,
    error_code,
    error_message,
    explain,
    stranger,
    unreachable,
)
from userprofiles.backfill.errors import (
    CannotGoOnError,
    ConditionFailedError,
    DeniedError,
    ErrorKind,
    InvalidRequestError,
    StoppedError,
)
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tally import Meter
from userprofiles.table.error_codes import THROTTLING_CODES

BROKEN = frozenset(
    {"InternalServerError", "InternalServerErrorException", "InternalFailure", "ServiceUnavailable"}
)
RETRIED = THROTTLING_CODES | BROKEN

_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})


class Calls:
    """Calls of one thread on one table.

    Args:
        client: A botocore DynamoDB client (it may be shared between threads).
        place: Where the calls go.
        stop: Ends waiting between two attempts.
        limits: The pauses between two attempts, and the patience.

    Attributes:
        place: Where the calls go.
        meter: Counts the calls, with botocore's own repetitions, and the capacity they consumed.
    """

    def __init__(self, client: Any, place: Place, stop: Stop, limits: Limits) -> None:
        self.place = place
        self.meter = Meter()
        self._stop = stop
        self._client = client
        self._limits = limits
        self._waits = 0
        self._trouble_since: float | None = None
        self._answered = False

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation until it succeeds; a throttled or broken call is repeated.

        Args:
            operation: The operation's name, for example ``BatchGetItem``.
            **parameters: The operation's parameters.

        Returns:
            The response. ``response["repeated"]`` says whether an earlier attempt may have been carried out.

        Raises:
            ConditionFailedError: The condition of a write does not hold.
            DeniedError: The right for this operation is missing.
            InvalidRequestError: DynamoDB found the request invalid.
            CannotGoOnError: Credentials, table, endpoint or network are not as they should be.
            StoppedError: A stop was requested while waiting.
        """
        method: Callable[..., dict[str, Any]] = getattr(self._client, _METHODS[operation])
        repeated = False
        while True:
            try:
                response = method(ReturnConsumedCapacity="TOTAL", **parameters)
            except boto.ClientError as error:
                self._count(operation, error.response)
                lasting = self._lasting(operation, error, repeated=repeated)
                if lasting is not None:
                    raise lasting from error
                trouble = f"{error_code(error)} ({operation})"
            except CONNECTION as error:
                self.meter.calls[operation] += 1
                if not self._answered:
                    raise unreachable(error, self.place) from error
                trouble = f"{type(error).__name__} ({operation})"
            except boto.BotoCoreError as error:
                raise explain(error, self.place) from error
            else:
                self._answered = True
                self._count(operation, response)
                response["repeated"] = repeated or _retries(response) > 0
                return response
            repeated = True
            self.wait(trouble)

    def take_meter(self) -> Meter:
        """Return the cost of the calls since the last time, and count from zero again."""
        meter, self.meter = self.meter, Meter()
        return meter

    def progress(self) -> None:
        """Record a success: the next pause is a short one again."""
        self._waits = 0
        self._trouble_since = None

    def wait(self, trouble: str) -> None:
        """Wait before the next attempt: exponentially longer, with full jitter.

        Args:
            trouble: The cause, for the message when patience ends.

        Raises:
            CannotGoOnError: Nothing has gone through for the time of the patience.
            StoppedError: A stop was requested.
        """
        now = time.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
        elif now - self._trouble_since > self._limits.patience_s:
            raise CannotGoOnError(
                ErrorKind.SERVICE,
                f"DynamoDB let nothing through for {self._limits.patience_s:.0f} s; the last answer was "
                f"{trouble}.\nRaise the table's capacity or wait, then resume: created profiles are kept.",
            )
        longest = min(self._limits.longest_wait_s, self._limits.first_wait_s * 2**self._waits)
        self._waits += 1
        if self._stop.wait(random.uniform(0, longest)):  # noqa: S311 - jitter, not a secret
            raise StoppedError(f"stopped while waiting after {trouble}")

    def _count(self, operation: str, response: Mapping[str, Any]) -> None:
        self.meter.calls[operation] += 1 + _retries(response)
        consumed = response.get("ConsumedCapacity") or ()
        for part in [consumed] if isinstance(consumed, Mapping) else consumed:
            units = float(part.get("CapacityUnits", 0))
            if operation in _WRITES:
                self.meter.write += units
            else:
                self.meter.read += units

    def _lasting(self, operation: str, error: boto.ClientError, *, repeated: bool) -> Exception | None:
        """Return the error to raise, or None for one that another attempt can overcome."""
        code = error_code(error)
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in RETRIED:
            return None
        if status >= 500:  # noqa: PLR2004 - HTTP's server errors
            is_stranger = not self._answered and not code.endswith("Exception")
            return stranger(self.place, f"HTTP status {status}") if is_stranger else None
        if code == "ConditionalCheckFailedException":
            return ConditionFailedError(repeated=repeated or _retries(error.response) > 0)
        if code in _DENIED:
            return DeniedError(operation, error_message(error))
        if code == "ValidationException":
            return InvalidRequestError(error_message(error))
        return explain(error, self.place)


def _retries(response: Mapping[str, Any]) -> int:
    """Return how often botocore itself repeated a call."""
    return int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0))


_METHODS = {
    "Scan": "scan",
    "BatchGetItem": "batch_get_item",
    "GetItem": "get_item",
    "BatchExecuteStatement": "batch_execute_statement",
    "PutItem": "put_item",
}
_WRITES = frozenset({"BatchExecuteStatement", "PutItem"})
