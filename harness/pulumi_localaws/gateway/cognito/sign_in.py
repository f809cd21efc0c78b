"""Sign-in: any case of the name, and the triggers that fire around it."""

from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.authentication import (
    fire_post_authentication,
    fire_pre_authentication,
    issue_tokens,
)
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.challenge_triggers import CUSTOM_CHALLENGE
from pulumi_localaws.gateway.cognito.client_settings import check_srp_is_enabled
from pulumi_localaws.gateway.cognito.custom_challenge import answer_custom_challenge, start_custom_auth
from pulumi_localaws.gateway.cognito.first_password import add_required_attributes, read_first_attributes
from pulumi_localaws.gateway.cognito.pool_models import PRE_TOKEN_GENERATION, AppClient
from pulumi_localaws.gateway.cognito.second_factor_codes import check_answer, send_second_factor_code
from pulumi_localaws.gateway.cognito.tokens import decode_claims
from pulumi_localaws.gateway.cognito.user_migration import migrate_on_sign_in
from pulumi_localaws.gateway.wire.errors import AwsError, parse_error_code
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_REFRESH_FLOWS = frozenset({"REFRESH_TOKEN", "REFRESH_TOKEN_AUTH"})
_CHOICE_BASED_CHALLENGES = frozenset(
    {"SELECT_CHALLENGE", "SMS_OTP", "EMAIL_OTP", "WEB_AUTHN", "PASSWORD", "PASSWORD_SRP"}
)
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
    if call.parameters.get("AuthFlow") == "CUSTOM_AUTH" and call.enforces(GatewayRule.CUSTOM_CHALLENGE):
        return await start_custom_auth(call, client)
    if call.parameters.get("AuthFlow") == "USER_AUTH":
        return await _forward_choice_based_sign_in(call)
    if call.enforces(GatewayRule.POOL_SCHEMA):
        check_srp_is_enabled(client, call.parameters.get("AuthFlow"))
    user = await call.resolve_user(client)
    if user is None and call.parameters.get("AuthFlow") in _PASSWORD_FLOWS:
        auth_parameters = call.parameters.get("AuthParameters")
        password = auth_parameters.get("PASSWORD") if isinstance(auth_parameters, dict) else None
        if isinstance(password, str):
            user = await migrate_on_sign_in(call, client, password)
    await fire_pre_authentication(call, client, user)
    response = await issue_tokens(call, client, user, lambda: _forward_sign_in(call, client))
    response = await fire_post_authentication(call, client, response)
    return add_required_attributes(call, client.pool, user, response)


async def respond_to_auth_challenge(call: CognitoCall) -> Response:
    """Handle RespondToAuthChallenge and AdminRespondToAuthChallenge."""
    client = await call.find_client()
    if client is None:
        return await call.forward()
    if call.parameters.get("ChallengeName") == CUSTOM_CHALLENGE and call.enforces(
        GatewayRule.CUSTOM_CHALLENGE
    ):
        return await answer_custom_challenge(call, client)
    if call.parameters.get("ChallengeName") in _CHOICE_BASED_CHALLENGES:
        return await _forward_choice_based_sign_in(call)
    check_answer(call, client)
    user = await call.resolve_user(client)
    attributes = read_first_attributes(call, client.pool, user)
    response = await issue_tokens(
        call, client, user, lambda: _forward_sign_in(call, client), client_metadata=call.client_metadata
    )
    if user is not None and attributes and response.status == HTTPStatus.OK:
        await call.dependencies.directory.update_user(client.pool, user, attributes)
    response = await fire_post_authentication(call, client, response)
    return add_required_attributes(call, client.pool, user, response)


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
    return await issue_tokens(call, client, user, call.forward, client_metadata=client_metadata)


async def _forward_choice_based_sign_in(call: CognitoCall) -> Response:
    """Forward a choice-based sign-in, which the emulator does not support, and explain its error.

    Raises:
        AwsError: The emulator does not support the flow or the challenge.
    """
    response = await call.forward()
    is_unsupported = parse_error_code(response) == "InvalidParameterException"
    if not is_unsupported or not call.enforces(GatewayRule.CUSTOM_CHALLENGE):
        return response
    raise AwsError(
        "InvalidParameterException",
        "pulumi-localaws: the local AWS does not support choice-based sign-in (the flow USER_AUTH with its"
        " challenges, such as SMS_OTP and EMAIL_OTP). Use CUSTOM_AUTH or USER_SRP_AUTH here, and try"
        " USER_AUTH on AWS.",
    )


async def _forward_sign_in(call: CognitoCall, client: AppClient) -> Response:
    """Forward a sign-in, and send the code of a second factor."""
    return await send_second_factor_code(call, client, await _forward_in_any_case(call, client))


async def _forward_in_any_case(call: CognitoCall, client: AppClient) -> Response:
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
