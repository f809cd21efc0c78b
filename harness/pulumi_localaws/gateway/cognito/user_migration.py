"""UserMigration: get an unknown user from the trigger's function, at sign-in or for a forgotten password."""

from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import AppClient, PoolUser
from pulumi_localaws.gateway.cognito.triggers import build_event
from pulumi_localaws.gateway.cognito.user_names import get_user_name
from pulumi_localaws.gateway.wire.errors import AwsError

USER_MIGRATION = "UserMigration"
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
    if call.client_metadata:
        request["validationData"] = call.client_metadata
    return await _migrate(call, client, "Authentication", request, password)


async def migrate_on_forgot_password(call: CognitoCall, client: AppClient) -> PoolUser | None:
    """Fire UserMigration_ForgotPassword, without a password in the event."""
    request: dict[str, Any] = {"clientMetadata": call.client_metadata} if call.client_metadata else {}
    return await _migrate(call, client, "ForgotPassword", request, None)


async def _migrate(
    call: CognitoCall, client: AppClient, source: str, request: dict[str, Any], password: str | None
) -> PoolUser | None:
    pool, name = client.pool, get_user_name(call.action, call.parameters)
    if not call.fires(USER_MIGRATION, pool) or not isinstance(name, str) or not name:
        return None
    event = build_event(
        pool,
        f"{USER_MIGRATION}_{source}",
        user_name=name,
        client_id=client.id,
        request=request,
        response=dict(_EMPTY_RESPONSE),
    )
    response = await call.dependencies.triggers.fire(pool, USER_MIGRATION, event, call.notes)
    attributes = response.get("userAttributes")
    if not isinstance(attributes, dict) or not attributes:
        # A function that returns no attributes does not know the user either.
        return None
    return await _create_user(call, client, name, response, password)


async def _create_user(
    call: CognitoCall, client: AppClient, name: str, response: dict[str, Any], password: str | None
) -> PoolUser | None:
    """Create the user that the function returned; the pool generates the sub."""
    root_client, pool = call.dependencies.root_client, client.pool
    attributes = [
        {"Name": str(k), "Value": str(v)}
        for k, v in response["userAttributes"].items()
        if k not in {"sub", "username"} and v is not None
    ]
    parameters: dict[str, Any] = {
        "UserPoolId": pool.id,
        "Username": name,
        "UserAttributes": attributes,
        "TemporaryPassword": pool.generate_temporary_password(),
    }
    if response.get("messageAction") == "SUPPRESS":
        parameters["MessageAction"] = "SUPPRESS"
    if response.get("desiredDeliveryMediums"):
        parameters["DesiredDeliveryMediums"] = response["desiredDeliveryMediums"]
    # The default status is CONFIRMED (developer guide, "Migrate user Lambda trigger").
    status = response.get("finalUserStatus") or "CONFIRMED"
    if status not in {"CONFIRMED", "RESET_REQUIRED"}:
        raise AwsError("InvalidLambdaResponseException", "Unrecognizable lambda output")
    created_user = await root_client.call_cognito("AdminCreateUser", parameters)
    key = {"UserPoolId": pool.id, "Username": str(created_user["User"]["Username"])}
    # With a forgotten password, the user sets the password with the code that is sent next.
    first_password = password if password is not None else pool.generate_temporary_password()
    await root_client.call_cognito(
        "AdminSetUserPassword", {**key, "Password": first_password, "Permanent": True}
    )
    if password is not None and status == "RESET_REQUIRED":
        await root_client.call_cognito("AdminResetUserPassword", key)
    return await call.dependencies.directory.get_user(pool, key["Username"])
