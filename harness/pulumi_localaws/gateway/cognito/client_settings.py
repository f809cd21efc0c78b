"""Settings of app clients that Cognito rejects.

Sources: Cognito API Reference, "CreateUserPoolClient". Texts were seen in aws-cdk#20760,
awsdocs/aws-cloudformation-user-guide#828 and aws-samples/aws-serverless-workshops#277.
"""

from typing import Any

from pulumi_localaws.gateway.cognito.pool_models import AppClient, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SECONDS = {"seconds": 1, "minutes": _MINUTE, "hours": _HOUR, "days": _DAY}
_VALIDITY_RANGES = {
    "AccessToken": ("hours", 5 * _MINUTE, _DAY),
    "IdToken": ("hours", 5 * _MINUTE, _DAY),
    "RefreshToken": ("days", 60 * _MINUTE, 3650 * _DAY),
}
"""For each token: the default unit, and the shortest and the longest validity in seconds."""


def check_client_settings(pool: UserPool, parameters: dict[str, Any], *, action: str) -> None:
    """Check the settings in CreateUserPoolClient or UpdateUserPoolClient.

    Args:
        pool: The client's pool.
        parameters: The parameters of the call.
        action: What happens to the client: ``creating`` or ``updating``.

    Raises:
        AwsError: InvalidParameterException for an attribute that the schema does not have, and for a token
            validity out of range.
    """
    schema_names = {attribute["Name"] for attribute in pool.schema}
    for key, access in (("ReadAttributes", "read"), ("WriteAttributes", "write")):
        if not schema_names.issuperset(parameters.get(key) or ()):
            text = f"Invalid {access} attributes specified while {action} a client"
            raise AwsError("InvalidParameterException", text)
    units = parameters.get("TokenValidityUnits") or {}
    for token, (default_unit, shortest, longest) in _VALIDITY_RANGES.items():
        validity = parameters.get(f"{token}Validity")
        # For a refresh token, 0 means the default.
        if validity and not shortest <= validity * _SECONDS[units.get(token) or default_unit] <= longest:
            raise AwsError("InvalidParameterException", "Invalid range for token validity.")


def check_srp_is_enabled(client: AppClient, auth_flow: Any) -> None:
    """Reject a sign-in by SRP if the client's list of flows does not have it.

    Without a list, and with the names of flows from before 2019, SRP is enabled.

    Raises:
        AwsError: InvalidParameterException.
    """
    flows = client.document.get("ExplicitAuthFlows") or ()
    has_new_names = any(str(flow).startswith("ALLOW_") for flow in flows)
    if auth_flow == "USER_SRP_AUTH" and has_new_names and "ALLOW_USER_SRP_AUTH" not in flows:
        raise AwsError("InvalidParameterException", "USER_SRP_AUTH is not enabled for the client.")
