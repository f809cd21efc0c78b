"""Which rule is for which of Cognito's calls."""

import json
from collections.abc import Awaitable, Callable

from pulumi_localaws.gateway.cognito import forgotten_password, sign_in, sign_up, user_attributes, user_pools
from pulumi_localaws.gateway.cognito.call import CognitoCall, Dependencies
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.http_messages import Request, Response

Rule = Callable[[CognitoCall], Awaitable[Response]]

RULES: dict[str, Rule] = {
    "SignUp": sign_up.sign_up,
    "ConfirmSignUp": sign_up.confirm_sign_up,
    "ResendConfirmationCode": sign_up.resend_confirmation_code,
    "AdminConfirmSignUp": sign_up.admin_confirm_sign_up,
    "AdminCreateUser": sign_up.admin_create_user,
    "ForgotPassword": forgotten_password.forgot_password,
    "ConfirmForgotPassword": forgotten_password.confirm_forgot_password,
    "InitiateAuth": sign_in.initiate_auth,
    "AdminInitiateAuth": sign_in.initiate_auth,
    "RespondToAuthChallenge": sign_in.respond_to_auth_challenge,
    "AdminRespondToAuthChallenge": sign_in.respond_to_auth_challenge,
    "CreateUserPool": user_pools.write_user_pool,
    "UpdateUserPool": user_pools.write_user_pool,
    "DescribeUserPool": user_pools.describe_user_pool,
    "DeleteUserPool": user_pools.delete_user_pool,
    "CreateUserPoolClient": user_pools.create_user_pool_client,
    "UpdateUserAttributes": user_attributes.update_user_attributes,
    "GetUser": user_attributes.get_user,
    "GetUserAttributeVerificationCode": user_attributes.get_user_attribute_verification_code,
    "VerifyUserAttribute": user_attributes.verify_user_attribute,
    "AdminUpdateUserAttributes": user_pools.admin_update_user_attributes,
}


async def handle(request: Request, action: str, services: Dependencies, notes: list[str]) -> Response:
    """Answer one of Cognito's calls.

    Args:
        request: As it came.
        action: The API action.
        services: What the rules work with.
        notes: Where to say what was done.
    """
    try:
        data = json.loads(request.body or b"{}")
    except ValueError:
        data = None
    rule = RULES.get(action)
    if rule is None and action.startswith("Admin") and isinstance(data, dict) and "Username" in data:
        rule = user_pools.any_admin_call
    if rule is None or not isinstance(data, dict):
        return await services.upstream(request)
    call = CognitoCall(request=request, action=action, data=data, services=services, notes=notes)
    try:
        return await rule(call)
    except AwsError as error:
        notes.append(f"refused: {error.code}")
        return error.response()
