"""Forgotten passwords: ForgotPassword and ConfirmForgotPassword."""

from http import HTTPStatus

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import RESET_CODE, reset_goes_by_sms
from pulumi_localaws.gateway.cognito.user_migration import migrate_on_forgot_password
from pulumi_localaws.gateway.wire.errors import AwsError, error_code, replaced
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def forgot_password(call: CognitoCall) -> Response:
    """ForgotPassword: by any case of the name, not for a temporary password, by SMS where that is the way."""
    client = await call.client()
    if client is None:
        return await call.forward()
    user = await call.meant_user(client) or await migrate_on_forgot_password(call, client)
    if user is None:
        return await call.forward()
    if call.has(GatewayRule.STATUS_CHECKS) and user.status == "FORCE_CHANGE_PASSWORD":
        raise AwsError("NotAuthorizedException", "User password cannot be reset in the current state.")
    response = await call.forward()
    if response.status != HTTPStatus.OK:
        return response
    call.services.codes.issued(client.pool.id, user.name, "ConfirmForgotPassword")
    if not call.has(GatewayRule.SMS) or not reset_goes_by_sms(client.pool, user):
        return response
    details = await call.services.outgoing.replace_email_by_sms(client.pool, user, RESET_CODE)
    call.notes.append("code: by SMS")
    return replaced(response, {"CodeDeliveryDetails": details})


async def confirm_forgot_password(call: CognitoCall) -> Response:
    """ConfirmForgotPassword: by any case of the name, codes counted, then PostConfirmation."""
    client_and_user = await call.client_and_user()
    if client_and_user is None:
        return await call.forward()
    client, user = client_and_user
    key = (client.pool.id, user.name, "ConfirmForgotPassword")
    if call.has(GatewayRule.CODE_LIMITS):
        call.services.codes.check(*key)
    response = await call.forward()
    call.services.codes.tried(*key, error_code(response))
    if response.status == HTTPStatus.OK:
        await call.post_confirmation(client.pool, user.name, "ConfirmForgotPassword", client.id)
    return response
