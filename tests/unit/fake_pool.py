"""A user pool in memory: the operations of a reconciliation, and a stop at any call."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

POOL_ID = "us-east-1_abc"
TRIGGER = "arn:aws:lambda:us-east-1:000000000000:function:post-confirmation:live"
PAGE_USERS = 2


class KilledError(BaseException):
    """The process ended in the middle of a run."""


class KillSwitch:
    """Ends a run before or after one of its calls to AWS.

    Attributes:
        calls: The operations so far.
        kill_before: Number of the call that is not carried out any more; None for no end.
        kill_after: Number of the call whose response does not arrive any more; None for no end.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.kill_before: int | None = None
        self.kill_after: int | None = None
        self._lock = threading.Lock()

    def count(self, operation: str) -> int:
        """Add a call and return its number. Several threads call at the same time."""
        with self._lock:
            self.calls.append(operation)
            return len(self.calls)

    def wrap(self, client: Any) -> Any:
        """Return the client, with this switch."""
        return _SwitchedClient(client, self)


class _SwitchedClient:
    def __init__(self, client: Any, switch: KillSwitch) -> None:
        self._client = client
        self._switch = switch
        self.meta = SimpleNamespace(region_name="us-east-1", endpoint_url="AWS")

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            number = self._switch.count(name)
            if number == self._switch.kill_before:
                raise KilledError
            try:
                return operation(**parameters)
            finally:
                if number == self._switch.kill_after:
                    raise KilledError

        return call


class FakePool:
    """A client of Cognito.

    Attributes:
        users: The users by name, as AdminGetUser returns them.
        errors: Errors of the next calls of ListUsers.
        pages: Number of pages that were listed.
        hooks: Functions that run after an operation, by its name.
    """

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.errors: list[Exception] = []
        self.pages = 0
        self.hooks: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}

    def add(
        self,
        name: str,
        attributes: dict[str, str],
        status: str = "CONFIRMED",
        enabled: bool = True,
        created_at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    ) -> None:
        self._numbers.setdefault(name, len(self._numbers))
        self.users[name] = {
            "Username": name,
            "UserAttributes": [{"Name": key, "Value": value} for key, value in attributes.items()],
            "UserStatus": status,
            "Enabled": enabled,
            "UserCreateDate": created_at,
        }

    def describe_user_pool(self, *, UserPoolId: str) -> Any:  # noqa: N803
        assert UserPoolId == POOL_ID
        return {"UserPool": {"LambdaConfig": {"PostConfirmation": TRIGGER}, "EstimatedNumberOfUsers": 5}}

    def list_users(
        self,
        *,
        UserPoolId: str,  # noqa: N803
        Limit: int,  # noqa: N803
        PaginationToken: str = "0",  # noqa: N803
        Filter: str = "",  # noqa: N803
    ) -> Any:
        assert UserPoolId == POOL_ID
        if Filter:
            found = [user for user in self.users.values() if Filter == f'sub = "{_sub(user)}"']
            return {"Users": [_entry(user) for user in found[:Limit]]}
        assert Limit == 60
        if self.errors:
            raise self.errors.pop()
        self.pages += 1
        start = int(PaginationToken)
        end = start + PAGE_USERS
        # A token refers to the order of the sign-ups, so a deleted user does not move the others.
        page = [_entry(user) for name, user in self.users.items() if start <= self._numbers[name] < end]
        has_more = any(self._numbers[name] >= end for name in self.users)
        return {"Users": page, **({"PaginationToken": str(end)} if has_more else {})}

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> Any:  # noqa: N803
        assert UserPoolId == POOL_ID
        response = dict(self._user(Username))
        self._run_hook("admin_get_user")
        return response

    def admin_disable_user(self, *, UserPoolId: str, Username: str) -> None:  # noqa: N803
        assert UserPoolId == POOL_ID
        self._user(Username)["Enabled"] = False
        self._run_hook("admin_disable_user")

    def admin_enable_user(self, *, UserPoolId: str, Username: str) -> None:  # noqa: N803
        assert UserPoolId == POOL_ID
        self._user(Username)["Enabled"] = True

    def admin_delete_user(self, *, UserPoolId: str, Username: str) -> None:  # noqa: N803
        assert UserPoolId == POOL_ID
        del self.users[self._user(Username)["Username"]]

    def _user(self, name: str) -> dict[str, Any]:
        if name in self.users:
            return self.users[name]
        for user in self.users.values():
            is_local = not user["Username"].lower().startswith("google_")
            if is_local and _sub(user) == name:
                return user
        raise ClientError({"Error": {"Code": "UserNotFoundException", "Message": "CANARY"}}, "Operation")

    def _run_hook(self, operation: str) -> None:
        if operation in self.hooks:
            self.hooks[operation]()


def _sub(user: dict[str, Any]) -> str:
    return next(entry["Value"] for entry in user["UserAttributes"] if entry["Name"] == "sub")


def _entry(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "Attributes": user["UserAttributes"]}
