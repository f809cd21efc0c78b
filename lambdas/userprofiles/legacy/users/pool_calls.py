"""Calls to Cognito: paced by the quota of their category, and repeated while Cognito throttles.

Cognito's messages can repeat a user name, so no message of an error has them.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from userprofiles.backfill.error_messages import CONNECTION
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.jobs.pacing import LocalPacer
from userprofiles.legacy.users.quotas import OPERATIONS, QuotaClass
from userprofiles.telemetry import error_code

NOT_FOUND = "UserNotFoundException"
EXISTS = frozenset({"UsernameExistsException", "AliasExistsException"})

_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException"})
_RETRIED = _THROTTLED | {"InternalErrorException", "InternalServerError", "ServiceUnavailable"}
_TRIGGER_FAILED = "UnexpectedLambdaException"  # a function was throttled or slow, or may not be invoked
_TRIGGER_ATTEMPTS = 4
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})
_CREDENTIALS = frozenset(
    {"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"}
)
_SMALLEST_RATE = 0.5  # calls per second after many throttled calls


class PoolRefusedError(Exception):
    """Cognito refuses a call for one user.

    Args:
        code: Cognito's error code, such as `UsernameExistsException`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PoolCalls:
    """Calls on the users of a pool. Its methods may be called by any thread.

    Args:
        client: A botocore client of Cognito, whose calls have one attempt each.
        pool_id: The user pool.
        rates: The highest number of calls per second by category.
        stop: Ends the waits.
        limits: The pauses between two attempts, and the time without success after which a run ends.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self,
        client: Any,
        pool_id: str,
        rates: Mapping[QuotaClass, float],
        *,
        stop: Stop | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pool_id = pool_id
        self._client = client
        self._stop = stop or Stop()
        self._limits = limits or Limits()
        self._clock = clock
        self._pacers = {
            quota_class: LocalPacer(rate, clock, smallest_rate=min(_SMALLEST_RATE, rate))
            for quota_class, rate in rates.items()
        }
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()
        self._taken = 0
        self._answered_at: dict[QuotaClass, float] = {}

    @property
    def calls(self) -> dict[str, int]:
        """The calls so far by category, with those that were throttled."""
        with self._lock:
            return dict(self._calls)

    @property
    def throttled(self) -> dict[str, int]:
        """The throttled calls so far by category. A rate that Cognito throttles is above the real quota."""
        with self._lock:
            return dict(self._throttled)

    def take_throttled(self) -> int:
        """Return the number of throttled calls since the last time. Each call is returned once."""
        with self._lock:
            number = self._throttled.total() - self._taken
            self._taken += number
            return number

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Call an operation at the next free place of its category.

        Args:
            operation: A method of the client, one of `OPERATIONS`.
            **parameters: Its parameters, without the ID of the pool.

        Raises:
            PoolRefusedError: Cognito refuses the call for this user.
            BackfillFailedError: No call can succeed: permissions, credentials, pool or network.
            StoppedError: A stop was requested.
        """
        quota_class = OPERATIONS[operation]
        first_call_at = self._clock()
        attempt = 0
        while True:
            self._take(quota_class)
            try:
                response: Mapping[str, Any] = getattr(self._client, operation)(
                    UserPoolId=self.pool_id, **parameters
                )
            except ParamValidationError:
                raise PoolRefusedError("InvalidParameterException") from None
            except (ClientError, BotoCoreError) as error:
                attempt += 1
                if isinstance(error, ClientError) and error_code(error) not in _RETRIED:
                    self._answered_at[quota_class] = self._clock()
                is_late = self._is_late(quota_class, first_call_at, error_code(error))
                if error_code(error) != _TRIGGER_FAILED or attempt == _TRIGGER_ATTEMPTS:
                    self._check_retry(operation, quota_class, error, is_late=is_late)
            else:
                self._answered_at[quota_class] = self._clock()
                return response
            longest = min(self._limits.longest_wait_s, self._limits.first_wait_s * 2 ** min(attempt - 1, 30))
            if self._stop.wait(random.uniform(0, longest)):  # noqa: S311 - jitter, not a secret
                raise StoppedError("Stopped.")

    def find(self, name: str) -> Mapping[str, Any] | None:
        """Get a user by a name, an address or the sub, in any state; None if the user doesn't exist."""
        try:
            return self.call("admin_get_user", Username=name)
        except PoolRefusedError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    def _is_late(self, quota_class: QuotaClass, first_call_at: float, code: str) -> bool:
        """Return whether to give up. While Cognito throttles, waiting helps if it answers other calls."""
        begin = first_call_at
        if code in _THROTTLED:
            begin = max(begin, self._answered_at.get(quota_class, begin))
        return self._clock() - begin > self._limits.patience_s

    def _take(self, quota_class: QuotaClass) -> None:
        if self._stop.is_requested or not self._pacers[quota_class].take(1.0, self._stop.wait):
            raise StoppedError("Stopped.")
        with self._lock:
            self._calls[quota_class] += 1

    def _check_retry(
        self, operation: str, quota_class: QuotaClass, error: ClientError | BotoCoreError, *, is_late: bool
    ) -> None:
        """Return if a repetition can help.

        Raises:
            PoolRefusedError, BackfillFailedError: It can't help.
        """
        code = error_code(error)
        if code in _THROTTLED:
            self._pacers[quota_class].report_throttled()
            with self._lock:
                self._throttled[quota_class] += 1
        if (code in _RETRIED or isinstance(error, CONNECTION)) and not is_late:
            return
        # Without the context: Cognito's message can repeat a user name.
        is_network = isinstance(error, BotoCoreError)
        raise self._permanent_error(operation, quota_class, code, is_network=is_network) from None

    def _permanent_error(
        self, operation: str, quota_class: QuotaClass, code: str, *, is_network: bool
    ) -> Exception:
        """Return the error that ends the run, or that of one user."""
        if is_network:
            return self._failure(ErrorKind.NETWORK, operation, code, "Check the network and the credentials.")
        if code in _RETRIED:
            fix = f"Wait, or use a smaller --cognito-share or --cognito-rate. The quota: {quota_class}."
            return self._failure(ErrorKind.SERVICE, operation, code, fix)
        if code in _DENIED:
            fix = f"Add the permission cognito-idp:{_action(operation)} on the pool."
            return self._failure(ErrorKind.RIGHTS, operation, code, fix)
        if code in _CREDENTIALS:
            return self._failure(ErrorKind.CREDENTIALS, operation, code, "Check the credentials.")
        if code == "ResourceNotFoundException":
            return self._failure(ErrorKind.USAGE, operation, code, "Check the ID of the pool and the region.")
        return PoolRefusedError(code)

    def _failure(self, kind: ErrorKind, operation: str, code: str, fix: str) -> BackfillFailedError:
        return BackfillFailedError(
            kind, f"{_action(operation)} on the user pool {self.pool_id} failed: {code}.\n{fix}"
        )


def _action(operation: str) -> str:
    """Return the name of an operation as IAM has it, such as `AdminGetUser`."""
    return "".join(word.title() for word in operation.split("_"))
