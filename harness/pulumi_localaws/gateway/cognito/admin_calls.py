"""Admin calls that name a user, in any case of the user name."""

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import UserPool
from pulumi_localaws.gateway.cognito.user_names import find_user
from pulumi_localaws.gateway.wire.errors import parse_error_code
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response


async def handle_admin_call(call: CognitoCall) -> Response:
    """Handle an admin call without a handler of its own."""
    pool = await call.find_pool()
    response = await call.forward()
    return response if pool is None else await repeat_with_stored_name(call, pool, response)


async def repeat_with_stored_name(call: CognitoCall, pool: UserPool, response: Response) -> Response:
    """Repeat an admin call as root with the stored user name, if only the case of the name was wrong.

    The emulator looks up the user after it has checked signature and policies. Its UserNotFoundException
    therefore confirms that the caller has the permission.
    """
    if (
        not call.enforces(GatewayRule.USER_NAME_CASE)
        or not pool.is_case_insensitive
        or parse_error_code(response) != "UserNotFoundException"
    ):
        return response
    user = await find_user(call.dependencies.directory, pool, call.parameters.get("Username"))
    if user is None:
        return response
    call.notes.append("user name: other case, repeated as root")
    return await call.repeat_as_root({**call.parameters, "Username": user.name}, pool.region)
