"""Invitations of AdminCreateUser by SMS and by custom senders; the emulator sends only e-mails."""

import html

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import INVITATION_MESSAGE
from pulumi_localaws.gateway.cognito.code_messages import CODE_PARAMETER, CUSTOM_MESSAGE, fire_custom_message
from pulumi_localaws.gateway.cognito.custom_senders import (
    CUSTOM_EMAIL_SENDER,
    CUSTOM_SMS_SENDER,
    fire_sender,
)
from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.triggers import NO_CLIENT
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.local.cognito_answers import KEEPS_DATE

_SOURCE = "AdminCreateUser"
_USERNAME_PARAMETER = "{username}"
_DEFAULT_TEXT = f"Your username is {_USERNAME_PARAMETER} and temporary password is {CODE_PARAMETER}."


async def deliver_invitation(call: CognitoCall, pool: UserPool, user: PoolUser) -> None:
    """Send the invitation by SMS or by custom senders, after the emulator has sent its e-mail.

    Args:
        call: The call of AdminCreateUser.
        pool: The pool.
        user: The new user.

    Raises:
        AwsError: A trigger failed, or its function could not be invoked.
    """
    if str(call.parameters.get("MessageAction") or "").upper() == "SUPPRESS":
        return
    mediums = _delivery_mediums(call, user)
    is_by_sms = call.enforces(GatewayRule.CODE_BY_SMS) and "SMS" in mediums
    is_by_email_sender = "EMAIL" in mediums and call.fires(CUSTOM_EMAIL_SENDER, pool)
    if not is_by_sms and not is_by_email_sender:
        return
    is_emulators_email_valid = "EMAIL" in mediums and not is_by_email_sender
    password = await _find_password(call, pool, user, may_change=not is_emulators_email_valid)
    if not password:
        call.notes.append("invitation: no SMS, because the e-mail has a generated password")
        return
    has_emulator_sent_email = bool(user.attributes.get(EMAIL)) and _has_medium(call, "EMAIL")
    if has_emulator_sent_email and not is_emulators_email_valid:
        await call.dependencies.code_sender.hide_email(user, INVITATION_MESSAGE)
    if is_by_email_sender:
        await _fire_sender(call, pool, user, CUSTOM_EMAIL_SENDER, password)
    if is_by_sms and call.fires(CUSTOM_SMS_SENDER, pool):
        await _fire_sender(call, pool, user, CUSTOM_SMS_SENDER, password)
    elif is_by_sms:
        fires_custom_message = call.fires(CUSTOM_MESSAGE, pool) and not has_emulator_sent_email
        text = await _write_text(call, pool, user, fires_custom_message=fires_custom_message)
        name = next((user.attributes[a] for a in (EMAIL, PHONE) if _is_user_name(pool, user, a)), user.name)
        text = text.replace(_USERNAME_PARAMETER, name).replace(CODE_PARAMETER, password)
        await call.dependencies.code_sender.send_sms(user.attributes[PHONE], text)
        call.notes.append("invitation: by SMS")


def _delivery_mediums(call: CognitoCall, user: PoolUser) -> set[str]:
    """Return the media for which the user has an address.

    The default is SMS (API reference of AdminCreateUser). For a user without a phone number, AWS documents
    nothing; the emulator then sends an e-mail.
    """
    if not call.parameters.get("DesiredDeliveryMediums"):
        return {"SMS"} if user.attributes.get(PHONE) else {"EMAIL"} & _media_of(user)
    return {medium for medium in ("SMS", "EMAIL") if _has_medium(call, medium)} & _media_of(user)


def _media_of(user: PoolUser) -> set[str]:
    return {medium for medium, address in (("SMS", PHONE), ("EMAIL", EMAIL)) if user.attributes.get(address)}


def _has_medium(call: CognitoCall, medium: str) -> bool:
    mediums = call.parameters.get("DesiredDeliveryMediums")
    return not mediums or medium in {str(m).upper() for m in mediums}


def _is_user_name(pool: UserPool, user: PoolUser, attribute: str) -> bool:
    return attribute in pool.username_attributes and bool(user.attributes.get(attribute))


async def _find_password(call: CognitoCall, pool: UserPool, user: PoolUser, *, may_change: bool) -> str:
    """Return the temporary password: the one in the call, or a new one, because the emulator's is unknown.

    RESEND sends a new password (API reference of AdminCreateUser).

    Returns:
        The password, or an empty string if it is unknown and must not change.
    """
    is_resend = str(call.parameters.get("MessageAction") or "").upper() == "RESEND"
    password = str(call.parameters.get("TemporaryPassword") or "")
    if password and not is_resend:
        return password
    if not may_change:
        return ""
    password = password or pool.generate_temporary_password()
    key = {"UserPoolId": pool.id, "Username": user.name}
    await call.dependencies.root_client.call_cognito(
        "AdminSetUserPassword", {**key, "Password": password, "Permanent": False, KEEPS_DATE: True}
    )
    return password


async def _fire_sender(call: CognitoCall, pool: UserPool, user: PoolUser, sender: str, password: str) -> None:
    # Cognito escapes reserved characters in passwords (Developer Guide, "Custom sender Lambda triggers").
    secret = html.escape(password, quote=False)
    await fire_sender(call, pool, user, sender, source=_SOURCE, client_id=NO_CLIENT, secret=secret)


async def _write_text(
    call: CognitoCall, pool: UserPool, user: PoolUser, *, fires_custom_message: bool
) -> str:
    custom_texts: dict[str, str] = {}
    if fires_custom_message:  # the emulator fires it only for an e-mail
        custom_texts = await fire_custom_message(
            call, pool, user, source=_SOURCE, client_id=NO_CLIENT, username_parameter=_USERNAME_PARAMETER
        )
    template = (pool.document.get("AdminCreateUserConfig") or {}).get("InviteMessageTemplate") or {}
    return custom_texts.get("smsMessage") or str(template.get("SMSMessage") or _DEFAULT_TEXT)
