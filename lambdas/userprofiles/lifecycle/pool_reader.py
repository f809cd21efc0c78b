"""Reads the users of a pool, slowly enough for Cognito's request rate quota.

ListUsers returns at most 60 users:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
All pools of an account and region share the quota of each category of operations:
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.registration import cognito_user
from userprofiles.registration.cognito_user import CognitoUser, UnreadableUserError
from userprofiles.table import record
from userprofiles.telemetry import error_code

_PAGE_USERS = 60
_RETRIED = frozenset({"TooManyRequestsException", "InternalErrorException", "ThrottlingException"})
_UNCONFIRMED = "UNCONFIRMED"


@dataclass(frozen=True)
class PoolUser:
    """A user of the pool.

    Attributes:
        user: The user.
        has_profile: Whether the user must have account and profile: enabled, and confirmed in any way.
    """

    user: CognitoUser
    has_profile: bool


class PoolReader:
    """Reads a user pool.

    Args:
        client: A botocore client of Cognito.
        pool_id: The user pool.
        requests_per_second: The largest number of requests in a second.
        stop: Ends the waits.
        limits: The pauses between two attempts, and the time without success after which the run ends.
    """

    def __init__(
        self, client: Any, pool_id: str, *, requests_per_second: float, stop: Stop, limits: Limits
    ) -> None:
        self._client = client
        self._pool_id = pool_id
        self._pause_s = 1 / requests_per_second
        self._stop = stop
        self._limits = limits
        self._next_call_at = 0.0

    def pages(self) -> Iterator[list[PoolUser]]:
        """Yield all users of the pool, page by page.

        Raises:
            BackfillFailedError: The pool can't be read.
            StoppedError: A stop was requested.
        """
        position: dict[str, str] = {}
        while True:
            response = self._call(self._list_users, position)
            yield [self._pool_user(user) for user in response.get("Users", ())]
            token = response.get("PaginationToken")
            if not token:
                return
            position = {"PaginationToken": token}

    def get(self, name: str) -> CognitoUser | None:
        """Get a user; None if the user doesn't exist, is disabled or is not confirmed.

        Raises:
            BackfillFailedError: The pool can't be read.
            StoppedError: A stop was requested.
        """
        user: CognitoUser | None = self._call(self._get_user, name)
        return None if user is None or user.status == _UNCONFIRMED else user

    def _list_users(self, position: Mapping[str, str]) -> Any:
        return self._client.list_users(UserPoolId=self._pool_id, Limit=_PAGE_USERS, **position)

    def _get_user(self, name: str) -> CognitoUser | None:
        return cognito_user.get_user(self._client, self._pool_id, name)

    def _pool_user(self, entry: Mapping[str, Any]) -> PoolUser:
        attributes = {value["Name"]: value.get("Value", "") for value in entry.get("Attributes", ())}
        sub, status = attributes.get("sub", ""), entry.get("UserStatus", "")
        if not record.is_sub(sub):
            raise BackfillFailedError(
                ErrorKind.SERVICE, f"A user in the response of ListUsers for {self._pool_id} has no sub."
            )
        user = CognitoUser(sub, entry["Username"], self._pool_id, attributes, status)
        return PoolUser(user, entry.get("Enabled") is not False and status != _UNCONFIRMED)

    def _call(self, operation: Callable[[Any], Any], argument: Any) -> Any:
        """Call an operation at the right time. Repeat it while Cognito throttles."""
        first_call_at = time.monotonic()
        attempt = 0
        while True:
            self._wait(self._next_call_at - time.monotonic())
            self._next_call_at = time.monotonic() + self._pause_s
            try:
                return operation(argument)
            except ClientError as error:
                is_late = time.monotonic() - first_call_at > self._limits.patience_s
                if error_code(error) not in _RETRIED or is_late:
                    raise self._error(error) from error
            except (BotoCoreError, UnreadableUserError) as error:
                raise self._error(error) from error
            longest = min(self._limits.longest_wait_s, self._limits.first_wait_s * 2**attempt)
            attempt += 1
            self._wait(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret

    def _wait(self, seconds: float) -> None:
        is_stopped = self._stop.wait(seconds) if seconds > 0 else self._stop.is_requested
        if is_stopped:
            raise StoppedError("Stopped.")

    def _error(self, error: Exception) -> BackfillFailedError:
        return BackfillFailedError(
            ErrorKind.SERVICE,
            f"The user pool {self._pool_id} can't be read: {error_code(error)}.\n"
            "Check the ID of the pool, the region, the credentials, the network, and the permissions "
            "cognito-idp:ListUsers and cognito-idp:AdminGetUser.",
        )
