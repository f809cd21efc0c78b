"""Reads the users of a pool and changes single users, slowly enough for Cognito's request rate quota.

ListUsers returns at most 60 users, and it is eventually consistent:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
All pools of an account and region share the quota of each category of operations:
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.table import record
from userprofiles.telemetry import error_code

_PAGE_USERS = 60
_RETRIED = frozenset({"TooManyRequestsException", "InternalErrorException", "ThrottlingException"})
_DENIED = frozenset({"AccessDeniedException"})
_NOT_FOUND = "UserNotFoundException"
_INVALID_PARAMETER = "InvalidParameterException"
_UNCONFIRMED = "UNCONFIRMED"


class RefusedTokenError(BackfillFailedError):
    """Cognito does not accept a page token any more. The list must be read from the beginning."""


@dataclass(frozen=True)
class PoolUser:
    """A user of the pool.

    Attributes:
        user: The user.
        is_enabled: Whether the user can sign in.
        created_at: The time of the sign-up; None if Cognito did not return it.
    """

    user: CognitoUser
    is_enabled: bool
    created_at: datetime | None

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the user has not confirmed the sign-up."""
        return self.user.status == _UNCONFIRMED

    @property
    def has_profile(self) -> bool:
        """Whether the user must have account and profile: enabled, and confirmed in any way."""
        return self.is_enabled and not self.is_unconfirmed


@dataclass(frozen=True)
class UnconfirmedRule:
    """Which unconfirmed users are removed.

    Attributes:
        days: Days after the sign-up at which an unconfirmed user is removed; 0 for never.
        clock: Returns the current time.
    """

    days: int
    clock: Callable[[], datetime]

    def matches(self, user: PoolUser) -> bool:
        """Return whether a user must be removed: enabled, unconfirmed, and old enough.

        A disabled user is excluded, because an operator may have disabled the user for a reason.
        """
        if self.days == 0 or user.created_at is None or not user.is_enabled:
            return False
        return user.is_unconfirmed and user.created_at < self.clock() - timedelta(days=self.days)


@dataclass(frozen=True)
class UserPage:
    """A page of ListUsers.

    Attributes:
        users: The users.
        token: The token of the next page; None after the last page.
    """

    users: list[PoolUser]
    token: str | None


