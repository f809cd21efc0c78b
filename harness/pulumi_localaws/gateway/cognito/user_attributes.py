"""Actions on a user's attributes: read them, change them, and verify a changed address with a code."""

from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus

from pulumi_localaws.gateway.cognito import attribute_rules, attribute_values, user_names
from pulumi_localaws.gateway.cognito.admin_calls import handle_admin_call, repeat_with_stored_name
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.code_delivery import email_delivery_details, sms_delivery_details
from pulumi_localaws.gateway.cognito.code_messages import write_code_message
from pulumi_localaws.gateway.cognito.custom_senders import (
    CUSTOM_EMAIL_SENDER,
    CUSTOM_SMS_SENDER,
    fire_sender,
)
from pulumi_localaws.gateway.cognito.pool_models import EMAIL, PHONE, PoolUser, UserPool, parse_attributes
from pulumi_localaws.gateway.cognito.tokens import (
    decode_claims,
    find_client_of_token,
    find_user_of_token,
    pool_id_of,
)
from pulumi_localaws.gateway.wire.errors import AwsError, json_response, replace_body
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def get_user(call: CognitoCall) -> Response:
    """Handle GetUser: only the read attributes of the token's app client."""
    response = await call.forward()
    if response.status != HTTPStatus.OK or not call.enforces(GatewayRule.READ_ATTRIBUTES):
        return response
    # The emulator has accepted the token, so its claims are valid.
    client = await find_client_of_token(call)
    if client is None:
        return response
    document = response.json()
    all_attributes = document.get("UserAttributes") or []
    readable_attributes = [
        attribute
        for attribute in all_attributes
        if attribute_rules.is_readable(client, str(attribute.get("Name")))
    ]
    if len(readable_attributes) == len(all_attributes):
        return response
    call.notes.append("attributes outside the read attributes left out")
    return replace_body(response, {**document, "UserAttributes": readable_attributes})


async def update_user_attributes(call: CognitoCall) -> Response:
    """Handle UpdateUserAttributes: write and immutable attributes, phone format, codes for new addresses."""
    client = await find_client_of_token(call)
    if client is None:
        return await call.forward()
    pool, new_attributes = client.pool, parse_attributes(call.parameters.get("UserAttributes"))
    if call.enforces(GatewayRule.WRITE_ATTRIBUTES):
        attribute_rules.check_write_attributes(client, new_attributes)
    _check_update(call, pool, new_attributes)
    user = await find_user_of_token(call, pool)
    if user is None or not call.enforces(GatewayRule.VERIFIED_BY_CODE):
        return await call.forward()
    changed_addresses = _changed_addresses(user, new_attributes)
    await _check_addresses_are_free(call, pool, user, new_attributes)
    deferred_addresses = _addresses_to_verify_first(pool) & set(changed_addresses)
    call.replace_parameters(
        {
            **call.parameters,
            "UserAttributes": [
                attribute
                for attribute in call.parameters["UserAttributes"]
                if attribute.get("Name") not in deferred_addresses
            ],
        }
    )
    response = await call.forward()
    if response.status != HTTPStatus.OK or not changed_addresses:
        return response
    stored_addresses = [address for address in changed_addresses if address not in deferred_addresses]
    await _mark_unverified(call, pool, user, stored_addresses)
    delivery_details = [
        await _send_code(call, pool, user, (address, new_attributes[address]), source="UpdateUserAttribute")
        for address in changed_addresses
        if address in pool.auto_verified_attributes
    ]
    return replace_body(response, {**response.json(), "CodeDeliveryDetailsList": delivery_details})


async def admin_update_user_attributes(call: CognitoCall) -> Response:
    """Handle AdminUpdateUserAttributes: immutable attributes and the phone format apply to admins too.

    An address that must be verified first is stored at once only if the request also has `email_verified` or
    `phone_number_verified` with the value true; otherwise the user gets a code (Cognito API Reference,
    "AdminUpdateUserAttributes", UserAttributes).
    """
    pool = await call.find_pool()
    if pool is None:
        return await call.forward()
    new_attributes = parse_attributes(call.parameters.get("UserAttributes"))
    _check_update(call, pool, new_attributes)
    user = await user_names.find_user(call.dependencies.directory, pool, call.parameters.get("Username"))
    if user is not None and call.enforces(GatewayRule.USER_NAME_CASE):
        await _check_addresses_are_free(call, pool, user, new_attributes)
    response = await repeat_with_stored_name(call, pool, await call.forward())
    if response.status == HTTPStatus.OK and user is not None and call.enforces(GatewayRule.VERIFIED_BY_CODE):
        await _defer_unverified_addresses(call, pool, user, new_attributes)
    return response


