"""User names in pools that tell none apart by case: finding the user that a name means."""

import base64
import hashlib
import hmac
from typing import Any

from pulumi_localaws.gateway.cognito.user_directory import (
    EMAIL,
    PHONE,
    AppClient,
    PoolUser,
    UserDirectory,
    UserPool,
)
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
"""Where each call carries the user's name and the hash over it; every other admin call has ``Username``."""


async def find(directory: UserDirectory, pool: UserPool, name: Any) -> PoolUser | None:
    """Return the user whom a name means in this pool, by any case where the pool ignores it."""
    if not isinstance(name, str) or not name:
        return None
    exact = await directory.user(pool, name)
    if exact is not None or not pool.case_insensitive:
        return exact
    wanted = name.casefold()
    if pool.username_attributes and '"' not in name and "\\" not in name:
        # This filter ignores case (on AWS too), so that one call is enough.
        attribute = EMAIL if "@" in name else PHONE
        candidates = await directory.list_users(pool, f'{attribute} = "{name}"')
    else:
        candidates = await directory.list_users(pool)
    return next((user for user in candidates if wanted in _spellings(pool, user)), None)


def _spellings(pool: UserPool, user: PoolUser) -> set[str]:
    names = {user.name, user.attributes.get("sub", "")}
    names |= {user.attributes.get(a, "") for a in pool.username_attributes}
    for alias in pool.document.get("AliasAttributes") or ():
        # An address counts as alias once it is verified (developer guide, "Customizing sign-in attributes").
        if alias == "preferred_username" or user.attributes.get(f"{alias}_verified", "").lower() == "true":
            names.add(user.attributes.get(alias, ""))
    return {n.casefold() for n in names if n}


def name_of(action: str, data: dict[str, Any]) -> Any:
    """Return the user name that a call carries, or None."""
    holder, key, _ = NAME_FIELDS.get(action, ("", "Username", ""))
    source = data.get(holder) if holder else data
    return source.get(key) if isinstance(source, dict) else None


def emulator_spelling(pool: UserPool, user: PoolUser, typed: str) -> str:
    """Return the name by which the emulator finds the user: the address as stored, else the user name."""
    wanted = typed.casefold()
    for attribute in sorted(pool.username_attributes):
        stored = user.attributes.get(attribute, "")
        if stored.casefold() == wanted:
            return stored
    return user.name


def with_name(action: str, data: dict[str, Any], name: str, client: AppClient | None) -> dict[str, Any]:
    """Return a call's data with another spelling of the user's name.

    A secret hash covers the name as it was typed: it is checked here, and made anew for the new spelling.

    Raises:
        AwsError: The hash is not right for the name as typed.
    """
    holder, key, hash_key = NAME_FIELDS.get(action, ("", "Username", ""))
    source = dict(data[holder] if holder else data)
    typed, supplied = str(source.get(key)), source.get(hash_key) if hash_key else None
    source[key] = name
    if supplied is not None and client is not None and client.secret:
        if not hmac.compare_digest(str(supplied).encode(), secret_hash(client, typed).encode()):
            raise AwsError("NotAuthorizedException", f"Unable to verify secret hash for client {client.id}")
        source[hash_key] = secret_hash(client, name)
    return {**data, holder: source} if holder else source


def secret_hash(client: AppClient, name: str) -> str:
    """Return Cognito's secret hash of a user name."""
    digest = hmac.new(client.secret.encode(), (name + client.id).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def taken(pool: UserPool, name: str) -> AwsError:
    """Return the refusal of a name that another spelling of it already has."""
    if pool.username_attributes:
        attribute = EMAIL if "@" in name else PHONE
        return AwsError("UsernameExistsException", f"An account with the given {attribute} already exists.")
    return AwsError("UsernameExistsException", "User already exists")
