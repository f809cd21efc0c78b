"""Signing up and confirming: SignUp, ConfirmSignUp, their admin variants, and the codes."""

from http import HTTPStatus
from typing import Any

from pulumi_localaws.gateway.cognito import attribute_rules, user_names
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import SIGN_UP_CODE, goes_by_sms
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import TRIGGER, in_flight
from pulumi_localaws.gateway.cognito.triggers import NO_CLIENT
from pulumi_localaws.gateway.cognito.user_directory import (
    EMAIL,
    PHONE,
    AppClient,
    PoolUser,
    UserPool,
    as_dict,
    temporary_password,
)
from pulumi_localaws.gateway.wire.errors import AwsError, error_code, replaced
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_UNCONFIRMED = "UNCONFIRMED"


async def sign_up(call: CognitoCall) -> Response:
    """SignUp: attributes, case twins, PreSignUp with its metadata, the code's way, PostConfirmation."""
    client = await call.client()
    if client is None:
        return await call.forward()
    given = as_dict(call.data.get("UserAttributes"))
    async with call.services.name_locks.hold(client.pool.id, call.data.get("Username")):
        await _check_new_user(call, client, given)
        response, pre_sign_up_error = await _forward_sign_up(call, client, given)
    if pre_sign_up_error is not None:
        raise pre_sign_up_error
    if response.status != HTTPStatus.OK:
        return response
    document = response.json()
    user = await call.services.directory.user(client.pool, str(document.get("UserSub") or ""))
    if user is None:
        return response
    if document.get("UserConfirmed"):
        await call.post_confirmation(client.pool, user.name, "ConfirmSignUp", client.id)
        return response
    call.services.codes.issued(client.pool.id, user.name, "ConfirmSignUp")
    return await _code_by_sms(call, client.pool, user, response, document)


async def _check_new_user(call: CognitoCall, client: AppClient, given: dict[str, str]) -> None:
    if call.has(GatewayRule.WRITE_ATTRIBUTES):
        attribute_rules.check_written_by_client(client, given)
    _check_phone(call, client.pool, given)
    if call.has(GatewayRule.USER_NAME_CASE) and client.pool.case_insensitive:
        await _refuse_twin(call, client.pool)


def _check_phone(call: CognitoCall, pool: UserPool, new_attributes: dict[str, str]) -> None:
    if call.has(GatewayRule.PHONE_FORMAT):
        name = str(call.data.get("Username") or "") if PHONE in pool.username_attributes else ""
        attribute_rules.check_phone(new_attributes, name)


async def _refuse_twin(call: CognitoCall, pool: UserPool) -> None:
    """Refuse a name that a user has in another case; the very same name the emulator refuses itself."""
    typed = call.data.get("Username")
    user = await user_names.find(call.services.directory, pool, typed)
    if user is not None and user_names.emulator_spelling(pool, user, str(typed)) != typed:
        call.notes.append("user name: twin in another case")
        raise user_names.taken(pool, str(typed))


async def _forward_sign_up(
    call: CognitoCall, client: AppClient, given: dict[str, str]
) -> tuple[Response, AwsError | None]:
    if not call.has(GatewayRule.PRE_SIGN_UP_EVENT) or not client.pool.trigger(TRIGGER):
        return await call.forward(), None
    await call.services.pre_sign_up.adopt(client.pool)
    with call.services.pre_sign_up.expecting(in_flight(client, call.data, given, call.notes)) as expected:
        response = await call.forward()
    return response, expected.error


async def _code_by_sms(
    call: CognitoCall, pool: UserPool, user: PoolUser, response: Response, document: dict[str, Any]
) -> Response:
    if not call.has(GatewayRule.SMS) or not goes_by_sms(pool, user.attributes):
        return response
    details = await call.services.outgoing.replace_email_by_sms(pool, user, SIGN_UP_CODE)
    call.notes.append("code: by SMS")
    return replaced(response, {**document, "CodeDeliveryDetails": details})


async def resend_confirmation_code(call: CognitoCall) -> Response:
    """ResendConfirmationCode: by any case of the name, and by SMS where sign-up's code goes by SMS."""
    client_and_user = await call.client_and_user()
    response = await call.forward()
    if client_and_user is None or response.status != HTTPStatus.OK:
        return response
    client, user = client_and_user
    call.services.codes.issued(client.pool.id, user.name, "ConfirmSignUp")
    return await _code_by_sms(call, client.pool, user, response, response.json())