class PoolReader:
    """Reads a user pool. All methods raise the errors of `pages`.

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
        token: str | None = None
        while True:
            page = self.page(token)
            yield page.users
            token = page.token
            if token is None:
                return

    def page(self, token: str | None) -> UserPage:
        """Return one page of users.

        Args:
            token: The token of the page; None for the first page.

        Raises:
            RefusedTokenError: Cognito does not accept the token.
        """
        position = {} if token is None else {"PaginationToken": token}
        try:
            response = self._call("list_users", Limit=_PAGE_USERS, **position)
        except ClientError as error:
            if token is not None and error_code(error) == _INVALID_PARAMETER:
                raise RefusedTokenError(
                    ErrorKind.SERVICE, "Cognito does not accept the page token. Run the command again."
                ) from error
            raise self._error(error) from error
        users = [self._pool_user(entry, entry.get("Attributes", ())) for entry in response.get("Users", ())]
        return UserPage(users, response.get("PaginationToken") or None)

    def get(self, name: str) -> CognitoUser | None:
        """Get a user; None if the user doesn't exist, is disabled or is not confirmed."""
        pool_user = self.find(name)
        return pool_user.user if pool_user is not None and pool_user.has_profile else None

    def find(self, name: str) -> PoolUser | None:
        """Get a user in any state; None if the user doesn't exist."""
        response = self._call_for_user("admin_get_user", name)
        return None if response is None else self._pool_user(response, response.get("UserAttributes", ()))

    def has_sub(self, sub: str) -> bool:
        """Return whether a user has a sub, in any state.

        AdminGetUser finds a local user by the sub, but not a user of another identity provider. ListUsers
        finds both, but may be late. Sources: API_AdminGetUser and API_ListUsers in the Cognito API Reference.
        """
        pool_user = self.find(sub)
        if pool_user is not None and pool_user.user.sub == sub:
            return True
        return self.find_by_sub(sub) is not None

    def find_by_sub(self, sub: str) -> PoolUser | None:
        """Find a user in any state by the sub; None if the pool has no such user.

        Args:
            sub: A sub, as `record.is_sub` allows it.
        """
        try:
            response = self._call("list_users", Limit=1, Filter=f'sub = "{sub}"')
        except ClientError as error:
            raise self._error(error) from error
        users = [self._pool_user(entry, entry.get("Attributes", ())) for entry in response.get("Users", ())]
        return users[0] if users else None

    def disable(self, name: str) -> None:
        """Disable a user. A user who doesn't exist is ignored."""
        self._call_for_user("admin_disable_user", name)

    def enable(self, name: str) -> None:
        """Enable a user. A user who doesn't exist is ignored."""
        self._call_for_user("admin_enable_user", name)

    def delete(self, name: str) -> None:
        """Delete a user. A user who doesn't exist is ignored."""
        self._call_for_user("admin_delete_user", name)

    def _call_for_user(self, operation: str, name: str) -> Any:
        """Call an operation on a user and return the response; None if the user doesn't exist."""
        try:
            return self._call(operation, Username=name)
        except ClientError as error:
            if error_code(error) == _NOT_FOUND:
                return None
            raise self._error(error) from error

    def _pool_user(self, entry: Mapping[str, Any], attributes: Any) -> PoolUser:
        values = {attribute["Name"]: attribute.get("Value", "") for attribute in attributes}
        sub, status = values.get("sub", ""), entry.get("UserStatus", "")
        if not record.is_sub(sub):
            raise BackfillFailedError(
                ErrorKind.SERVICE, f"A user in a response of Cognito for {self._pool_id} has no sub."
            )
        user = CognitoUser(sub, entry["Username"], self._pool_id, values, status)
        return PoolUser(user, entry.get("Enabled") is not False, entry.get("UserCreateDate"))

    def _call(self, operation: str, **parameters: Any) -> Any:
        """Call an operation at the right time. Repeat it while Cognito throttles.

        Raises:
            botocore.exceptions.ClientError: Cognito returned another error.
        """
        first_call_at = time.monotonic()
        attempt = 0
        while True:
            self._wait(self._next_call_at - time.monotonic())
            self._next_call_at = time.monotonic() + self._pause_s
            try:
                return getattr(self._client, operation)(UserPoolId=self._pool_id, **parameters)
            except ClientError as error:
                is_late = time.monotonic() - first_call_at > self._limits.patience_s
                if error_code(error) not in _RETRIED or is_late:
                    raise
            except BotoCoreError as error:
                raise self._error(error) from error
            longest = min(self._limits.longest_wait_s, self._limits.first_wait_s * 2**attempt)
            attempt += 1
            self._wait(random.uniform(0, longest))  # noqa: S311 - jitter, not a secret

    def _wait(self, seconds: float) -> None:
        is_stopped = self._stop.wait(seconds) if seconds > 0 else self._stop.is_requested
        if is_stopped:
            raise StoppedError("Stopped.")

    def _error(self, error: Exception) -> BackfillFailedError:
        if isinstance(error, ClientError) and error_code(error) in _DENIED:
            action = f"cognito-idp:{error.operation_name}"
            return BackfillFailedError(
                ErrorKind.RIGHTS,
                f"Access Denied ({action} on the user pool {self._pool_id})\n"
                f"Ensure the IAM user or role has the permission {action} on the pool.",
            )
        permission = (
            f", and the permission cognito-idp:{error.operation_name}"
            if isinstance(error, ClientError)
            else ""
        )
        return BackfillFailedError(
            ErrorKind.SERVICE,
            f"The user pool {self._pool_id} can't be read or changed: {error_code(error)}.\n"
            f"Check the ID of the pool, the region, the credentials and the network{permission}.",
        )
