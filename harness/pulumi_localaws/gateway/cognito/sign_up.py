"""Sign-up and confirmation: SignUp, ConfirmSignUp, ResendConfirmationCode and their admin variants."""

from http import HTTPStatus

from pulumi_localaws.gateway.cognito import attribute_rules, attribute_values, user_names
from pulumi_localaws.gateway.cognito.admin_calls import repeat_with_stored_name
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import is_sign_up_code_sent_by_sms
from pulumi_localaws.gateway.cognito.code_messages import (
    CUSTOM_MESSAGE,
    deliver_code,
    parse_failed_invitation,
)
from pulumi_localaws.gateway.cognito.codes import SIGN_UP_CODE
from pulumi_localaws.gateway.cognito.invitations import deliver_invitation
from pulumi_localaws.gateway.cognito.pool_models import (
    EMAIL,
    PHONE,
    AppClient,
    PoolUser,
    UserPool,
    parse_attributes,
)
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import PRE_SIGN_UP, SignUpInProgress
from pulumi_localaws.gateway.cognito.triggers import NO_CLIENT
from pulumi_localaws.gateway.wire.errors import AwsError, parse_error_code, replace_body
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_UNCONFIRMED = "UNCONFIRMED"


async def sign_up(call: CognitoCall) -> Response:
    """Handle SignUp: attributes, names in another case, PreSignUp, code by SMS, PostConfirmation."""
    client = await call.find_client()
    if client is None:
        return await call.forward()
    attributes = parse_attributes(call.parameters.get("UserAttributes"))
    async with call.dependencies.user_name_locks.hold(client.pool.id, call.parameters.get("Username")):
        await _check_new_user(call, client, attributes)
        response, pre_sign_up_error = await _forward_sign_up(call, client, attributes)
    if pre_sign_up_error is not None:
        raise pre_sign_up_error
    if response.status != HTTPStatus.OK:
        return response
    document = response.json()
    user = await call.dependencies.directory.get_user(client.pool, str(document.get("UserSub") or ""))
    if user is None:
        return response
    if document.get("UserConfirmed"):
        await call.fire_post_confirmation(client.pool, user.name, "ConfirmSignUp", client.id)
        return response
    call.dependencies.code_attempts.record_issue(client.pool.id, user.name, "ConfirmSignUp")
    return await _deliver_code(call, client, user, response, "SignUp")


async def _check_new_user(call: CognitoCall, client: AppClient, attributes: dict[str, str]) -> None:
    """Check that users may sign up, the attributes, and that the name does not exist in another case.

    For a client without write attributes, users have seen the schema's error for an unknown attribute
    (amplify-flutter#509); for a client with write attributes, that of the write attributes (aws-sdk-js#1084).
    """
    if call.enforces(GatewayRule.STATUS_CHECKS) and not client.pool.allows_sign_up:
        # Seen in pmill/aws-cognito#37.
        raise AwsError("NotAuthorizedException", "SignUp is not permitted for this user pool")
    enforces_write_attributes = call.enforces(GatewayRule.WRITE_ATTRIBUTES)
    if enforces_write_attributes and client.write_attributes:
        attribute_rules.check_write_attributes(client, attributes)
    _check_new_values(call, client.pool, attributes, needs_required=True)
    if enforces_write_attributes:
        attribute_rules.check_write_attributes(client, attributes)
    _check_phone_format(call, client.pool, attributes)
    if call.enforces(GatewayRule.USER_NAME_CASE) and client.pool.is_case_insensitive:
        await _check_name_in_other_case(call, client.pool)


def _check_new_values(
    call: CognitoCall, pool: UserPool, attributes: dict[str, str], *, needs_required: bool
) -> None:
    if not call.enforces(GatewayRule.POOL_SCHEMA):
        return
    name = str(call.parameters.get("Username") or "")
    attribute_values.check_user_name_form(pool, name)
    own_address = {EMAIL if "@" in name else PHONE: name} if pool.username_attributes else {}
    attribute_values.check_new_values(pool, {**own_address, **attributes}, needs_required=needs_required)
    attribute_values.check_email_format(attributes)


def _check_phone_format(call: CognitoCall, pool: UserPool, attributes: dict[str, str]) -> None:
    if call.enforces(GatewayRule.PHONE_FORMAT):
        name = str(call.parameters.get("Username") or "") if PHONE in pool.username_attributes else ""
        attribute_rules.check_phone_format(attributes, name)


