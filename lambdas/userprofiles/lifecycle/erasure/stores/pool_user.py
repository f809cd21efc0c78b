"""The user in Cognito's user pool."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from userprofiles.lifecycle.erasure.stores.store import CheckStop, CountedStore
from userprofiles.telemetry import error_code

_NOT_FOUND = "UserNotFoundException"


class PoolUserStore(CountedStore):
    """The user with a sub, enabled or not, confirmed or not.

    Args:
        client: A botocore client of Cognito.
        pool_id: The user pool.
    """

    name = "user"

    def __init__(self, client: Any, pool_id: str) -> None:
        self._client = client
        self._pool_id = pool_id

    def count(self, sub: str, check_stop: CheckStop) -> int:
        """Return 1 if the pool has the user, else 0."""
        check_stop()
        return 0 if self.find_name(sub) is None else 1

    def delete(self, sub: str, check_stop: CheckStop) -> None:
        """Delete the user."""
        check_stop()
        name = self.find_name(sub)
        if name is None:
            return
        try:
            self._client.admin_delete_user(UserPoolId=self._pool_id, Username=name)
        except ClientError as error:
            if error_code(error) != _NOT_FOUND:
                raise

    def find_name(self, sub: str) -> str | None:
        """Return the user name of the user with a sub, None if the pool has no such user.

        AWS accepts the sub of a local user as user name, and not that of a user from a third-party identity
        provider (Amazon Cognito API, "AdminGetUser", parameter Username). The sub of the response is
        compared, because a user of a pool with free user names can have another user's sub as name.

        Raises:
            botocore.exceptions.ClientError: Cognito returned an error.
        """
        user = self._get_user(sub)
        if user is not None and _attributes(user, "UserAttributes").get("sub") == sub:
            return str(user["Username"])
        response = self._client.list_users(UserPoolId=self._pool_id, Filter=f'sub = "{sub}"', Limit=1)
        for entry in response.get("Users", ()):
            # ListUsers is eventually consistent. AWS recommends AdminGetUser to check a user (API reference).
            if _attributes(entry, "Attributes").get("sub") == sub and self._get_user(entry["Username"]):
                return str(entry["Username"])
        return None

    def find_sub(self, name: str) -> str | None:
        """Return the sub of the user with a name, None if the pool has no such user.

        Raises:
            botocore.exceptions.ClientError: Cognito returned an error.
        """
        user = self._get_user(name)
        return None if user is None else _attributes(user, "UserAttributes").get("sub")

    def _get_user(self, name: str) -> Mapping[str, Any] | None:
        try:
            response: Mapping[str, Any] = self._client.admin_get_user(UserPoolId=self._pool_id, Username=name)
        except ClientError as error:
            if error_code(error) == _NOT_FOUND:
                return None
            raise
        return response


def _attributes(entry: Mapping[str, Any], name: str) -> dict[str, str]:
    return {attribute["Name"]: attribute.get("Value", "") for attribute in entry.get(name, ())}
