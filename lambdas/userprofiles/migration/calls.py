"""Calls to DynamoDB: counted, retried while that can help, and their errors told in words that mend them."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore import exceptions as boto

from userprofiles.migration.errors import (
    CannotGoOnError,
    ConditionFailedError,
    DeniedError,
    InvalidRequestError,
    Kind,
    StoppedError,
)
from userprofiles.migration.stop import Stop
from userprofiles.migration.tally import Meter
from userprofiles.migration.trouble import CONNECTION, Place, explain, stranger, unreachable

THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "Throttling",
        "LimitExceededException",
        "TransactionConflict",
    }
)
BROKEN = frozenset(
    {"InternalServerError", "InternalServerErrorException", "InternalFailure", "ServiceUnavailable"}
)
RETRIED = THROTTLED | BROKEN

_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 10.0
PATIENCE_S = 180.0
"""How long DynamoDB may throttle or be away without one call going through, before the run gives up."""


class Calls:
    """Calls of one thread on one table.

    Args:
        client: A botocore DynamoDB client (it may be shared between threads).
        place: Where the calls go.
        meter: Counts the calls, with botocore's own repetitions, and the capacity they consumed.
        stop: Ends waiting between two attempts.
        patience: Seconds without any success after which throttling ends the run.
    """

    def __init__(
        self, client: Any, place: Place, meter: Meter, stop: Stop, patience: float = PATIENCE_S
    ) -> None:
        self.place = place
        self.meter = meter
        self._stop = stop
        self._client = client
        self._patience = patience
        self._waited = 0
        self._trouble_since: float | None = None
        self._answered = False

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation until it answers; what DynamoDB throttles or breaks is repeated.

        Args:
            operation: The operation's name, for example ``BatchGetItem``.
            **parameters: What the operation takes.

        Returns:
            The response. ``response["repeated"]`` says whether an earlier attempt may have been carried out.

        Raises:
            ConditionFailedError: The condition of a write does not hold.
            DeniedError: The right for this operation is missing.
            InvalidRequestError: DynamoDB found the request invalid.
            CannotGoOnError: Credentials, table, endpoint or network are not as they should be.
            StoppedError: A stop was asked for while waiting.
        """
        method: Callable[..., dict[str, Any]] = getattr(self._client, _METHODS[operation])
        repeated = False
        while True:
            try:
                response = method(ReturnConsumedCapacity="TOTAL", **parameters)
            except boto.ClientError as error:
                self._count(operation, error.response)
                if error.response["Error"].get("Code") == "ConditionalCheckFailedException":
                    retries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
                    raise ConditionFailedError(repeated=repeated or bool(retries)) from error
                self._raise_unless_retried(operation, error)
                trouble = f"{error.response['Error'].get('Code')} ({operation})"
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
                retries = response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
                response["repeated"] = repeated or bool(retries)
                return response
            repeated = True
            self.wait(trouble)

    def take_meter(self) -> Meter:
        """Return what the calls cost since this was last asked, and count from zero again."""
        taken, self.meter = self.meter, Meter()
        return taken

    def progress(self) -> None:
        """Say that something was carried out: waiting starts small again."""
        self._waited = 0
        self._trouble_since = None

    def wait(self, trouble: str) -> None:
        """Wait before the next attempt: exponentially longer, with full jitter.

        Args:
            trouble: What stood in the way, for the message when patience ends.

        Raises:
            CannotGoOnError: Nothing has gone through for the time of the patience.
            StoppedError: A stop was asked for.
        """
        now = time.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
        elif now - self._trouble_since > self._patience:
            raise CannotGoOnError(
                Kind.SERVICE,
                f"DynamoDB let nothing through for {self._patience:.0f} s; the last answer was {trouble}.\n"
                "Raise the table's capacity or wait, then resume: profiles that were made are kept.",
            )
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**self._waited)
        self._waited += 1
        if self._stop.wait(random.uniform(0, longest)):  # noqa: S311 - jitter, not a secret
            raise StoppedError(f"stopped while waiting after {trouble}")

    def _count(self, operation: str, response: Mapping[str, Any]) -> None:
        metadata = response.get("ResponseMetadata", {})
        self.meter.calls[operation] += 1 + int(metadata.get("RetryAttempts", 0))
        consumed = response.get("ConsumedCapacity") or ()
        for part in [consumed] if isinstance(consumed, Mapping) else consumed:
            units = float(part.get("CapacityUnits", 0))
            if operation in _WRITES:
                self.meter.write += units
            else:
                self.meter.read += units

    def _raise_unless_retried(self, operation: str, error: boto.ClientError) -> None:
        details = error.response.get("Error", {})
        code = str(details.get("Code", ""))
        message = str(details.get("Message", "") or details.get("message", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in RETRIED or status >= 500:  # noqa: PLR2004 - HTTP's server errors
            if not self._answered and code not in RETRIED and not code.endswith("Exception"):
                raise stranger(self.place, f"HTTP status {status}") from error
            return
        if code in _DENIED:
            raise DeniedError(operation, message) from error
        if code == "ValidationException":
            raise InvalidRequestError(message) from error
        raise explain(error, self.place) from error


_METHODS = {
    "Scan": "scan",
    "BatchGetItem": "batch_get_item",
    "GetItem": "get_item",
    "BatchExecuteStatement": "batch_execute_statement",
    "PutItem": "put_item",
}
_WRITES = frozenset({"BatchExecuteStatement", "PutItem"})
