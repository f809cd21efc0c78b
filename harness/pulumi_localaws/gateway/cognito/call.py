"""One call of Cognito's API, and the objects that the handlers use."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.challenge_sessions import ChallengeSessions
from pulumi_localaws.gateway.cognito.code_delivery import CodeSender
from pulumi_localaws.gateway.cognito.codes import CodeAttempts, NewAddressCodes
from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import PreSignUpRelay
from pulumi_localaws.gateway.cognito.token_generation import TokenRelay
from pulumi_localaws.gateway.cognito.triggers import Triggers, build_event, build_user_attributes
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.cognito.user_names import UserNameLocks
from pulumi_localaws.gateway.wire.errors import parse_error_code
from pulumi_localaws.gateway.wire.gateway_rules import ALL_RULES, GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Request, Response, SendToEmulator
from pulumi_localaws.gateway.wire.root_client import RootClient

COGNITO_TARGET = "AWSCognitoIdentityProviderService."


@dataclass
class Dependencies:
    """The objects that the handlers use.

    Attributes:
        send_to_emulator: Sends a request to the emulator.
        root_client: Calls the emulator as root.
        directory: Looks up pools, clients and users.
        triggers: Fires triggers.
        pre_sign_up_relay: Fires PreSignUp.
        token_relay: Fires PreTokenGeneration.
        code_attempts: Limits the lifetime and the wrong attempts of codes.
        code_sender: Sends codes by SMS and e-mail.
        new_address_codes: Keeps new addresses until they are verified.
        user_name_locks: Allows one sign-up at a time for each name.
        challenge_sessions: Keeps the sessions of custom challenges.
        rules: The rules that the gateway enforces.
    """

    send_to_emulator: SendToEmulator
    root_client: RootClient
    directory: UserDirectory
    triggers: Triggers
    pre_sign_up_relay: PreSignUpRelay
    token_relay: TokenRelay
    code_attempts: CodeAttempts
    code_sender: CodeSender
    new_address_codes: NewAddressCodes
    user_name_locks: UserNameLocks
    challenge_sessions: ChallengeSessions
    rules: frozenset[GatewayRule] = ALL_RULES


@dataclass
class CognitoCall:
    """One call of Cognito's API.

    Attributes:
        request: The HTTP request.
        action: The API action, such as ``SignUp``.
        parameters: The parsed JSON body.
        dependencies: The objects that the handler uses.
        notes: Applied rules and fired triggers, for the journal; never a value from the call.
    """

    request: Request
    action: str
    parameters: dict[str, Any]
    dependencies: Dependencies
    notes: list[str] = field(default_factory=list)

    @property
    def is_signed(self) -> bool:
        """Whether the request is signed; its body must then stay unchanged."""
        query = self.request.target.partition("?")[2]
        return self.request.header("authorization").startswith("AWS4-") or "X-Amz-Signature=" in query

    @property
    def client_metadata(self) -> dict[str, Any]:
        """The call's ClientMetadata."""
        value = self.parameters.get("ClientMetadata")
        return value if isinstance(value, dict) else {}

    def enforces(self, rule: GatewayRule) -> bool:
        """Return whether the gateway enforces a rule for this backend."""
        return rule in self.dependencies.rules

    def fires(self, trigger: str, pool: UserPool) -> bool:
        """Return whether the gateway fires a trigger: the emulator does not, and the pool has a function."""
        return self.enforces(GatewayRule.TRIGGERS) and bool(pool.trigger_arn(trigger))

    async def find_client(self) -> AppClient | None:
        """Return the app client that the call names, or None."""
        return await self.dependencies.directory.get_client(self.parameters.get("ClientId") or "")

    async def find_pool(self) -> UserPool | None:
        """Return the pool that the call names, or None."""
        return await self.dependencies.directory.get_pool(str(self.parameters.get("UserPoolId") or ""))

    async def resolve_user(self, client: AppClient) -> PoolUser | None:
        """Return the user that the call names, and replace the name by the emulator's spelling.

        Raises:
            AwsError: The secret hash does not match the name in the call.
        """
        name = user_names.get_user_name(self.action, self.parameters)
        directory, pool = self.dependencies.directory, client.pool
        if not self.enforces(GatewayRule.USER_NAME_CASE):
            return await directory.get_user(pool, name) if isinstance(name, str) else None
        user = await user_names.find_user(directory, pool, name)
        if (
            user is not None
            and pool.is_case_insensitive
            and name not in {user.name, user.attributes.get("sub")}
        ):
            spelling = user_names.stored_spelling(pool, user, str(name))
            if spelling != name:
                self.notes.append("user name: other case")
                self.replace_parameters(
                    user_names.replace_user_name(self.action, self.parameters, spelling, client)
                )
        return user

    async def resolve_client_and_user(self) -> tuple[AppClient, PoolUser] | None:
        """Return the app client and the user that the call names, or None if one of them is unknown.

        Raises:
            AwsError: The secret hash does not match the name in the call.
        """
        client = await self.find_client()
        user = None if client is None else await self.resolve_user(client)
        return None if client is None or user is None else (client, user)

    def replace_parameters(self, parameters: dict[str, Any]) -> None:
        """Replace the parameters of an unsigned call; a signed call stays unchanged."""
        if self.is_signed or parameters == self.parameters:
            return
        body = json.dumps(parameters).encode()
        headers = tuple((n, v) for n, v in self.request.headers if n.lower() != "content-length")
        self.parameters = parameters
        self.request = replace(
            self.request, body=body, headers=(*headers, ("Content-Length", str(len(body))))
        )

    async def forward(self) -> Response:
        """Send the request to the emulator."""
        return await self.dependencies.send_to_emulator(self.request)

    async def forward_with_code_limits(self, pool: UserPool, user: PoolUser) -> Response:
        """Forward a call with a confirmation code and count a wrong code.

        Raises:
            AwsError: The code has expired, or there were too many wrong codes.
        """
        key = (pool.id, user.name, self.action)
        if self.enforces(GatewayRule.CODE_LIMITS):
            self.dependencies.code_attempts.check(*key)
        response = await self.forward()
        self.dependencies.code_attempts.record_attempt(*key, parse_error_code(response))
        return response

    async def repeat_as_root(self, parameters: dict[str, Any], region: str) -> Response:
        """Repeat the call as root; only for callers whose permission the emulator has confirmed."""
        return await self.dependencies.root_client.call_json("cognito-idp", self.action, parameters, region)

    async def fire_post_confirmation(
        self, pool: UserPool, user_name: str, source: str, client_id: str
    ) -> None:
        """Fire PostConfirmation for a user who has just been confirmed.

        Raises:
            AwsError: The trigger failed; the user stays confirmed (reported by users).
        """
        if not self.fires("PostConfirmation", pool):
            return
        user = await self.dependencies.directory.get_user(pool, user_name)
        if user is None:
            return
        request: dict[str, Any] = {"userAttributes": build_user_attributes(user)}
        if self.client_metadata:
            request["clientMetadata"] = self.client_metadata
        event = build_event(
            pool,
            f"PostConfirmation_{source}",
            user_name=user.name,
            client_id=client_id,
            request=request,
            response={},
        )
        await self.dependencies.triggers.fire(pool, "PostConfirmation", event, self.notes)
