"""Sign-in: any case of the name, and the triggers that fire around it."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import PRE_TOKEN_GENERATION, AppClient, PoolUser
from pulumi_localaws.gateway.cognito.token_generation import SignInInProgress
from pulumi_localaws.gateway.cognito.tokens import decode_claims
from pulumi_localaws.gateway.cognito.triggers import build_event, build_user_attributes
from pulumi_localaws.gateway.cognito.user_migration import migrate_on_sign_in
from pulumi_localaws.gateway.wire.errors import parse_error_code
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_REFRESH_FLOWS = frozenset({"REFRESH_TOKEN", "REFRESH_TOKEN_AUTH"})
_PASSWORD_FLOWS = frozenset({"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})


async def initiate_auth(call: CognitoCall) -> Response:
    """Handle InitiateAuth and AdminInitiateAuth."""
    client = await call.find_client()
    if client is None:
        return await call.forward()
    if call.parameters.get("AuthFlow") in _REFRESH_FLOWS:
        auth_parameters = call.parameters.get("AuthParameters")
        refresh_token = auth_parameters.get("REFRESH_TOKEN") if isinstance(auth_parameters, dict) else None
        return await _refresh_tokens(call, client, refresh_token)
    user = await call.resolve_user(client)
    if user is None and call.parameters.get("AuthFlow") in _PASSWORD_FLOWS:
        auth_parameters = call.parameters.get("AuthParameters")
        password = auth_parameters.get("PASSWORD") if isinstance(auth_parameters, dict) else None
        if isinstance(password, str):
            user = await migrate_on_sign_in(call, client, password)
    await _fire_pre_authentication(call, client, user)
    response = await _issue_tokens(call, client, user, lambda: _forward_sign_in(call, client))
    return await _fire_post_authentication(call, client, response)


async def respond_to_auth_challenge(call: CognitoCall) -> Response:
    """Handle RespondToAuthChallenge and AdminRespondToAuthChallenge."""
    client = await call.find_client()
    if client is None:
        return await call.forward()
    user = await call.resolve_user(client)
    response = await _issue_tokens(
        call, client, user, lambda: _forward_sign_in(call, client), client_metadata=call.client_metadata
    )
    return await _fire_post_authentication(call, client, response)


async def get_tokens_from_refresh_token(call: CognitoCall) -> Response:
    """Handle GetTokensFromRefreshToken."""
    client = await call.find_client()
    if client is None:
        return await call.forward()
    return await _refresh_tokens(
        call, client, call.parameters.get("RefreshToken"), client_metadata=call.client_metadata
    )


async def _refresh_tokens(
    call: CognitoCall, client: AppClient, refresh_token: Any, *, client_metadata: dict[str, Any] | None = None
) -> Response:
    # The emulator verifies the token. A forged one names a user, but issues no tokens for this user.
    sub = decode_claims(refresh_token).get("sub")
    user = None
    if call.fires(PRE_TOKEN_GENERATION, client.pool):
        user = await call.dependencies.directory.get_user(client.pool, str(sub or ""))
    return await _issue_tokens(call, client, user, call.forward, client_metadata=client_metadata)


async def _issue_tokens(
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
    sign_in = SignInInProgress(client_metadata or {}, call.notes)
    async with relay.expect(client.pool, user.name, sign_in):
        await relay.install(client.pool)
        response = await forward()
    if sign_in.error is not None:
        raise sign_in.error
    return response


async def _forward_sign_in(call: CognitoCall, client: AppClient) -> Response:
    """Forward a sign-in; repeat a signed one as root if only the case of the name was wrong."""
    response = await call.forward()
    # The emulator's Cognito returns both errors only after the check of signature and policies.
    is_user_unknown = parse_error_code(response) in {"UserNotFoundException", "NotAuthorizedException"}
    if (
        not call.is_signed
        or not is_user_unknown
        or not client.pool.is_case_insensitive
        or not call.enforces(GatewayRule.USER_NAME_CASE)
    ):
        return response
    name = user_names.get_user_name(call.action, call.parameters)
    directory = call.dependencies.directory
    if not isinstance(name, str) or await directory.get_user(client.pool, name) is not None:
        return response
    user = await user_names.find_user(directory, client.pool, name)
    if user is None:
        return response
    spelling = user_names.stored_spelling(client.pool, user, name)
    call.notes.append("user name: other case, repeated as root")
    return await call.repeat_as_root(
        user_names.replace_user_name(call.action, call.parameters, spelling, client), client.pool.region
    )


async def _fire_pre_authentication(call: CognitoCall, client: AppClient, user: PoolUser | None) -> None:
    """Fire PreAuthentication before the password is checked.

    For an unknown user it fires only if the client hides the existence of users, and the event then contains
    ``userNotFound`` (developer guide, "Pre authentication Lambda trigger").
    """
    trigger = "PreAuthentication"
    is_existence_hidden = client.document.get("PreventUserExistenceErrors") == "ENABLED"
    if not call.fires(trigger, client.pool) or (user is None and not is_existence_hidden):
        return
    request: dict[str, Any] = {
        "userAttributes": build_user_attributes(user) if user else {},
        "validationData": call.client_metadata or None,
        "userNotFound": user is None,
    }
    name = user.name if user else str(user_names.get_user_name(call.action, call.parameters) or "")
    await _fire_authentication(call, client, trigger, name, request)


async def _fire_post_authentication(call: CognitoCall, client: AppClient, response: Response) -> Response:
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
