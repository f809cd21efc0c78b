"""PreSignUp, fired once and with Cognito's event, through a relay function in the emulator.

The emulator fires this trigger itself, at the right time (all checks are done, the sub is generated, nothing
is stored). But its event has fewer fields, it does not check the permission, and its error text is different.
Therefore the pool's function is replaced, only in the emulator, by a relay function. The emulator forwards
the relay's invocations to the gateway by HTTP. The gateway knows the SignUp in progress, fires the pool's own
function and returns its response.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, AppClient, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.relay_function import RelayFunction, parse_event, relay_response
from pulumi_localaws.gateway.cognito.triggers import NO_CLIENT, Triggers, build_event
from pulumi_localaws.gateway.cognito.user_directory import UserDirectory
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.http_messages import Request, Response
from pulumi_localaws.gateway.wire.root_client import RootClient

PRE_SIGN_UP = "PreSignUp"
RELAY_NAME = "localaws-pre-sign-up-relay"
RELAY_PATH = "/_localaws/pre-sign-up/"
RESPONSE_FLAGS = ("autoConfirmUser", "autoVerifyEmail", "autoVerifyPhone")


@dataclass(eq=False)
class SignUpInProgress:
    """A forwarded SignUp, for which the emulator may call the relay.

    Attributes:
        client: The call's app client.
        user_name: The user name in the call.
        attributes: The attributes that will be stored, without the sub.
        client_metadata: The call's ClientMetadata.
        validation_data: The call's ValidationData.
        notes: Receives a note for the journal.
        error: The trigger's error, if it failed.
    """

    client: AppClient
    user_name: str
    attributes: dict[str, str]
    client_metadata: dict[str, str]
    validation_data: dict[str, str]
    notes: list[str]
    error: AwsError | None = field(default=None)

    @classmethod
    def create(
        cls, client: AppClient, parameters: dict[str, Any], attributes: dict[str, str], notes: list[str]
    ) -> "SignUpInProgress":
        """Create it with the attributes that the emulator will store, so that the relay can match them."""
        pool, name = client.pool, str(parameters.get("Username") or "")
        stored_attributes = {k: v for k, v in attributes.items() if k != "sub"}
        if pool.username_attributes:
            allows_both = {EMAIL, PHONE} <= pool.username_attributes
            is_phone = (
                allows_both and name.startswith("+") and "@" not in name
            ) or pool.username_attributes == {PHONE}
            stored_attributes.setdefault(PHONE if is_phone else EMAIL, name)
        client_metadata = parameters.get("ClientMetadata")
        return cls(
            client=client,
            user_name=name,
            attributes=stored_attributes,
            client_metadata=client_metadata if isinstance(client_metadata, dict) else {},
            validation_data=_parse_validation_data(parameters.get("ValidationData")),
            notes=notes,
        )

    def matches(self, relayed_event: dict[str, Any]) -> bool:
        """Return whether a relayed event belongs to this call."""
        attributes = dict((relayed_event.get("request") or {}).get("userAttributes") or {})
        attributes.pop("sub", None)
        is_same_name = (
            bool(self.client.pool.username_attributes) or relayed_event.get("userName") == self.user_name
        )
        return is_same_name and attributes == self.attributes


class PreSignUpRelay:
    """Installs the relay function and handles its invocations.

    Args:
        root_client: Creates the relay function.
        directory: Looks up pools, and remembers the functions that the relay replaces.
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
        self._sign_ups: list[SignUpInProgress] = []

    def clear(self) -> None:
        """Forget the relay functions after a reset of the emulator."""
        self._relay.clear()

    async def install(self, pool: UserPool) -> None:
        """Replace the pool's PreSignUp function by the relay, if there is one and it is not the relay.

        Raises:
            AwsError: The emulator rejected the relay.
        """
        relay_arn = self._relay.arn(pool)
        if pool.installed_triggers.get(PRE_SIGN_UP) == relay_arn:
            return
        document = await self._directory.describe_pool(pool.id)
        config = dict((document or {}).get("LambdaConfig") or {})
        if not config.get(PRE_SIGN_UP) or config[PRE_SIGN_UP] == relay_arn:
            return
        await self._relay.create(pool.region)
        self._directory.remember_relay(
            pool.id, PRE_SIGN_UP, relay_value=relay_arn, own_triggers={PRE_SIGN_UP: config[PRE_SIGN_UP]}
        )
        await self._root_client.call_cognito(
            "UpdateUserPool", {"UserPoolId": pool.id, "LambdaConfig": {**config, PRE_SIGN_UP: relay_arn}}
        )

    @contextmanager
    def expect(self, sign_up: SignUpInProgress) -> Iterator[SignUpInProgress]:
        """Keep a SignUp for the relay while the emulator handles it."""
        self._sign_ups.append(sign_up)
        try:
            yield sign_up
        finally:
            if sign_up in self._sign_ups:
                self._sign_ups.remove(sign_up)

    async def handle(self, request: Request) -> Response:
        """Handle a relayed event: return the response of the pool's function, or an error."""
        if not self._relay.is_invocation(request):
            return relay_response({"message": "not the relay"}, HTTPStatus.FORBIDDEN)
        relayed_event = parse_event(request)
        pool_id = str(relayed_event.get("userPoolId") or "")
        sign_up = next(
            (s for s in self._sign_ups if s.client.pool.id == pool_id and s.matches(relayed_event)), None
        )
        pool = await self._directory.get_pool(pool_id) if sign_up is None else sign_up.client.pool
        if pool is None:
            return relay_response({"message": "unknown pool"}, HTTPStatus.NOT_FOUND)
        if sign_up is not None:
            # Of two equal sign-ups at the same time, each gets one relayed event.
            self._sign_ups.remove(sign_up)
        event = _complete_event(pool, relayed_event, sign_up)
        try:
            response = await self._triggers.fire(pool, PRE_SIGN_UP, event, sign_up.notes if sign_up else [])
            flags = parse_response_flags(response)
        except AwsError as error:
            if sign_up is not None:
                sign_up.error = error
            # Any status except 2xx rejects the sign-up. The caller gets the text of `sign_up.error`.
            return relay_response({"errorMessage": error.message}, HTTPStatus.UNPROCESSABLE_ENTITY)
        return relay_response({"response": flags}, HTTPStatus.OK)

    async def fire_for_admin_create_user(
        self, pool: UserPool, user: PoolUser, parameters: dict[str, Any], notes: list[str]
    ) -> None:
        """Fire PreSignUp_AdminCreateUser for a new user.

        Raises:
            AwsError: The trigger rejected the user, or it could not be fired.
        """
        attributes = {k: v for k, v in user.attributes.items() if k != "sub"}
        event = build_event(
            pool,
            "PreSignUp_AdminCreateUser",
            user_name=user.name,
            client_id=NO_CLIENT,
            request=_build_event_request(
                attributes,
                _parse_validation_data(parameters.get("ValidationData")),
                parameters.get("ClientMetadata"),
            ),
            response=dict.fromkeys(RESPONSE_FLAGS, False),
        )
        flags = parse_response_flags(await self._triggers.fire(pool, PRE_SIGN_UP, event, notes))
        verified_attributes = {
            f"{attribute}_verified": "true"
            for attribute, flag in ((EMAIL, "autoVerifyEmail"), (PHONE, "autoVerifyPhone"))
            if flags[flag] and user.attributes.get(attribute)
        }
        if verified_attributes:
            await self._directory.update_user(pool, user, verified_attributes)