async def _check_name_in_other_case(call: CognitoCall, pool: UserPool) -> None:
    """Reject a name that exists in another case; the emulator itself rejects the same spelling."""
    name = call.parameters.get("Username")
    user = await user_names.find_user(call.dependencies.directory, pool, name)
    if user is not None and user_names.stored_spelling(pool, user, str(name)) != name:
        call.notes.append("user name: exists in another case")
        raise user_names.username_exists_error(pool, str(name))


async def _forward_sign_up(
    call: CognitoCall, client: AppClient, attributes: dict[str, str]
) -> tuple[Response, AwsError | None]:
    if not call.enforces(GatewayRule.PRE_SIGN_UP_EVENT) or not client.pool.trigger_arn(PRE_SIGN_UP):
        return await call.forward(), None
    relay = call.dependencies.pre_sign_up_relay
    await relay.install(client.pool)
    with relay.expect(
        SignUpInProgress.create(client, call.parameters, attributes, call.notes)
    ) as sign_up_in_progress:
        response = await call.forward()
    return response, sign_up_in_progress.error


async def _deliver_code(
    call: CognitoCall, client: AppClient, user: PoolUser, response: Response, source: str
) -> Response:
    is_by_sms = is_sign_up_code_sent_by_sms(client.pool, user.attributes)
    if not is_by_sms and EMAIL not in client.pool.auto_verified_attributes:
        return await _hide_code(call, user, response)
    return await deliver_code(
        call,
        client.pool,
        user,
        response,
        source=source,
        client_id=client.id,
        code=SIGN_UP_CODE,
        is_by_sms=is_by_sms and call.enforces(GatewayRule.CODE_BY_SMS),
    )


async def _hide_code(call: CognitoCall, user: PoolUser, response: Response) -> Response:
    """Hide a code that Cognito does not send, because the pool does not verify the address."""
    if not call.enforces(GatewayRule.CODE_DESTINATION):
        return response
    await call.dependencies.code_sender.hide_email(user)
    document = {key: value for key, value in response.json().items() if key != "CodeDeliveryDetails"}
    return replace_body(response, document)


async def resend_confirmation_code(call: CognitoCall) -> Response:
    """Handle ResendConfirmationCode: any case of the name, and SMS if the sign-up's code is sent by SMS."""
    client_and_user = await call.resolve_client_and_user()
    if client_and_user is None:
        return await call.forward()
    client, user = client_and_user
    if (
        call.enforces(GatewayRule.STATUS_CHECKS)
        and user.status != _UNCONFIRMED
        and not client.hides_user_existence
    ):
        # Seen in amplify-js#14762.
        raise AwsError("InvalidParameterException", "User is already confirmed.")
    response = await call.forward()
    if response.status != HTTPStatus.OK:
        return response
    call.dependencies.code_attempts.record_issue(client.pool.id, user.name, "ConfirmSignUp")
    return await _deliver_code(call, client, user, response, "ResendCode")


async def confirm_sign_up(call: CognitoCall) -> Response:
    """Handle ConfirmSignUp: any case of the name, limits of the code, verified address, PostConfirmation."""
    client_and_user = await call.resolve_client_and_user()
    if client_and_user is None:
        return await call.forward()
    client, user = client_and_user
    if user.status == _UNCONFIRMED:
        response = await call.forward_with_code_limits(client.pool, user)
    else:
        response = await call.forward()
    if response.status != HTTPStatus.OK:
        return response
    await _mark_verified(call, client.pool, user)
    await call.fire_post_confirmation(client.pool, user.name, "ConfirmSignUp", client.id)
    return response


async def _mark_verified(call: CognitoCall, pool: UserPool, user: PoolUser) -> None:
    """Mark the address that the code was sent to as verified, which the emulator does not do."""
    if not call.enforces(GatewayRule.VERIFIED_BY_CODE):
        return
    if is_sign_up_code_sent_by_sms(pool, user.attributes):
        address = PHONE
    elif EMAIL in pool.auto_verified_attributes and user.attributes.get(EMAIL):
        address = EMAIL
    else:
        return
    await call.dependencies.directory.update_user(pool, user, {f"{address}_verified": "true"})


