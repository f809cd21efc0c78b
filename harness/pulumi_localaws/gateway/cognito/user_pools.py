"""Actions on user pools and app clients."""

import dataclasses
from http import HTTPStatus

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.challenge_triggers import replace_triggers
from pulumi_localaws.gateway.cognito.client_settings import check_client_settings
from pulumi_localaws.gateway.cognito.pool_models import (
    PRE_TOKEN_GENERATION,
    PRE_TOKEN_GENERATION_CONFIG,
    parse_token_event_version,
)
from pulumi_localaws.gateway.cognito.pool_schema import check_custom_attributes, check_new_pool
from pulumi_localaws.gateway.cognito.pre_sign_up_relay import PRE_SIGN_UP
from pulumi_localaws.gateway.cognito.sender_settings import check_sender_settings
from pulumi_localaws.gateway.cognito.triggers import SUPPORTED_LAMBDA_CONFIG_KEYS
from pulumi_localaws.gateway.wire.errors import AwsError, replace_body
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def delete_user_pool(call: CognitoCall) -> Response:
    """Handle DeleteUserPool: rejected while deletion protection is active."""
    pool = await call.find_pool()
    if (
        pool is not None
        and call.enforces(GatewayRule.DELETION_PROTECTION)
        and pool.document.get("DeletionProtection") == "ACTIVE"
    ):
        raise AwsError(
            "InvalidParameterException",
            "The user pool cannot be deleted because deletion protection is activated. "
            "Deletion protection must be inactivated first.",
        )
    return await call.forward()


async def create_user_pool(call: CognitoCall) -> Response:
    """Handle CreateUserPool: reject a schema that Cognito rejects."""
    if call.enforces(GatewayRule.POOL_SCHEMA):
        check_new_pool(call.parameters)
    return await write_user_pool(call)


async def add_custom_attributes(call: CognitoCall) -> Response:
    """Handle AddCustomAttributes: reject attributes that Cognito rejects."""
    pool = await call.find_pool()
    if pool is not None and call.enforces(GatewayRule.POOL_SCHEMA):
        check_custom_attributes(pool, call.parameters["CustomAttributes"])
    return await call.forward()


async def write_user_pool(call: CognitoCall) -> Response:
    """Handle CreateUserPool and UpdateUserPool: check its triggers and install the relays."""
    if call.enforces(GatewayRule.TRIGGERS):
        await _check_token_trigger(call)
        await check_sender_settings(call)
    response = await call.forward()
    config = call.parameters.get("LambdaConfig")
    if response.status != HTTPStatus.OK or not isinstance(config, dict):
        return response
    unsupported = sorted(k for k, v in config.items() if v and k not in SUPPORTED_LAMBDA_CONFIG_KEYS)
    if unsupported and call.enforces(GatewayRule.TRIGGERS):
        call.notes.append("triggers that never fire here: " + ", ".join(unsupported))
        warning = ("x-localaws-warning", f"never fired here: {', '.join(unsupported)}")
        response = dataclasses.replace(response, headers=(*response.headers, warning))
    pool_id = call.parameters.get("UserPoolId") or response.json().get("UserPool", {}).get("Id")
    pool = await call.dependencies.directory.get_pool(str(pool_id or ""))
    if pool is not None and pool.trigger_arn(PRE_SIGN_UP) and call.enforces(GatewayRule.PRE_SIGN_UP_EVENT):
        await call.dependencies.pre_sign_up_relay.install(pool)
    if pool is not None and call.fires(PRE_TOKEN_GENERATION, pool):
        await call.dependencies.token_relay.install(pool)
    if pool is not None and call.enforces(GatewayRule.CUSTOM_CHALLENGE):
        await replace_triggers(call.dependencies.root_client, call.dependencies.directory, pool)
    return response


async def _check_token_trigger(call: CognitoCall) -> None:
    """Reject settings of PreTokenGeneration that Cognito rejects.

    Raises:
        AwsError: InvalidParameterException for two different functions. FeatureUnavailableInTierException or
            TierChangeNotAllowedException for an event with the access token in the plan LITE.
    """
    pool = await call.find_pool()
    stored_settings = {} if pool is None else pool.document
    config = call.parameters.get("LambdaConfig", stored_settings.get("LambdaConfig"))
    config = config if isinstance(config, dict) else {}
    arns = {
        config.get(PRE_TOKEN_GENERATION),
        (config.get(PRE_TOKEN_GENERATION_CONFIG) or {}).get("LambdaArn"),
    } - {None, ""}
    if len(arns) > 1:
        # API reference, LambdaConfigType: "its value must be identical".
        raise AwsError(
            "InvalidParameterException",
            "PreTokenGeneration and PreTokenGenerationConfig must name the same function.",
        )
    tier = call.parameters.get("UserPoolTier", stored_settings.get("UserPoolTier"))
    if tier == "LITE" and arns and parse_token_event_version(config) != "1":
        is_tier_change = pool is not None and stored_settings.get("UserPoolTier") != "LITE"
        raise AwsError(
            "TierChangeNotAllowedException" if is_tier_change else "FeatureUnavailableInTierException",
            "The following features need to be disabled for the LITE pricing tier configured:"
            " Access Token Customization",
        )


async def describe_user_pool(call: CognitoCall) -> Response:
    """Handle DescribeUserPool: show the triggers that the pool's owner configured."""
    response = await call.forward()
    if response.status != HTTPStatus.OK:
        return response
    document = response.json()
    stored_pool = document.get("UserPool") or {}
    pool = call.dependencies.directory.hide_relay(stored_pool)
    return response if pool is stored_pool else replace_body(response, {**document, "UserPool": pool})


async def create_user_pool_client(call: CognitoCall) -> Response:
    """Handle CreateUserPoolClient: check it, and remember its pool, which saves a search later."""
    await _check_client(call, action="creating")
    response = await call.forward()
    if response.status == HTTPStatus.OK:
        client = response.json().get("UserPoolClient") or {}
        if client.get("ClientId") and client.get("UserPoolId"):
            call.dependencies.directory.remember_client(client["ClientId"], client["UserPoolId"])
    return response


async def update_user_pool_client(call: CognitoCall) -> Response:
    """Handle UpdateUserPoolClient: reject settings that Cognito rejects."""
    await _check_client(call, action="updating")
    return await call.forward()


async def _check_client(call: CognitoCall, *, action: str) -> None:
    pool = await call.find_pool()
    if pool is not None and call.enforces(GatewayRule.POOL_SCHEMA):
        check_client_settings(pool, call.parameters, action=action)
