"""A user pool in memory: the operations of a reconciliation."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

POOL_ID = "us-east-1_abc"
TRIGGER = "arn:aws:lambda:us-east-1:000000000000:function:post-confirmation:live"
PAGE_USERS = 2


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
