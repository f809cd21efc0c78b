"""PreTokenGeneration, fired once for each sign-in and with Cognito's event, through a relay function.

The emulator fires this trigger itself, once for each token. It checks no permission, and its event has fewer
fields. Therefore a relay function replaces the pool's function in the emulator, as for PreSignUp. The first
relayed event of a sign-in fires the pool's own function; both tokens get its response.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import (
    PRE_TOKEN_GENERATION,
    PRE_TOKEN_GENERATION_CONFIG,
    UserPool,
)
from pulumi_localaws.gateway.cognito.relay_function import RelayFunction, parse_event, relay_response
from pulumi_localaws.gateway.cognito.token_overrides import translate_response
from pulumi_localaws.gateway.cognito.triggers import Triggers, build_event, build_user_attributes
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.cognito.user_names import UserNameLocks
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.root_client import RootClient

RELAY_NAME = "localaws-pre-token-generation-relay"
RELAY_PATH = "/_localaws/pre-token-generation/"


@dataclass(eq=False)
class SignInInProgress:
    """A forwarded call that may issue tokens, for which the emulator may call the relay.

    Attributes:
        client_metadata: The metadata that reaches the trigger.
        notes: Receives a note for the journal.
        pool: The user's pool; None if only the emulator knows it.
        overrides: The function's response in the emulator's form, after the first relayed event.
        error: The trigger's error, if it failed.
    """

    client_metadata: dict[str, Any]
    notes: list[str]
    pool: UserPool | None = field(default=None)
    overrides: dict[str, Any] | None = field(default=None)
    error: AwsError | None = field(default=None)


class TokenRelay:
    """Installs the relay function and handles its invocations.

    Args:
        root_client: Creates the relay function.
        directory: Looks up pools and users, and remembers the functions that the relay replaces.
        triggers: Fires the pool's own function.
        endpoint: The gateway's URL.
    """

    def __init__(
        self, root_client: RootClient, directory: UserDirectory, triggers: Triggers, endpoint: str
    ) -> None:
        self._root_client = root_client
        self._directory = directory
        self._triggers = triggers
        self._relay = RelayFunction(RELAY_NAME, RELAY_PATH, root_client, endpoint)
        self._sign_ins: dict[tuple[str, str], SignInInProgress] = {}
        self._user_locks = UserNameLocks()
        self._token_request: SignInInProgress | None = None
        self._token_request_lock = asyncio.Lock()

    def clear(self) -> None:
        """Forget the relay functions after a reset of the emulator."""
        self._relay.clear()

    async def install(self, pool: UserPool) -> None:
        """Replace the pool's PreTokenGeneration function by the relay, if there is one.

        The relay always has version 2, so that it can change both tokens.

        Raises:
            AwsError: The emulator rejected the relay.
        """
        relay_value = {"LambdaArn": self._relay.arn(pool), "LambdaVersion": "V2_0"}
        if pool.installed_triggers.get(PRE_TOKEN_GENERATION_CONFIG) == relay_value:
            return
        document = await self._directory.describe_pool(pool.id)
        config = dict((document or {}).get("LambdaConfig") or {})
        own_triggers = {
            key: config.pop(key)
            for key in (PRE_TOKEN_GENERATION, PRE_TOKEN_GENERATION_CONFIG)
            if config.get(key)
        }
        if not own_triggers or own_triggers.get(PRE_TOKEN_GENERATION_CONFIG) == relay_value:
            return
        await self._relay.create(pool.region)
        self._directory.remember_relay(
            pool.id, PRE_TOKEN_GENERATION_CONFIG, relay_value=relay_value, own_triggers=own_triggers
        )
        config[PRE_TOKEN_GENERATION_CONFIG] = relay_value
        await self._root_client.call_cognito(
            "UpdateUserPool", {"UserPoolId": pool.id, "LambdaConfig": config}
        )

    @asynccontextmanager
    async def expect(self, pool: UserPool, user_name: str, sign_in: SignInInProgress) -> AsyncIterator[None]:
        """Keep a sign-in for the relay while the emulator handles it; one at a time for each user.

        A relayed event names only the pool and the user, so two sign-ins of a user must not overlap.
        """
        async with self._user_locks.hold(pool.id, user_name):
            self._sign_ins[pool.id, user_name] = sign_in
            try:
                yield
            finally:
                del self._sign_ins[pool.id, user_name]

    @asynccontextmanager
    async def expect_token_request(self, notes: list[str]) -> AsyncIterator[None]:
        """Keep a request to the OAuth token endpoint for the relay; only the emulator knows its user."""
        async with self._token_request_lock:
            self._token_request = SignInInProgress({}, notes)
            try:
                yield
            finally:
                self._token_request = None

    async def handle(self, request: Request) -> Response:
        """Handle a relayed event: return what the pool's function changes in the tokens, or an error."""
        if not self._relay.is_invocation(request):
            return relay_response({"message": "not the relay"}, HTTPStatus.FORBIDDEN)
        event = parse_event(request)
        pool_id, user_name = str(event.get("userPoolId") or ""), str(event.get("userName") or "")
        sign_in = self._sign_ins.get((pool_id, user_name)) or self._token_request or SignInInProgress({}, [])
        pool = sign_in.pool or await self._directory.get_pool(pool_id)
        if pool is None:
            return relay_response({"message": "unknown pool"}, HTTPStatus.NOT_FOUND)
        try:
            if sign_in.overrides is None:
                sign_in.overrides = await self._fire(pool, event, sign_in)
        except AwsError as error:
            # Any status except 2xx fails the sign-in. The caller gets the text of `sign_in.error`.
            sign_in.error = error
            return relay_response({"errorMessage": error.message}, HTTPStatus.UNPROCESSABLE_ENTITY)
        return relay_response({"response": sign_in.overrides})

    async def _fire(
        self, pool: UserPool, relayed_event: dict[str, Any], sign_in: SignInInProgress
    ) -> dict[str, Any]:
        version = pool.token_event_version
        user_name = str(relayed_event.get("userName") or "")
        user = await self._directory.get_user(pool, user_name)
        relayed_request = relayed_event.get("request") or {}
        request: dict[str, Any] = {
            "userAttributes": build_user_attributes(user) if user else {},
            "groupConfiguration": relayed_request.get("groupConfiguration"),
        }
        if version != "1":
            request["scopes"] = relayed_request.get("scopes") or []
        if sign_in.client_metadata:
            request["clientMetadata"] = sign_in.client_metadata
        key = "claimsOverrideDetails" if version == "1" else "claimsAndScopeOverrideDetails"
        event = build_event(
            pool,
            str(relayed_event.get("triggerSource")),
            user_name=user_name,
            client_id=str((relayed_event.get("callerContext") or {}).get("clientId") or ""),
            request=request,
            response={key: None},
        )
        response = await self._triggers.fire(
            pool, PRE_TOKEN_GENERATION, {**event, "version": version}, sign_in.notes
        )
        overrides, is_claim_left_out = translate_response(version, response)
        if is_claim_left_out:
            sign_in.notes.append(f"{PRE_TOKEN_GENERATION}: reserved claims left out")
        return overrides
