"""Codes of a second factor by SMS: the emulator generates and checks them, the gateway sends them."""

from dataclasses import replace

from pulumi_localaws.gateway.cognito.attribute_rules import check_mutable, check_write_attributes
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_messages import CODE_PARAMETER, CUSTOM_MESSAGE, fire_custom_message
from pulumi_localaws.gateway.cognito.custom_senders import CUSTOM_SMS_SENDER, fire_sender
from pulumi_localaws.gateway.cognito.pool_models import PHONE, AppClient, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response
from pulumi_localaws.local.second_factors import CODE_HEADER, ISSUE_TOKENS

_SOURCE = "Authentication"
_DEFAULT_TEXT = f"Your authentication code is {CODE_PARAMETER}. "
_ATTRIBUTE_PREFIX = "userAttributes."


def check_answer(call: CognitoCall, client: AppClient) -> None:
    """Reject an answer that only the gateway may send, and attributes that the client may not write.

    With NEW_PASSWORD_REQUIRED, a client can set attributes (API reference, RespondToAuthChallenge).

    Raises:
        AwsError: InvalidParameterException or NotAuthorizedException.
    """
    if call.parameters.get("ChallengeName") == ISSUE_TOKENS:
        raise AwsError("InvalidParameterException", f"Unsupported challenge: {ISSUE_TOKENS}")
    responses = call.parameters.get("ChallengeResponses")
    names = [
        name.removeprefix(_ATTRIBUTE_PREFIX)
        for name in (responses if isinstance(responses, dict) else ())
        if name.startswith(_ATTRIBUTE_PREFIX)
    ]
    if call.enforces(GatewayRule.IMMUTABLE_ATTRIBUTES):
        check_mutable(client.pool, names)
    if call.enforces(GatewayRule.WRITE_ATTRIBUTES):
        check_write_attributes(client, names)


async def send_second_factor_code(call: CognitoCall, client: AppClient, response: Response) -> Response:
    """Send the code that the emulator's response contains, and return the response without it.

    Raises:
        AwsError: A trigger failed, or the message could not be sent.
    """
    headers = tuple((name, value) for name, value in response.headers if name.lower() != CODE_HEADER)
    code = next((value for name, value in response.headers if name.lower() == CODE_HEADER), "")
    if not code:
        return response
    response = replace(response, headers=headers)
    user_name = response.json()["ChallengeParameters"]["USER_ID_FOR_SRP"]
    user = await call.dependencies.directory.get_user(client.pool, user_name)
    if user is None:
        return response
    # Neither trigger gets the metadata of InitiateAuth (API reference, InitiateAuth, ClientMetadata).
    silent_call = replace(
        call, parameters={name: v for name, v in call.parameters.items() if name != "ClientMetadata"}
    )
    if call.fires(CUSTOM_SMS_SENDER, client.pool):
        await fire_sender(
            silent_call,
            client.pool,
            user,
            CUSTOM_SMS_SENDER,
            source=_SOURCE,
            client_id=client.id,
            secret=code,
        )
        return response
    texts: dict[str, str] = {}
    if call.fires(CUSTOM_MESSAGE, client.pool):
        texts = await fire_custom_message(silent_call, client.pool, user, source=_SOURCE, client_id=client.id)
    text = texts.get("smsMessage") or await _read_template(call, client.pool)
    await call.dependencies.code_sender.send_sms(user.attributes[PHONE], text.replace(CODE_PARAMETER, code))
    call.notes.append("second factor: code by SMS")
    return response


async def _read_template(call: CognitoCall, pool: UserPool) -> str:
    response = await call.dependencies.root_client.call_cognito(
        "GetUserPoolMfaConfig", {"UserPoolId": pool.id}
    )
    own_text = (response.get("SmsMfaConfiguration") or {}).get("SmsAuthenticationMessage")
    return str(own_text or pool.document.get("SmsAuthenticationMessage") or _DEFAULT_TEXT)