async def _defer_unverified_addresses(
    call: CognitoCall, pool: UserPool, user: PoolUser, new_attributes: dict[str, str]
) -> None:
    """Restore the addresses that must be verified first, and send a code to each new one.

    The emulator has stored them: the body of a signed call cannot be changed.
    """
    for address in _changed_addresses(user, new_attributes):
        is_verified = new_attributes.get(f"{address}_verified", "").lower() == "true"
        if address not in _addresses_to_verify_first(pool) or is_verified:
            continue
        call.notes.append("changed address: not stored before its verification")
        # A blank value deletes an attribute.
        await call.dependencies.directory.update_user(pool, user, {address: user.attributes.get(address, "")})
        if address in pool.auto_verified_attributes:
            new_address = (address, new_attributes[address])
            await _send_code(call, pool, user, new_address, source="UpdateUserAttribute")


async def delete_user_attributes(call: CognitoCall) -> Response:
    """Handle DeleteUserAttributes, which the emulator does not have.

    The rules are those of UpdateUserAttributes, which deletes an attribute too: by a blank value.
    """
    pool, user = await _find_own_user(call)
    names = [str(name) for name in call.parameters.get("UserAttributeNames") or ()]
    client = await find_client_of_token(call)
    if client is not None and call.enforces(GatewayRule.WRITE_ATTRIBUTES):
        attribute_rules.check_write_attributes(client, names)
    _check_deletion(call, pool, names)
    await call.dependencies.directory.update_user(pool, user, dict.fromkeys(names, ""))
    return json_response({})


async def admin_delete_user_attributes(call: CognitoCall) -> Response:
    """Handle AdminDeleteUserAttributes: immutable attributes stay for admins too."""
    pool = await call.find_pool()
    user = None
    if pool is not None:
        user = await user_names.find_user(call.dependencies.directory, pool, call.parameters.get("Username"))
    if pool is not None and user is not None:
        _check_deletion(call, pool, call.parameters.get("UserAttributeNames") or ())
    return await handle_admin_call(call)


def _check_deletion(call: CognitoCall, pool: UserPool, names: Collection[str]) -> None:
    if call.enforces(GatewayRule.IMMUTABLE_ATTRIBUTES):
        attribute_rules.check_mutable(pool, names)
    if call.enforces(GatewayRule.POOL_SCHEMA):
        attribute_values.check_names(pool, names)


async def get_user_attribute_verification_code(call: CognitoCall) -> Response:
    """Handle GetUserAttributeVerificationCode, which the emulator does not have."""
    pool, user, attribute = await _find_own_address(call)
    new_address = call.dependencies.new_address_codes.get_address(pool.id, user.name, attribute)
    address = user.attributes.get(attribute) if new_address is None else new_address
    if not address:
        raise AwsError("InvalidParameterException", f"User does not have {attribute}.")
    details = await _send_code(call, pool, user, (attribute, address), source="VerifyUserAttribute")
    return json_response({"CodeDeliveryDetails": details})


async def verify_user_attribute(call: CognitoCall) -> Response:
    """Handle VerifyUserAttribute, which the emulator does not have: the new address replaces the old one."""
    pool, user, attribute = await _find_own_address(call)
    codes, key = call.dependencies.new_address_codes, (pool.id, user.name, attribute)
    address = codes.check(*key, str(call.parameters.get("Code")))
    await _check_addresses_are_free(call, pool, user, {attribute: address})
    await call.dependencies.directory.update_user(
        pool, user, {attribute: address, f"{attribute}_verified": "true"}
    )
    codes.remove(*key)
    call.notes.append("address: verified")
    return json_response({})


def _check_update(call: CognitoCall, pool: UserPool, new_attributes: dict[str, str]) -> None:
    """Reject a change of an immutable attribute, and values that conform neither to schema nor to format.

    Raises:
        AwsError: InvalidParameterException.
    """
    if call.enforces(GatewayRule.IMMUTABLE_ATTRIBUTES):
        attribute_rules.check_mutable(pool, new_attributes)
    if call.enforces(GatewayRule.POOL_SCHEMA):
        attribute_values.check_changed_values(pool, new_attributes)
        attribute_values.check_email_format(new_attributes)
    if call.enforces(GatewayRule.PHONE_FORMAT):
        attribute_rules.check_phone_format(new_attributes)


