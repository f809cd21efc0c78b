"""CustomSMSSender and CustomEmailSender: functions that send the messages of a pool instead of Cognito."""

from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import PoolUser, UserPool
from pulumi_localaws.gateway.cognito.triggers import build_event, build_user_attributes
from pulumi_localaws.gateway.wire.errors import AwsError

CUSTOM_SMS_SENDER, CUSTOM_EMAIL_SENDER = "CustomSMSSender", "CustomEmailSender"
SENDERS = (CUSTOM_SMS_SENDER, CUSTOM_EMAIL_SENDER)
_REQUEST_TYPES = {
    CUSTOM_SMS_SENDER: "customSMSSenderRequestV1",
    CUSTOM_EMAIL_SENDER: "customEmailSenderRequestV1",
}


async def fire_sender(
    call: CognitoCall,
    pool: UserPool,
    user: PoolUser,
    sender: str,
    *,
    source: str,
    client_id: str,
    secret: str,
) -> None:
    """Give a message's secret to a custom sender, which sends the message.

    Cognito invokes only these triggers asynchronously (Developer Guide, "Things to know about Lambda
    triggers"), so the caller does not see a failure of the function, and the limit of 5 seconds does not
    apply.

    Args:
        call: The call that sends the message.
        pool: The pool.
        user: The user who gets the message.
        sender: The key in LambdaConfig.
        source: The trigger source without its prefix, such as ``SignUp``.
        client_id: The app client of the call.
        secret: The code or the temporary password.

    Raises:
        AwsError: UnexpectedLambdaException (no permission, no function), or CodeDeliveryFailureException (KMS
            returned an error). AWS documents neither.
    """
    # Imported late: the SDK takes long to import, and most pools have no custom sender.
    from pulumi_localaws.gateway.cognito.secret_encryption import encrypt_secret  # noqa: PLC0415

    try:
        encrypted_secret = await encrypt_secret(
            call.dependencies.root_client, key_arn=pool.sender_key_arn, pool_id=pool.id, secret=secret
        )
    except AwsError as error:
        call.notes.append(f"{sender}: KMS returned {error.code}")
        raise AwsError(
            "CodeDeliveryFailureException",
            f"{sender}: the KMS key {pool.sender_key_arn} can't encrypt the code: {error.code}",
        ) from error
    request: dict[str, Any] = {
        "type": _REQUEST_TYPES[sender],
        "code": encrypted_secret,
        "clientMetadata": call.client_metadata or None,
        "userAttributes": build_user_attributes(user),
    }
    event = build_event(
        pool, f"{sender}_{source}", user_name=user.name, client_id=client_id, request=request, response={}
    )
    # Seen in the event of maxivanov.io, "Send AWS Cognito emails with 3rd party ESPs".
    del event["response"]
    await call.dependencies.triggers.fire_asynchronously(pool, sender, event, call.notes)
