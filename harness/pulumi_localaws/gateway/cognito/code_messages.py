"""The text of a message with a code: the pool's templates, or what the CustomMessage trigger returns."""

import ast
import re
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import sms_delivery_details
from pulumi_localaws.gateway.cognito.custom_senders import (
    CUSTOM_EMAIL_SENDER,
    CUSTOM_SMS_SENDER,
    fire_sender,
)
from pulumi_localaws.gateway.cognito.pool_models import PHONE, PoolUser, UserPool
from pulumi_localaws.gateway.cognito.triggers import build_event, build_user_attributes
from pulumi_localaws.gateway.wire.errors import AwsError, parse_error, replace_body
from pulumi_localaws.gateway.wire.http_messages import Response

CUSTOM_MESSAGE = "CustomMessage"
CODE_PARAMETER = "{####}"
_LINK_PARAMETER = "{##Click Here##}"
_DEFAULT_TEXT = f"Your verification code is {CODE_PARAMETER}"
_PLACEHOLDER = re.compile(r"\{####\}|\{##[^#]*##\}")


@dataclass(frozen=True)
class CodeMessage:
    """A message with a code.

    Attributes:
        sms: The text of the SMS.
        email_subject: The subject of the e-mail.
        email_body: The text of the e-mail, which may be HTML.
    """

    sms: str
    email_subject: str
    email_body: str


async def write_code_message(
    call: CognitoCall, pool: UserPool, user: PoolUser, *, source: str, client_id: str, code: str
) -> CodeMessage:
    """Return the message with a code, after CustomMessage has fired if the pool has this trigger.

    Args:
        call: The call that sends the code.
        pool: The pool.
        user: The user who gets the message.
        source: The trigger source without its prefix, such as ``SignUp``.
        client_id: The app client of the call.
        code: The code.

    Raises:
        AwsError: The trigger failed, or its message has no placeholder for the code.
    """
    custom_texts: dict[str, str] = {}
    if call.fires(CUSTOM_MESSAGE, pool):
        custom_texts = await fire_custom_message(call, pool, user, source=source, client_id=client_id)
    template = pool.document.get("VerificationMessageTemplate") or {}

    def choose(response_key: str, template_key: str, pool_key: str, default: str) -> str:
        own_text = template.get(template_key) or pool.document.get(pool_key) or default
        return str(custom_texts.get(response_key) or own_text).replace(CODE_PARAMETER, code)

    return CodeMessage(
        sms=choose("smsMessage", "SmsMessage", "SmsVerificationMessage", _DEFAULT_TEXT),
        email_subject=choose(
            "emailSubject", "EmailSubject", "EmailVerificationSubject", "Your verification code"
        ),
        email_body=choose("emailMessage", "EmailMessage", "EmailVerificationMessage", _DEFAULT_TEXT),
    )


async def deliver_code(
    call: CognitoCall,
    pool: UserPool,
    user: PoolUser,
    response: Response,
    *,
    source: str,
    client_id: str,
    code: str,
    is_by_sms: bool,
) -> Response:
    """Replace the e-mail with a code that the emulator sent: by an SMS, or by the message of a trigger.

    Args:
        call: The call that sent the code.
        pool: The pool.
        user: The user who gets the message.
        response: The emulator's response.
        source: The trigger source without its prefix, such as ``SignUp``.
        client_id: The app client of the call.
        code: The code.
        is_by_sms: Whether the code is sent by SMS.

    Returns:
        The response, with the delivery details of the SMS.
    """
    sender = call.dependencies.code_sender
    custom_sender = CUSTOM_SMS_SENDER if is_by_sms else CUSTOM_EMAIL_SENDER
    if call.fires(custom_sender, pool):
        await sender.hide_email(user)
        await fire_sender(call, pool, user, custom_sender, source=source, client_id=client_id, secret=code)
        if not is_by_sms:
            return response
        details = sms_delivery_details(user.attributes[PHONE])
        return replace_body(response, {**response.json(), "CodeDeliveryDetails": details})
    if is_by_sms:
        message = await write_code_message(call, pool, user, source=source, client_id=client_id, code=code)
        details = await sender.replace_email_by_sms(user, message.sms)
        call.notes.append("code: by SMS")
        return replace_body(response, {**response.json(), "CodeDeliveryDetails": details})
    if call.fires(CUSTOM_MESSAGE, pool):
        message = await write_code_message(call, pool, user, source=source, client_id=client_id, code=code)
        await sender.replace_email(pool, user, subject=message.email_subject, body=message.email_body)
    return response


def parse_failed_invitation(response: Response) -> AwsError | None:
    """Return Cognito's error if CustomMessage failed in AdminCreateUser, where the emulator fires it."""
    code, text = parse_error(response)
    if code != "UserLambdaValidationException":
        return None
    try:
        function_error = ast.literal_eval(text)  # the emulator's text is a Python dict
    except (ValueError, SyntaxError):
        return None
    message = function_error.get("errorMessage") if isinstance(function_error, dict) else None
    return AwsError(code, f"{CUSTOM_MESSAGE} failed with error {message}.") if message else None


async def fire_custom_message(
    call: CognitoCall,
    pool: UserPool,
    user: PoolUser,
    *,
    source: str,
    client_id: str,
    username_parameter: str | None = None,
) -> dict[str, str]:
    """Fire CustomMessage and return the texts in its response.

    Args:
        call: The call that sends the message.
        pool: The pool.
        user: The user who gets the message.
        source: The trigger source without its prefix, such as ``SignUp``.
        client_id: The app client of the call.
        username_parameter: The placeholder of the user name; only for AdminCreateUser.

    Raises:
        AwsError: The trigger failed, or a message lacks a placeholder.
    """
    request: dict[str, Any] = {
        "userAttributes": build_user_attributes(user),
        "codeParameter": CODE_PARAMETER,
        "linkParameter": _LINK_PARAMETER,
        "usernameParameter": username_parameter,
    }
    if call.client_metadata:
        request["clientMetadata"] = call.client_metadata
    event = build_event(
        pool,
        f"{CUSTOM_MESSAGE}_{source}",
        user_name=user.name,
        client_id=client_id,
        request=request,
        response={"smsMessage": None, "emailMessage": None, "emailSubject": None},
    )
    response = await call.dependencies.triggers.fire(pool, CUSTOM_MESSAGE, event, call.notes)
    texts = {key: response.get(key) for key in event["response"]}
    if not all(text is None or isinstance(text, str) for text in texts.values()):
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    for key in ("smsMessage", "emailMessage"):
        text = str(texts[key] or "")
        # The message must include each placeholder (developer guide, "Custom message Lambda trigger").
        if text and not _PLACEHOLDER.search(text):
            raise _missing_placeholder_error(key, CODE_PARAMETER)
        if text and username_parameter and username_parameter not in text:
            raise _missing_placeholder_error(key, username_parameter)
    return {key: text for key, text in texts.items() if text}


def _missing_placeholder_error(key: str, placeholder: str) -> AwsError:
    text = f"{CUSTOM_MESSAGE} returned a {key} without {placeholder}"
    return AwsError("InvalidLambdaResponseException", text)