def parse_response_flags(response: dict[str, Any]) -> dict[str, bool]:
    """Return PreSignUp's three response flags; other keys of the response are ignored, as on AWS.

    Raises:
        AwsError: InvalidLambdaResponseException for a flag that is not a boolean.
    """
    flags = {flag: response.get(flag) or False for flag in RESPONSE_FLAGS}
    if not all(isinstance(value, bool) for value in flags.values()):
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    return flags


def _complete_event(
    pool: UserPool, relayed_event: dict[str, Any], sign_up: SignUpInProgress | None
) -> dict[str, Any]:
    request = relayed_event.get("request") or {}
    attributes = {k: v for k, v in (request.get("userAttributes") or {}).items() if k != "sub"}
    return build_event(
        pool,
        str(relayed_event.get("triggerSource") or "PreSignUp_SignUp"),
        user_name=str(relayed_event.get("userName") or ""),
        client_id=str((relayed_event.get("callerContext") or {}).get("clientId") or ""),
        request=_build_event_request(
            attributes,
            sign_up.validation_data if sign_up else {},
            sign_up.client_metadata if sign_up else None,
        ),
        response=dict.fromkeys(RESPONSE_FLAGS, False),
    )


def _build_event_request(
    attributes: dict[str, str], validation_data: dict[str, str], client_metadata: Any
) -> dict[str, Any]:
    request: dict[str, Any] = {"userAttributes": attributes, "validationData": validation_data or None}
    if client_metadata:
        request["clientMetadata"] = client_metadata
    return request


def _parse_validation_data(value: Any) -> dict[str, str]:
    return {str(p["Name"]): str(p.get("Value")) for p in value or () if isinstance(p, dict) and "Name" in p}
