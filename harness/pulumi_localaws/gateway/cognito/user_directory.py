"""What the gateway knows of user pools, clients and users: asked from the emulator, hardly kept."""

import base64
import json
import re
import secrets
import string
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.root_client import RootClient

EMAIL, PHONE = "email", "phone_number"
_CHARACTER_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!@#%*_-")
_SHORTEST_PASSWORD = 16


@dataclass(frozen=True)
class UserPool:
    """A user pool.

    Attributes:
        id: Its id; the part before ``_`` is its region.
        arn: Its ARN.
        document: DescribeUserPool's ``UserPool`` as its owner set it up, triggers and all.
    """

    id: str
    arn: str
    document: dict[str, Any]

    @property
    def region(self) -> str:
        """The pool's region."""
        return self.id.split("_", 1)[0]

    @property
    def account(self) -> str:
        """The pool's account."""
        return self.arn.split(":")[4]

    @property
    def case_insensitive(self) -> bool:
        """Whether user names in any case are the same; a pool that doesn't say so tells them apart."""
        return (self.document.get("UsernameConfiguration") or {}).get("CaseSensitive") is False

    @property
    def username_attributes(self) -> frozenset[str]:
        """The addresses that serve as user name; with them the real name is the sub."""
        return frozenset(self.document.get("UsernameAttributes") or ())

    @property
    def auto_verified(self) -> frozenset[str]:
        """The addresses that a code is sent to by itself."""
        return frozenset(self.document.get("AutoVerifiedAttributes") or ())

    def trigger(self, name: str) -> str:
        """Return the ARN of the function for a trigger, or an empty string."""
        return str((self.document.get("LambdaConfig") or {}).get(name) or "")

    def immutable(self) -> frozenset[str]:
        """Return the attributes that can't be changed after sign-up."""
        return frozenset(
            a["Name"] for a in self.document.get("SchemaAttributes") or () if a.get("Mutable") is False
        )


@dataclass(frozen=True)
class AppClient:
    """An app client of a pool.

    Attributes:
        id: Its id.
        pool: Its pool.
        document: DescribeUserPoolClient's ``UserPoolClient``.
    """

    id: str
    pool: UserPool
    document: dict[str, Any]

    @property
    def secret(self) -> str:
        """The client's secret, or an empty string."""
        return str(self.document.get("ClientSecret") or "")

    @property
    def write_attributes(self) -> frozenset[str]:
        """The attributes it may write; empty stands for AWS's default."""
        return frozenset(self.document.get("WriteAttributes") or ())

    @property
    def read_attributes(self) -> frozenset[str]:
        """The attributes it may read; empty stands for AWS's default."""
        return frozenset(self.document.get("ReadAttributes") or ())


@dataclass(frozen=True)
class PoolUser:
    """A user of a pool.

    Attributes:
        name: The real user name, which is the sub where an address serves as user name.
        status: ``UNCONFIRMED``, ``CONFIRMED``, ``FORCE_CHANGE_PASSWORD``, …
        attributes: All attributes, the sub among them.
    """

    name: str
    status: str
    attributes: dict[str, str] = field(default_factory=dict)