async def admin_confirm_sign_up(call: CognitoCall) -> Response:
    """Handle AdminConfirmSignUp: only once, then PostConfirmation; it verifies no address."""
    pool = await call.find_pool()
    user = None
    if pool is not None:
        user = await user_names.find_user(call.dependencies.directory, pool, call.parameters.get("Username"))
    if pool is None or user is None:
        return await call.forward()
    if call.enforces(GatewayRule.STATUS_CHECKS) and user.status != _UNCONFIRMED:
        # Rejected before it is forwarded: the emulator would confirm a user with a temporary password.
        raise AwsError("NotAuthorizedException", f"User cannot be confirmed. Current status is {user.status}")
    response = await repeat_with_stored_name(call, pool, await call.forward())
    if response.status == HTTPStatus.OK:
        await call.fire_post_confirmation(pool, user.name, "ConfirmSignUp", NO_CLIENT)
    return response


async def admin_create_user(call: CognitoCall) -> Response:
    """Handle AdminCreateUser: phone format, names in another case, PreSignUp, invitation by SMS."""
    pool = await call.find_pool()
    if pool is None:
        return await call.forward()
    message_action = str(call.parameters.get("MessageAction") or "").upper()
    is_resend = message_action == "RESEND"
    if message_action != "SUPPRESS" and call.fires(CUSTOM_MESSAGE, pool):
        # The emulator fires this trigger for invitations, without a check of the permission.
        await call.dependencies.triggers.check_permission(pool, CUSTOM_MESSAGE, call.notes)
    if not is_resend:
        attributes = parse_attributes(call.parameters.get("UserAttributes"))
        _check_new_values(call, pool, attributes, needs_required=False)
        _check_phone_format(call, pool, attributes)
    # On AWS, PreSignUp runs before the user exists. Here, a repeated call waits until the triggers of the
    # first one have run. Otherwise a client whose first call timed out could use the user before a failed
    # trigger deletes it.
    async with call.dependencies.user_name_locks.hold(pool.id, call.parameters.get("Username")):
        if call.enforces(GatewayRule.USER_NAME_CASE) and pool.is_case_insensitive and not is_resend:
            await _check_name_in_other_case(call, pool)
        response = await _repeat_with_valid_password(call, pool, await call.forward())
        if (error := parse_failed_invitation(response)) is not None:
            raise error
        if is_resend:
            response = await repeat_with_stored_name(call, pool, response)
        if response.status == HTTPStatus.OK:
            name = str(response.json().get("User", {}).get("Username") or "")
            user = await call.dependencies.directory.get_user(pool, name)
            if user is not None:
                await _complete_created_user(call, pool, user, is_new=not is_resend)
        return response


async def _complete_created_user(call: CognitoCall, pool: UserPool, user: PoolUser, *, is_new: bool) -> None:
    """Fire PreSignUp for a new user and send the invitation; if a trigger fails, delete the new user.

    The call is signed, and only the emulator can check whether the caller has the permission. Therefore this
    happens after the call. Unlike on AWS, the emulator has already sent an invitation by e-mail.

    Raises:
        AwsError: A trigger failed, or it could not be fired.
    """
    try:
        if is_new and call.fires(PRE_SIGN_UP, pool):
            await call.dependencies.pre_sign_up_relay.fire_for_admin_create_user(
                pool, user, call.parameters, call.notes
            )
        await deliver_invitation(call, pool, user)
    except AwsError:
        if is_new:
            key = {"UserPoolId": pool.id, "Username": user.name}
            await call.dependencies.root_client.call_cognito("AdminDeleteUser", key)
        raise


async def _repeat_with_valid_password(call: CognitoCall, pool: UserPool, response: Response) -> Response:
    """Repeat a call as root if the emulator generated a temporary password that is too short for the pool.

    The emulator checks the password after signature and policies, so the caller has the permission.
    """
    if (
        not call.enforces(GatewayRule.TEMPORARY_PASSWORD)
        or call.parameters.get("TemporaryPassword")
        or parse_error_code(response) != "InvalidPasswordException"
    ):
        return response
    call.notes.append("temporary password: generated by the pool's policy, repeated as root")
    parameters = {**call.parameters, "TemporaryPassword": pool.generate_temporary_password()}
    return await call.repeat_as_root(parameters, pool.region)