async def _check_addresses_are_free(
    call: CognitoCall, pool: UserPool, user: PoolUser, new_attributes: dict[str, str]
) -> None:
    """Reject an address that another user signs in with.

    Raises:
        AwsError: AliasExistsException.
    """
    sign_in_attributes = pool.username_attributes | pool.alias_attributes
    for attribute in sign_in_attributes & {EMAIL, PHONE} & new_attributes.keys():
        owner = await user_names.find_user(call.dependencies.directory, pool, new_attributes[attribute])
        if owner is not None and owner.name != user.name:
            raise AwsError("AliasExistsException", f"An account with the given {attribute} already exists.")


def _changed_addresses(user: PoolUser, new_attributes: dict[str, str]) -> list[str]:
    """Return the addresses with a new value; a blank value deletes an attribute."""
    return [
        address
        for address in (EMAIL, PHONE)
        if new_attributes.get(address) and new_attributes[address] != user.attributes.get(address)
    ]


def _addresses_to_verify_first(pool: UserPool) -> frozenset[str]:
    """Return the addresses whose new value is stored after its verification.

    This includes the first value of a user without one: "Amazon Cognito doesn't change the value of the
    attribute until your user responds to the verification message" (Cognito API Reference,
    "UserAttributeUpdateSettingsType").
    """
    settings = pool.document.get("UserAttributeUpdateSettings") or {}
    return frozenset(settings.get("AttributesRequireVerificationBeforeUpdate") or ())


async def _send_code(
    call: CognitoCall, pool: UserPool, user: PoolUser, new_address: tuple[str, str], *, source: str
) -> dict[str, str]:
    """Send a code to a new address (attribute and value), and return CodeDeliveryDetails."""
    attribute, address = new_address
    code = call.dependencies.new_address_codes.issue(pool.id, user.name, attribute, address)
    client_id = str(decode_claims(call.parameters.get("AccessToken")).get("client_id") or "")
    recipient = replace(user, attributes={**user.attributes, attribute: address})
    details = sms_delivery_details(address) if attribute == PHONE else email_delivery_details(address)
    custom_sender = CUSTOM_SMS_SENDER if attribute == PHONE else CUSTOM_EMAIL_SENDER
    if call.fires(custom_sender, pool):
        await fire_sender(
            call, pool, recipient, custom_sender, source=source, client_id=client_id, secret=code
        )
        return details
    message = await write_code_message(call, pool, recipient, source=source, client_id=client_id, code=code)
    sender = call.dependencies.code_sender
    if attribute == PHONE:
        await sender.send_sms(address, message.sms)
    else:
        sender.send_email(pool, address, subject=message.email_subject, body=message.email_body)
    return details


async def _mark_unverified(call: CognitoCall, pool: UserPool, user: PoolUser, addresses: list[str]) -> None:
    if addresses:
        call.notes.append("changed address: unverified")
        await call.dependencies.directory.update_user(
            pool, user, {f"{a}_verified": "false" for a in addresses}
        )


async def _find_own_address(call: CognitoCall) -> tuple[UserPool, PoolUser, str]:
    """Return pool, user and attribute of a call with a user's token; the emulator checks the token."""
    attribute = str(call.parameters.get("AttributeName"))
    if attribute not in {EMAIL, PHONE}:
        raise AwsError("InvalidParameterException", f"Attribute {attribute} can't be verified.")
    pool, user = await _find_own_user(call)
    return pool, user, attribute


async def _find_own_user(call: CognitoCall) -> tuple[UserPool, PoolUser]:
    """Return pool and user of a call with a user's token; the emulator checks the token.

    Raises:
        AwsError: NotAuthorizedException, UserNotFoundException.
    """
    claims = decode_claims(call.parameters.get("AccessToken"))
    pool = await call.dependencies.directory.get_pool(pool_id_of(claims))
    if pool is None:
        raise AwsError("NotAuthorizedException", "Invalid Access Token")
    # GetUser fails for a forged, expired or revoked token.
    response = await call.dependencies.root_client.call_cognito(
        "GetUser", {"AccessToken": call.parameters["AccessToken"]}, pool.region
    )
    user = await call.dependencies.directory.get_user(pool, str(response.get("Username") or ""))
    if user is None:
        raise AwsError("UserNotFoundException", "User does not exist.")
    return pool, user
