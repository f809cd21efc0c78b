"""Forgotten passwords: ForgotPassword and ConfirmForgotPassword."""

from http import HTTPStatus

from pulumi_localaws.gateway.cognito.admin_calls import repeat_with_stored_name
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import (
    find_recovery_address,
    is_reset_code_sent_by_sms,
    simulated_delivery_details,
)
from pulumi_localaws.gateway.cognito.code_messages import deliver_code
from pulumi_localaws.gateway.cognito.codes import PASSWORD_RESET_CODE
from pulumi_localaws.gateway.cognito.pool_models import PoolUser, UserPool
from pulumi_localaws.gateway.cognito.triggers import NO_CLIENT
from pulumi_localaws.gateway.cognito.user_migration import migrate_on_forgot_password
from pulumi_localaws.gateway.cognito.user_names import find_user
from pulumi_localaws.gateway.wire.errors import AwsError, json_response
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def forgot_password(call: CognitoCall) -> Response:
    """Handle ForgotPassword: any case of the name, no reset of a temporary password, recovery address."""
    client = await call.find_client()
    if client is None:
        return await call.forward()
    if call.enforces(GatewayRule.CODE_DESTINATION) and client.pool.recovery_mechanisms == ("admin_only",):
        # API reference, RecoveryOptionType; the text is that of getmoto/moto's tests.
        raise AwsError("NotAuthorizedException", "Contact administrator to reset password.")
    user = await call.resolve_user(client) or await migrate_on_forgot_password(call, client)
    if user is None:
        response = await call.forward()
        return _simulate_delivery(call) if response.status == HTTPStatus.OK else response
    if call.enforces(GatewayRule.STATUS_CHECKS) and user.status == "FORCE_CHANGE_PASSWORD":
        raise AwsError("NotAuthorizedException", "User password cannot be reset in the current state.")
    if call.enforces(GatewayRule.CODE_DESTINATION):
        try:
            _check_recovery(client.pool, user)
        except AwsError:
            if not client.hides_user_existence:
                raise
            call.notes.append("code: not sent, because the user cannot recover the password")
            return _simulate_delivery(call)
    response = await call.forward()
    if response.status != HTTPStatus.OK:
        return response
    call.dependencies.code_attempts.record_issue(client.pool.id, user.name, "ConfirmForgotPassword")
    return await deliver_code(
        call,
        client.pool,
        user,
        response,
        source="ForgotPassword",
        client_id=client.id,
        code=PASSWORD_RESET_CODE,
        is_by_sms=call.enforces(GatewayRule.CODE_BY_SMS) and is_reset_code_sent_by_sms(client.pool, user),
    )


def _simulate_delivery(call: CognitoCall) -> Response:
    details = simulated_delivery_details(str(call.parameters.get("Username")))
    return json_response({"CodeDeliveryDetails": details})


def _check_recovery(pool: UserPool, user: PoolUser) -> None:
    """Check that a user is enabled and has a verified address for the code.

    Raises:
        AwsError: NotAuthorizedException, or InvalidParameterException with the text seen in
            amazon-cognito-identity-js#678.
    """
    if not user.is_enabled:
        raise AwsError("NotAuthorizedException", "User is disabled.")
    if not find_recovery_address(pool, user):
        raise AwsError(
            "InvalidParameterException",
            "Cannot reset password for the user as there is no registered/verified email or phone_number",
        )


async def admin_reset_user_password(call: CognitoCall) -> Response:
    """Handle AdminResetUserPassword: any case of the name, code by SMS or with the trigger's text."""
    pool = await call.find_pool()
    if pool is None:
        return await call.forward()
    user = await find_user(call.dependencies.directory, pool, call.parameters.get("Username"))
    if user is not None and call.enforces(GatewayRule.STATUS_CHECKS):
        _check_status_before_reset(user)
    if user is not None and call.enforces(GatewayRule.CODE_DESTINATION):
        _check_recovery(pool, user)
    response = await repeat_with_stored_name(call, pool, await call.forward())
    if response.status == HTTPStatus.OK and user is not None:
        call.dependencies.code_attempts.record_issue(pool.id, user.name, "ConfirmForgotPassword")
        is_by_sms = call.enforces(GatewayRule.CODE_BY_SMS) and is_reset_code_sent_by_sms(pool, user)
        await deliver_code(
            call,
            pool,
            user,
            response,
            source="ForgotPassword",
            client_id=NO_CLIENT,
            code=PASSWORD_RESET_CODE,
            is_by_sms=is_by_sms,
        )
    return response


def _check_status_before_reset(user: PoolUser) -> None:
    if user.is_enabled and user.status not in {"CONFIRMED", "RESET_REQUIRED"}:
        raise AwsError("NotAuthorizedException", "User password cannot be reset in the current state.")


async def confirm_forgot_password(call: CognitoCall) -> Response:
    """Handle ConfirmForgotPassword: any case of the name, limits of the code, PostConfirmation."""
    client_and_user = await call.resolve_client_and_user()
    if client_and_user is None:
        return await call.forward()
    client, user = client_and_user
    response = await call.forward_with_code_limits(client.pool, user)
    if response.status == HTTPStatus.OK:
        await call.fire_post_confirmation(client.pool, user.name, "ConfirmForgotPassword", client.id)
    return response
