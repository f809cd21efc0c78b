"""Calls with a user's access token: reading the user, and changing an address, which a code verifies."""

from http import HTTPStatus

from pulumi_localaws.gateway.cognito import attribute_rules, user_names
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import email_delivery, sms_delivery
from pulumi_localaws.gateway.cognito.user_directory import (
    EMAIL,
    PHONE,
    AppClient,
    PoolUser,
    UserPool,
    as_dict,
    token_claims,
)
from pulumi_localaws.gateway.wire.errors import AwsError, json_response, replaced
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def get_user(call: CognitoCall) -> Response:
    """GetUser: only the attributes that the token's app client may read."""
    response = await call.forward()
    if response.status != HTTPStatus.OK or not call.has(GatewayRule.READ_ATTRIBUTES):
        return response
    # The emulator has taken the token: its claims are true.
    client = await client_of_token(call)
    if client is None:
        return response
    document = response.json()
    stored = document.get("UserAttributes") or []
    shown = [one for one in stored if attribute_rules.readable_by_client(client, str(one.get("Name")))]
    if len(shown) == len(stored):
        return response
    call.notes.append("attributes outside the read attributes left out")
    return replaced(response, {**document, "UserAttributes": shown})


async def update_user_attributes(call: CognitoCall) -> Response:
    """UpdateUserAttributes: write rights, immutable attributes, phone format, and new addresses."""
    client = await client_of_token(call)
    if client is None:
        return await call.forward()
    given = as_dict(call.data.get("UserAttributes"))
    if call.has(GatewayRule.WRITE_ATTRIBUTES):
        attribute_rules.check_written_by_client(client, given)
    check_update(call, client.pool, given)
    user = await _user_of_token(call, client.pool)
    if user is None or not call.has(GatewayRule.VERIFIED_BY_CODE):
        return await call.forward()
    changed = [a for a in (EMAIL, PHONE) if a in given and given[a] != user.attributes.get(a)]
    await refuse_taken(call, client.pool, user, given)
    held = _held_back(client.pool, user) & set(changed)
    call.with_data(
        {
            **call.data,
            "UserAttributes": [a for a in call.data["UserAttributes"] if a.get("Name") not in held],
        }
    )
    response = await call.forward()
    if response.status != HTTPStatus.OK or not changed:
        return response
    await _unverify(call, client.pool, user, [a for a in changed if a not in held])
    sent = [
        await _send(call, client.pool, user, attribute, given[attribute])
        for attribute in changed
        if attribute in client.pool.auto_verified
    ]
    return replaced(response, {**response.json(), "CodeDeliveryDetailsList": sent})


async def get_user_attribute_verification_code(call: CognitoCall) -> Response:
    """GetUserAttributeVerificationCode, which the emulator does not have."""
    pool, user, attribute = await _own_attribute(call)
    new_address = call.services.address_codes.address(pool.id, user.name, attribute)
    value = user.attributes.get(attribute) if new_address is None else new_address
    if not value:
        raise AwsError("InvalidParameterException", f"User does not have {attribute}.")
    return json_response({"CodeDeliveryDetails": await _send(call, pool, user, attribute, value)})


async def verify_user_attribute(call: CognitoCall) -> Response:
    """VerifyUserAttribute, which the emulator does not have: the new address takes the old one's place."""
    pool, user, attribute = await _own_attribute(call)
    codes, key = call.services.address_codes, (pool.id, user.name, attribute)
    address = codes.check(*key, str(call.data.get("Code")))
    await refuse_taken(call, pool, user, {attribute: address})
    await call.services.directory.update_user(
        pool, user, {attribute: address, f"{attribute}_verified": "true"}
    )
    codes.remove(*key)
    call.notes.append("address: verified")
    return json_response({})


def check_update(call: CognitoCall, pool: UserPool, new_attributes: dict[str, str]) -> None:
    """Refuse to change an immutable attribute, or to store a phone number that is not in E.164 form.

    Raises:
        AwsError: InvalidParameterException.
    """
    if call.has(GatewayRule.IMMUTABLE_ATTRIBUTES):
        attribute_rules.check_mutable(pool, new_attributes)
    if call.has(GatewayRule.PHONE_FORMAT):
        attribute_rules.check_phone(new_attributes)


async def refuse_taken(call: CognitoCall, pool: UserPool, user: PoolUser, given: dict[str, str]) -> None:
    """Refuse an address by which another user signs in.

    Raises:
        AwsError: AliasExistsException.
    """
    aliases = pool.username_attributes | frozenset(pool.document.get("AliasAttributes") or ())
    for attribute in aliases & {EMAIL, PHONE} & given.keys():
        other = await user_names.find(call.services.directory, pool, given[attribute])
        if other is not None and other.name != user.name:
            raise AwsError("AliasExistsException", f"An account with the given {attribute} already exists.")


def _held_back(pool: UserPool, user: PoolUser) -> frozenset[str]:
    """Return the addresses whose old value stays until the new one is verified, if there is an old one."""
    settings = pool.document.get("UserAttributeUpdateSettings") or {}
    wanted = frozenset(settings.get("AttributesRequireVerificationBeforeUpdate") or ())
    return frozenset(a for a in wanted if user.attributes.get(a))


async def _send(
    call: CognitoCall, pool: UserPool, user: PoolUser, attribute: str, value: str
) -> dict[str, str]:
    code = call.services.address_codes.issue(pool.id, user.name, attribute, value)
    outgoing = call.services.outgoing
    if attribute == PHONE:
        await outgoing.send_sms(pool, value, code)
        return sms_delivery(value)
    outgoing.send_email(pool, value, code)
    return email_delivery(value)


async def _unverify(call: CognitoCall, pool: UserPool, user: PoolUser, addresses: list[str]) -> None:
    if addresses:
        call.notes.append("changed address: unverified")
        await call.services.directory.update_user(pool, user, {f"{a}_verified": "false" for a in addresses})


async def _own_attribute(call: CognitoCall) -> tuple[UserPool, PoolUser, str]:
    """Return pool, user and attribute of a call by a user's own token, which the emulator checks."""
    attribute = str(call.data.get("AttributeName"))
    if attribute not in {EMAIL, PHONE}:
        raise AwsError("InvalidParameterException", f"Attribute {attribute} can't be verified.")
    claims = token_claims(call.data.get("AccessToken"))
    pool_id = str(claims.get("iss") or "").rsplit("/", 1)[-1]
    pool = await call.services.directory.pool(pool_id)
    if pool is None:
        raise AwsError("NotAuthorizedException", "Invalid Access Token")
    # GetUser fails for a token that is forged, old or revoked.
    answer = await call.services.root.cognito(
        "GetUser", {"AccessToken": call.data["AccessToken"]}, pool.region
    )
    user = await call.services.directory.user(pool, str(answer.get("Username") or ""))
    if user is None:
        raise AwsError("UserNotFoundException", "User does not exist.")
    return pool, user, attribute


async def client_of_token(call: CognitoCall) -> AppClient | None:
    """Return the app client that the call's access token was made for, or None; the token is not verified."""
    claims = token_claims(call.data.get("AccessToken"))
    pool_id = str(claims.get("iss") or "").rsplit("/", 1)[-1]
    client = await call.services.directory.client(str(claims.get("client_id") or ""))
    return client if client is not None and client.pool.id == pool_id else None


async def _user_of_token(call: CognitoCall, pool: UserPool) -> PoolUser | None:
    name = str(token_claims(call.data.get("AccessToken")).get("username") or "")
    return await call.services.directory.user(pool, name)
