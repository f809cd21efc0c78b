"""UserMigration: an unknown user is fetched from elsewhere, at sign-in or for a forgotten password."""

from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.triggers import event
from pulumi_localaws.gateway.cognito.user_directory import AppClient, PoolUser, temporary_password
from pulumi_localaws.gateway.cognito.user_names import name_of
from pulumi_localaws.gateway.wire.errors import AwsError
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule

TRIGGER = "UserMigration"
_EMPTY_RESPONSE = {
    "userAttributes": None,
    "forceAliasCreation": None,
    "finalUserStatus": None,
    "messageAction": None,
    "desiredDeliveryMediums": None,
}


async def migrate_on_sign_in(call: CognitoCall, client: AppClient, password: str) -> PoolUser | None:
    """Fire UserMigration_Authentication, with the password in the event."""
    request: dict[str, Any] = {"password": password}
    if call.metadata:
        request["validationData"] = call.metadata
    return await _migrate(call, client, "Authentication", request, password)


async def migrate_on_forgot_password(call: CognitoCall, client: AppClient) -> PoolUser | None:
    """Fire UserMigration_ForgotPassword, where there is no password to hand over."""
    request: dict[str, Any] = {"clientMetadata": call.metadata} if call.metadata else {}
    return await _migrate(call, client, "ForgotPassword", request, None)


async def _migrate(
    call: CognitoCall, client: AppClient, source: str, request: dict[str, Any], password: str | None
) -> PoolUser | None:
    pool, name = client.pool, name_of(call.action, call.data)
    if (
        not call.has(GatewayRule.TRIGGERS)
        or not pool.trigger(TRIGGER)
        or not isinstance(name, str)
        or not name
    ):
        return None
    document = event(
        pool,
        f"{TRIGGER}_{source}",
        user_name=name,
        client_id=client.id,
        request=request,
        response=dict(_EMPTY_RESPONSE),
    )
    response = await call.services.triggers.fire(pool, TRIGGER, document, call.notes)
    given = response.get("userAttributes")
    if not isinstance(given, dict) or not given:
        # A function that returns without attributes has not found the user either.
        return None
    return await _store(call, client, name, {**response, "userAttributes": given}, password)


async def _store(
    call: CognitoCall, client: AppClient, name: str, response: dict[str, Any], password: str | None
) -> PoolUser | None:
    """Make the user as the function described them; the sub is the pool's to choose."""
    root, pool = call.services.root, client.pool
    attributes = [
        {"Name": str(k), "Value": str(v)}
        for k, v in response["userAttributes"].items()
        if k not in {"sub", "username"} and v is not None
    ]
    creation: dict[str, Any] = {
        "UserPoolId": pool.id,
        "Username": name,
        "UserAttributes": attributes,
        "TemporaryPassword": temporary_password(pool),
    }
    if response.get("messageAction") == "SUPPRESS":
        creation["MessageAction"] = "SUPPRESS"
    if response.get("desiredDeliveryMediums"):
        creation["DesiredDeliveryMediums"] = response["desiredDeliveryMediums"]
    # Left out, the status is CONFIRMED (developer guide, "Migrate user Lambda trigger").
    status = response.get("finalUserStatus") or "CONFIRMED"
    if status not in {"CONFIRMED", "RESET_REQUIRED"}:
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    made = await root.cognito("AdminCreateUser", creation)
    key = {"UserPoolId": pool.id, "Username": str(made["User"]["Username"])}
    # With a forgotten password there is none yet: the code that goes out next will make one.
    first = password if password is not None else temporary_password(pool)
    await root.cognito("AdminSetUserPassword", {**key, "Password": first, "Permanent": True})
    if password is not None and status == "RESET_REQUIRED":
        await root.cognito("AdminResetUserPassword", key)
    return await call.services.directory.user(pool, key["Username"])
