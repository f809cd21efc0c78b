"""Which rule is for which of Cognito's calls."""

import json
from collections.abc import Awaitable, Callable

from pulumi_localaws.gateway.cognito import addresses, forgotten_password, pool_rules, sign_in, sign_up
from pulumi_localaws.gateway.cognito.call import Call, Services
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.http_messages import Request, Response

Rule = Callable[[Call], Awaitable[Response]]

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
    "CreateUserPool": pool_rules.write_user_pool,
    "UpdateUserPool": pool_rules.write_user_pool,
    "DescribeUserPool": pool_rules.describe_user_pool,
    "DeleteUserPool": pool_rules.delete_user_pool,
    "CreateUserPoolClient": pool_rules.create_user_pool_client,
    "UpdateUserAttributes": addresses.update_user_attributes,
    "GetUser": addresses.get_user,
    "GetUserAttributeVerificationCode": addresses.get_user_attribute_verification_code,
    "VerifyUserAttribute": addresses.verify_user_attribute,
    "AdminUpdateUserAttributes": pool_rules.admin_update_user_attributes,
}


async def handle(request: Request, action: str, services: Services, notes: list[str]) -> Response:
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
        rule = pool_rules.any_admin_call
    if rule is None or not isinstance(data, dict):
        return await services.upstream(request)
    call = Call(request=request, action=action, data=data, services=services, notes=notes)
    try:
        return await rule(call)
    except AwsError as error:
        notes.append(f"refused: {error.code}")
        return error.response()
