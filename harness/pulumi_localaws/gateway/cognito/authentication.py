"""The triggers that fire around every sign-in, and PreTokenGeneration while tokens are issued."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import PRE_TOKEN_GENERATION, AppClient, PoolUser
from pulumi_localaws.gateway.cognito.token_generation import SignInInProgress
from pulumi_localaws.gateway.cognito.tokens import decode_claims
from pulumi_localaws.gateway.cognito.triggers import build_event, build_user_attributes
from pulumi_localaws.gateway.wire.http_messages import Response


async def issue_tokens(
    call: CognitoCall,
    client: AppClient,
    user: PoolUser | None,
    forward: Callable[[], Awaitable[Response]],
    *,
    client_metadata: dict[str, Any] | None = None,
) -> Response:
    """Forward a call that may issue tokens, and let the emulator fire PreTokenGeneration by the relay.

    Args:
        call: The call.
        client: Its app client.
        user: The user who gets the tokens, or None if the call names no user of the pool.
        forward: Forwards the call.
        client_metadata: The metadata that reaches the trigger: that of a challenge or of
            GetTokensFromRefreshToken, but not that of InitiateAuth (API reference).

    Raises:
        AwsError: The trigger failed, or it could not be fired.
    """
    if user is None or not call.fires(PRE_TOKEN_GENERATION, client.pool):
        return await forward()
    relay = call.dependencies.token_relay
    sign_in = SignInInProgress(client_metadata or {}, call.notes, client.pool)
    async with relay.expect(client.pool, user.name, sign_in):
        await relay.install(client.pool)
        response = await forward()
    if sign_in.error is not None:
        raise sign_in.error
    return response


async def fire_pre_authentication(call: CognitoCall, client: AppClient, user: PoolUser | None) -> None:
    """Fire PreAuthentication before the password is checked.

    For an unknown user it fires only if the client hides the existence of users, and the event then contains
    ``userNotFound`` (developer guide, "Pre authentication Lambda trigger").
    """
    trigger = "PreAuthentication"
    if not call.fires(trigger, client.pool) or (user is None and not client.hides_user_existence):
        return
    request: dict[str, Any] = {
        "userAttributes": build_user_attributes(user) if user else {},
        "validationData": call.client_metadata or None,
        "userNotFound": user is None,
    }
    name = user.name if user else str(user_names.get_user_name(call.action, call.parameters) or "")
    await _fire_authentication(call, client, trigger, name, request)


async def fire_post_authentication(call: CognitoCall, client: AppClient, response: Response) -> Response:
    """Fire PostAuthentication after a successful sign-in; if it fails, the caller gets no tokens."""
    trigger = "PostAuthentication"
    if response.status != HTTPStatus.OK or not call.fires(trigger, client.pool):
        return response
    tokens = response.json().get("AuthenticationResult") or {}
    name = decode_claims(tokens.get("AccessToken")).get("username")
    user = await call.dependencies.directory.get_user(client.pool, str(name or ""))
    if user is None:
        return response
    request: dict[str, Any] = {"userAttributes": build_user_attributes(user), "newDeviceUsed": False}
    # This trigger gets the metadata of the challenge, not that of InitiateAuth (API reference).
    if call.client_metadata and call.action.endswith("RespondToAuthChallenge"):
        request["clientMetadata"] = call.client_metadata
    await _fire_authentication(call, client, trigger, user.name, request)
    return response


async def _fire_authentication(
    call: CognitoCall, client: AppClient, trigger: str, user_name: str, request: dict[str, Any]
) -> None:
    event = build_event(
        client.pool,
        f"{trigger}_Authentication",
        user_name=user_name,
        client_id=client.id,
        request=request,
        response={},
    )
    await call.dependencies.triggers.fire(client.pool, trigger, event, call.notes)
