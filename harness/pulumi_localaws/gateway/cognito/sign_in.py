"""Signing in: any case of the name, UserMigration, PreAuthentication and PostAuthentication."""

from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.call import CognitoCall, event_attributes
from pulumi_localaws.gateway.cognito.triggers import event
from pulumi_localaws.gateway.cognito.user_directory import AppClient, PoolUser, token_claims
from pulumi_localaws.gateway.cognito.user_migration import migrate_on_sign_in
from pulumi_localaws.gateway.wire.errors import error_code
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_REFRESH = frozenset({"REFRESH_TOKEN", "REFRESH_TOKEN_AUTH"})
_PLAIN_PASSWORD = frozenset({"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})


async def initiate_auth(call: CognitoCall) -> Response:
    """InitiateAuth and AdminInitiateAuth."""
    client = await call.client()
    if client is None or call.data.get("AuthFlow") in _REFRESH:
        return await call.forward()
    user = await call.meant_user(client)
    if user is None and call.data.get("AuthFlow") in _PLAIN_PASSWORD:
        parameters = call.data.get("AuthParameters")
        password = parameters.get("PASSWORD") if isinstance(parameters, dict) else None
        if isinstance(password, str):
            user = await migrate_on_sign_in(call, client, password)
    await _pre_authentication(call, client, user)
    return await _post_authentication(call, client, await _forward(call, client))


async def respond_to_auth_challenge(call: CognitoCall) -> Response:
    """RespondToAuthChallenge and AdminRespondToAuthChallenge."""
    client = await call.client()
    if client is None:
        return await call.forward()
    await call.meant_user(client)
    return await _post_authentication(call, client, await _forward(call, client))


async def _forward(call: CognitoCall, client: AppClient) -> Response:
    """Pass a sign-in on; a signed one by another case of the name is repeated once its right is affirmed."""
    response = await call.forward()
    # Both come from the emulator's Cognito, behind its check of signature and policies.
    unknown = error_code(response) in {"UserNotFoundException", "NotAuthorizedException"}
    if (
        not call.signed
        or not unknown
        or not client.pool.case_insensitive
        or not call.has(GatewayRule.USER_NAME_CASE)
    ):
        return response
    typed = user_names.name_of(call.action, call.data)
    directory = call.services.directory
    if not isinstance(typed, str) or await directory.user(client.pool, typed) is not None:
        return response
    user = await user_names.find(directory, client.pool, typed)
    if user is None:
        return response
    spelling = user_names.emulator_spelling(client.pool, user, typed)
    call.notes.append("user name: other case, repeated as root")
    return await call.as_root(
        user_names.with_name(call.action, call.data, spelling, client), client.pool.region
    )


async def _pre_authentication(call: CognitoCall, client: AppClient, user: PoolUser | None) -> None:
    """Fire PreAuthentication before the password is looked at.

    For an unknown user it fires only where the client hides existence, and says so in the event (developer
    guide, "Pre authentication Lambda trigger").
    """
    trigger, pool = "PreAuthentication", client.pool
    hidden = client.document.get("PreventUserExistenceErrors") == "ENABLED"
    if not call.has(GatewayRule.TRIGGERS) or not pool.trigger(trigger) or (user is None and not hidden):
        return
    request: dict[str, Any] = {
        "userAttributes": event_attributes(user) if user else {},
        "validationData": call.metadata or None,
        "userNotFound": user is None,
    }
    name = user.name if user else str(user_names.name_of(call.action, call.data) or "")
    document = event(
        pool, f"{trigger}_Authentication", user_name=name, client_id=client.id, request=request, response={}
    )
    await call.services.triggers.fire(pool, trigger, document, call.notes)


async def _post_authentication(call: CognitoCall, client: AppClient, response: Response) -> Response:
    """Fire PostAuthentication once tokens are there; when it fails the caller does not get them."""
    trigger, pool = "PostAuthentication", client.pool
    if response.status != HTTPStatus.OK or not call.has(GatewayRule.TRIGGERS) or not pool.trigger(trigger):
        return response
    tokens = response.json().get("AuthenticationResult") or {}
    name = token_claims(tokens.get("AccessToken")).get("username")
    user = await call.services.directory.user(pool, str(name or ""))
    if user is None:
        return response
    request: dict[str, Any] = {"userAttributes": event_attributes(user), "newDeviceUsed": False}
    # InitiateAuth's metadata does not reach this trigger, the challenge's does (API reference).
    if call.metadata and call.action.endswith("RespondToAuthChallenge"):
        request["clientMetadata"] = call.metadata
    document = event(
        pool,
        f"{trigger}_Authentication",
        user_name=user.name,
        client_id=client.id,
        request=request,
        response={},
    )
    await call.services.triggers.fire(pool, trigger, document, call.notes)
    return response
