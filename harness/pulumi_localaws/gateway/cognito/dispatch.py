"""The table of contents: which function handles which of Cognito's actions.

The handlers build on these modules:

- `request_check`: the parameters of any call, by Cognito's API model
- `call`: one API call and the objects that handlers use
- `pool_models`, `user_directory`, `tokens`: look up pools, app clients and users
- `user_names`: user names in any case
- `user_filters`: the filter of ListUsers
- `attribute_rules`: which attributes a client may read and write
- `pool_schema`, `attribute_values`: possible schemas, and attribute values that conform to them
- `client_settings`: possible app clients
- `first_password`: required attributes that a user sets with the first password
- `codes`, `code_delivery`, `code_messages`: confirmation codes, their lifetime, SMS and e-mail, CustomMessage
- `custom_senders`, `secret_encryption`, `sender_settings`: functions that send the messages, their key
- `invitations`: messages to users whom an administrator creates
- `triggers`, `authentication`, `user_migration`: Lambda triggers that the gateway fires around a call
- `custom_challenge`, `challenge_triggers`, `challenge_sessions`: sign-in with custom challenges
- `second_factor_codes`: codes of a second factor by SMS
- `pre_sign_up_relay`, `token_generation`: Lambda triggers that fire while the emulator handles a call
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from pulumi_localaws.gateway.cognito import (
    admin_calls,
    forgotten_password,
    sign_in,
    sign_up,
    user_attributes,
    user_filters,
    user_pools,
)
from pulumi_localaws.gateway.cognito.call import CognitoCall, Dependencies
from pulumi_localaws.gateway.cognito.code_delivery import mask_destination
from pulumi_localaws.gateway.cognito.request_check import check_request
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Request, Response

Handler = Callable[[CognitoCall], Awaitable[Response]]

HANDLERS: dict[str, Handler] = {
    "SignUp": sign_up.sign_up,
    "ConfirmSignUp": sign_up.confirm_sign_up,
    "ResendConfirmationCode": sign_up.resend_confirmation_code,
    "AdminConfirmSignUp": sign_up.admin_confirm_sign_up,
    "AdminCreateUser": sign_up.admin_create_user,
    "ForgotPassword": forgotten_password.forgot_password,
    "ConfirmForgotPassword": forgotten_password.confirm_forgot_password,
    "AdminResetUserPassword": forgotten_password.admin_reset_user_password,
    "InitiateAuth": sign_in.initiate_auth,
    "AdminInitiateAuth": sign_in.initiate_auth,
    "RespondToAuthChallenge": sign_in.respond_to_auth_challenge,
    "AdminRespondToAuthChallenge": sign_in.respond_to_auth_challenge,
    "GetTokensFromRefreshToken": sign_in.get_tokens_from_refresh_token,
    "GetUser": user_attributes.get_user,
    "UpdateUserAttributes": user_attributes.update_user_attributes,
    "AdminUpdateUserAttributes": user_attributes.admin_update_user_attributes,
    "AdminDeleteUserAttributes": user_attributes.admin_delete_user_attributes,
    "DeleteUserAttributes": user_attributes.delete_user_attributes,
    "GetUserAttributeVerificationCode": user_attributes.get_user_attribute_verification_code,
    "VerifyUserAttribute": user_attributes.verify_user_attribute,
    "CreateUserPool": user_pools.create_user_pool,
    "AddCustomAttributes": user_pools.add_custom_attributes,
    "UpdateUserPool": user_pools.write_user_pool,
    "DescribeUserPool": user_pools.describe_user_pool,
    "DeleteUserPool": user_pools.delete_user_pool,
    "ListUsers": user_filters.list_users,
    "CreateUserPoolClient": user_pools.create_user_pool_client,
    "UpdateUserPoolClient": user_pools.update_user_pool_client,
}
"""Handlers by action. `admin_calls` handles any other Admin action that names a user."""


CODE_ACTIONS = frozenset({"SignUp", "ResendConfirmationCode", "ForgotPassword"})
"""Actions whose response shows where a code was sent, in the emulator's form."""


async def handle(request: Request, action: str, dependencies: Dependencies, notes: list[str]) -> Response:
    """Handle one of Cognito's API calls.

    Args:
        request: The client's request.
        action: The API action.
        dependencies: The objects that handlers use.
        notes: Receives a note for the journal on each applied rule.
    """
    try:
        parameters = json.loads(request.body or b"{}")
    except ValueError:
        parameters = None
    try:
        if GatewayRule.REQUEST_MODEL in dependencies.rules:
            check_request(action, parameters)
        handler = _find_handler(action, parameters)
        if handler is None:
            return await dependencies.send_to_emulator(request)
        response = await handler(
            CognitoCall(
                request=request, action=action, parameters=parameters, dependencies=dependencies, notes=notes
            )
        )
        is_masked = action in CODE_ACTIONS and GatewayRule.CODE_DESTINATION in dependencies.rules
        return mask_destination(response) if is_masked else response
    except AwsError as error:
        notes.append(f"rejected: {error.code}")
        return error.to_response()


def _find_handler(action: str, parameters: Any) -> Handler | None:
    if not isinstance(parameters, dict):
        return None
    if action not in HANDLERS and action.startswith("Admin") and "Username" in parameters:
        return admin_calls.handle_admin_call
    return HANDLERS.get(action)