async def confirm_sign_up(call: CognitoCall) -> Response:
    """ConfirmSignUp: by any case of the name; the address counts as verified; then PostConfirmation."""
    client_and_user = await call.client_and_user()
    if client_and_user is None:
        return await call.forward()
    client, user = client_and_user
    key = (client.pool.id, user.name, "ConfirmSignUp")
    if call.has(GatewayRule.CODE_LIMITS) and user.status == _UNCONFIRMED:
        call.services.codes.check(*key)
    response = await call.forward()
    if user.status == _UNCONFIRMED:
        call.services.codes.tried(*key, error_code(response))
    if response.status != HTTPStatus.OK:
        return response
    await _mark_verified(call, client.pool, user)
    await call.post_confirmation(client.pool, user.name, "ConfirmSignUp", client.id)
    return response


async def _mark_verified(call: CognitoCall, pool: UserPool, user: PoolUser) -> None:
    """Mark the address that the code went to as verified, which the emulator leaves out."""
    if not call.has(GatewayRule.VERIFIED_BY_CODE):
        return
    if goes_by_sms(pool, user.attributes):
        address = PHONE
    elif EMAIL in pool.auto_verified and user.attributes.get(EMAIL):
        address = EMAIL
    else:
        return
    await call.services.directory.update_user(pool, user, {f"{address}_verified": "true"})


async def admin_confirm_sign_up(call: CognitoCall) -> Response:
    """AdminConfirmSignUp: once only, and then PostConfirmation; it verifies no address."""
    pool = await call.pool()
    user = None
    if pool is not None:
        user = await user_names.find(call.services.directory, pool, call.data.get("Username"))
    if pool is None or user is None:
        return await call.forward()
    if call.has(GatewayRule.STATUS_CHECKS) and user.status != _UNCONFIRMED:
        # Passed on, it would confirm a user with a temporary password: refused in front.
        raise AwsError("NotAuthorizedException", f"User cannot be confirmed. Current status is {user.status}")
    response = await repeated_with_case(call, pool, await call.forward())
    if response.status == HTTPStatus.OK:
        await call.post_confirmation(pool, user.name, "ConfirmSignUp", NO_CLIENT)
    return response


async def admin_create_user(call: CognitoCall) -> Response:
    """AdminCreateUser: phone format, case twins, PreSignUp_AdminCreateUser; no PostConfirmation."""
    pool = await call.pool()
    if pool is None:
        return await call.forward()
    resend = str(call.data.get("MessageAction") or "").upper() == "RESEND"
    if not resend:
        _check_phone(call, pool, as_dict(call.data.get("UserAttributes")))
    async with call.services.name_locks.hold(pool.id, call.data.get("Username")):
        if call.has(GatewayRule.USER_NAME_CASE) and pool.case_insensitive and not resend:
            await _refuse_twin(call, pool)
        response = await _with_good_password(call, pool, await call.forward())
    if resend:
        return await repeated_with_case(call, pool, response)
    if response.status != HTTPStatus.OK or not call.has(GatewayRule.TRIGGERS) or not pool.trigger(TRIGGER):
        return response
    document = response.json()
    user = await call.services.directory.user(pool, str(document.get("User", {}).get("Username") or ""))
    if user is not None:
        await call.services.pre_sign_up.for_admin_create(pool, user, call.data, call.notes)
    return response


async def _with_good_password(call: CognitoCall, pool: UserPool, response: Response) -> Response:
    """Repeat as root what failed on a password that the emulator itself made up, too short for the pool.

    It looks at the password after it has checked signature and policies, so the caller has the right.
    """
    if (
        not call.has(GatewayRule.TEMPORARY_PASSWORD)
        or call.data.get("TemporaryPassword")
        or error_code(response) != "InvalidPasswordException"
    ):
        return response
    call.notes.append("temporary password: made by the pool's policy, repeated as root")
    return await call.as_root({**call.data, "TemporaryPassword": temporary_password(pool)}, pool.region)


async def repeated_with_case(call: CognitoCall, pool: UserPool, response: Response) -> Response:
    """Repeat an admin call as root under the user's real name, when only the case of the name was wrong.

    The emulator looks for the user after it has checked signature and policies: its answer that there is no
    such user affirms the caller's right.
    """
    if (
        not call.has(GatewayRule.USER_NAME_CASE)
        or not pool.case_insensitive
        or error_code(response) != "UserNotFoundException"
    ):
        return response
    user = await user_names.find(call.services.directory, pool, call.data.get("Username"))
    if user is None:
        return response
    call.notes.append("user name: other case, repeated as root")
    return await call.as_root({**call.data, "Username": user.name}, pool.region)