class UserDirectory:
    """Looks pools, clients and users up as the emulator's root.

    Only the pool of a client is remembered: it never changes. The rest may change at any time, by calls that
    the gateway need not see (CloudFormation inside the emulator), and a look-up costs a millisecond or two.
    """

    def __init__(self, root: RootClient) -> None:
        self._root = root
        self._pool_of_client: dict[str, str] = {}
        self._true_triggers: dict[str, dict[str, Any]] = {}
        self.regions = {root.region}

    def forget(self) -> None:
        """Forget all, after the emulator was reset."""
        self._pool_of_client.clear()
        self._true_triggers.clear()

    async def pool(self, pool_id: str) -> UserPool | None:
        """Return a pool as its owner set it up, or None."""
        raw = await self.raw_pool(pool_id)
        return (
            None
            if raw is None
            else UserPool(pool_id, str(raw.get("Arn") or ""), self.with_true_triggers(raw))
        )

    async def raw_pool(self, pool_id: str) -> dict[str, Any] | None:
        """Return a pool as the emulator has it, or None."""
        if not re.fullmatch(r"[\w-]+_[0-9a-zA-Z]+", pool_id):
            return None
        self.regions.add(pool_id.split("_", 1)[0])
        try:
            answer = await self._root.cognito("DescribeUserPool", {"UserPoolId": pool_id})
        except AwsError:
            return None
        pool = answer.get("UserPool")
        return pool if isinstance(pool, dict) else None

    def set_true_triggers(self, pool_id: str, config: dict[str, Any]) -> None:
        """Remember the triggers of a pool whose PreSignUp was replaced by the relay."""
        self._true_triggers[pool_id] = config

    def with_true_triggers(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Return a pool's document with the triggers that its owner gave it.

        The relay stands in the emulator's LambdaConfig under PreSignUp alone. An owner who changes the
        triggers writes over it, and what the emulator then has is the truth again.
        """
        config = raw.get("LambdaConfig") or {}
        true = self._true_triggers.get(str(raw.get("Id")))
        if true is None or config.get("PreSignUp") != true.get("relay"):
            return raw
        return {**raw, "LambdaConfig": {**config, "PreSignUp": true["PreSignUp"]}}

    async def client(self, client_id: str) -> AppClient | None:
        """Return an app client with its pool, or None."""
        if not client_id or not isinstance(client_id, str):
            return None
        pool_id = self._pool_of_client.get(client_id) or await self._search(client_id)
        if not pool_id:
            return None
        try:
            answer = await self._root.cognito(
                "DescribeUserPoolClient", {"UserPoolId": pool_id, "ClientId": client_id}
            )
        except AwsError:
            self._pool_of_client.pop(client_id, None)
            return None
        pool = await self.pool(pool_id)
        return None if pool is None else AppClient(client_id, pool, answer.get("UserPoolClient") or {})

    def learn_client(self, client_id: str, pool_id: str) -> None:
        """Remember a client that was just made."""
        self.regions.add(pool_id.split("_", 1)[0])
        self._pool_of_client[client_id] = pool_id

    async def _search(self, client_id: str) -> str:
        for region in sorted(self.regions):
            async for pool_id in self._listed(region, "ListUserPools", "UserPools", {"MaxResults": 60}, "Id"):
                query = {"UserPoolId": pool_id, "MaxResults": 60}
                async for found in self._listed(
                    region, "ListUserPoolClients", "UserPoolClients", query, "ClientId"
                ):
                    self._pool_of_client[found] = pool_id
                if client_id in self._pool_of_client:
                    return pool_id
        return ""

    async def _listed(
        self, region: str, action: str, key: str, query: dict[str, Any], field_name: str
    ) -> AsyncIterator[str]:
        token: dict[str, Any] = {}
        while True:
            answer = await self._root.cognito(action, {**query, **token}, region)
            for item in answer.get(key) or ():
                yield str(item[field_name])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    async def user(self, pool: UserPool, name: str) -> PoolUser | None:
        """Return the user that the emulator finds by this very name (address, sub or user name), or None."""
        if not name or not isinstance(name, str):
            return None
        try:
            answer = await self._root.cognito("AdminGetUser", {"UserPoolId": pool.id, "Username": name})
        except AwsError:
            return None
        return PoolUser(
            str(answer["Username"]),
            str(answer.get("UserStatus") or ""),
            as_dict(answer.get("UserAttributes")),
        )

    async def update_user(self, pool: UserPool, user: PoolUser, values: dict[str, str]) -> None:
        """Set attributes of a user.

        Raises:
            AwsError: The emulator refused.
        """
        attributes = [{"Name": name, "Value": value} for name, value in values.items()]
        key = {"UserPoolId": pool.id, "Username": user.name}
        await self._root.cognito("AdminUpdateUserAttributes", {**key, "UserAttributes": attributes})

    async def list_users(self, pool: UserPool, filter_text: str = "") -> list[PoolUser]:
        """Return the users that a filter finds, or all of them."""
        users: list[PoolUser] = []
        query: dict[str, Any] = {"UserPoolId": pool.id}
        if filter_text:
            query["Filter"] = filter_text
        while True:
            answer = await self._root.cognito("ListUsers", query)
            users += [
                PoolUser(str(u["Username"]), str(u.get("UserStatus") or ""), as_dict(u.get("Attributes")))
                for u in answer.get("Users") or ()
            ]
            if not answer.get("PaginationToken"):
                return users
            query["PaginationToken"] = answer["PaginationToken"]


def temporary_password(pool: UserPool) -> str:
    """Return a random password that the pool's policy allows, for a user who has none yet."""
    policy = (pool.document.get("Policies") or {}).get("PasswordPolicy") or {}
    length = max(_SHORTEST_PASSWORD, int(policy.get("MinimumLength") or 0))
    characters = [secrets.choice(c) for c in _CHARACTER_CLASSES]
    characters += [secrets.choice("".join(_CHARACTER_CLASSES)) for _ in range(length - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def as_dict(attributes: Any) -> dict[str, str]:
    """Return Cognito's list of names and values as a dict; what has no name is left out."""
    if not isinstance(attributes, list):
        return {}
    return {
        str(a["Name"]): "" if a.get("Value") is None else str(a["Value"])
        for a in attributes
        if isinstance(a, dict) and "Name" in a
    }


def token_claims(token: Any) -> dict[str, Any]:
    """Return a token's claims, or {}; its signature is the emulator's to check."""
    try:
        part = str(token).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
