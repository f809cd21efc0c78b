"""Rules about pools, and about calls of administrators."""

import dataclasses
from http import HTTPStatus

from pulumi_localaws.gateway.cognito import user_names
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import TRIGGER
from pulumi_localaws.gateway.cognito.sign_up import repeated_with_case
from pulumi_localaws.gateway.cognito.user_attributes import check_update, refuse_taken
from pulumi_localaws.gateway.cognito.user_directory import as_dict
from pulumi_localaws.gateway.wire.errors import AwsError, replaced
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def delete_user_pool(call: CognitoCall) -> Response:
    """DeleteUserPool: not while the pool is protected."""
    pool = await call.pool()
    if (
        pool is not None
        and call.has(GatewayRule.DELETION_PROTECTION)
        and pool.document.get("DeletionProtection") == "ACTIVE"
    ):
        raise AwsError(
            "InvalidParameterException",
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first.",
        )
    return await call.forward()


FIRED = frozenset({
    "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "UserMigration",
    # The emulator fires these by itself, without asking for the function's permission.
    "PreTokenGeneration", "PreTokenGenerationConfig", "DefineAuthChallenge", "CreateAuthChallenge",
    "VerifyAuthChallengeResponse", "CustomMessage", "InboundFederation",
    "KMSKeyID",  # no trigger, but it stands among them
})  # fmt: skip
"""The keys of LambdaConfig that something comes of here."""


async def write_user_pool(call: CognitoCall) -> Response:
    """CreateUserPool and UpdateUserPool: tell of triggers that never fire here; put the relay in place."""
    response = await call.forward()
    config = call.data.get("LambdaConfig")
    if response.status != HTTPStatus.OK or not isinstance(config, dict):
        return response
    silent = sorted(k for k, v in config.items() if v and k not in FIRED)
    if silent and call.has(GatewayRule.TRIGGERS):
        call.notes.append("triggers that never fire here: " + ", ".join(silent))
        warning = ("x-localaws-warning", f"never fired here: {', '.join(silent)}")
        response = dataclasses.replace(response, headers=(*response.headers, warning))
    pool_id = call.data.get("UserPoolId") or response.json().get("UserPool", {}).get("Id")
    pool = await call.services.directory.pool(str(pool_id or ""))
    if pool is not None and pool.trigger(TRIGGER) and call.has(GatewayRule.PRE_SIGN_UP_EVENT):
        await call.services.pre_sign_up.adopt(pool)
    return response


async def describe_user_pool(call: CognitoCall) -> Response:
    """DescribeUserPool: with the triggers that the pool's owner gave it."""
    response = await call.forward()
    if response.status != HTTPStatus.OK:
        return response
    document = response.json()
    raw = document.get("UserPool") or {}
    true = call.services.directory.with_true_triggers(raw)
    return response if true is raw else replaced(response, {**document, "UserPool": true})


async def create_user_pool_client(call: CognitoCall) -> Response:
    """CreateUserPoolClient: remember whose client it is, which saves a search later."""
    response = await call.forward()
    if response.status == HTTPStatus.OK:
        client = response.json().get("UserPoolClient") or {}
        if client.get("ClientId") and client.get("UserPoolId"):
            call.services.directory.learn_client(client["ClientId"], client["UserPoolId"])
    return response


async def admin_update_user_attributes(call: CognitoCall) -> Response:
    """AdminUpdateUserAttributes: immutable attributes and the phone's form hold for admins too."""
    pool = await call.pool()
    if pool is None:
        return await call.forward()
    given = as_dict(call.data.get("UserAttributes"))
    check_update(call, pool, given)
    user = await user_names.find(call.services.directory, pool, call.data.get("Username"))
    if user is not None and call.has(GatewayRule.USER_NAME_CASE):
        await refuse_taken(call, pool, user, given)
    return await repeated_with_case(call, pool, await call.forward())


async def any_admin_call(call: CognitoCall) -> Response:
    """Any other admin call that names a user: by any case of the name."""
    pool = await call.pool()
    response = await call.forward()
    return response if pool is None else await repeated_with_case(call, pool, response)
