"""The user pool and the app client that test users belong to, described once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.errors import LocalAwsError
from pulumi_localaws.testing.backends import Stack

_POOL_TYPE = "aws:cognito/userPool:UserPool"
_SRP_FLOWS = {"ALLOW_USER_SRP_AUTH", "USER_SRP_AUTH"}


@dataclass(frozen=True)
class PoolSettings:
    """What a sign-up depends on.

    Attributes:
        pool_id: The ID of the user pool.
        client_id: The ID of the app client.
        client_secret: The secret of the app client; None if it has none.
        name_attributes: The attributes whose value is the user name; empty if users choose a name.
        required_attributes: The names of the attributes that a sign-up requires.
        verified_attributes: The attributes that are verified by a code after a sign-up.
        only_administrators_create_users: Whether users can't sign up themselves.
        password_length: The shortest password.
    """

    pool_id: str
    client_id: str
    client_secret: str | None
    name_attributes: tuple[str, ...]
    required_attributes: tuple[str, ...]
    verified_attributes: tuple[str, ...]
    only_administrators_create_users: bool
    password_length: int


class UserPools:
    """Finds pool and client of a user, in the deployed stacks or by their IDs.

    Args:
        cognito: The boto3 client.
        stacks: The deployed stacks; read at each call, because tests can deploy more.
    """

    def __init__(self, cognito: Any, stacks: Sequence[Stack]) -> None:
        self._cognito = cognito
        self._stacks = stacks
        self._settings: dict[tuple[str, str | None], PoolSettings] = {}

    def read_settings(self, user_pool_id: str | None, client_id: str | None) -> PoolSettings:
        """Return the settings of a pool and an app client.

        Args:
            user_pool_id: The ID of the pool. Default: the only pool of the deployed stacks.
            client_id: The ID of the app client. Default: the only client of the pool that allows SRP.

        Raises:
            LocalAwsError: The pool or the client is not unique.
        """
        pool_id = user_pool_id or self._find_pool()
        key = (pool_id, client_id)
        if key not in self._settings:
            self._settings[key] = self._describe(pool_id, client_id)
        return self._settings[key]

    def _find_pool(self) -> str:
        pool_ids = self._list_pools()
        if len(pool_ids) == 1:
            return pool_ids[0]
        if not pool_ids:
            raise LocalAwsError(
                "The deployed stacks have no user pool. Deploy one with deploy_stack before you create a"
                " user, or call make_user with a user_pool_id."
            )
        raise LocalAwsError(
            f"The deployed stacks have {len(pool_ids)} user pools: {', '.join(pool_ids)}."
            " Call make_user with the user_pool_id of one of them."
        )

    def _list_pools(self) -> list[str]:
        return [
            str(resource["id"])
            for stack in self._stacks
            for resource in stack.resources
            if resource["type"] == _POOL_TYPE
        ]

    def _describe_pool(self, pool_id: str) -> dict[str, Any]:
        errors = self._cognito.exceptions
        try:
            pool: dict[str, Any] = self._cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        except (errors.ResourceNotFoundException, errors.InvalidParameterException):
            raise LocalAwsError(
                f"The user pool {pool_id!r} does not exist in the region {self._cognito.meta.region_name}."
                f" User pools of the deployed stacks: {', '.join(self._list_pools()) or 'none'}."
                " Set user_pool_id to one of them, or omit it if there is only one."
            ) from None
        return pool

    def _describe(self, pool_id: str, client_id: str | None) -> PoolSettings:
        pool = self._describe_pool(pool_id)
        client = self._describe_client(pool_id, client_id) if client_id else self._find_client(pool_id)
        return PoolSettings(
            pool_id=pool_id,
            client_id=client["ClientId"],
            client_secret=client.get("ClientSecret"),
            name_attributes=tuple(pool.get("UsernameAttributes") or ()),
            required_attributes=tuple(
                attribute["Name"]
                for attribute in pool.get("SchemaAttributes", ())
                if attribute.get("Required") and attribute["Name"] != "sub"
            ),
            verified_attributes=tuple(pool.get("AutoVerifiedAttributes") or ()),
            only_administrators_create_users=bool(
                pool.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly")
            ),
            password_length=pool.get("Policies", {}).get("PasswordPolicy", {}).get("MinimumLength", 0),
        )

    def _find_client(self, pool_id: str) -> dict[str, Any]:
        clients = [
            self._describe_client(pool_id, client["ClientId"]) for client in self._list_clients(pool_id)
        ]
        # The default flows include SRP (Cognito API, CreateUserPoolClient, ExplicitAuthFlows).
        candidates = [
            client
            for client in clients
            if not client.get("ExplicitAuthFlows") or _SRP_FLOWS & set(client["ExplicitAuthFlows"])
        ]
        if len(candidates) == 1:
            return candidates[0]
        names = ", ".join(f"{client['ClientId']} ({client['ClientName']})" for client in candidates)
        raise LocalAwsError(
            f"The user pool {pool_id} has {len(candidates)} app clients that allow a sign-in by SRP"
            f"{': ' + names if names else ''}. Set client_id, or add ALLOW_USER_SRP_AUTH to explicitAuthFlows"
            " of one client."
        )

    def _list_clients(self, pool_id: str) -> list[dict[str, Any]]:
        pages = self._cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id)
        return [client for page in pages for client in page["UserPoolClients"]]

    def _describe_client(self, pool_id: str, client_id: str) -> dict[str, Any]:
        errors = self._cognito.exceptions
        try:
            response = self._cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
        except (errors.ResourceNotFoundException, errors.InvalidParameterException):
            names = [
                f"{client['ClientId']} ({client['ClientName']})" for client in self._list_clients(pool_id)
            ]
            raise LocalAwsError(
                f"The user pool {pool_id} has no app client {client_id!r}. Its clients:"
                f" {', '.join(names) or 'none'}. Set client_id to one of them."
            ) from None
        client: dict[str, Any] = response["UserPoolClient"]
        return client
