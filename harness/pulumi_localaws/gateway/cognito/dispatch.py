"""The table of contents: which function handles which of Cognito's actions.

The handlers build on these modules:

- `call`: one API call and the objects that handlers use
- `pool_models`, `user_directory`, `tokens`: look up pools, app clients and users
- `user_names`: user names in any case
- `attribute_rules`: which attributes a client may read and write
- `codes`, `code_delivery`, `code_messages`: confirmation codes, their lifetime, SMS and e-mail, CustomMessage
- `custom_senders`, `secret_encryption`, `sender_settings`: functions that send the messages, their key
- `invitations`: messages to users whom an administrator creates
- `triggers`, `authentication`, `user_migration`: Lambda triggers that the gateway fires around a call
- `custom_challenge`, `challenge_triggers`, `challenge_sessions`: sign-in with custom challenges
- `pre_sign_up_relay`, `token_generation`: Lambda triggers that fire while the emulator handles a call
"""

import json
from collections.abc import Awaitable, Callable

from pulumi_localaws.gateway.cognito import (
    admin_calls,
    forgotten_password,
    sign_in,
    sign_up,
    user_attributes,
    user_pools,
)
from pulumi_localaws.gateway.cognito.call import CognitoCall, Dependencies
from pulumi_localaws.gateway.wire.errors import AwsError
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
    "CreateUserPool": user_pools.write_user_pool,
    "UpdateUserPool": user_pools.write_user_pool,
    "DescribeUserPool": user_pools.describe_user_pool,
    "DeleteUserPool": user_pools.delete_user_pool,
    "CreateUserPoolClient": user_pools.create_user_pool_client,
}
"""Handlers by action. `admin_calls` handles any other Admin action that names a user."""


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
        return await dependencies.send_to_emulator(request)
    if not isinstance(parameters, dict):
        return AwsError("SerializationException", "The request must be a JSON object.").to_response()
    handler = HANDLERS.get(action)
    if handler is None and action.startswith("Admin") and "Username" in parameters:
        handler = admin_calls.handle_admin_call
    if handler is None:
        return await dependencies.send_to_emulator(request)
    call = CognitoCall(
        request=request, action=action, parameters=parameters, dependencies=dependencies, notes=notes
    )
    try:
        return await handler(call)
    except AwsError as error:
        notes.append(f"rejected: {error.code}")
        return error.to_response()
