"""One Cognito call on its way through the gateway, and what its rules work with."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.code_delivery import CodeSender
from pulumi_localaws.gateway.cognito.codes import CodeAttempts, NewAddressCodes
from pulumi_localaws.gateway.cognito.name_locks import NameLocks
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import PreSignUpRelay
from pulumi_localaws.gateway.cognito.triggers import Triggers, attributes_with_status, event
from pulumi_localaws.gateway.cognito.user_directory import AppClient, PoolUser, UserDirectory, UserPool
from pulumi_localaws.gateway.wire.gateway_rules import ALL_RULES, GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import RootClient

COGNITO_TARGET = "AWSCognitoIdentityProviderService."


@dataclass
class Dependencies:
    """What every rule may use.

    Attributes:
        upstream: Sends a request to the emulator.
        root: Calls the emulator as its root.
        directory: Looks pools, clients and users up.
        triggers: Fires triggers.
        pre_sign_up: The relay.
        codes: Counts and dates confirmation codes.
        outgoing: Sends codes by SMS.
        address_codes: Remembers new addresses until their code comes back.
        name_locks: One sign-up at a time for each name.
        gaps: What the backend leaves to the gateway.
    """

    upstream: SendToEmulator
    root: RootClient
    directory: UserDirectory
    triggers: Triggers
    pre_sign_up: PreSignUpRelay
    codes: CodeAttempts
    outgoing: CodeSender
    address_codes: NewAddressCodes
    name_locks: NameLocks
    rules: frozenset[GatewayRule] = ALL_RULES


@dataclass
class CognitoCall:
    """One call of Cognito's API.

    Attributes:
        request: As it came.
        action: Such as ``SignUp``.
        data: Its JSON body.
        services: What its rule works with.
        notes: What was done, for the journal; names of things, never a value of the request.
    """

    request: Request
    action: str
    data: dict[str, Any]
    services: Dependencies
    notes: list[str] = field(default_factory=list)

    @property
    def signed(self) -> bool:
        """Whether the request is signed; then its body must stay as it is."""
        query = self.request.target.partition("?")[2]
        return self.request.header("authorization").startswith("AWS4-") or "X-Amz-Signature=" in query

    @property
    def metadata(self) -> dict[str, Any]:
        """The call's ClientMetadata."""
        value = self.data.get("ClientMetadata")
        return value if isinstance(value, dict) else {}

    def has(self, gap: GatewayRule) -> bool:
        """Tell whether the gateway has to fill a gap of the backend."""
        return gap in self.services.rules

    async def client(self) -> AppClient | None:
        """Return the app client that the call names, or None."""
        return await self.services.directory.client(self.data.get("ClientId") or "")

    async def pool(self) -> UserPool | None:
        """Return the pool that the call names, or None."""
        return await self.services.directory.pool(str(self.data.get("UserPoolId") or ""))

    async def forward(self) -> Response:
        """Pass the request on as it came, or with the changed data of an unsigned one."""
        return await self.services.upstream(self.request)

    def with_data(self, data: dict[str, Any]) -> None:
        """Change the body of an unsigned request; a signed one stays as it is."""
        if self.signed or data == self.data:
            return
        body = json.dumps(data).encode()
        headers = tuple((n, v) for n, v in self.request.headers if n.lower() != "content-length")
        self.data = data
        self.request = replace(
            self.request, body=body, headers=(*headers, ("Content-Length", str(len(body))))
        )

    async def as_root(self, data: dict[str, Any], region: str) -> Response:
        """Make the same call as root; only for a caller whose right to it the emulator has affirmed."""
        return await self.services.root.json("cognito-idp", self.action, data, region)

    async def meant_user(self, client: AppClient) -> PoolUser | None:
        """Find the user that the call names and put the spelling that the emulator knows into it.

        Raises:
            AwsError: The secret hash is not right for the name as typed.
        """
        typed = user_names.name_of(self.action, self.data)
        if not self.has(GatewayRule.USER_NAME_CASE):
            return await self.services.directory.user(client.pool, typed) if isinstance(typed, str) else None
        user = await user_names.find(self.services.directory, client.pool, typed)
        if user is not None and client.pool.case_insensitive and not _known_as(user, str(typed)):
            spelling = user_names.emulator_spelling(client.pool, user, str(typed))
            if spelling != typed:
                self.notes.append("user name: other case")
                self.with_data(user_names.with_name(self.action, self.data, spelling, client))
        return user

    async def client_and_user(self) -> tuple[AppClient, PoolUser] | None:
        """Return the app client and the user that the call names, or None if one of them is unknown.

        Raises:
            AwsError: The secret hash is not right for the name as typed.
        """
        client = await self.client()
        user = None if client is None else await self.meant_user(client)
        return None if client is None or user is None else (client, user)

    async def post_confirmation(self, pool: UserPool, user_name: str, source: str, client_id: str) -> None:
        """Fire PostConfirmation for a user who has just been confirmed.

        Raises:
            AwsError: The trigger failed; the user stays confirmed (reported by users).
        """
        if not self.has(GatewayRule.TRIGGERS) or not pool.trigger("PostConfirmation"):
            return
        user = await self.services.directory.user(pool, user_name)
        if user is None:
            return
        request: dict[str, Any] = {"userAttributes": event_attributes(user)}
        if self.metadata:
            request["clientMetadata"] = self.metadata
        document = event(
            pool,
            f"PostConfirmation_{source}",
            user_name=user.name,
            client_id=client_id,
            request=request,
            response={},
        )
        await self.services.triggers.fire(pool, "PostConfirmation", document, self.notes)


def event_attributes(user: PoolUser) -> dict[str, str]:
    """Return a user's attributes as Cognito puts them into an event: each address with its ``_verified``."""
    attributes = attributes_with_status(user)
    for address in ("email", "phone_number"):
        if attributes.get(address):
            attributes.setdefault(f"{address}_verified", "false")
    return attributes


def _known_as(user: PoolUser, typed: str) -> bool:
    return typed in {user.name, user.attributes.get("sub")}
