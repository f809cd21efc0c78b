"""Look up user pools, app clients and users in the emulator."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser, UserPool, parse_attributes
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.root_client import RootClient

_NO_POOL_OR_CLIENT = "ResourceNotFoundException"
_NO_USER = "UserNotFoundException"


@dataclass(frozen=True)
class _ReplacedTrigger:
    """A trigger in a pool's LambdaConfig that a relay replaces in the emulator.

    Attributes:
        relay_value: The value in the emulator.
        own_triggers: Keys and values that the pool's owner configured instead.
    """

    relay_value: Any
    own_triggers: dict[str, Any]


class UserDirectory:
    """Looks up pools, app clients and users as root.

    Only the pool of a client is cached, because it never changes. Everything else can change at any time,
    also by calls that do not pass through the gateway (CloudFormation in the emulator). A look-up takes one
    or two milliseconds. Only the errors that say so mean that a pool, a client or a user does not exist; any
    other error is raised as AwsError, so that no rule and no trigger is skipped.
    """

    def __init__(self, root_client: RootClient) -> None:
        self._root_client = root_client
        self._pool_of_client: dict[str, str] = {}
        self._replaced_triggers: dict[str, dict[str, _ReplacedTrigger]] = {}
        self.regions = {root_client.region}

    def clear(self) -> None:
        """Clear all state after a reset of the emulator."""
        self._pool_of_client.clear()
        self._replaced_triggers.clear()

    async def get_pool(self, pool_id: str) -> UserPool | None:
        """Return a pool with the triggers that its owner configured, or None."""
        document = await self.describe_pool(pool_id)
        if document is None:
            return None
        return UserPool(
            pool_id,
            str(document.get("Arn") or ""),
            self.hide_relay(document),
            document.get("LambdaConfig") or {},
        )

    async def describe_pool(self, pool_id: str) -> dict[str, Any] | None:
        """Return the emulator's description of a pool, with the relay, or None."""
        if not re.fullmatch(r"[\w-]+_[0-9a-zA-Z]+", pool_id):
            return None
        self.regions.add(pool_id.split("_", 1)[0])
        try:
            response = await self._root_client.call_cognito("DescribeUserPool", {"UserPoolId": pool_id})
        except AwsError as error:
            if error.code != _NO_POOL_OR_CLIENT:
                raise
            return None
        document = response.get("UserPool")
        return document if isinstance(document, dict) else None

    def remember_relay(
        self, pool_id: str, trigger: str, *, relay_value: Any, own_triggers: dict[str, Any]
    ) -> None:
        """Remember the owner's triggers that a relay replaces in a pool's LambdaConfig.

        Args:
            pool_id: The pool.
            trigger: The relay's key in LambdaConfig.
            relay_value: The relay's value in LambdaConfig.
            own_triggers: Keys and values of LambdaConfig that the relay replaces.
        """
        self._replaced_triggers.setdefault(pool_id, {})[trigger] = _ReplacedTrigger(relay_value, own_triggers)

    def hide_relay(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a pool's description with its own functions instead of the relays.

        When the owner changes the triggers, the relay is overwritten. The description is then returned as it
        is.
        """
        config = dict(document.get("LambdaConfig") or {})
        replaced_triggers = {
            key: trigger
            for key, trigger in self._replaced_triggers.get(str(document.get("Id")), {}).items()
            if config.get(key) == trigger.relay_value
        }
        for key, trigger in replaced_triggers.items():
            del config[key]
            config |= trigger.own_triggers
        return {**document, "LambdaConfig": config} if replaced_triggers else document

    async def get_client(self, client_id: str) -> AppClient | None:
        """Return an app client with its pool, or None."""
        if not client_id or not isinstance(client_id, str):
            return None
        pool_id = self._pool_of_client.get(client_id) or await self._search_pool_of_client(client_id)
        if not pool_id:
            return None
        try:
            response = await self._root_client.call_cognito(
                "DescribeUserPoolClient", {"UserPoolId": pool_id, "ClientId": client_id}
            )
        except AwsError as error:
            if error.code != _NO_POOL_OR_CLIENT:
                raise
            self._pool_of_client.pop(client_id, None)
            return None
        pool = await self.get_pool(pool_id)
        return None if pool is None else AppClient(client_id, pool, response.get("UserPoolClient") or {})

    def remember_client(self, client_id: str, pool_id: str) -> None:
        """Remember the pool of a new client."""
        self.regions.add(pool_id.split("_", 1)[0])
        self._pool_of_client[client_id] = pool_id

    async def _search_pool_of_client(self, client_id: str) -> str:
        for region in sorted(self.regions):
            pool_ids = self._list_ids(region, "ListUserPools", "UserPools", {"MaxResults": 60}, "Id")
            async for pool_id in pool_ids:
                query = {"UserPoolId": pool_id, "MaxResults": 60}
                client_ids = self._list_ids(
                    region, "ListUserPoolClients", "UserPoolClients", query, "ClientId"
                )
                async for listed_client_id in client_ids:
                    self._pool_of_client[listed_client_id] = pool_id
                if client_id in self._pool_of_client:
                    return pool_id
        return ""

    async def _list_ids(
        self, region: str, action: str, key: str, query: dict[str, Any], id_field: str
    ) -> AsyncIterator[str]:
        token: dict[str, Any] = {}
        while True:
            response = await self._root_client.call_cognito(action, {**query, **token}, region)
            for item in response.get(key) or ():
                yield str(item[id_field])
            if not response.get("NextToken"):
                return
            token = {"NextToken": response["NextToken"]}

    async def get_user(self, pool: UserPool, name: str) -> PoolUser | None:
        """Return the user with exactly this name (address, sub or user name), or None."""
        if not name or not isinstance(name, str):
            return None
        try:
            response = await self._root_client.call_cognito(
                "AdminGetUser", {"UserPoolId": pool.id, "Username": name}
            )
        except AwsError as error:
            if error.code != _NO_USER:
                raise
            return None
        return PoolUser(
            str(response["Username"]),
            str(response.get("UserStatus") or ""),
            parse_attributes(response.get("UserAttributes")),
            is_enabled=response.get("Enabled") is not False,
        )

    async def update_user(self, pool: UserPool, user: PoolUser, values: dict[str, str]) -> None:
        """Set attributes of a user.

        Raises:
            AwsError: The emulator returned an error.
        """
        attributes = [{"Name": name, "Value": value} for name, value in values.items()]
        key = {"UserPoolId": pool.id, "Username": user.name}
        await self._root_client.call_cognito(
            "AdminUpdateUserAttributes", {**key, "UserAttributes": attributes}
        )

    async def list_users(self, pool: UserPool, filter_expression: str = "") -> list[PoolUser]:
        """Return the users that match a filter of ListUsers, or all users."""
        users: list[PoolUser] = []
        query: dict[str, Any] = {"UserPoolId": pool.id}
        if filter_expression:
            query["Filter"] = filter_expression
        while True:
            response = await self._root_client.call_cognito("ListUsers", query)
            users += [
                PoolUser(
                    str(u["Username"]),
                    str(u.get("UserStatus") or ""),
                    parse_attributes(u.get("Attributes")),
                    is_enabled=u.get("Enabled") is not False,
                )
                for u in response.get("Users") or ()
            ]
            if not response.get("PaginationToken"):
                return users
            query["PaginationToken"] = response["PaginationToken"]
