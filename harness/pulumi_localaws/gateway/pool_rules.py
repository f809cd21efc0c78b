"""Rules about pools, and about attributes of users who exist already."""

from typing import Any

from pulumi_localaws.gateway import attributes
from pulumi_localaws.gateway.call import OK, Call
from pulumi_localaws.gateway.capabilities import Gap
from pulumi_localaws.gateway.errors import AwsError, replaced
from pulumi_localaws.gateway.messages import Response
from pulumi_localaws.gateway.pools import EMAIL, PHONE, Client, as_dict, token_claims
from pulumi_localaws.gateway.pre_sign_up import TRIGGER
from pulumi_localaws.gateway.sign_up import repeated_with_case


async def delete_user_pool(call: Call) -> Response:
    """DeleteUserPool: not while the pool is protected."""
    pool = await call.pool()
    if (
        pool is not None
        and call.has(Gap.DELETION_PROTECTION)
        and pool.document.get("DeletionProtection") == "ACTIVE"
    ):
        raise AwsError(
            "InvalidParameterException",
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first.",
        )
    return await call.forward()


async def write_user_pool(call: Call) -> Response:
    """CreateUserPool and UpdateUserPool: put the PreSignUp relay in place behind the caller's back."""
    response = await call.forward()
    if response.status != OK or not call.has(Gap.PRE_SIGN_UP_EVENT):
        return response
    config = call.data.get("LambdaConfig")
    if not isinstance(config, dict) or not config.get(TRIGGER):
        return response
    pool_id = call.data.get("UserPoolId") or response.json().get("UserPool", {}).get("Id")
    pool = await call.services.directory.pool(str(pool_id or ""))
    if pool is not None:
        await call.services.pre_sign_up.adopt(pool)
    return response


async def describe_user_pool(call: Call) -> Response:
    """DescribeUserPool: with the triggers that the pool's owner gave it."""
    response = await call.forward()
    if response.status != OK:
        return response
    document = response.json()
    raw = document.get("UserPool") or {}
    true = call.services.directory.with_true_triggers(raw)
    return response if true is raw else replaced(response, {**document, "UserPool": true})


async def create_user_pool_client(call: Call) -> Response:
    """CreateUserPoolClient: remember whose client it is, which saves a search later."""
    response = await call.forward()
    if response.status == OK:
        client = response.json().get("UserPoolClient") or {}
        if client.get("ClientId") and client.get("UserPoolId"):
            call.services.directory.learn_client(client["ClientId"], client["UserPoolId"])
    return response


async def admin_update_user_attributes(call: Call) -> Response:
    """AdminUpdateUserAttributes: immutable attributes and the phone's form hold for admins too."""
    pool = await call.pool()
    if pool is None:
        return await call.forward()
    given = as_dict(call.data.get("UserAttributes"))
    if call.has(Gap.IMMUTABLE_ATTRIBUTES):
        attributes.check_mutable(pool, given)
    if call.has(Gap.PHONE_FORMAT):
        attributes.check_phone(given)
    return await repeated_with_case(call, pool, await call.forward())


async def update_user_attributes(call: Call) -> Response:
    """UpdateUserAttributes: write rights, immutable attributes, phone format; a new address is unverified."""
    client = await _client_of_token(call)
    if client is None:
        return await call.forward()
    given = as_dict(call.data.get("UserAttributes"))
    if call.has(Gap.WRITE_ATTRIBUTES):
        attributes.check_written_by_client(client, given)
    if call.has(Gap.IMMUTABLE_ATTRIBUTES):
        attributes.check_mutable(client.pool, given)
    if call.has(Gap.PHONE_FORMAT):
        attributes.check_phone(given)
    name = str(token_claims(call.data.get("AccessToken")).get("username") or "")
    before = await call.services.directory.user(client.pool, name)
    response = await call.forward()
    if response.status == OK and before is not None and call.has(Gap.VERIFIED_BY_CODE):
        changed = [a for a in (EMAIL, PHONE) if a in given and given[a] != before.attributes.get(a)]
        await _unverify(call, client, before.name, changed)
    return response


async def _unverify(call: Call, client: Client, user_name: str, addresses: list[str]) -> None:
    """Take the mark of verification from an address that has just been changed."""
    if not addresses:
        return
    call.notes.append("changed address: unverified")
    update: dict[str, Any] = {
        "UserPoolId": client.pool.id,
        "Username": user_name,
        "UserAttributes": [{"Name": f"{a}_verified", "Value": "false"} for a in addresses],
    }
    await call.services.root.cognito("AdminUpdateUserAttributes", update)


async def _client_of_token(call: Call) -> Client | None:
    claims = token_claims(call.data.get("AccessToken"))
    pool_id = str(claims.get("iss") or "").rsplit("/", 1)[-1]
    client = await call.services.directory.client(str(claims.get("client_id") or ""))
    return client if client is not None and client.pool.id == pool_id else None


async def any_admin_call(call: Call) -> Response:
    """Any other admin call that names a user: by any case of the name."""
    pool = await call.pool()
    response = await call.forward()
    return response if pool is None else await repeated_with_case(call, pool, response)
