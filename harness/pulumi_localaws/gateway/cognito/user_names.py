"""User names in case-insensitive pools: find the user for a name, and one sign-up at a time for each name."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, AppClient, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.wire.errors import AwsError

NAME_FIELDS = {
    "SignUp": ("", "Username", "SecretHash"),
    "ConfirmSignUp": ("", "Username", "SecretHash"),
    "ResendConfirmationCode": ("", "Username", "SecretHash"),
    "ForgotPassword": ("", "Username", "SecretHash"),
    "ConfirmForgotPassword": ("", "Username", "SecretHash"),
    "InitiateAuth": ("AuthParameters", "USERNAME", "SECRET_HASH"),
    "AdminInitiateAuth": ("AuthParameters", "USERNAME", "SECRET_HASH"),
    "RespondToAuthChallenge": ("ChallengeResponses", "USERNAME", "SECRET_HASH"),
    "AdminRespondToAuthChallenge": ("ChallengeResponses", "USERNAME", "SECRET_HASH"),
}
"""For each action: the parameter that contains user name and secret hash (empty: the call itself), and their
keys. Every other admin call has ``Username``."""


async def find_user(directory: UserDirectory, pool: UserPool, name: Any) -> PoolUser | None:
    """Return the user with this name, in any case if the pool is case-insensitive."""
    if not isinstance(name, str) or not name:
        return None
    user = await directory.get_user(pool, name)
    if user is not None or not pool.is_case_insensitive:
        return user
    if pool.username_attributes and '"' not in name and "\\" not in name:
        # This filter is case-insensitive (on AWS too), so one call is enough.
        attribute = EMAIL if "@" in name else PHONE
        candidates = await directory.list_users(pool, f'{attribute} = "{name}"')
    else:
        candidates = await directory.list_users(pool)
    folded_name = name.casefold()
    return next((user for user in candidates if folded_name in _folded_names(pool, user)), None)


def _folded_names(pool: UserPool, user: PoolUser) -> set[str]:
    names = {user.name, user.attributes.get("sub", "")}
    names |= {user.attributes.get(a, "") for a in pool.username_attributes}
    for alias in pool.alias_attributes:
        # An address is an alias only after verification (developer guide, "Customizing sign-in attributes").
        if alias == "preferred_username" or user.attributes.get(f"{alias}_verified", "").lower() == "true":
            names.add(user.attributes.get(alias, ""))
    return {name.casefold() for name in names if name}


def get_user_name(action: str, parameters: dict[str, Any]) -> Any:
    """Return the user name in a call's parameters, or None."""
    container_key, name_key, _ = NAME_FIELDS.get(action, ("", "Username", ""))
    container = parameters.get(container_key) if container_key else parameters
    return container.get(name_key) if isinstance(container, dict) else None


def stored_spelling(pool: UserPool, user: PoolUser, name: str) -> str:
    """Return the name by which the emulator finds the user: the stored address, otherwise the user name."""
    folded_name = name.casefold()
    for attribute in sorted(pool.username_attributes):
        address = user.attributes.get(attribute, "")
        if address.casefold() == folded_name:
            return address
    return user.name


def replace_user_name(
    action: str, parameters: dict[str, Any], name: str, client: AppClient | None
) -> dict[str, Any]:
    """Return a call's parameters with another spelling of the user name.

    A secret hash covers the original spelling. It is verified, then computed again for the new spelling.

    Raises:
        AwsError: The secret hash does not match the original spelling.
    """
    container_key, name_key, hash_key = NAME_FIELDS.get(action, ("", "Username", ""))
    container = dict(parameters[container_key] if container_key else parameters)
    original_name, original_hash = str(container.get(name_key)), container.get(hash_key) if hash_key else None
    container[name_key] = name
    if original_hash is not None and client is not None and client.secret:
        expected_hash = compute_secret_hash(client, original_name)
        if not hmac.compare_digest(str(original_hash).encode(), expected_hash.encode()):
            raise AwsError("NotAuthorizedException", f"Unable to verify secret hash for client {client.id}")
        container[hash_key] = compute_secret_hash(client, name)
    return {**parameters, container_key: container} if container_key else container


def compute_secret_hash(client: AppClient, name: str) -> str:
    """Return Cognito's secret hash of a user name."""
    digest = hmac.new(client.secret.encode(), (name + client.id).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def username_exists_error(pool: UserPool, name: str) -> AwsError:
    """Return the error for a name that exists in another case."""
    if pool.username_attributes:
        attribute = EMAIL if "@" in name else PHONE
        return AwsError("UsernameExistsException", f"An account with the given {attribute} already exists.")
    return AwsError("UsernameExistsException", "User already exists")


class UserNameLocks:
    """Allows one sign-up at a time for each name: two names that differ only in case must not both be free.

    A lock exists only while a sign-up holds it or waits for it.
    """

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, pool_id: str, name: Any) -> AsyncIterator[None]:
        """Hold the lock of a name in a pool."""
        key = (pool_id, str(name).casefold())
        lock, holders = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, holders + 1)
        try:
            async with lock:
                yield
        finally:
            lock, holders = self._locks.pop(key)
            if holders > 1:
                self._locks[key] = (lock, holders - 1)
